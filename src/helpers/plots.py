"""Figures of the book: one look, one short call each.

A figure function takes a tidy frame and `ax` and returns `ax`; `captioned(ax, ...)` turns it into
HTML with inline SVG, a caption and an alternative text. The SVG inherits the page's text colour
and takes its series colours from CSS variables, so it follows light, dark and print, and looks the
same in the book, in JupyterLab and in Colab.
"""

import hashlib
import html
import io
import re
from collections.abc import Iterable, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text

# Okabe & Ito's colours for the colour-blind. Colour, marker and dash always change together, so a
# grey print still tells the series apart. CSS may replace a colour by the variable --series-N.
COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#9467bd"),
    *("#b8860b", "#c2577f", "#3aa0d8", "#777777"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", ".")
DASHES = (
    "-",
    "--",
    "-.",
    ":",
    (0, (5, 1, 1, 1)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (1, 1)),
    (0, (8, 2)),
)
# A reading looks the same in every figure of the book.
READINGS = {
    "single neuron": 0,
    "features": 1,
    "subnetwork": 2,
    "tangent feature": 3,
    "tangent space": 4,
    "trained": 5,
    "pixels": 6,
    "random labels": 7,
}
# Where functions of a few bits are counted there are no pixels and no random labels.
BORROWED = {"single neuron, free cut": "pixels", "subnetwork, at least": "random labels"}
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


def axes(rows: int = 1, columns: int = 1, **options):
    """Empty axes in the book's style: one `Axes`, or an array of them."""
    with mpl.rc_context(STYLE):
        size = options.pop("figsize", (5.4 if columns == 1 else 3.1 * columns, 3.4 * rows))
        return plt.subplots(rows, columns, figsize=size, **options)[1]


def style(name: str, position: int = 0) -> dict:
    """Colour, marker and dash of a series: the reading's own, else the one at `position`."""
    k = READINGS.get(BORROWED.get(name, name), position % len(COLOURS))
    return {"color": COLOURS[k], "marker": MARKERS[k], "linestyle": DASHES[k]}


@mpl.rc_context(STYLE)
def curves(
    frame: pd.DataFrame,
    x: str,
    series: str,
    *,
    ax: Axes | None = None,
    xlabel: str,
    ylabel: str,
    logx: bool = False,
    logy: bool = False,
) -> Axes:
    """One line with an interval band per value of `series`.

    `frame` has the columns `x`, `series`, `estimate` and, for a band, `low` and `high`
    (`intervals.summary` makes it). Returns `ax`.
    """
    ax = axes() if ax is None else ax
    for position, (name, part) in enumerate(frame.groupby(series, sort=False, observed=True)):
        part = part.sort_values(x)
        look = style(str(name), position)
        ax.plot(part[x], part["estimate"], label=str(name), **look)
        if "low" in part:
            ax.fill_between(part[x], part["low"], part["high"], color=look["color"], alpha=0.16)
    if logx:
        ax.set_xscale("log", base=2 if _powers_of_two(frame[x]) else 10)
    if logy:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if frame[series].nunique() > 1:
        legend(ax)
    return ax


def panels(
    frame: pd.DataFrame,
    by: str,
    x: str,
    series: str,
    *,
    columns: int = 2,
    sharey: bool = True,
    legend_columns: int = 3,
    **options,
) -> list[Axes]:
    """One panel of `curves` per value of the column `by`, its title, with one legend for all."""
    names = list(frame[by].unique())
    rows = -(-len(names) // columns)
    size = (3.7 * columns, 2.8 * rows + 0.8)
    grid = axes(rows, columns, figsize=size, sharex=True, sharey=sharey, squeeze=False)
    drawn = list(grid.flat)[: len(names)]
    for ax, name in zip(drawn, names, strict=True):
        curves(frame[frame[by] == name], x, series, ax=ax, **options)
        ax.set_title(name)
    shared_legend(drawn, columns=legend_columns)
    return drawn


def legend(ax: Axes, **options) -> None:
    """A legend below the axes, where it covers no line, with handles that show the dashes."""
    names = ax.get_legend_handles_labels()[1]
    columns = max(1, min(len(names), 48 // (max(map(len, names)) + 8)))
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17), "ncols": columns}
    ax.legend(frameon=False, handlelength=3.2, labelcolor=INK, **{**place, **options})


@mpl.rc_context(STYLE)
def shared_legend(panels: Sequence[Axes], *, columns: int = 3) -> None:
    """One legend below all panels, in the place of their own."""
    for ax in panels:
        ax.get_legend().remove()
    handles = panels[0].get_legend_handles_labels()
    options = {"frameon": False, "handlelength": 3.2, "labelcolor": INK, "ncols": columns}
    panels[0].figure.legend(*handles, loc="outside lower center", **options)


@mpl.rc_context(STYLE)
def scores(
    frame: pd.DataFrame, label: str, *, ax: Axes | None = None, xlabel: str, chance: float | None
) -> Axes:
    """One dot with its interval per row, the rows named by `label`; `chance` draws a line."""
    ax = axes() if ax is None else ax
    places = np.arange(len(frame))[::-1]
    for place, (_, row) in zip(places, frame.iterrows(), strict=True):
        look = style(str(row[label]), 0)
        ax.plot([row["low"], row["high"]], [place, place], color=look["color"], lw=2)
        ax.plot(
            row["estimate"], place, marker=look["marker"], color=look["color"], ls="", label=ROW
        )
    if chance is not None:
        ax.axvline(chance, color=INK, lw=1, ls=":")
    ax.set_yticks(places, frame[label])
    ax.set_xlabel(xlabel)
    return ax


def census(frame: pd.DataFrame) -> np.ndarray:
    """How many functions of three bits each reading expresses, and the rank of the two spans.

    `frame` has the columns `quantity` ("functions" or "rank"), `reading`, `weights`, `estimate`,
    `low` and `high` (`counting_functions.census_summary` makes it). Returns the two axes.
    """
    panels = axes(1, 2, figsize=(8.4, 4.6), width_ratios=[3, 2])
    titles = ("functions expressed (of 256)", "rank (8 expresses everything)")
    for ax, quantity, title, most in zip(
        panels, ("functions", "rank"), titles, (256, 8), strict=True
    ):
        part = frame[frame["quantity"] == quantity]
        curves(part, "weights", "reading", ax=ax, xlabel="weights and biases, M", ylabel=title)
        ax.axhline(most, color=INK, ls=":", lw=1)
        ax.get_legend().remove()
        for band in ax.collections:
            band.set_alpha(0.09)
    panels[0].figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4
    )
    return panels


def pictures(images: Iterable, titles: Sequence[str], *, columns: int = 5):
    """Grey or colour pictures with titles, in rows; returns the array of axes.

    A picture is `(height, width)` or, as in a `Task`, `(channels, height, width)` with 1 or 3
    channels; each is stretched to its own full range. Raises ValueError unless every picture has a
    title.
    """
    images = list(images)
    if len(images) != len(titles):
        raise ValueError(f"wanted a title per picture, received {len(titles)} for {len(images)}")
    rows = -(-len(images) // columns)
    grid = axes(rows, columns, figsize=(1.15 * columns, 1.4 * rows), squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
    for ax, image, title in zip(grid.flat, images, titles, strict=False):
        image = np.asarray(image, dtype=float)
        if image.ndim == 3 and image.shape[0] in (1, 3):
            image = np.moveaxis(image, 0, -1).squeeze(axis=-1 if len(image) == 1 else ())
        image = (image - image.min()) / max(np.ptp(image), 1e-9)
        ax.imshow(image, cmap="gray", interpolation="none")  # the browser keeps pixels sharp
        ax.set_title(title, fontsize=9)
    return grid


def captioned(
    ax: Axes | np.ndarray, caption: str, *, alt: str = "", table: pd.DataFrame | None = None
) -> HTML:
    """The figure as HTML: inline SVG, caption, alternative text, and its numbers on request.

    `alt` says in a sentence what is to be seen; what the axes and lines hold is added from the
    data. `table` is offered, folded, below the caption.

    Raises ValueError for an empty caption, and for an alternative text that says nothing.
    """
    first = ax if isinstance(ax, Axes) else np.asarray(ax).flat[0]
    figure = first.figure
    text = " ".join(filter(None, [alt.strip(), *map(_description, figure.axes)]))
    if not caption.strip() or not text:
        raise ValueError("wanted a caption and an alternative text: every figure has both")
    svg = _svg(figure, text)
    plt.close(figure)
    folded = ""
    if table is not None:
        body = table.to_html(index=False, float_format=lambda v: f"{v:.3f}", border=0)
        folded = f'<details class="numbers"><summary>The numbers</summary>{body}</details>'
    return HTML(
        f'<figure class="chart"><div tabindex="0" style="overflow-x: auto">{svg}</div>'
        f"<figcaption>{html.escape(caption)}</figcaption>{folded}</figure>"
    )


def _svg(figure: Figure, text: str) -> str:
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
    # Never so small that the lettering cannot be read: on a phone a wide figure scrolls instead.
    width = figure.get_size_inches()[0]
    return (
        f'{head} role="img" aria-label="{html.escape(text, quote=True)}" '
        f'style="width: 100%; min-width: {0.58 * width:.1f}in; max-width: {1.25 * width:.1f}in; '
        f"height: auto; "
        f'stroke-linejoin: round; stroke-linecap: butt">{body}'
    )


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


def _powers_of_two(values: pd.Series) -> bool:
    logs = np.log2(values.to_numpy(dtype=float))
    return bool(np.allclose(logs, np.round(logs)))
