"""The API page: the public names that chapters use, with signatures, docstrings and an example."""

import ast
import importlib
import inspect
import re
import textwrap
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import nbformat

from exercises import HIDDEN

PAGE = "book/api"
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@dataclass
class Use:
    """Where a name is used: the chapters' numbers, and its first call in the open."""

    chapters: set[str] = field(default_factory=set)
    call: str = ""


def code(notebook):
    """Yield the trees of a notebook's code cells, without solutions and hidden tests."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("solution"):
            yield ast.parse(HIDDEN.sub("", cell.source))


def uses(notebooks):
    """Return {dotted name: Use} of what notebooks (by number) take from the package."""
    found = {}
    for number, notebook in notebooks.items():
        names = {}  # as the notebook calls it -> its dotted name
        for node in (node for tree in code(notebook) for node in ast.walk(tree)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
                names.update({a.asname or a.name: f"{node.module}.{a.name}" for a in node.names})
            called = node.func if isinstance(node, ast.Call) else node
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
                dotted = f"{names.get(called.value.id, '')}.{called.attr}"
            else:
                dotted = names.get(getattr(called, "id", ""), "")
            if dotted.startswith("helpers."):
                use = found.setdefault(dotted, Use())
                use.chapters.add(number)
                if isinstance(node, ast.Call):
                    use.call = use.call or ast.unparse(node)
    return found


def public(dotted):
    """Return the function or class of that name, or None for a module, constant or experiment."""
    module, _, name = dotted.rpartition(".")
    if module.startswith("helpers.claims."):
        return None
    value = getattr(importlib.import_module(module), name, None)
    return value if inspect.isroutine(value) or inspect.isclass(value) else None


def signature(value):
    """Return the head of a function as it is written, or a class with its fields."""
    source = textwrap.dedent(inspect.getsource(value))
    tree = ast.parse(source).body[0]
    if isinstance(tree, ast.ClassDef):
        fields = [ast.unparse(node) for node in tree.body if isinstance(node, ast.AnnAssign)]
        return "\n".join([f"class {tree.name}:", *(f"    {line}" for line in fields)])
    lines = source.splitlines()[tree.lineno - 1 : tree.body[0].lineno - 1]
    return "\n".join(lines).rstrip().removesuffix(":")


def prose(docstring):
    """Return a docstring as Markdown that means the same: paragraphs as HTML, examples as code."""
    parts = []
    for block in re.split(r"\n\s*\n", docstring):
        text = textwrap.dedent(block).strip("\n")
        if text.startswith(">>>"):
            parts.append(f"```pycon\n{text}\n```")
        else:
            text = re.sub("`+([^`]+)`+", r"<code>\1</code>", escape(text))
            items = [item.removeprefix("- ") for item in re.split(r"\n(?=- )", text)]
            listed = "".join(f"<li>{item}</li>" for item in items)
            parts.append(f"<ul>{listed}</ul>" if text.startswith("- ") else f"<p>{text}</p>")
    return "\n\n".join(parts)


def entry(dotted, value, use):
    """Return one name's part of the page, in Markdown."""
    docstring = inspect.getdoc(value) or ""
    name = dotted.removeprefix("helpers.")
    parts = [f"### {name}", f"```python\n{signature(value)}\n```", prose(docstring)]
    if ">>>" not in docstring and use.call:
        parts.append(f"```python\n{use.call}\n```")
    parts.append(f"In chapter{'s' * (len(use.chapters) > 1)} {', '.join(sorted(use.chapters))}.")
    return "\n\n".join(parts)


def page(found):
    """Return the page's Markdown after its introduction."""
    parts, module = [], None
    for dotted in sorted(found, key=lambda name: name.rpartition(".")[::2]):
        value = public(dotted)
        if value is None:
            continue
        if dotted.rpartition(".")[0] != module:
            module = dotted.rpartition(".")[0]
            about = (inspect.getdoc(importlib.import_module(module)) or "").partition("\n\n")[0]
            parts += [f"## {module.removeprefix('helpers.')}", prose(about)]
        parts.append(entry(dotted, value, found[dotted]))
    return "\n\n".join(parts)


def write(app, docname, source):
    if docname == PAGE:
        paths = sorted(NOTEBOOKS.glob("*.ipynb"))
        notebooks = {path.name[:2]: nbformat.read(path, as_version=4) for path in paths}
        source[0] += "\n" + page(uses(notebooks))


def always(app, env, added, changed, removed):
    return [PAGE] if PAGE in env.found_docs else []


def setup(app):
    app.connect("env-get-outdated", always)
    app.connect("source-read", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
