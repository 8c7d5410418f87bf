"""Sweeps: tidy rows, resumed where they stopped, the same whatever the number of processes."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.sweeps import kept, sweep

SOURCE = Path(__file__).parents[2] / "src"


def _threads(seed: int) -> dict:
    x = torch.randn(300, 300, generator=torch.Generator().manual_seed(seed))
    return {"value": float((x @ x).sum()), "threads": torch.get_num_threads()}


def test_every_combination_is_a_row_with_its_setting_in_front():
    frame = sweep(lambda a, b: {"sum": a + b}, {"a": [1, 2], "b": [10, 20]}, progress=False)
    assert list(frame.columns) == ["a", "b", "sum"]
    assert frame.to_numpy().tolist() == [[1, 10, 11], [1, 20, 21], [2, 10, 12], [2, 20, 22]]


def test_lists_frames_tuples_and_own_columns_are_kept():
    def function(seed, widths):
        rows = [{"width": w, "draws": np.full(3, w)} for w in widths]
        return rows if seed else pd.DataFrame(rows, index=[7, 7])

    frame = sweep(function, {"seed": [0, 1], "widths": [(4, 5)]}, progress=False)
    assert list(frame["width"]) == [4, 5, 4, 5]
    assert list(frame["widths"]) == [(4, 5)] * 4
    assert list(frame.index) == [0, 1, 2, 3]
    own = sweep(lambda seed: {"seed": seed + 100, "v": 1}, {"seed": [1]}, progress=False)
    assert own.to_dict("records") == [{"seed": 101, "v": 1}]


def test_a_kept_frame_is_made_once_and_nobody_can_spoil_it_for_the_next():
    made = []

    @kept
    def frame(seed):
        made.append(seed)
        return pd.DataFrame({"value": [seed] if isinstance(seed, int) else list(seed)})

    frame(1)["value"] = 99
    assert frame(1)["value"].item() == 1
    assert frame(2)["value"].item() == 2
    assert made == [1, 2]
    assert frame([3])["value"].item() == frame((3,))["value"].item() == 3
    assert made == [1, 2, (3,)], "a list, as a parameter cell may have it, counts as a tuple"


def test_a_function_whose_settings_have_no_names_is_not_kept():
    with pytest.raises(TypeError, match=r"received \['options'\]: write them out"):
        kept(lambda seed, **options: pd.DataFrame({"value": [seed]}))


@kept
def _runs(seed: int, log: str) -> pd.DataFrame:
    with open(log, "a") as file:
        file.write(f"{seed}\n")
    return pd.DataFrame({"value": [seed, seed]})


def _least(seed: int, log: str) -> dict:
    return {"value": _runs(seed, log=log)["value"].min()}


def _most(seed: int, log: str) -> dict:
    return {"value": _runs(seed, log=log)["value"].max()}


@pytest.mark.parametrize("jobs", [1, 2])
def test_sweeps_with_a_store_share_what_is_kept(tmp_path, jobs):
    """Across processes and after a kill, so what counts is the files."""
    log, folder = tmp_path / "log", tmp_path / "store"
    grid = {"seed": [1, 2], "log": [str(log)]}
    for function in (_least, _most):
        frame = sweep(function, grid, store=folder, jobs=jobs, progress=False)
        assert list(frame["value"]) == [1, 2]
    assert sorted(log.read_text().split()) == ["1", "2"]
    assert len(list(folder.iterdir())) == 6, "two functions of two seeds, and the runs of two"
    for _ in range(2):
        _runs(3, str(log))
    assert log.read_text().split().count("3") == 1
    assert len(list(folder.iterdir())) == 6, "outside of a sweep nothing is stored"


@pytest.mark.parametrize("grid", [{}, {"a": []}, {"a": [1], "b": []}])
def test_an_empty_grid_is_refused(grid):
    with pytest.raises(ValueError, match="wanted a grid with at least one value on each axis"):
        sweep(_threads, grid)


def test_results_do_not_depend_on_jobs_or_on_threads():
    torch.set_num_threads(2)
    one = sweep(_threads, {"seed": range(3)}, jobs=1, progress=False)
    assert torch.get_num_threads() == 2  # given back
    torch.set_num_threads(1)
    two = sweep(_threads, {"seed": range(3)}, jobs=2, progress=False)
    pd.testing.assert_frame_equal(one, two)
    assert list(one["threads"]) == [1, 1, 1]


SCRIPT = """
    import os, sys
    from pathlib import Path
    from helpers.sweeps import sweep

    def slow(seed, log, stop):
        with open(log, "a") as file:
            file.write(f"{seed}\\n")
        if seed == 3 and Path(stop).exists():
            os._exit(9)  # as a power cut would
        return {"value": seed**2}

    if __name__ == "__main__":
        log, stop, store = sys.argv[1:]
        frame = sweep(slow, {"seed": range(6), "log": [log], "stop": [stop]}, store=store,
                      progress=False)
        print(frame["value"].tolist())
"""


def test_a_killed_sweep_resumes_with_what_is_missing(tmp_path):
    script, log, stop = (tmp_path / name for name in ("run.py", "log", "stop"))
    script.write_text(textwrap.dedent(SCRIPT))
    stop.touch()
    command = [sys.executable, script, log, stop, tmp_path / "store"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    run = {"env": environment, "capture_output": True, "text": True}
    assert subprocess.run(command, check=False, **run).returncode == 9
    assert log.read_text().split() == ["0", "1", "2", "3"]
    stop.unlink()
    log.write_text("")
    again = subprocess.run(command, check=True, **run)
    assert again.stdout.strip() == "[0, 1, 4, 9, 16, 25]"
    assert log.read_text().split() == ["3", "4", "5"]


CELL = """
from helpers.sweeps import sweep
def in_a_cell(seed):
    print("computed", seed)
    return {"value": FACTOR * seed}
frame = sweep(in_a_cell, {"seed": [1, 2]}, store=STORE, progress=False)
print(frame["value"].tolist())
"""


@pytest.mark.slow
def test_a_function_from_a_notebook_cell_is_resumed_in_another_kernel(tmp_path):
    """And computed anew when its own source changed."""
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    outputs = []
    for factor in (3, 3, 5):
        source = CELL.replace("STORE", repr(str(tmp_path))).replace("FACTOR", str(factor))
        setup = f"import sys; sys.path.insert(0, {str(SOURCE)!r})"
        cells = [nbformat.v4.new_code_cell(part) for part in (setup, source)]
        notebook = nbformat.v4.new_notebook(cells=cells)
        client.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
        outputs.append("".join(out.get("text", "") for out in notebook.cells[1].outputs))
    assert outputs[0].split("\n")[:3] == ["computed 1", "computed 2", "[3, 6]"]
    assert "computed" not in outputs[1]
    assert "[3, 6]" in outputs[1]
    assert "computed 1" in outputs[2]
    assert "[5, 10]" in outputs[2]
