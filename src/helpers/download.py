"""Download a tar archive whose checksums are known, and unpack it: all of it or nothing."""

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pooch
import requests
from tqdm.auto import tqdm

ORIGIN = "origin.json"  # written beside the unpacked files: which archive, and their checksums


@dataclass(frozen=True)
class Archive:
    """A tar archive, what is wanted from it, and all that is known to check it by.

    `sha1` maps each data file inside to its SHA-1; `extras` are small files wanted besides.
    """

    name: str
    url: str
    size: int  # bytes
    md5: str
    sha256: str
    sha1: Mapping[str, str]
    extras: tuple[str, ...] = ()


def fetch(archive: Archive, folder: Path, *, attempts: int = 4, timeout: float = 30.0) -> Path:
    """`folder`, holding the wanted files; downloaded, checked and unpacked if it is not there yet.

    The archive lands beside `folder` only when size, md5 and SHA-256 are right; `folder` appears
    only when it is complete, and the archive is then removed. `timeout` is the longest silence
    of the server that is waited for, in seconds.

    Raises: ConnectionError if the server cannot be reached or breaks off each time; ValueError if
    what it sends is not the archive; OSError if the files cannot be written.
    """
    if folder.is_dir():
        return folder
    file = PurePosixPath(archive.url).name
    failed = f"{archive.name} could not be downloaded from {archive.url} in {attempts} attempt(s)"
    remedy = (
        f"Try again later, or get {file} elsewhere, unpack it and name its folder in HELPERS_DATA."
    )
    try:
        packed = Path(
            pooch.create(
                path=folder.parent,
                base_url="",
                registry={file: f"sha256:{archive.sha256}"},
                urls={file: archive.url},
                retry_if_failed=attempts - 1,
            ).fetch(file, downloader=_Stream(archive, timeout))
        )
        _unpack(packed, folder, archive)
    # `from None`: the message holds all that a reader needs of a page of inner tracebacks.
    except requests.RequestException as error:
        raise ConnectionError(f"{failed}: {_reason(error)}. {remedy}") from None
    except ValueError as error:
        raise ValueError(f"{failed}: {error} {remedy}") from None
    except OSError as error:
        if not folder.is_dir():  # else another process was faster, and tidied up under our feet
            raise OSError(
                f"{archive.name} could not be stored in {folder.parent} ({error}): make room or"
                " make it writable, or name a folder that has the data in HELPERS_DATA."
            ) from None
    (folder.parent / file).unlink(missing_ok=True)
    return folder


def is_unpacked_from(archive: Archive, folder: Path) -> bool:
    """True if the data files in `folder` are, byte for byte, those of the archive.

    Their checksums must be the ones known beforehand, or those noted when `fetch` unpacked an
    archive with the right SHA-256.
    """
    if not all((folder / name).is_file() for name in archive.sha1):
        return False
    found = {name: _sha1(folder / name) for name in archive.sha1}
    noted = None
    with suppress(OSError, ValueError, KeyError, TypeError):
        origin = json.loads((folder / ORIGIN).read_text())
        noted = origin["sha1"] if origin["archive_sha256"] == archive.sha256 else None
    return found in (dict(archive.sha1), noted)


@dataclass(frozen=True)
class _Stream:
    """pooch's downloader with a size limit and md5: a server that never stops fills no disk."""

    archive: Archive
    timeout: float

    def __call__(self, url: str, output_file: str | Path, _: pooch.Pooch) -> None:
        md5, received, wanted = hashlib.md5(usedforsecurity=False), 0, self.archive.size
        plain = {"Accept-Encoding": "identity"}  # else a server's own gzip is undone on the way
        with (
            requests.get(url, stream=True, timeout=self.timeout, headers=plain) as response,
            open(output_file, "wb") as file,
            tqdm(
                total=wanted, unit="B", unit_scale=True, desc=self.archive.name, leave=False
            ) as bar,
        ):
            response.raise_for_status()
            for chunk in response.iter_content(1 << 16):
                received += len(chunk)
                if received > wanted:
                    raise ValueError(f"the archive has {wanted:,} bytes, but the server sent more.")
                md5.update(chunk)
                file.write(chunk)
                bar.update(len(chunk))
        if received < wanted:
            raise ValueError(f"the archive has {wanted:,} bytes, but the server sent {received:,}.")
        if md5.hexdigest() != self.archive.md5:
            raise ValueError(
                f"the archive's md5 is {self.archive.md5}, but what the server sent has"
                f" {md5.hexdigest()}."
            )


def _reason(error: requests.RequestException) -> str:
    """What went wrong on the network, in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    return "no connection to the server (is this machine online?)"


def _unpack(packed: Path, folder: Path, archive: Archive) -> None:
    """Put the wanted members of the archive into `folder`, all of them or none.

    Only plain files with a wanted name are taken, whatever path the archive gives them, and
    `folder` is renamed into place when complete.
    """
    wanted = {*archive.sha1, *archive.extras}
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpacking-") as scratch:
        complete = Path(scratch) / folder.name
        complete.mkdir()
        try:
            with tarfile.open(packed) as tar:
                for member in tar:
                    name = PurePosixPath(member.name).name
                    if name in wanted and member.isfile():
                        tar.extract(member.replace(name=name), complete, filter="data")
        except (tarfile.TarError, EOFError) as error:
            raise ValueError(f"the archive cannot be unpacked ({error}).") from error
        missing = wanted - {path.name for path in complete.iterdir()}
        if missing:
            raise ValueError(f"the archive lacks {', '.join(sorted(missing))}.")
        # The archive's own checksum was verified, so these are the true ones: they let
        # `is_unpacked_from` recognise the files later, when the archive is gone.
        noted = {name: _sha1(complete / name) for name in archive.sha1}
        origin = {"archive_sha256": archive.sha256, "sha1": noted}
        (complete / ORIGIN).write_text(json.dumps(origin, indent=1))
        os.replace(complete, folder)


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()
