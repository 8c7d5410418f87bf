"""Reading, drawing and naming of CIFAR-10 files, on small files made here and on real dogs."""

import hashlib
import os
import pickle
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.data import cifar

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


def record(label, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, 3072, dtype=np.uint8)
    return bytes([label]) + pixels.tobytes()


def write(folder, *, batches=((0, 1, 2), (5, 5)), test=(5, 9)):
    """A folder in CIFAR-10's layout whose files hold records with these labels."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, labels in enumerate(batches, start=1):
        content = b"".join(record(c, 100 * i + k) for k, c in enumerate(labels))
        (folder / f"data_batch_{i}.bin").write_bytes(content)
    (folder / "test_batch.bin").write_bytes(b"".join(record(c, k) for k, c in enumerate(test)))
    (folder / "batches.meta.txt").write_text("\n".join(CLASSES) + "\n\n")
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("HELPERS_DATA", raising=False)
    return write(tmp_path / "cifar-10-batches-bin")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# ------------------------------------------------------------------------------------ reading


def test_files_of_any_length_are_read_in_order_with_their_labels(folder):
    x_train, labels_train, x_test, labels_test, names = cifar.load(folder)
    assert x_train.shape == (5, 3, 32, 32)
    assert x_test.shape == (2, 3, 32, 32)
    assert x_train.dtype == torch.uint8
    assert labels_train.tolist() == [0, 1, 2, 5, 5]
    assert labels_test.tolist() == [5, 9]
    assert names == CLASSES


def test_the_first_1024_bytes_are_the_red_plane_row_by_row(folder):
    image = cifar.load(folder).x_train[3]
    raw = record(5, 200)[1:]
    for channel, row, column in [(0, 0, 0), (0, 0, 31), (0, 1, 0), (1, 0, 0), (2, 31, 31)]:
        assert image[channel, row, column] == raw[1024 * channel + 32 * row + column]


def test_batch_10_comes_after_batch_2(folder):
    write(folder, batches=[[i % 10] for i in range(1, 12)])
    assert cifar.load(folder).labels_train.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_a_stray_copy_beside_the_batches_is_not_read(folder):
    (folder / "data_batch_1 (copy).bin").write_bytes(record(3, 0))
    assert len(cifar.load(folder).labels_train) == 5


def test_memory_stays_near_the_size_of_the_pixels(folder):
    (folder / "data_batch_1.bin").write_bytes(record(1, 0) * 3000)  # 9.2 MB
    tracemalloc.start()
    cifar.load(folder)
    peak = tracemalloc.get_traced_memory()[1]  # numpy's and Python's share; the pixels are torch's
    tracemalloc.stop()
    assert peak < 1_000_000


def test_python_pickles_are_never_opened(folder):
    class Bomb:
        def __reduce__(self):
            return (exec, ("raise SystemExit('unpickled')",))

    for path in (folder / "batches.meta", folder / "data_batch_1", folder / "test_batch"):
        path.write_bytes(pickle.dumps(Bomb()))
    assert len(cifar.load(folder).labels_train) == 5
    (folder / "data_batch_1.bin").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="whole number of records"):
        cifar.load(folder)


# ------------------------------------------------------------------------------------ finding


def test_the_folder_or_its_parent_will_do(folder):
    assert cifar.find(folder) == cifar.find(folder.parent) == folder
    assert cifar.find(str(folder)) == folder


def test_the_argument_comes_before_the_variable(folder, tmp_path, monkeypatch):
    other = write(tmp_path / "other", test=(1, 1, 1))
    monkeypatch.setenv("HELPERS_DATA", str(other))
    assert cifar.find() == other
    assert cifar.find(folder) == folder


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME is Linux's convention")
def test_with_neither_the_cache_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HELPERS_DATA", "")  # set but empty counts as unset
    cached = write(tmp_path / "is-the-dog-already-there" / "cifar-10-batches-bin")
    assert cifar.find() == cached


@pytest.mark.parametrize("by", ["root", "HELPERS_DATA"])
def test_an_empty_or_absent_folder_is_named_with_who_named_it(tmp_path, monkeypatch, by):
    for path, state in [(tmp_path, "holds no .bin files"), (tmp_path / "gone", "is not a folder")]:
        monkeypatch.setenv("HELPERS_DATA", str(path))
        message = f"^{by}: wanted .*, received .*, which {state}: point it at cifar-10-batches-bin"
        with pytest.raises(FileNotFoundError, match=message):
            cifar.load(path if by == "root" else None)


@pytest.mark.parametrize("name", ["test_batch.bin", "batches.meta.txt", "data_batch_1.bin"])
def test_a_missing_file_is_named(folder, name):
    (folder / "data_batch_2.bin").unlink()
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name}.*HELPERS_DATA unset to download"):
        cifar.load(folder)


# ------------------------------------------------------------------------------------ damage


@pytest.mark.parametrize("size", [0, 1, 3072, 3074, 2 * 3073 - 1])
def test_a_wrong_record_length_is_refused(folder, size):
    (folder / "data_batch_2.bin").write_bytes(b"\0" * size)
    message = rf"data_batch_2\.bin has {size:,} bytes.* records of 3073 bytes.*replace it"
    with pytest.raises(ValueError, match=message):
        cifar.load(folder)


def test_a_label_over_nine_is_refused_with_its_place(folder):
    (folder / "test_batch.bin").write_bytes(record(3, 0) + record(10, 1))
    with pytest.raises(ValueError, match=r"record 1 of .*test_batch\.bin has label 10.* 0 to 9"):
        cifar.load(folder)


@pytest.mark.parametrize("names", [CLASSES[:9], [*CLASSES[:9], "airplane"], []])
def test_class_names_must_be_ten_different_ones(folder, names):
    (folder / "batches.meta.txt").write_text("\n".join(names))
    with pytest.raises(ValueError, match=rf"ten different class names.* has {len(set(names))}"):
        cifar.load(folder)


def test_an_unknown_class_is_answered_with_the_known_ones():
    assert cifar.class_index(CLASSES, "dog") == 5
    with pytest.raises(ValueError, match=r"no class is called 'wolf': choose one of airplane, .*"):
        cifar.class_index(CLASSES, "wolf")


# ------------------------------------------------------------------------------------ drawing


@given(
    counts=st.lists(st.integers(0, 30), min_size=2, max_size=10),
    half=st.integers(1, 60),
    seed=st.integers(0, 2**31),
)
def test_a_draw_is_half_positive_and_the_rest_as_even_as_counts_allow(counts, half, seed):
    """Even means: a class gives two fewer than another only if it has no more to give."""
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    labels = labels[torch.randperm(len(labels), generator=generator(seed))]
    if half > min(counts[0], sum(counts[1:])):
        with pytest.raises(ValueError, match=f"class 0 has {counts[0]} of {sum(counts)} here"):
            cifar.balanced(labels, 0, 2 * half, generator(seed))
        return
    rows = cifar.balanced(labels, 0, 2 * half, generator(seed))
    assert len(rows.unique()) == 2 * half
    drawn = torch.bincount(labels[rows], minlength=len(counts)).tolist()
    assert drawn[0] == half
    assert sum(drawn[1:]) == half
    most = max(drawn[1:])
    assert all(d >= min(most - 1, c) for d, c in zip(drawn[1:], counts[1:], strict=True))


def test_the_same_seed_draws_the_same_and_another_seed_another():
    labels = torch.arange(10).repeat_interleave(50)
    draws = [cifar.balanced(labels, 5, 60, generator(seed)) for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_every_example_has_the_same_chance_within_its_class():
    labels = torch.arange(3).repeat_interleave(6)
    draws = torch.stack([cifar.balanced(labels, 0, 6, generator(seed)) for seed in range(2000)])
    often = torch.bincount(draws.flatten(), minlength=18) / 2000
    expected = torch.tensor([3 / 6, 1.5 / 6, 1.5 / 6]).repeat_interleave(6)
    assert (often - expected).abs().max() < 5 * (0.25 / 2000) ** 0.5  # five standard errors


def test_positives_do_not_come_first():
    labels = torch.arange(2).repeat_interleave(500)
    first = labels[cifar.balanced(labels, 0, 1000, generator())][:500]
    assert 200 < first.sum() < 300  # 250 on average, standard deviation 8


def test_no_number_draws_as_many_as_there_are():
    labels = torch.tensor([0] * 7 + [1] * 2 + [2] * 3)
    assert labels[cifar.balanced(labels, 0, None, generator())].bincount().tolist() == [5, 2, 3]
    assert labels[cifar.balanced(labels, 1, None, generator())].bincount()[1] == 2


@pytest.mark.parametrize("n", [-2, 0, 3])
def test_an_odd_or_empty_draw_is_refused(n):
    with pytest.raises(ValueError, match=f"an even number of examples.* asked for {n}"):
        cifar.balanced(torch.arange(10), 5, n, generator())


# ------------------------------------------------------------------------------------ provenance


def test_only_the_right_bytes_are_called_the_original(folder):
    sha1 = {p.name: hashlib.sha1(p.read_bytes()).hexdigest() for p in folder.glob("*.bin")}
    original = "CIFAR-10 (Krizhevsky 2009), original archive"
    assert cifar.provenance(folder, original=sha1) == original
    (folder / "data_batch_3.bin").write_bytes(record(0, 0))  # one file too many
    told = cifar.provenance(folder, original=sha1)
    assert told.startswith("not the original archive: 6 train, 2 test records, SHA-1 ")


# ------------------------------------------------------------------------------------ real dogs


@pytest.fixture
def real():
    if not os.environ.get("HELPERS_DATA"):
        pytest.skip("real dogs: set HELPERS_DATA to a folder with CIFAR-10's .bin files")
    return cifar.load()


def test_real_files_hold_dogs_and_nine_other_classes(real):
    assert real.names == CLASSES
    assert (real.labels_train.bincount(minlength=10) > 0).all()
    assert (real.labels_test.bincount(minlength=10) > 0).all()


def test_real_dogs_are_drawn_balanced_and_look_like_photographs(real):
    rows = cifar.balanced(
        real.labels_train, cifar.class_index(real.names, "dog"), 1000, generator()
    )
    counts = real.labels_train[rows].bincount(minlength=10)
    assert counts[5] == 500
    assert counts.sum() == 1000
    others = counts[torch.arange(10) != 5]
    assert others.max() - others.min() <= 1
    # In a photograph neighbours are alike, across and down; a wrong stride would break this.
    x = real.x_train[rows].double()
    for axis in (2, 3):
        a, b = x.narrow(axis, 0, 31).flatten(), x.narrow(axis, 1, 31).flatten()
        assert torch.corrcoef(torch.stack([a, b]))[0, 1] > 0.9
    assert torch.corrcoef(torch.stack([x[:, 0].flatten(), x[:, 2].flatten()]))[0, 1] > 0.6


def test_real_provenance_counts_what_is_there(real):
    told = cifar.provenance()
    counts = f"{len(real.labels_train):,} train, {len(real.labels_test):,} test records"
    assert told == "CIFAR-10 (Krizhevsky 2009), original archive" or told.startswith(
        f"not the original archive: {counts}, SHA-1 "
    )
