"""What all explorers share: the widget class and the static figure that stands in for it.

Each explorer is shown twice: first as plain HTML, the static figure, then as the widget's view.
Wherever the view comes to life (JupyterLab, Colab, the published page) it hides the static figure;
wherever it does not (no JavaScript, no kernel, an exported notebook, GitHub) the static figure is
what the reader sees.
"""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

import anywidget
import traitlets
from IPython.display import HTML, display

from helpers.rounding import number

__all__ = ["BOOK", "Explorer", "escaped", "number", "picture", "shape", "source", "table"]

HERE = Path(__file__).parent
# What scripts have to agree on, those of the published pages too (book/_ext/reading.py).
BOOK = f"const BOOK = {(HERE / 'book.json').read_text('utf-8').strip()};\n"


def source(name: str, suffix: str) -> str:
    """The shared and the explorer's own text in one: a blob URL has no relative imports."""
    parts = ((HERE / f"{stem}{suffix}").read_text("utf-8") for stem in ("common", name))
    return (BOOK if suffix == ".js" else "") + "\n".join(parts)


class Explorer(anywidget.AnyWidget):
    """A figure with `spec` (what it is about), `value` (what the reader chose) and raw `data`.

    `value` is empty until the reader does something and is written back on release, so that
    Python code can read what was chosen. Use each explorer's maker function, not this class; an
    explorer defines `static()`: the figure, its sentence and its table as plain HTML.
    """

    spec = traitlets.Dict().tag(sync=True)
    value = traitlets.Dict().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)

    def _ipython_display_(self, **kwargs: object) -> None:
        # Two outputs rather than two formats of one: nbconvert takes the view of one output, which
        # asks another host to be drawn, and ipywidgets 7 (Colab) leaves all other formats away.
        name = escaped(self.spec.get("id", ""))
        kind = type(self).__module__.rpartition(".")[2]
        display(
            HTML(
                f'<div data-static-figure="{name}" data-kind="{kind}" style="overflow-x: auto">'
                f"{self.static()}</div>"
            )
        )
        if bundle := self._repr_mimebundle_(**kwargs):  # None: the widget was closed
            display(bundle[0], metadata=bundle[1], raw=True)


def escaped(text: object) -> str:
    return html.escape(str(text))


def table(header: Sequence[str], rows: Iterable[Sequence[object]], summary: str) -> str:
    """A folded table; the first cell of each row names the row."""
    head = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{escaped(first)}</th>'
        + "".join(f"<td>{escaped(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f"<details><summary>{escaped(summary)}</summary><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></details>"
    )


def picture(width: int, height: int, alt: str, *shapes: str) -> str:
    """Inline SVG whose lines and letters take the page's text colour, light or dark."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escaped(alt)}" '
        f'style="display: block; width: 100%; max-width: {1.4 * width:.0f}px" '
        f'font-family="sans-serif" font-size="11" fill="currentColor" stroke="none">'
        f"{''.join(shapes)}</svg>"
    )


def shape(tag: str, text: object = "", **attributes: object) -> str:
    """One SVG element; `stroke_width=2` becomes `stroke-width="2"`, floats get one decimal."""

    def written(value: object) -> str:
        return f"{value:.1f}" if isinstance(value, float) else escaped(value)

    listed = " ".join(f'{k.replace("_", "-")}="{written(v)}"' for k, v in attributes.items())
    return f"<{tag} {listed}>{escaped(text)}</{tag}>"
