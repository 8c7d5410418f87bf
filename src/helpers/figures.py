"""A drawn figure as HTML: inline SVG with a caption and an alternative text.

The SVG inherits the page's text colour and takes its series colours from CSS variables, so it
follows light, dark and print, and looks the same in the book, in JupyterLab and in Colab. Panels
are drawings of their own in a row that wraps, so that letters keep their size on a phone.
"""

import hashlib
import html
import io
import itertools
import re
from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text

from helpers import rounding

# Okabe & Ito's colours for the colour-blind. Colour, marker and dash always change together, so a
# grey print still tells the series apart. CSS may replace a colour by the variable --series-N.
COLOURS = (
    *("#0072b2", "#8c564b", "#d55e00", "#009e73", "#9467bd"),
    *("#b8860b", "#c2577f", "#3aa0d8", "#777777"),
)
ROW = "_row"  # the label of a dot that stands for its row
INK = "#010203"  # a colour nobody uses, replaced by `currentColor` in the SVG

STYLE = {
    "figure.figsize": (5.4, 3.4),
    "figure.constrained_layout.use": True,
    "font.size": 10.5,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.18,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.markersize": 5.5,
    "savefig.transparent": True,
    "svg.fonttype": "none",
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
    "grid.color": INK,
}


SMALLEST = 9  # pixels: letters are never smaller; where a drawing is too wide for that, it scrolls


def captioned(
    ax: Axes | np.ndarray | Sequence[Axes],
    caption: str,
    *,
    alt: str = "",
    table: pd.DataFrame | None = None,
) -> HTML:
    """The figure as HTML: inline SVG, caption, alternative text, and its numbers on request.

    Axes that are figures of their own (`plots.axes(1, 2)`) become panels that stack on a phone,
    with one legend for all where no look has two meanings. `alt` says in a sentence what is to be
    seen; what the axes and lines hold is added from the data. `table` is offered, folded, below
    the caption.

    Raises ValueError for an empty caption, and for an alternative text that says nothing.
    """
    drawn = [ax] if isinstance(ax, Axes) else list(np.asarray(ax, dtype=object).flat)
    figures = list(dict.fromkeys(each.figure for each in drawn))
    texts = [" ".join(filter(None, map(_description, figure.axes))) for figure in figures]
    text = " ".join(filter(None, [alt.strip(), *texts]))
    if not caption.strip() or not text:
        raise ValueError("wanted a caption and an alternative text: every figure has both")
    if len(figures) == 1:
        picture = _svg(figures[0], text)
    else:
        legend = _shared_legend(figures, text + caption)
        panels = "".join(map(_svg, figures, texts))
        picture = (
            f'<div role="group" aria-label="{html.escape(alt.strip() or text)}" '
            f'style="display: flex; flex-wrap: wrap; gap: 0.5rem 1rem">{panels}</div>{legend}'
        )
    for figure in figures:
        plt.close(figure)
    folded = ""
    if table is not None:
        body = _rounded(table).to_html(index=False, border=0)
        folded = f'<details class="numbers"><summary>The numbers</summary>{body}</details>'
    return HTML(
        f'<figure class="chart"><div tabindex="0" style="overflow-x: auto">{picture}</div>'
        f"<figcaption>{html.escape(caption)}</figcaption>{folded}</figure>"
    )


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its numbers as text: each row as precisely as its interval is narrow."""
    ends = ("estimate", "low", "high")
    known = set(ends) <= set(table.columns)
    spans = zip(table["low"], table["high"], strict=True) if known else ()
    digits = [rounding.places(low, high) for low, high in spans]
    text = table.copy()
    for name in table.columns[[kind.kind == "f" for kind in table.dtypes]]:
        own = digits if known and name in ends else [3] * len(table)
        values = zip(table[name], own, strict=True)
        text[name] = pd.Series(list(itertools.starmap(rounding.number, values)), text.index)
    return text


def _shared_legend(figures: Sequence[Figure], salt: str) -> str:
    """One legend in HTML instead of the panels' own, unless a look means two things there."""
    axes = [ax for figure in figures for ax in figure.axes]
    if not any(ax.get_legend() for ax in axes):
        return ""
    entries: dict[str, Artist] = {}
    looks: dict[str, str] = {}
    for ax in axes:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(name, handle)
            if looks.setdefault(_swatch(handle), name) != name:
                return ""
    for ax in axes:
        if ax.get_legend():
            ax.get_legend().remove()
    items = "".join(
        f'<span style="white-space: nowrap">{_swatch(handle, salt + name)} '
        f"{html.escape(name)}</span>"
        for name, handle in entries.items()
    )
    return (
        '<div style="display: flex; flex-wrap: wrap; gap: 0.1rem 1.2rem; margin: 0.3rem 0; '
        f'font-size: 0.9em">{items}</div>'
    )


def _swatch(handle: Artist, salt: str = "") -> str:
    """How a legend draws a series, as a small picture; `salt` goes into its ids."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(0.5, 0.18))
        options = {"handlelength": 3.2, "borderpad": 0, "handletextpad": 0, "frameon": False}
        figure.legend([handle], [""], loc="center", borderaxespad=0, **options)
    look = 'aria-hidden="true" style="width: 3em; display: inline-block; vertical-align: middle"'
    return _inline(figure, salt).replace("<svg ", f"<svg {look} ", 1)


def _svg(figure: Figure, text: str) -> str:
    """The figure as an SVG element that is named `text` and is as wide as its place."""
    head, body = _inline(figure, text).split(">", 1)
    width = figure.get_size_inches()[0]
    letters = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text().strip()]
    # 72 units are one inch of the drawing, 96 pixels one inch of the page.
    least = 72 * width * SMALLEST / min(letters, default=STYLE["font.size"])
    return (
        f'{head} role="img" aria-label="{html.escape(text, quote=True)}" '
        f'style="flex: 1 1 {86 * width:.0f}px; width: 100%; min-width: {least:.0f}px; '
        f"max-width: {120 * width:.0f}px; height: auto; "
        f'stroke-linejoin: round; stroke-linecap: butt">{body}'
    )


def _inline(figure: Figure, text: str) -> str:
    """The figure as plain SVG in the page's colours; `text` goes into the ids, for uniqueness."""
    # What was drawn outside this module, black and in boxes, follows the page too.
    for artist in figure.findobj(lambda part: isinstance(part, Text | Line2D)):
        if mpl.colors.to_hex(artist.get_color()) == "#000000":
            artist.set_color(INK)
    for legend in figure.findobj(Legend):
        legend.set_frame_on(False)
    for part in figure.axes:
        part.set_facecolor("none")
    with mpl.rc_context({**STYLE, "svg.hashsalt": "helpers"}), io.StringIO() as buffer:
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Matplotlib's style sheet would hold for every element of the page.
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    salt = hashlib.sha256((text + svg).encode()).hexdigest()[:12]
    # Every id gets the salt: a page may hold many figures, and ids have to be its own.
    svg = re.sub(r'\bid="', f'id="f{salt}-', svg)
    svg = re.sub(r"url\(#", f"url(#f{salt}-", svg)
    svg = re.sub(r'href="#', f'href="#f{salt}-', svg)
    svg = svg.replace(INK, "currentColor").replace("stroke: #000000", "stroke: currentColor")
    for number, colour in enumerate(COLOURS, start=1):
        svg = svg.replace(colour, f"var(--series-{number}, {colour})")
    head, body = svg.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    return f"{head}>{body}"


def _description(ax: Axes) -> str:
    """What the axes and the labelled lines hold, in words."""
    if not ax.axison:
        return f"Picture: {ax.get_title()}." if ax.get_title() else ""
    x, y = ax.get_xlabel(), ax.get_ylabel()
    lead = f"{ax.get_title()}: " if ax.get_title() else ""
    parts = [f"{lead}{y or 'values'} against {x}." if y else f"{lead}{x}."] if x or y else []
    rows = dict(zip(ax.get_yticks(), (t.get_text() for t in ax.get_yticklabels()), strict=False))
    for line in ax.get_lines():
        xs, ys = line.get_data(orig=False)
        name = str(line.get_label())
        if len(xs) == 1 and name == ROW:
            parts.append(f"{rows[ys[0]]}: {xs[0]:.3g}.")
        if len(xs) == 0 or name.startswith("_"):
            continue
        parts.append(
            f"{name}: {ys[0]:.3g} at {xs[0]:.4g}"
            + (f", {ys[-1]:.3g} at {xs[-1]:.4g}." if len(xs) > 1 else ".")
        )
    return " ".join(parts)
