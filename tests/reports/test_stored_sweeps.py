"""Stored sweeps: a result is another function's never, and its own again after an edit of words."""

import functools
import subprocess
import sys
import textwrap
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.keys import key
from helpers.sweeps import sweep

SOURCE = Path(__file__).parents[2] / "src"
FACTOR = 1


def values(function, store, **options):
    return sweep(function, {"seed": [1, 2]}, store=store, progress=False, **options)["v"].tolist()


def make(w):
    def run(seed):
        return {"v": w * seed}

    return run


def decorated(w):
    @functools.wraps(reads_a_global)
    def run(seed):
        return {"v": w * reads_a_global(seed)["v"]}

    return run


def reads_a_global(seed):
    return {"v": FACTOR * seed}


def reads_it_through_another(seed):
    return {"v": reads_a_global(seed)["v"]}


def test_a_captured_value_is_part_of_the_key(tmp_path):
    """A user would have believed that w = 3 gives what w = 2 gives."""
    assert [values(make(w), tmp_path) for w in (2, 3, 2)] == [[2, 4], [3, 6], [2, 4]]
    assert [values(decorated(w), tmp_path) for w in (4, 5)] == [[4, 8], [5, 10]]


def test_a_lambda_in_a_loop_is_not_the_one_before(tmp_path):
    """A user would have believed that all powers are squares."""
    found = [values(lambda seed, p=p: {"v": seed**p}, tmp_path) for p in (2, 3)]
    assert found == [[1, 4], [1, 8]]
    assert values(lambda seed: {"v": -seed}, tmp_path) == [-1, -2]
    assert values(lambda seed: {"v": +seed}, tmp_path) == [1, 2]


@pytest.mark.parametrize("function", [reads_a_global, reads_it_through_another])
def test_a_changed_global_is_seen_however_deep_it_is_read(tmp_path, monkeypatch, function):
    """A user would have believed that the constant changes nothing."""
    assert values(function, tmp_path) == [1, 2]
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", 5)
    assert values(function, tmp_path) == [5, 10]


def test_partials_methods_and_functions_as_values_are_told_apart(tmp_path):
    """A user would have believed that a loss given as a setting is known by more than its name."""

    class Scale:
        def __init__(self, by):
            self.by = by

        def run(self, seed):
            return {"v": self.by * seed}

    sys.modules[__name__].Scale = Scale
    assert [values(partial(_times, by=w), tmp_path) for w in (2, 3)] == [[2, 4], [3, 6]]
    assert [values(Scale(w).run, tmp_path) for w in (2, 3)] == [[2, 4], [3, 6]]
    losses = [lambda x: x, lambda x: 2 * x]
    found = [
        sweep(_apply, {"seed": [3], "loss": [loss]}, store=tmp_path, progress=False)["v"].item()
        for loss in losses
    ]
    assert found == [3, 6]


def _times(seed, by):
    return {"v": by * seed}


def _apply(seed, loss):
    return {"v": loss(seed)}


def test_what_has_no_key_is_refused_with_the_way_out(tmp_path):
    """A user would have believed that a lock or an open file is part of the key."""
    lock = threading.Lock()
    with pytest.raises(TypeError, match=r"wanted functions and values that can be told .*lock"):
        values(lambda seed: {"v": seed, "lock": lock.locked()}, tmp_path)
    assert values(lambda seed: {"v": seed * (not lock.locked())}, None) == [
        1,
        2,
    ]  # no key
    cell: dict = {"__name__": "__main__"}
    exec("class Here: pass\ndef run(seed): return {'v': Here}", cell)
    with pytest.raises(TypeError, match="move classes into a module, or leave out `store`"):
        values(cell["run"], tmp_path)


def test_values_are_keyed_by_value():
    """A user would have believed that equal settings are found again, and unequal ones never."""
    assert key({"a": 1, "b": {2, 3}}) == key({"b": {3, 2}, "a": 1})
    assert key(frozenset("abc")) == key(frozenset("cba"))
    weights = torch.arange(4.0)
    assert key(weights) == key(torch.arange(4.0)) == key(weights[None, :2].new_tensor([0, 1, 2, 3]))
    different = [weights, weights + 1, weights[None], weights.double(), weights.numpy(), np.ones(4)]
    different += [1, 1.0, True, "1", None, (1,), [1], torch.nn.Linear(1, 1), print, np.mean]
    assert len({key(value) for value in different}) == len(different)


PACKAGE = {
    "__init__.py": '"""A package."""\n',
    "measure.py": '''
        """Measures."""
        from toy import tools
        from toy.things import Thing
        from toy.wrapped import start

        def run(seed):
            """One row."""
            from toy.late import offset
            return start() | {"v": tools.scaled(seed) + offset() + Thing().size}
        ''',
    "wrapped.py": """
        from toy.things import named

        @named("n")
        def start():
            return {}
        """,
    "tools.py": '''
        """Tools."""
        SCALE = 10

        def scaled(x):
            """Scaled."""
            return SCALE * x

        def unrelated(x):
            return x
        ''',
    "things.py": '''
        """Things."""
        import functools

        class Thing:
            """A thing."""
            size = 0

        def named(name):
            def wrap(function):
                @functools.wraps(function)
                def wrapped():
                    return function() | {"name": name}
                return wrapped
            return wrap
        ''',
    "late.py": "def offset():\n    return 0\n",
    "stranger.py": "VALUE = 1\n",
}


@pytest.mark.parametrize(
    ("file", "old", "new", "again"),
    [
        ("measure.py", '"""One row."""', '"""Rows\n    in other words."""', False),
        ("tools.py", '"""Tools."""', '"""Tools of ours."""', False),
        ("tools.py", '"""Scaled."""', "# no docstring", False),
        ("things.py", '"""A thing."""', '"""Some thing."""', False),
        ("stranger.py", "1", "2", False),
        ("tools.py", "    return x", "    return -x", False),
        ("tools.py", "SCALE = 10", "SCALE = 11", True),
        ("tools.py", "SCALE * x", "SCALE + x", True),
        ("things.py", "size = 0", "size = 1", True),
        ("late.py", "return 0", "return 1", True),
        ("wrapped.py", '@named("n")', '@named("m")', True),
        ("wrapped.py", '@named("n")\n', "", True),
    ],
)
def test_finished_seeds_survive_an_edit_of_words_and_of_strangers(tmp_path, file, old, new, again):
    """A user would have believed that a docstring costs a night, or that a new constant costs
    nothing."""
    folder = tmp_path / "toy"
    folder.mkdir()
    for name, text in PACKAGE.items():
        (folder / name).write_text(textwrap.dedent(text))

    def keyed():
        code = "from helpers.keys import key; from toy.measure import run; print(key(run))"
        command = [sys.executable, "-B", "-c", code]
        paths = {"PYTHONPATH": f"{SOURCE}:{tmp_path}", "PYTHONHASHSEED": "random"}
        return subprocess.run(command, env=paths, capture_output=True, text=True, check=True).stdout

    before, text = keyed(), (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    assert (keyed() != before) == again


def test_a_file_that_was_cut_off_is_measured_again_without_a_word(tmp_path, capfd):
    """A user would have believed from a page of traceback that the sweep had failed."""
    assert values(make(2), tmp_path) == [2, 4]
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:-5])
    assert values(make(2), tmp_path) == [2, 4]
    assert capfd.readouterr().err == ""
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("received", "way_out"), [("relu", "'relu'"), (b"r", "b'r'"), (3, "3")])
def test_one_value_is_no_list_of_values(received, way_out):
    """A user would have believed that "relu" runs once; it ran four times, for r, e, l and u."""
    message = f"wanted a list of values for 'act', received {way_out}: write \\[{way_out}\\]"
    with pytest.raises(ValueError, match=message):
        sweep(lambda act: {"v": act}, {"act": received}, progress=False)


def test_every_iterable_of_values_will_do():
    """A user would have believed that a generator is a list of values, too."""
    frame = sweep(lambda a, b: {"v": a * b}, {"a": (i for i in (1, 2)), "b": np.array([3, 4])})
    assert frame["v"].tolist() == [3, 4, 6, 8]
