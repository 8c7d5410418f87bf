"""CIFAR-10's binary files: find them or download them, read them, draw balanced examples.

`tasks.cifar10` is a thin layer on top. A folder is looked for in this order: the argument `root`,
the environment variable HELPERS_DATA, the download cache (filled on first use).

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical report,
University of Toronto, 2009, https://www.cs.toronto.edu/~kriz/cifar.html
"""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from helpers.data.download import fetch

FOLDER = "cifar-10-batches-bin"
NAMES = "batches.meta.txt"
RECORD = 1 + 3 * 32 * 32  # bytes: one label, then the red, green and blue planes


URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"  # 170,052,171 bytes
SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"

# The SHA-1 of the files inside, as Apache MXNet's `gluon.data.vision.CIFAR10` checks them, and the
# classes: they tell the original from a copy or a subset.
ORIGINAL = {
    "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
    "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
    "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
    "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
    "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
    "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c",
}
CLASSES = "airplane automobile bird cat deer dog frog horse ship truck"

# What people point at instead, by a file that gives it away.
OTHER_FORMATS = {
    "data_batch_1": "the Python version (pickles)",
    "data_batch_1.mat": "the Matlab version",
    "fine_label_names.txt": "CIFAR-100",
    "cifar-10-binary.tar.gz": "the packed archive",
}


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
    OSError if the download fails.
    """
    folder = find(root)
    train, test = _batches(folder)
    names = _class_names(folder / NAMES)
    return Images(*_read(train, names), *_read(test, names), names)


def provenance(root: str | Path | None = None, *, original: Mapping[str, str] = ORIGINAL) -> str:
    """One phrase that says what the files in the folder are, to store beside results.

    Two folders with the same phrase hold the same images and class names in the same order: every
    byte is read (a fifth of a second for the original), so the phrase can key stored results.

    >>> provenance("data/a-subset")
    'not the original archive: 10,004 train, 2,008 test records, SHA-1 3f1c0a9be27d'
    """
    folder = find(root)
    train, test = _batches(folder)
    names = _class_names(folder / NAMES)
    found = {path.name: _sha1(path) for path in [*train, *test]}
    if found == original and " ".join(names) == CLASSES:
        return "CIFAR-10 (Krizhevsky 2009), original archive"
    counts = [sum(_count(path) for path in paths) for paths in (train, test)]
    digest = hashlib.sha1(repr([*found.items(), *names]).encode()).hexdigest()[:12]
    return "not the original archive: {:,} train, {:,} test records, SHA-1 {}".format(
        *counts, digest
    )


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
    if most == n == 0:  # the caller asked for all of them
        raise ValueError(
            f"wanted images of class {positive} and of others, received {available} of it among"
            f" {len(labels)}: choose another class, or replace the files, which may be cut off"
        )
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

    Raises: FileNotFoundError if the named folder has none; OSError if a download fails.
    """
    told_by = "root" if root is not None else "HELPERS_DATA"
    root = root if root is not None else os.environ.get("HELPERS_DATA")
    if not root:
        return fetch(URL, Path(pooch.os_cache("is-the-dog-already-there")) / FOLDER, sha256=SHA256)
    root = Path(root).expanduser()
    for folder in (root, root / FOLDER):
        if any(folder.glob("*_batch*.bin")):
            return folder
    there = [
        kind for file, kind in OTHER_FORMATS.items() if [*root.glob(file), *root.glob(f"*/{file}")]
    ]
    state = f"holds {there[0]}" if there else "holds no .bin files"
    raise FileNotFoundError(
        f"{told_by}: wanted CIFAR-10's binary version, received {root}, which"
        f" {state if root.is_dir() else 'is not a folder'}: point it at {FOLDER} (data_batch_1.bin"
        f" …, test_batch.bin, {NAMES}) or its parent, or leave it unset to download the data"
    )


def is_here() -> bool:
    """Whether images can be read without a download: HELPERS_DATA is set, or they are cached."""
    cached = Path(pooch.os_cache("is-the-dog-already-there")) / FOLDER
    return bool(os.environ.get("HELPERS_DATA")) or cached.is_dir()


def _batches(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files of training records, in the order of their numbers, and those of test records."""
    found = [path for path in folder.iterdir() if re.fullmatch(r"data_batch_\d+\.bin", path.name)]
    train = sorted(found, key=lambda path: int(path.stem.rpartition("_")[2]))
    test = [path for path in [folder / "test_batch.bin"] if path.is_file()]
    for paths, wanted in ((train, "data_batch_1.bin"), (test, "test_batch.bin")):
        if not paths:
            raise FileNotFoundError(
                f"{folder} has no {wanted}: copy the missing file there,"
                " or leave HELPERS_DATA unset to download the data."
            )
    return train, test


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


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
