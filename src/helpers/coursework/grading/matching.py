"""Which cells of a submission answer which exercise, however they have been moved or mangled."""

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property

from helpers.coursework.chapters import CALL, HEADING, sections
from helpers.coursework.checks import Exercise, Judgement
from helpers.coursework.grading.submissions import Cell
from helpers.coursework.student import exercises_of

TO_DO = "YOUR ANSWER HERE"  # what nbgrader leaves of a written solution


@dataclass(frozen=True)
class Chapter:
    """A chapter as handed out: its exercises, and what every cell of it looked like."""

    name: str
    exercises: list
    handed_out: object  # the student version
    solved: object

    @cached_property
    def sections(self):
        return sections(self.handed_out)

    @cached_property
    def imports(self) -> str:
        """All its import statements, the setup cell's apart."""
        code = [cell["source"] for cell in self.handed_out["cells"] if cell["cell_type"] == "code"]
        return "\n".join(filter(None, map(_imports, code[1:])))

    @cached_property
    def needed(self) -> str:
        """The import statements of the exercises' data cells."""
        cells = [cell for section in self.sections.values() for cell in section.data]
        return "\n".join(filter(None, (_imports(cell["source"]) for cell in cells)))

    @cached_property
    def sources(self) -> set[str]:
        return {_bare(cell["source"]) for cell in self.handed_out["cells"]}


@dataclass
class Found:
    """Where an answer is: programs to try, each a list of cells' sources, the likeliest first."""

    programs: list = field(default_factory=list)
    flags: list = field(default_factory=list)
    state: str = "answered"  # or "open", where nothing but the stub is there


def chapter_of(found: list[Cell], file: str, known) -> str | None:
    """The chapter of a submission, by its checks, its cells' names, or the file's name."""
    votes = {}
    for name, chapter in known.items():
        grade_ids = {
            cell["metadata"]["nbgrader"]["grade_id"]
            for cell in chapter.handed_out["cells"] if "nbgrader" in cell["metadata"]
        }  # fmt: skip
        names = {n for e in chapter.exercises if isinstance(e, Exercise) for n in e.answers}
        votes[name] = sum(
            (cell.grade_id in grade_ids) + len(names & _defined(cell.source))
            + 2 * any(call.startswith(f"{name}-") for call in CALL.findall(cell.source))
            for cell in found
        )  # fmt: skip
    best = max(votes, key=votes.get, default=None)
    if best and votes[best]:
        return best
    numbers = [n for n in re.findall(r"(?<!\d)\d\d(?!\d)", file.rpartition("/")[2]) if n in known]
    return numbers[0] if numbers else None


def answers(found: list[Cell], chapter: Chapter) -> dict[str, Found]:
    """exercise -> where its answer is, for every exercise that a machine checks."""
    owners = [_owners(cell, chapter) for cell in found]
    own = [
        cell.source for cell in found
        if cell.kind == "code" and _bare(cell.source) not in chapter.sources
        and not CALL.search(cell.source)
    ]  # fmt: skip
    placed = {}
    for exercise in chapter.exercises:
        if isinstance(exercise, Exercise):
            placed[exercise.id] = _placed(exercise, chapter, found, owners)
            placed[exercise.id].programs.append([chapter.imports, *own])
    return placed


def judgements(found: list[Cell], chapter: Chapter) -> dict[str, tuple[str, list[str]]]:
    """exercise -> (what was written, flags), for every exercise that a person reads."""
    asked = [e for e in chapter.exercises if isinstance(e, Judgement)]
    places = [
        index for index, cell in enumerate(chapter.handed_out["cells"])
        if cell["cell_type"] != "code" and cell["metadata"].get("nbgrader", {}).get("solution")
    ]  # fmt: skip
    written = {}
    for judgement, index in zip(asked, places, strict=True):
        cell = chapter.handed_out["cells"][index]
        grade_id = cell["metadata"]["nbgrader"]["grade_id"]
        flags, texts = [], [c.source for c in found if c.grade_id == grade_id]
        if not texts:
            texts = [c.source for c in found if c.id and c.id == cell.get("id")]
        if not texts:
            texts = _after_heading(found, chapter.handed_out["cells"], index)
            flags = [] if not texts else ["the written answer was found by its heading"]
        text = "\n\n".join(dict.fromkeys(t.strip() for t in texts)).replace(TO_DO, "").strip()
        written[judgement.id] = (text, flags if text else [])
    return written


def oddities(found: list[Cell], chapter: Chapter) -> list[str]:
    """What a person may want to know of the notebook as a whole."""
    flags = []
    if found and not any(cell.grade_id for cell in found):
        flags.append("nbgrader's metadata are lost (Colab does that): cells found by their content")
    for identifier, section in chapter.sections.items():
        calls = [c for c in found if c.kind == "code" and identifier in CALL.findall(c.source)]
        same = [c for c in found if c.grade_id == section.grade_id]
        if not calls and not same:
            flags.append(f"{identifier}: the check cell was deleted (it was run all the same)")
        elif not any(_bare(c.source) == _bare(section.check["source"]) for c in calls + same):
            flags.append(f"{identifier}: the check cell was edited (the original was run)")
        elif len(calls) > 1:
            flags.append(f"{identifier}: the check cell is there {len(calls)} times")
    order = [call for cell in found if cell.kind == "code" for call in CALL.findall(cell.source)]
    if [*dict.fromkeys(order)] != [i for i in chapter.sections if i in order]:
        flags.append("exercises were moved")
    return flags


def _placed(exercise, chapter, found, owners) -> Found:
    """The answer of one exercise: its cells, and cells of the student's own around them."""
    section = chapter.sections[exercise.id]
    stubs = {_bare(cell["source"]) for cell in section.answer}
    names, result = set(exercise.answers), Found()
    mine = [i for i, cell in enumerate(found) if exercise.id in owners[i]]
    answering = [i for i in mine if _is_answer(found[i], section, names)]
    written = [i for i in answering if _bare(found[i].source) not in stubs]
    if any(found[i].kind != "code" for i in written):
        result.flags.append("the answer's cell is no code cell: it was run as one")
    defining = [i for i in written if names & _defined(found[i].source)]
    if len({_bare(found[i].source) for i in defining}) > max(len(section.answer), 1):
        result.flags.append(f"{len(defining)} cells answer it: the best counts")
    if not answering:
        result.flags.append("the answer's cell is missing")
    if not written:
        result.state = "open"
    around = {i for i in _around(found, owners, exercise.id) if i not in answering}
    data = [cell["source"] for cell in section.data]
    support = sorted(around - {i for i in around if _bare(found[i].source) in chapter.sources})
    together = sorted([*support, *written])
    result.programs.append([*data, *(found[i].source for i in together)])
    if len(defining) > 1:
        result.programs += [
            [*data, *(found[i].source for i in sorted([*support, one]))] for one in defining
        ]
    return result


def _is_answer(cell, section, names) -> bool:
    grade_ids = {c["metadata"]["nbgrader"]["grade_id"] for c in section.answer}
    ids = {c.get("id") for c in section.answer}
    return cell.grade_id in grade_ids or cell.id in ids or bool(names & _defined(cell.source))


def _owners(cell, chapter) -> set[str]:
    """The exercises that a cell belongs to; one cell may answer several."""
    owners = set()
    for identifier, section in chapter.sections.items():
        exercise = next(e for e in chapter.exercises if e.id == identifier)
        parts = [*section.data, section.check]
        if (
            _is_answer(cell, section, set(exercise.answers))
            or (cell.kind == "code" and identifier in CALL.findall(cell.source))
            or any(cell.id and cell.id == part.get("id") for part in parts)
            or any(_bare(cell.source) == _bare(part["source"]) for part in parts)
        ):
            owners.add(identifier)
    return owners


def _around(found, owners, identifier):
    """Code cells of nobody that stand next to an exercise's cells, and its own."""
    for index, cell in enumerate(found):
        if cell.kind != "code" or CALL.search(cell.source):
            continue
        before = next((o for o in reversed(owners[:index]) if o), set())
        after = next((o for o in owners[index + 1 :] if o), set())
        if identifier in owners[index] or (not owners[index] and identifier in before | after):
            yield index


def _after_heading(found, handed_out, index) -> list[str]:
    """What stands in a submission below the heading of the cell at `index`, as text."""
    heading = next(
        (line for cell in reversed(handed_out[:index]) if cell["cell_type"] != "code"
         for line in cell["source"].splitlines() if line.startswith("### ")), None,
    )  # fmt: skip
    for place, cell in enumerate(found):
        if heading and heading in cell.source.splitlines():
            below = []
            for other in found[place + 1 :]:
                if HEADING.search(other.source) or other.kind == "code":
                    break
                below.append(other.source)
            return below
    return []


def _defined(source: str) -> set[str]:
    """The names that a cell defines at its top, even one with a syntax error."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {a or b for a, b in re.findall(r"^(?:def\s+(\w+)|(\w+)\s*=[^=])", source, re.M)}
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names


def _imports(source: str) -> str:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    found = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(node) for node in found)


def _bare(source: str) -> str:
    """Source without what editors change by themselves."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def chapters(notebooks: dict) -> dict[str, Chapter]:
    """name -> chapter, of solved notebooks by name ("02").

    An exercise that an instructor has taken out of the notebook is not asked for.
    """
    from helpers.coursework.release import student_version

    made = {}
    for name, book in notebooks.items():
        checked = sections(book)
        headings = "\n".join(
            cell["source"] for cell in book["cells"] if cell["cell_type"] != "code"
        )
        asked = [
            e for e in exercises_of(name)
            if (e.id in checked if isinstance(e, Exercise) else f". {e.title}\n" in headings)
        ]  # fmt: skip
        made[name] = Chapter(name, asked, student_version(book), book)
    return made
