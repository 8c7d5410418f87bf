"""Download a tar archive whose SHA-256 is known, and unpack it: all of it or nothing."""

import os
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import pooch


def fetch(url: str, folder: Path, *, sha256: str, attempts: int = 4, timeout: float = 30.0) -> Path:
    """`folder`, unpacked from the archive at `url`; downloaded if it is not there yet.

    The archive holds one folder, which takes the name of `folder`. Everything happens in a
    temporary folder beside it and is renamed into place when complete and right, so an interrupted
    call leaves nothing behind and several processes may ask at once. `timeout` is the longest
    silence of the server that is waited for, in seconds.

    Raises: OSError if the archive cannot be downloaded, is another one, or cannot be stored.
    """
    if folder.is_dir():
        return folder
    file = PurePosixPath(url).name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpacking-") as scratch:
            pooch.create(
                path=scratch,
                base_url="",
                registry={file: f"sha256:{sha256}"},
                urls={file: url},
                retry_if_failed=attempts - 1,
            ).fetch(
                file,
                processor=pooch.Untar(extract_dir="."),
                downloader=pooch.HTTPDownloader(progressbar=True, timeout=timeout),
            )
            (unpacked,) = (path for path in Path(scratch).iterdir() if path.is_dir())
            os.replace(unpacked, folder)
    # `from None`: the message holds all that a reader needs of a page of inner tracebacks.
    except (OSError, ValueError, tarfile.TarError) as error:
        if not folder.is_dir():  # else another process was faster
            raise OSError(
                f"wanted {url} in {folder.parent}, received {type(error).__name__}, {error}: try"
                f" again later, or get {file} elsewhere, unpack it and name its folder in"
                " HELPERS_DATA"
            ) from None
    return folder
