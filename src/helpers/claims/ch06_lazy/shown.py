"""Chapter 06's stored runs as its figures and sentences show them."""

import numpy as np
import pandas as pd

from helpers import claims, networks, plots
from helpers.claims.ch06_lazy import dial, edits, staying
from helpers.claims.ch06_lazy.problems import LAZIEST, correlation
from helpers.yardstick.intervals import summary

NAMES = {"standard": "standard", "ntk": "NTK", "mup": "muP"}
KINDS = {"distance": "|f - f_lin| / |f_lin|", "drift": "drift of the kernel"}
REGIMES = (edits.KERNEL, edits.LAZY, edits.RICH)


def by_width(quantity: str, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """The mean over seeds of one column of the stored runs, by target, name and width."""
    frame = staying.stored() if frame is None else frame
    frame = frame.assign(value=frame[quantity], name=frame["parameterization"].map(NAMES))
    return summary(frame, ["target", "name", "width"])


def ratio(quantity: str, parameterization: str, target: str) -> float:
    """How much smaller a column is at width 512 than at 64."""
    found = by_width(quantity)
    part = found[(found["name"] == NAMES[parameterization]) & (found["target"] == target)]
    height = part.set_index("width")["estimate"]
    return float(height[64] / height[512])


def steps_by_scale(frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Geometric means of the steps to find the parity, by scale; not found counts as the last."""
    frame = dial.courses() if frame is None else frame
    frame = frame[np.isfinite(frame["scale"])]
    found = summary(frame.assign(value=np.log(frame["step"])), ["scale"])
    found[["estimate", "low", "high"]] = np.exp(found[["estimate", "low", "high"]])
    share = frame.groupby("scale")["found"].mean()
    return found.assign(found=found["scale"].map(share), series="network")


def kernel_limit(frame: pd.DataFrame | None = None) -> pd.Series:
    """The exact kernel limit's mean held-out correlation and share found."""
    frame = dial.courses() if frame is None else frame
    return frame[frame["scale"] == LAZIEST][["value", "found"]].mean()


def by_share(frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Held-out correlation of every edit beside the share of the target in fast directions."""
    frame = edits.stored() if frame is None else frame
    placebo = frame["edit"].isin([edits.OTHER_BITS, edits.OTHER_SIGNS, "top, another Q"])
    design = frame["design"].map({"columns": "columns permuted", "turns": "net turned"})
    frame = frame.assign(design=design)[~placebo]
    found = summary(frame, ["regime", "design", "edit"])
    share = frame.groupby(["design", "edit"])["share"].mean()
    keys = pd.MultiIndex.from_frame(found[["design", "edit"]])
    found = found.assign(share=share.loc[keys].to_numpy())
    order = found["regime"].map({name: place for place, name in enumerate(REGIMES)})
    return found.iloc[order.argsort(kind="stable")]


def speed(frame: pd.DataFrame | None = None) -> str:
    """What the edits do to a rich network's speed, in words."""
    frame = edits.stored() if frame is None else frame
    rich = frame[frame["regime"] == edits.RICH]
    steps = np.exp(np.log(rich["step"]).groupby([rich["design"], rich["edit"]]).mean())
    one, two = steps["columns", "0 fast"], steps["columns", "3 fast"]
    bottom, top = steps["turns", "bottom"], steps["turns", "top"]
    return (
        f"In rich networks the edits buy speed: {one:.0f} steps with none of the parity's columns "
        f"large, {two:.0f} with all three; {bottom:.0f} with $x_1$ along the bottom singular "
        f"vector, {top:.0f} along the top one."
    )


def ladder(width: int = 512, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Held-out correlations at one width, a row for each parameterisation and target."""
    frame = staying.stored() if frame is None else frame
    frame = frame[frame["width"] == width]
    names = {
        "before": "tangent space before, tuned",
        "linearised": "linearised, 200 steps",
        "net": "network, 200 steps",
        "after": "tangent space after, tuned",
    }
    case = [staying.case(row) for row in frame.itertuples()]
    long = pd.concat(
        pd.DataFrame({"case": case, "way": way, "seed": frame["seed"], "value": frame[column]})
        for column, way in names.items()
    )
    return summary(long, ["case", "way"])


def worth() -> pd.DataFrame:
    """What hypothesis, inference and conclusion are worth, from the ledger, case by case."""
    columns = {
        "H1: its distance from the linearisation is at most .1": "06-near-at-width",
        "inference: finds what the linearisation finds": "06-inference",
        "conclusion: was learnable before": "06-already-there",
    }
    table = {}
    for title, name in columns.items():
        entry = claims.stored(name)
        found = entry.cases.items() if entry else []
        table[title] = {case: _told(told) for case, told in found if told["role"] == "case"}
    return pd.DataFrame(table)


def _told(case: dict) -> str:
    words = {"supported": "holds", "refuted": "fails", "inconclusive": "undecided"}
    return f"{words.get(case['verdict'], 'premise not met')} ({case['estimate']:.2f})"


def growth(frame: pd.DataFrame | None = None) -> plots.Axes:
    """Steps against scale, on logarithmic axes."""
    found = steps_by_scale(frame)
    labels = {"xlabel": "output scale α", "ylabel": "steps until found"}
    return plots.curves(found, "scale", "series", logx=True, logy=True, **labels)


def parameters(width: int = 512) -> str:
    """How many parameters the networks of a width have, in words."""
    net = networks.mlp([12, width, width, 1])
    return f"{networks.parameter_count(net):,}"


def parting(looks, network, linearised, y) -> pd.DataFrame:
    """Correlations with y of two courses' outputs `(looks, n)` at every look after the first."""
    both = {"network": network, "linearised": linearised}
    return pd.DataFrame(
        {"step": step, "who": who, "estimate": correlation(output, y)}
        for who, outputs in both.items()
        for step, output in zip(looks, outputs, strict=True)
        if step > 0
    )
