"""CIFAR-10's binary files: find or download them, read them, draw balanced examples, say what they are.

`tasks.cifar10` is a thin layer on top. A folder is looked for in this order: the argument `root`,
the environment variable HELPERS_DATA, the download cache (filled on first use).

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical report,
University of Toronto, 2009, https://www.cs.toronto.edu/~kriz/cifar.html
"""

import hashlib
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import pooch
import requests
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor
from tqdm.auto import tqdm

FOLDER = "cifar-10-batches-bin"
NAMES = "batches.meta.txt"
ORIGIN = "origin.json"
RECORD = 1 + 3 * 32 * 32  # bytes: one label, then the red, green and blue planes


@dataclass(frozen=True)
class Archive:
    """A tar archive and all that is known about it; `sha1` maps each .bin file inside to its SHA-1."""

    url: str
    size: int  # bytes
    md5: str
    sha256: str
    sha1: Mapping[str, str]


# Size and md5 agree with the data set's page. The SHA-1 of the files inside are those that Apache
# MXNet's `gluon.data.vision.CIFAR10` checks. They only serve to recognise a folder that somebody
# unpacked by hand; a download is recognised by the archive's own checksums (see `_unpack`).
CIFAR10 = Archive(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    size=170_052_171,
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    sha1={
        "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
        "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
        "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
        "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
        "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
        "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c",
    },
)


class Images(NamedTuple):
    """All images of a folder: pixels 0..255, labels counting into `names`."""

    x_train: UInt8[Tensor, "n 3 32 32"]
    labels_train: Int64[Tensor, "n"]
    x_test: UInt8[Tensor, "m 3 32 32"]
    labels_test: Int64[Tensor, "m"]
    names: tuple[str, ...]


def load(root: str | Path | None = None) -> Images:
    """Every image in the folder, as `(x_train, labels_train, x_test, labels_test, names)`.

    >>> x_train, labels_train, x_test, labels_test, names = load("data/cifar-10-batches-bin")
    >>> x_train.shape, names[5]
    (torch.Size([50000, 3, 32, 32]), 'dog')

    `root` is the folder with the .bin files, or its parent. Files may hold any number of records.
    Memory: the pixels once (184 MB for the original).

    Raises: FileNotFoundError if a folder or file is missing; ValueError if one is damaged;
    ConnectionError if the download fails.
    """
    folder = find(root)
    train, test = _batches(folder)
    names = _class_names(folder / NAMES)
    return Images(*_read(train, names), *_read(test, names), names)


def provenance(root: str | Path | None = None, *, archive: Archive = CIFAR10) -> str:
    """One phrase that says what the files in the folder are, to store beside results.

    >>> provenance("data/a-subset")
    'not the original archive: 10,004 train, 2,008 test records'
    """
    folder = find(root)
    train, test = _batches(folder)
    if {path.name for path in train + test} == set(archive.sha1):
        found = {path.name: _sha1(path) for path in train + test}
        if found == dict(archive.sha1) or found == _recorded(folder, archive):
            return "CIFAR-10 (Krizhevsky 2009), original archive"
    counts = [sum(_count(path) for path in paths) for paths in (train, test)]
    return "not the original archive: {:,} train, {:,} test records".format(*counts)


def class_index(names: Sequence[str], positive: str) -> int:
    """The label of the class called `positive`, e.g. 5 for "dog".

    Raises: ValueError if there is no such class.
    """
    if positive not in names:
        raise ValueError(f"no class is called {positive!r}: choose one of {', '.join(names)}.")
    return list(names).index(positive)


def balanced(
    labels: Int64[Tensor, "all"], positive: int, n: int | None, generator: torch.Generator
) -> Int64[Tensor, "n"]:
    """Indices of `n` different examples in random order, half of class `positive`.

    The other half is spread over the remaining classes as evenly as their counts allow; where it
    does not divide, chance decides who gives one more. `n=None` takes as many as there are.

    >>> rows = balanced(labels_train, 5, 1000, torch.Generator().manual_seed(0))
    >>> (labels_train[rows] == 5).sum()
    tensor(500)

    Raises: ValueError if `n` is odd or not positive, or if there are too few examples.
    """
    available = int((labels == positive).sum())
    most = 2 * min(available, len(labels) - available)
    n = most if n is None else n
    if n % 2 or n < 2:
        raise ValueError(
            f"a balanced draw wants an even number of examples, at least 2, but was asked for {n}"
            f" (half of them of class {positive}, which has {available} of {len(labels)})."
        )
    if n > most:
        raise ValueError(
            f"{n} balanced examples were asked for, but class {positive} has {available} of"
            f" {len(labels)} here: ask for at most {most}, or use a larger copy of the data."
        )
    shuffled = torch.randperm(len(labels), generator=generator)
    members = {int(c): shuffled[labels[shuffled] == c] for c in labels.unique()}
    positives = members.pop(positive)[: n // 2]
    others = [members[c] for c in members]
    order = torch.randperm(len(others), generator=generator).tolist()
    quotas = _spread(n // 2, [len(others[i]) for i in order])
    rest = [others[i][:quota] for i, quota in zip(order, quotas, strict=True)]
    rows = torch.cat([positives, *rest])
    return rows[torch.randperm(n, generator=generator)]


def _spread(total: int, counts: Sequence[int]) -> list[int]:
    """How many to take of each class: `total` in all, equal but for classes that run out."""
    taken = [0] * len(counts)
    while total:
        unfilled = [i for i, count in enumerate(counts) if taken[i] < count]
        share = max(1, total // len(unfilled))
        for i in unfilled[:total]:
            step = min(share, counts[i] - taken[i])
            taken[i] += step
            total -= step
    return taken


# ---------------------------------------------------------------------------- finding and reading


def find(root: str | Path | None = None) -> Path:
    """The folder that holds the .bin files: from `root`, else HELPERS_DATA, else downloaded.

    Raises: FileNotFoundError if the named folder has none; ConnectionError if a download fails.
    """
    told_by = "root" if root is not None else "HELPERS_DATA"
    root = root if root is not None else os.environ.get("HELPERS_DATA")
    if not root:
        return download()
    root = Path(root).expanduser()
    for folder in (root, root / FOLDER):
        if any(folder.glob("*_batch*.bin")):
            return folder
    state = "has no CIFAR-10 .bin files" if root.is_dir() else "is not a folder"
    raise FileNotFoundError(
        f"{told_by} names {root}, which {state}: point it at {FOLDER} (data_batch_1.bin …,"
        f" test_batch.bin, {NAMES}) or its parent, or leave it unset to download the data."
    )


def _batches(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files with training records, in the order of their numbers, and those with test records."""
    numbers = {path: re.fullmatch(r"data_batch_(\d+)\.bin", path.name) for path in folder.iterdir()}
    train = sorted((path for path, m in numbers.items() if m), key=lambda p: int(numbers[p][1]))
    test = [path for path in [folder / "test_batch.bin"] if path.is_file()]
    for paths, wanted in ((train, "data_batch_1.bin"), (test, "test_batch.bin")):
        if not paths:
            raise FileNotFoundError(
                f"{folder} has no {wanted}: copy the missing file there,"
                " or leave HELPERS_DATA unset to download the data."
            )
    return train, test


def _count(path: Path) -> int:
    """The number of records in a file."""
    records, left_over = divmod(path.stat().st_size, RECORD)
    if left_over or not records:
        raise ValueError(
            f"{path} has {path.stat().st_size:,} bytes, but a CIFAR-10 file is a whole number of"
            f" records of {RECORD} bytes, at least one: it is cut off or something else;"
            " replace it, or delete its folder and load again."
        )
    return records


def _read(
    paths: Sequence[Path], names: Sequence[str]
) -> tuple[UInt8[Tensor, "n 3 32 32"], Int64[Tensor, "n"]]:
    """Pixels and labels of all records; each file is mapped, so the pixels are in memory once."""
    counts = [_count(path) for path in paths]
    pixels = torch.empty((sum(counts), 3, 32, 32), dtype=torch.uint8)
    labels = torch.empty(sum(counts), dtype=torch.int64)
    start = 0
    for path, count in zip(paths, counts, strict=True):
        records = np.memmap(path, dtype=np.uint8, mode="r", shape=(count, RECORD))
        wrong = np.flatnonzero(records[:, 0] >= len(names))
        if len(wrong):
            raise ValueError(
                f"record {wrong[0]} of {path} has label {records[wrong[0], 0]}, but labels go from"
                f" 0 to {len(names) - 1}: the file is damaged or not CIFAR-10; replace it."
            )
        rows = slice(start, start + count)
        pixels[rows].view(count, -1).numpy()[:] = records[:, 1:]
        labels[rows].numpy()[:] = records[:, 0]
        start += count
    return pixels, labels


def _class_names(path: Path) -> tuple[str, ...]:
    """The ten class names, in the order of their labels."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: it holds the ten class names, one a line; copy it from the"
            " archive, or leave HELPERS_DATA unset to download the data."
        )
    names = tuple(path.read_text(encoding="utf-8", errors="replace").split())
    if len(names) != 10 or len(set(names)) != 10:
        raise ValueError(
            f"{path} should hold ten different class names, one a line, but has"
            f" {len(set(names))}: replace it by the one in the archive."
        )
    return names


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def _recorded(folder: Path, archive: Archive) -> dict[str, str] | None:
    """The checksums noted when the folder was unpacked from this very archive, if it was."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        origin = json.loads((folder / ORIGIN).read_text())
        if origin["archive_sha256"] == archive.sha256:
            return origin["sha1"]
    return None


# ------------------------------------------------------------------------------------ downloading


def download(
    archive: Archive = CIFAR10,
    cache: Path | None = None,
    *,
    attempts: int = 4,
    timeout: float = 30.0,
) -> Path:
    """The folder of .bin files in the cache, downloaded, checked and unpacked if it is not there.

    The archive appears in the cache only when size, md5 and SHA-256 are right, the folder only
    when it is complete; the archive is then removed. `timeout` is the longest silence, in seconds.

    Raises: ConnectionError if the server cannot be reached or breaks off each time; ValueError if
    what it sends is not the archive; OSError if the cache cannot be written.
    """
    cache = Path(pooch.os_cache("is-the-dog-already-there")) if cache is None else cache
    folder = cache / FOLDER
    if folder.is_dir():
        return folder
    file = PurePosixPath(archive.url).name
    fetcher = pooch.create(
        path=cache,
        base_url="",
        registry={file: f"sha256:{archive.sha256}"},
        urls={file: archive.url},
        retry_if_failed=attempts - 1,
    )
    remedy = (
        f"Try again later, or get {file} elsewhere, unpack it and name its folder in HELPERS_DATA."
    )
    failed = f"CIFAR-10 could not be downloaded from {archive.url} in {attempts} attempts"
    try:
        packed = Path(fetcher.fetch(file, downloader=_Stream(archive, timeout)))
        _unpack(packed, folder, archive)
    # `from None`: the message holds all that a reader needs of a page of inner tracebacks.
    except requests.RequestException as error:
        raise ConnectionError(f"{failed}: {_reason(error)}. {remedy}") from None
    except ValueError as error:
        raise ValueError(f"{failed}: {error} {remedy}") from None
    except OSError as error:
        raise OSError(
            f"CIFAR-10 could not be stored in {cache} ({error}): make room or make it writable,"
            " or name a folder that has the data in HELPERS_DATA."
        ) from None
    packed.unlink(missing_ok=True)
    return folder


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
            tqdm(total=wanted, unit="B", unit_scale=True, desc="CIFAR-10", leave=False) as bar,
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

    Only plain files with an expected name are taken, and `folder` is renamed into place when
    complete. The archive's checksum has been verified by now, so the files' own checksums, noted
    beside them, let `provenance` recognise them later.
    """
    wanted = {*archive.sha1, NAMES}
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpacking-") as scratch:
        complete = Path(scratch) / FOLDER
        try:
            with tarfile.open(packed) as tar:
                for member in tar:
                    name = PurePosixPath(member.name).name
                    if name in wanted and member.isfile():
                        tar.extract(member.replace(name=name), complete, filter="data")
        except (tarfile.TarError, EOFError) as error:
            raise ValueError(f"the archive cannot be unpacked ({error}).") from error
        missing = wanted - {path.name for path in complete.glob("*")}
        if missing:
            raise ValueError(f"the archive lacks {', '.join(sorted(missing))}.")
        checksums = {name: _sha1(complete / name) for name in archive.sha1}
        origin = {"archive_sha256": archive.sha256, "sha1": checksums}
        (complete / ORIGIN).write_text(json.dumps(origin, indent=1))
        try:
            os.replace(complete, folder)
        except OSError:  # another process was faster: its folder is as complete as ours
            if not folder.is_dir():
                raise
