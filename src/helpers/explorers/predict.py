"""Predict first: say what you expect, and how sure you are, before the result is shown.

    guess = predict.curve("How does the AUC grow with width?", widths, id="02-width",
                          x_label="width", y_label="held-out AUC", y_range=(.5, 1))
    ...                                   # run the experiment
    guess.reveal(frame["auc"])            # laid over the reader's curve, in the figure above

The truth may be given at once, or by `reveal` when it has been measured. On the published page the
notebook has been run to its end, so the figure knows the truth from the start and shows it after
the reader has committed. Predictions stay in the reader's browser.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from helpers.explorers import frame

SCALES = ("linear", "log", "even")


class PredictExplorer(frame.Explorer):
    """The live figure; `.value` is empty until the reader commits or skips. See `curve`."""

    _esm = frame.source("predict", ".js")
    _css = frame.source("predict", ".css")

    def reveal(self, truth, *, low=None, high=None, because: str | None = None) -> None:
        """Gives the measured result to a prediction that was made without it.

        For a curve: `truth` (k,), one value per knot, and optionally the ends `low` and `high` (k,)
        of its interval. For a choice: the index or the text of the right answer.
        """
        if self.spec["kind"] == "curve":
            known = _measured(truth, low, high, len(self.spec["x"]))
        else:
            known = {"truth": _answer(self.spec["answers"], truth)}
        if because is not None:
            known["because"] = because
        self.spec = {**self.spec, **known}

    def reveal_bin(self, value: float, edges: Sequence[float | int], **options) -> None:
        """Gives the measured result of a choice whose answers are ranges in rising order.

        `edges` are the borders between them, one fewer than there are answers; a value on a border
        belongs to the upper range. `options` as in `reveal`.

        Raises ValueError for edges that do not rise or do not fit the answers, and a nan.
        """
        edges, answers = [float(edge) for edge in edges], self.spec.get("answers", [])
        if len(edges) != len(answers) - 1 or edges != sorted(set(edges)) or not value == value:
            raise ValueError(
                f"wanted a number and {len(answers) - 1} rising edges between the answers "
                f"{answers}, received {value} and {edges}: give one edge for each border"
            )
        self.reveal(int(np.searchsorted(edges, value, side="right")), **options)

    def static(self) -> str:
        """The question alone: what the experiment says is told by the outputs that follow."""
        spec = self.spec
        heading = f"<p><strong>{frame.escaped(spec['question'])}</strong></p>"
        if spec["kind"] == "choice":
            answers = "".join(f"<li>{frame.escaped(answer)}</li>" for answer in spec["answers"])
            return (
                f"{heading}<ul>{answers}</ul><p>Pick one of the {len(spec['answers'])} answers and "
                f"note how sure you are before you read on.</p>"
            )
        low, high = spec["y_range"]
        sentence = (
            f"Sketch {spec['y_label']} at {len(spec['x'])} values of {spec['x_label']}, from "
            f"{spec['x'][0]:g} to {spec['x'][-1]:g}, between {low:g} and {high:g}, then read on."
        )
        return f"{heading}{_empty_plot(spec)}<p>{frame.escaped(sentence)}</p>"


# What was predicted in this session, by id: running a cell again does not lose it, in Colab too.
SESSION: dict[str, dict] = {}


def _explorer(spec: dict) -> PredictExplorer:
    widget = PredictExplorer(spec=spec, value=SESSION.get(spec["id"], {}))
    widget.observe(lambda change: SESSION.update({spec["id"]: change["new"]}), "value")
    return widget


def _empty_plot(spec: dict) -> str:
    count = len(spec["x"])
    at = [50 + 280 * k / (count - 1) for k in range(count)]
    rails = [
        frame.shape("line", x1=x, x2=x, y1=10, y2=150, stroke="currentColor",
                    stroke_dasharray="2 4", stroke_opacity=0.6)
        for x in at
    ]  # fmt: skip
    names = [
        frame.shape("text", f"{x:g}", x=place, y=165, text_anchor="middle")
        for place, x in zip(at, spec["x"], strict=True)
    ]
    ends = [
        frame.shape("text", f"{y:g}", x=44, y=height, text_anchor="end")
        for y, height in zip(spec["y_range"], (150, 16), strict=True)
    ]
    label = frame.shape("text", spec["x_label"], x=190, y=182, text_anchor="middle")
    alt = f"An empty plot of {spec['y_label']} against {spec['x_label']} to sketch in."
    return frame.picture(350, 188, alt, *rails, *names, *ends, label)


def curve(
    question: str,
    x: ArrayLike,
    truth: ArrayLike | None = None,
    *,
    id: str,
    x_label: str,
    y_label: str,
    y_range: tuple[float | int, float | int] = (0.0, 1.0),
    x_scale: str = "linear",
    rivals: Mapping[str, ArrayLike] | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
) -> PredictExplorer:
    """A curve to draw over the experiment's own x values (3 to 16 knots).

    `x` (k,) increasing; `truth`, `low`, `high` (k,) or later by `.reveal`. `x_scale` is "linear",
    "log" or "even" (knots at equal distances). `rivals` names two naive predictions (k,) to come
    closer than; by default a flat line in the middle of `y_range` and a straight rise from its
    bottom to its top. `id` must be unique in the book: the prediction is remembered under it.

    Raises ValueError for unordered x, lengths that differ, and unknown scales.
    """
    x = [float(each) if float(each) % 1 else int(each) for each in np.asarray(x)]
    if not 3 <= len(x) <= 16 or any(a >= b for a, b in pairwise(x)):
        raise ValueError(f"x must be 3 to 16 increasing values, but got {x}; choose fewer knots")
    if x_scale not in SCALES:
        raise ValueError(f"x_scale must be one of {SCALES}, but got {x_scale!r}")
    if x_scale == "log" and x[0] <= 0:
        raise ValueError(f"a log scale needs x above 0, but x starts at {x[0]}; use x_scale='even'")
    bottom, top = map(float, y_range)
    if rivals is None:
        rivals = {
            "a flat line in the middle": np.full(len(x), (bottom + top) / 2),
            "a straight rise": np.linspace(bottom, top, len(x)),
        }
    spec = {
        "kind": "curve", "id": id, "question": question, "x": x, "x_label": x_label,
        "y_label": y_label, "y_range": [bottom, top], "x_scale": x_scale, "truth": None,
        "rivals": [{"name": name, "values": _values(values, len(x), name)}
                   for name, values in rivals.items()],
    }  # fmt: skip
    known = {} if truth is None else _measured(truth, low, high, len(x))
    return _explorer({**spec, **known})


def choice(
    question: str,
    answers: Sequence[str],
    truth: int | str | None = None,
    *,
    id: str,
    because: str = "",
) -> PredictExplorer:
    """One of several answers to pick; `truth` is the right one's index or text, computed from the
    experiment, or given later by `.reveal`. `because` is a plain sentence shown with it.

    Raises ValueError for fewer than two answers or a truth that is none of them.
    """
    answers = [str(answer) for answer in answers]
    if len(answers) < 2:
        raise ValueError(f"a choice needs at least two answers, but got {answers}; add another")
    right = None if truth is None else _answer(answers, truth)
    return _explorer(
        {
            "kind": "choice",
            "id": id,
            "question": question,
            "answers": answers,
            "truth": right,
            "because": because,
        }
    )


def _answer(answers: Sequence[str], truth: int | str) -> int:
    if isinstance(truth, str) and truth in answers:
        return answers.index(truth)
    if not isinstance(truth, str) and 0 <= int(truth) < len(answers):
        return int(truth)
    raise ValueError(
        f"the truth must be one of the answers or its index, but got {truth!r} for {list(answers)}"
    )


def _values(values: ArrayLike, count: int, name: str) -> list[float]:
    array = np.asarray(values, dtype=float)
    if array.shape != (count,) or not np.isfinite(array).all():
        raise ValueError(
            f"{name} must be {count} finite numbers, one for each x, but has shape "
            f"{array.shape}; compute one value for each knot"
        )
    return [float(f"{each:.6g}") for each in array]


def _measured(truth, low, high, count: int) -> dict:
    given = {"truth": truth, "low": low, "high": high}
    return {name: _values(v, count, name) for name, v in given.items() if v is not None}
