"""Reported: other photos under old results, and errors that named the wrong fault in the files."""

import subprocess
import sys

import pytest
import torch

import execute
from helpers.data import cifar

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def write(folder, train=(0, 5, 5, 1), test=(5, 9)):
    folder.mkdir()
    for name, labels in {
        "data_batch_1": train[:2],
        "data_batch_2": train[2:],
        "test_batch": test,
    }.items():
        pixels = bytes(range(256)) * 12
        (folder / f"{name}.bin").write_bytes(b"".join(bytes([label]) + pixels for label in labels))
    (folder / "batches.meta.txt").write_text("\n".join(CLASSES))
    return folder


@pytest.fixture
def photos(tmp_path, monkeypatch):
    folder = write(tmp_path / "photos")
    monkeypatch.setenv("HELPERS_DATA", str(folder))
    return folder


@pytest.mark.parametrize("name", ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"])
@pytest.mark.parametrize("place", [0, 1, 3072, 3073, -1])
def test_one_changed_byte_is_another_set_of_photos(photos, name, place):
    """A reader would have believed that the figures show the photos that are there now."""
    key, phrase = execute.key(), cifar.provenance()
    content = bytearray((photos / name).read_bytes())
    content[place] ^= 1
    (photos / name).write_bytes(content)
    assert execute.key() != key
    assert cifar.provenance() != phrase
    content[place] ^= 1
    (photos / name).write_bytes(content)
    assert (execute.key(), cifar.provenance()) == (key, phrase)


def test_names_in_another_order_are_another_set_of_photos(photos):
    """A reader would have believed that the dogs are dogs: the file of names decides it."""
    key = execute.key()
    swapped = ["dog" if name == "cat" else "cat" if name == "dog" else name for name in CLASSES]
    (photos / "batches.meta.txt").write_text("\n".join(swapped))
    assert execute.key() != key


def test_photos_in_another_order_are_another_set(photos):
    """Seeds draw by place: a reader would have believed that equal seeds give equal images."""
    key = execute.key()
    one, two = photos / "data_batch_1.bin", photos / "data_batch_2.bin"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert execute.key() != key


def test_finished_seeds_are_kept_for_the_very_photos(photos):
    """A user would have believed that a ledger measured anew is measured on the new photos."""
    told = cifar.provenance()
    (photos / "test_batch.bin").write_bytes((photos / "data_batch_2.bin").read_bytes())
    assert cifar.provenance() != told  # `python -m helpers.claims` keys its store on this phrase


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("data_batch_1", "the Python version"),
        ("cifar-10-batches-py/data_batch_1", "the Python version"),
        ("data_batch_1.mat", "the Matlab version"),
        ("cifar-100-binary/fine_label_names.txt", "CIFAR-100"),
        ("cifar-10-binary.tar.gz", "the packed archive"),
    ],
)
def test_another_version_of_the_data_is_called_what_it_is(tmp_path, file, kind):
    """A user would have believed the folder empty, or the download broken."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match=f"wanted CIFAR-10's binary version.*holds {kind}"):
        cifar.load(tmp_path)


def test_a_file_cut_between_records_is_not_called_a_request_for_none(tmp_path):
    """A user who asked for every image would have read that they had asked for 0."""
    _, labels, *_ = cifar.load(write(tmp_path / "cut", train=(0, 1, 2, 3)))
    with pytest.raises(ValueError, match=r"received 0 of it among 4: .* may be cut off"):
        cifar.balanced(labels, 5, None, torch.Generator())


def test_importing_the_builder_reads_no_photos(root):
    """A user with a broken photo folder would have believed the whole builder broken."""
    env = {"PYTHONPATH": f"{root}/src:{root}/tools", "HELPERS_DATA": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", "import execute"], env=env, capture_output=True)
    assert done.returncode == 0, done.stderr
