"""What all explorers share: the widget class and the static figure that stands in for it.

A page without JavaScript, a printed notebook and GitHub show the static figure. The published page
gets both, the static figure around the widget's view; `anywidget-static.js` swaps them once the
live figure has been drawn.
"""

import html
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent
VIEW = "application/vnd.jupyter.widget-view+json"


def source(name: str, suffix: str) -> str:
    """The shared and the explorer's own text in one: a blob URL has no relative imports."""
    return "\n".join((HERE / f"{stem}{suffix}").read_text("utf-8") for stem in ("common", name))


class Explorer(anywidget.AnyWidget):
    """A figure with `spec` (what it is about), `value` (what the reader chose) and raw `data`.

    `value` is empty until the reader does something and is written back on release, so that
    Python code can read what was chosen. Use each explorer's maker function, not this class; an
    explorer defines `static()`: the figure, its sentence and its table as plain HTML.
    """

    spec = traitlets.Dict().tag(sync=True)
    value = traitlets.Dict().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:  # the widget was closed
            return None
        data, metadata = bundle
        view = json.dumps(data[VIEW])
        data["text/html"] = (
            f'<div data-static-figure="" style="overflow-x: auto">{self.static()}'
            f'<script type="{VIEW}">{view}</script></div>'
        )
        return data, metadata


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


def number(value: float, places: int = 2) -> str:
    """`.57`, `−1.20`: the minus sign and the bare point that the live figures use."""
    text = f"{abs(value):.{places}f}"
    bare = text[1:] if abs(value) < 1 and text.startswith("0.") else text
    return ("−" if value < 0 and float(text) else "") + bare
