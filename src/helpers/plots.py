"""Figures of the book: one look, one short call each.

A figure function takes a tidy frame and `ax` and returns `ax`; `captioned(ax, ...)` (figures.py)
turns it into HTML with inline SVG, a caption and an alternative text.
"""

import itertools
from collections.abc import Iterable, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from helpers import ladder
from helpers.figures import COLOURS, INK, ROW, STYLE, captioned

__all__ = [
    "COLOURS",
    "INK",
    "ROW",
    "STYLE",
    "axes",
    "captioned",
    "curves",
    "in_order",
    "legend",
    "panels",
    "pictures",
    "points",
    "scores",
    "style",
    "styles",
]

MARKERS = ("o", "p", "s", "^", "D", "v", "P", "X", ".")
DASHES = (
    "-",
    (0, (6, 1, 1, 1, 1, 1, 1, 1)),
    "--",
    "-.",
    ":",
    (0, (5, 1, 1, 1)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (1, 1)),
    (0, (8, 2)),
)
# A reading looks the same in every figure of the book; after the ladder's rungs, what they are
# compared with.
READINGS = (*ladder.READINGS, "pixels", "random labels")
# Where functions of a few bits are counted there are no pixels and no random labels.
BORROWED = {"neuron, free cut": "pixels", "subnetwork, at least": "random labels"}


@mpl.rc_context(STYLE)
def axes(
    rows: int = 1,
    columns: int = 1,
    *,
    figsize: tuple[float, float] | None = None,
    sharex: bool = False,
    sharey: bool = False,
) -> Axes | np.ndarray:
    """Empty axes in the book's style: one `Axes`, or an array of them, `(rows, columns)` squeezed.

    `figsize` is the size of all together, in inches. Each of several axes is a figure of its own,
    so that panels stand side by side where there is room and below each other on a phone.
    """
    width, height = figsize or (5.4 if columns == 1 else 3.1 * columns, 3.4 * rows)
    made: list[Axes] = []
    for _ in range(rows * columns):
        figure = plt.figure(figsize=(width / columns, height / rows))
        # A limit shared with another figure would draw that one at once, half made.
        figure.canvas.draw_idle = lambda *_: None
        first = made[0] if made else None
        shared = {"sharex": first if sharex else None, "sharey": first if sharey else None}
        made.append(figure.add_subplot(**shared))
    grid = np.array(made, dtype=object).reshape(rows, columns).squeeze()
    return grid if grid.shape else made[0]


def style(name: str, position: int = 0) -> dict:
    """Colour, marker and dash of a series: the reading's own, else those at `position`.

    Colours come again after nine, with another marker and dash: 81 series look different.
    """
    name, many = BORROWED.get(name, name), len(COLOURS)
    k = READINGS.index(name) if name in READINGS else position
    other = (k + k // many) % many
    return {"color": COLOURS[k % many], "marker": MARKERS[other], "linestyle": DASHES[other]}


def styles(names: Iterable[str]) -> dict[str, dict]:
    """The look of every series of one figure: readings have their own, the others what is left."""
    names = list(dict.fromkeys(names))
    taken = {READINGS.index(BORROWED.get(n, n)) for n in names if BORROWED.get(n, n) in READINGS}
    free = (k for k in itertools.count() if k not in taken)
    return {n: style(n) if BORROWED.get(n, n) in READINGS else style(n, next(free)) for n in names}


def in_order(frame: pd.DataFrame, series: str) -> pd.DataFrame:
    """The rows in the order in which figures show their series: the ladder's, then the others."""
    rank = {name: place for place, name in enumerate(READINGS)}
    return frame.sort_values(series, key=lambda s: s.map(rank).fillna(len(rank)), kind="stable")


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
    looks = styles(frame[series].astype(str))
    for name, part in in_order(frame, series).groupby(series, sort=False, observed=True):
        part, look = part.sort_values(x), looks[str(name)]
        ax.plot(part[x], part["estimate"], label=str(name), **look)
        if "low" in part:
            ax.fill_between(part[x], part["low"], part["high"], color=look["color"], alpha=0.16)
    if logx:
        ax.set_xscale("log", base=2 if _powers_of_two(frame[x]) else 10)
        values = np.unique(frame[x])
        if len(values) <= 6 and not _powers_of_two(frame[x]):
            # Within a decade or two matplotlib's own labels are many, long and in each other's way.
            ax.set_xticks(values, [f"{value:,g}" for value in values])
            ax.xaxis.set_minor_locator(NullLocator())
    if logy:
        ax.set_yscale("log")
        ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))  # their labels keep apart
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if frame[series].nunique() > 1:
        legend(ax)
    return ax


def panels(
    frame: pd.DataFrame, by: str, x: str, series: str, *, sharey: bool = True, **options
) -> list[Axes]:
    """One panel of `curves` per value of the column `by`, which is its title."""
    names = list(frame[by].unique())
    drawn = list(np.ravel(axes(1, len(names), figsize=(3.7 * len(names), 2.9), sharey=sharey)))
    for ax, name in zip(drawn, names, strict=True):
        curves(frame[frame[by] == name], x, series, ax=ax, **options)
        ax.set_title(name)
    return drawn


def legend(ax: Axes, **options) -> None:
    """A legend below the axes, where it covers no line, with handles that show the dashes."""
    names = ax.get_legend_handles_labels()[1]
    columns = max(1, min(len(names), 48 // (max(map(len, names)) + 8)))
    # Inches below the axes, whatever their height: under the ticks' labels and the axis's name.
    below = ax.transAxes + ScaledTranslation(0, -0.5, ax.figure.dpi_scale_trans)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "bbox_transform": below}
    place["ncols"] = columns
    ax.legend(frameon=False, handlelength=3.2, labelcolor=INK, **{**place, **options})


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


@mpl.rc_context(STYLE)
def pairs(frame: pd.DataFrame, label: str, series: str, *, xlabel: str) -> Axes:
    """One row per value of `label`: a mark with its interval for each value of `series`, joined.

    `frame` has the columns `label`, `series`, `estimate`, `low` and `high`. Returns the axes.
    """
    ax = axes()
    names = list(frame[label].unique())
    place = frame[label].map({name: len(names) - k for k, name in enumerate(names)})
    ends = frame.groupby(place)["estimate"].agg(["min", "max"])
    ax.hlines(ends.index, ends["min"], ends["max"], color=INK, lw=1, alpha=0.4)
    looks = styles(frame[series].astype(str))
    for name, part in frame.groupby(series, sort=False):
        color, marker = (looks[str(name)][key] for key in ("color", "marker"))
        ax.hlines(place[part.index], part["low"], part["high"], color=color, lw=2.5)
        points = part["estimate"], place[part.index]
        ax.scatter(*points, s=46, color=color, marker=marker, label=str(name), zorder=3)
    ax.set_yticks(range(len(names), 0, -1), names)
    ax.set_xlabel(xlabel)
    legend(ax)
    return ax


@mpl.rc_context(STYLE)
def points(
    frame: pd.DataFrame, x: str, y: str, series: str, *, xlabel: str, ylabel: str, size: float = 46
) -> Axes:
    """A mark for each row, whose colour and shape tell the series; returns the axes."""
    ax = axes()
    looks = styles(frame[series].astype(str))
    colours, marks = ({n: look[key] for n, look in looks.items()} for key in ("color", "marker"))
    sns.scatterplot(
        frame,
        x=x,
        y=y,
        hue=series,
        style=series,
        palette=colours,
        markers=marks,
        s=size,
        alpha=0.75,
        ax=ax,
    )
    ax.set(xlabel=xlabel, ylabel=ylabel)
    legend(ax, title=None)
    return ax


def pictures(images: Iterable, titles: Sequence[str], *, columns: int = 4):
    """Grey or colour pictures with titles, in rows; returns the array of axes.

    A picture is `(height, width)` or, as in a `Task`, `(channels, height, width)` with 1 or 3
    channels; each is stretched to its own full range. Raises ValueError unless every picture has a
    title.
    """
    images = list(images)
    if len(images) != len(titles):
        raise ValueError(f"wanted a title per picture, received {len(titles)} for {len(images)}")
    rows = -(-len(images) // columns)
    with mpl.rc_context(STYLE):
        size = (1.12 * columns, 1.4 * rows)
        grid = plt.subplots(rows, columns, figsize=size, squeeze=False)[1]
    for ax in grid.flat:
        ax.set_axis_off()
    for ax, image, title in zip(grid.flat, images, titles, strict=False):
        image = np.asarray(image, dtype=float)
        if image.ndim == 3 and image.shape[0] in (1, 3):
            image = np.moveaxis(image, 0, -1).squeeze(axis=-1 if len(image) == 1 else ())
        image = (image - image.min()) / max(np.ptp(image), 1e-9)
        ax.imshow(image, cmap="gray", interpolation="none")  # the browser keeps pixels sharp
        ax.set_title(title)
    return grid


def _powers_of_two(values: pd.Series) -> bool:
    logs = np.log2(values.to_numpy(dtype=float))
    return bool(np.allclose(logs, np.round(logs)))
