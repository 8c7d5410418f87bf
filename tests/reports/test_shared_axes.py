"""Found by the Colab drill: chapter 03 warned, panel by panel, of a layout that collapsed."""

import warnings

import pandas as pd
from matplotlib.figure import Figure

from helpers import plots


def test_panels_that_share_an_axis_are_drawn_once_they_are_made(monkeypatch):
    """A student in Colab would have believed that their figure is broken."""
    drawn = []
    monkeypatch.setattr(Figure, "draw", lambda self, renderer: drawn.append(self))
    rows = [(f"degree {d}", m, 0.1 * d) for d in range(7) for m in (8, 16, 32)]
    frame = pd.DataFrame(rows, columns=["degree", "features", "estimate"])
    frame["low"], frame["high"] = frame["estimate"] - 0.05, frame["estimate"] + 0.05
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for ax in plots.axes(1, 2, figsize=(7.4, 3.7), sharey=True):
            plots.curves(frame, "features", "degree", ax=ax, xlabel="m", ylabel="y", logx=True)
    assert drawn == []
