"""Whatever an instructor's folder holds, as one list of notebooks with the students' names.

nbgrader's folders (student/assignment/notebook), an LMS's bulk download (Canvas and Moodle name
the files), loose files, and archives of all these in each other. Nothing is unpacked to disk.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

CANVAS = re.compile(r"^(?P<name>[^_]+)(_LATE)?_(?P<id>\d+)_\d+_(?P<file>.+)$")
MOODLE = re.compile(r"^(?P<name>.+)_(?P<id>\d+)_assignsubmission_file(_(?P<file>.*))?$")
CHAPTER_ONLY = re.compile(r"^\d\d[-_ ]?[a-z-]*( ?\(\d+\)|-\d+)?$", re.I)
PASSED_OVER = ("__MACOSX", ".ipynb_checkpoints", ".git")
DEEPEST, MOST_BYTES, MOST_FILES = 4, 64 << 20, 20_000  # of archives, of one file, of one archive


@dataclass(frozen=True)
class Submission:
    """One file of one student. lms: the student's number where the file's name tells it."""

    student: str
    file: str
    data: bytes
    lms: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of a submission. grade_id and id are "" where they are lost."""

    kind: str
    source: str
    grade_id: str = ""
    id: str = ""


def collected(folder: Path) -> tuple[list[Submission], list[str]]:
    """(submissions, what was passed over and why), in the order of their names."""
    found, passed = [], []
    for parts, data in _files(Path(folder), passed):
        suffix = PurePosixPath(parts[-1]).suffix.lower()
        if suffix in (".ipynb", ".py", ".json"):
            student, lms = _student(parts)
            found.append(Submission(student, "/".join(parts), data, lms))
        else:
            passed.append(f"{'/'.join(parts)}: no notebook")
    return sorted(found, key=lambda each: (each.student.lower(), each.file)), passed


def cells(submission: Submission) -> tuple[list[Cell], list[str]]:
    """(cells, flags for a human). An unreadable file has no cells and a flag that says so."""
    flags: list[str] = []
    if not submission.data.strip():
        return [], ["the file is empty: ask the student for another"]
    text = _text(submission.data, flags)
    if submission.file.lower().endswith(".py"):
        return [Cell("code", text)], [*flags, "a Python file, read as one cell"]
    try:
        book = json.loads(text, strict=False)
        sheets = book.get("worksheets") or [book]  # format 3 has sheets of cells
        if "worksheets" in book:
            flags.append("a notebook of format 3")
        found = [_cell(raw) for sheet in sheets for raw in sheet["cells"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return [], [*flags, f"no notebook that can be read ({error}): ask the student for another"]
    return found, flags


def _files(folder: Path, passed) -> Iterator[tuple[list[str], bytes]]:
    """(path, bytes) of every file, archives opened; an outer archive's name is no student's."""
    for path in sorted(folder.rglob("*")):
        parts = list(path.relative_to(folder).parts)
        if path.is_symlink() or not path.is_file() or _hidden(parts):
            continue
        if path.suffix.lower() != ".zip":
            if path.stat().st_size > MOST_BYTES:
                passed.append(f"{'/'.join(parts)}: larger than {MOST_BYTES >> 20} MB")
                continue
            yield parts, path.read_bytes()
            continue
        inside = list(_unpacked(path.read_bytes(), parts, passed, 1))
        drop = len(parts) if _is_bulk([inner[len(parts) :] for inner, _ in inside]) else 0
        for inner, data in inside:
            yield inner[drop:], data


def _unpacked(data: bytes, parts, passed, depth) -> Iterator[tuple[list[str], bytes]]:
    name = "/".join(parts)
    if depth > DEEPEST:
        passed.append(f"{name}: more than {DEEPEST} archives in each other")
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        passed.append(f"{name}: no archive that can be read ({error})")
        return
    for entry in entries[:MOST_FILES]:
        inner = [*parts, *PurePosixPath(entry.filename.replace("\\", "/")).parts]
        if entry.is_dir() or _hidden(inner):
            continue
        try:
            with archive.open(entry) as stream:
                content = stream.read(MOST_BYTES + 1)  # whatever size the entry claims
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
            passed.append(f"{'/'.join(inner)}: cannot be unpacked ({error})")
            continue
        if len(content) > MOST_BYTES:
            passed.append(f"{'/'.join(inner)}: larger than {MOST_BYTES >> 20} MB")
        elif entry.filename.lower().endswith(".zip"):
            yield from _unpacked(content, inner, passed, depth + 1)
        else:
            yield inner, content


def _is_bulk(inner) -> bool:
    """Whether an archive is a class's, not one student's: its names say more than the chapter."""
    names = [parts[0] for parts in inner]
    return any(not CHAPTER_ONLY.match(PurePosixPath(name).stem) for name in names)


def _student(parts) -> tuple[str, str]:
    """(name, number in the LMS or "") of the student whose file it is."""
    for part in parts:
        if found := MOODLE.match(part) or CANVAS.match(part):
            return found["name"].strip(), found["id"]
    if len(parts) > 1:
        return PurePosixPath(parts[0]).name.removesuffix(".zip"), ""
    stem = PurePosixPath(parts[0]).stem
    # A bare number at the end may be part of the name: only a chapter's full name is taken off.
    name = re.sub(r"^\d\d-[a-z-]+[_ ]+|[_ ]+\d\d-[a-z-]+$", "", stem, flags=re.I)
    return name or stem, ""


def _hidden(parts) -> bool:
    return any(part in PASSED_OVER or part.startswith("._") for part in parts) or parts[
        -1
    ].startswith(".")


def _text(data: bytes, flags) -> str:
    """The text of a file in whatever encoding it came."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            flags.append("a file in UTF-16")
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        flags.append("a file in no Unicode encoding, read as Windows-1252")
        return data.decode("cp1252", errors="replace")


def _cell(raw) -> Cell:
    source = raw.get("source", raw.get("input", ""))
    source = "".join(source) if isinstance(source, list) else str(source)
    metadata = raw.get("metadata") or {}
    nbgrader = metadata.get("nbgrader") or {}
    grade_id = nbgrader.get("grade_id", "") if isinstance(nbgrader, dict) else ""
    kind = "code" if raw.get("cell_type") == "code" else "text"
    return Cell(kind, source.replace("\r\n", "\n"), str(grade_id), str(raw.get("id", "")))
