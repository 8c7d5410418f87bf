"""Every chapter runs with small parameters, is committed clean, and reads well everywhere."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from fold import fold, title
from setup_cell import METADATA, first_code_cell, setup_cell

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
CHAPTERS = sorted(FOLDER.glob("*.ipynb"))
SMALL = json.loads(Path(__file__).with_name("small.json").read_text())
TIMEOUT = 300  # seconds for one cell at small parameters

# Markdown that only one of the three renderers (book, Colab, GitHub) shows as meant.
NOT_EVERYWHERE = {
    "a colon fence": r"^:::",
    "a directive": r"^`{3,}\{",
    "a role": r"\{[a-z:]+\}`",
    "a MyST target": r"^\([\w-]+\)=\s*$",
    "a footnote": r"\[\^[^\]]+\]",
    "struck-out text": r"~~[^~]+~~",
    "$$ inside a sentence": r"(?:\S[^\n]*\$\$)|(?:\$\$[^\n]*\S)",
    "an exercise marker": r"BEGIN (?:SOLUTION|HIDDEN)",
}  # fmt: skip
DETAILS_WITHOUT_BLANK_LINES = r"</summary>\n(?!\n)|[^\n]\n</details>"

chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def cells(path, kind):
    return [cell for cell in read(path).cells if cell.cell_type == kind]


def parameters_cell(path):
    """Return the source of the cell tagged `parameters`."""
    tagged = [c for c in cells(path, "code") if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1, f"{path.name} has {len(tagged)} cells tagged parameters, not one"
    return tagged[0].source


def code_outside_strings(text):
    """Return markdown without code blocks and code spans, where any character may stand."""
    return re.sub(r"```(?!\{).*?```|(?<![}`])`[^`\n]+`", "", text, flags=re.S)


def test_there_are_chapters():
    assert CHAPTERS, "notebooks/ is empty"


@chapters
def test_a_chapter_runs_with_small_parameters(path):
    notebook = parameterize_notebook(load_notebook_node(str(path)), SMALL[path.stem])
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        extra_arguments=["--log-level=ERROR"],
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()


@chapters
def test_small_parameters_are_parameters_of_the_chapter(path):
    """A misspelt name would leave the default in force, and the test slow."""
    assigned = {
        target.id
        for statement in ast.parse(parameters_cell(path)).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    assert set(SMALL[path.stem]) <= assigned


def test_every_chapter_has_small_parameters():
    """One without would run here at full size."""
    assert set(SMALL) == {path.stem for path in CHAPTERS}


@chapters
def test_a_chapter_is_committed_without_outputs(path):
    code = cells(path, "code")
    assert [c.id for c in code if c.outputs or c.execution_count is not None] == []
    assert "widgets" not in read(path).metadata


@chapters
def test_a_chapter_is_a_valid_notebook_for_the_python3_kernel(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert (notebook.nbformat, notebook.nbformat_minor >= 5) == (4, True)


@chapters
def test_the_setup_cell_is_the_same_in_all_chapters(path):
    cell = first_code_cell(read(path))
    remedy = "run: python tools/setup_cell.py"
    assert cell.source == setup_cell(), remedy
    assert cell.metadata == METADATA, remedy


@chapters
def test_code_cells_are_short(path):
    """9 of 10 that are open and no exercise are within 12 lines; none is over 30.

    Chapters that are to be reworked (tests/to_shrink.json) may have longer ones until then.
    """
    code = [c.source for c in cells(path, "code")[1:] if "nbgrader" not in c.metadata]
    assert max(len(source.splitlines()) for source in code) <= 30
    lengths = sorted(len(source.splitlines()) for source in code if not title(source))
    reworked = path.stem not in json.loads((ROOT / "tests" / "to_shrink.json").read_text())
    assert lengths[max(0, -(-9 * len(lengths) // 10) - 1)] <= (12 if reworked else 20)


@chapters
def test_cells_are_folded_alike_on_the_page_in_colab_and_in_jupyterlab(path):
    """The line `# @title …` and the two renderers' metadata say the same of every cell."""
    as_committed = read(path)
    assert fold(read(path)) == as_committed, "run: python tools/fold.py notebooks/*.ipynb"


@chapters
def test_captions_and_alternative_texts_are_in_folded_cells(path):
    """Nobody reads them as code, between an unanswered prediction and its figure."""
    code = [c for c in cells(path, "code") if "nbgrader" not in c.metadata]
    words = re.compile(r"\bcaptioned\(|\balt=")
    assert [c.id for c in code if words.search(c.source) and not title(c.source)] == []


@chapters
def test_markdown_is_of_the_kinds_that_all_renderers_show(path):
    found = []
    for cell in cells(path, "markdown"):
        text = code_outside_strings(cell.source)
        for name, pattern in NOT_EVERYWHERE.items():
            found += [f"{name}: {m.group()}" for m in re.finditer(pattern, text, re.M)]
        if re.search(DETAILS_WITHOUT_BLANK_LINES, cell.source):
            found.append("details without blank lines inside")
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        ":::{note}",
        "{ref}`x`",
        "(label)=",
        "see [^1]",
        "~~no~~",
        "so $$x$$ it is",
        "```{note}\nx\n```",
        "### BEGIN SOLUTION",
    ],
)
def test_the_markdown_rules_find_what_they_are_for(text):
    text = code_outside_strings(text)
    assert any(re.search(pattern, text, re.M) for pattern in NOT_EVERYWHERE.values())


def test_the_markdown_rules_let_ordinary_markdown_through():
    text = code_outside_strings(
        "# A\n\n$x_1$ and\n\n$$\nx^2\n$$\n\n| a | b |\n|---|---|\n- [ ] `(a)=`"
    )
    assert [n for n, p in NOT_EVERYWHERE.items() if re.search(p, text, re.M)] == []


@chapters
def test_exercises_have_ids_of_their_own_and_solutions_are_folded(path):
    graded = [c for c in read(path).cells if "nbgrader" in c.metadata]
    ids = [c.metadata.nbgrader.grade_id for c in graded]
    assert len(set(ids)) == len(ids)
    assert all(c.metadata.nbgrader.schema_version == 3 for c in graded)
    for cell in graded:
        if cell.cell_type == "code" and cell.metadata.nbgrader.solution:
            assert "hide-input" in cell.metadata.get("tags", []), cell.id
            assert cell.metadata.mystnb.code_prompt_show == "Show a solution", cell.id
            assert "### BEGIN SOLUTION" in cell.source, cell.id
