"""Where the exercises stand in a chapter: what belongs to each of them, heading to check."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

HEADING = re.compile(r"^#{1,3} ", re.M)
CALL = re.compile(r"^check\(\s*[\"']([\w-]+)[\"']\s*\)", re.M)


@dataclass(frozen=True)
class Section:
    """The cells of one exercise, in order: made data, answer (the solution or stub), check.

    Each is a cell of the notebook; they and the setup cell are all that has to run.
    """

    id: str
    data: list = field(default_factory=list)
    answer: list = field(default_factory=list)
    check: Mapping | None = None

    @property
    def grade_id(self) -> str:
        return self.check["metadata"]["nbgrader"]["grade_id"]

    @property
    def points(self) -> float:
        return float(self.check["metadata"]["nbgrader"]["points"])


def sections(notebook) -> dict[str, Section]:
    """id -> section, for every cell of the notebook that says `check("id")`.

    An exercise begins at its heading (of level one to three): whatever code stands between that
    and its check belongs to it.
    """
    found, data, answer = {}, [], []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and HEADING.search(cell["source"]):
            data, answer = [], []
        if cell["cell_type"] != "code":
            continue
        if call := CALL.search(cell["source"]):
            found[call.group(1)] = Section(call.group(1), data, answer, cell)
            data, answer = [], []
        elif cell["metadata"].get("nbgrader", {}).get("solution"):
            answer.append(cell)
        else:
            data.append(cell)
    return found


def setup_cell(notebook):
    """The first code cell of a chapter, which makes `helpers` importable."""
    return next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
