"""Neuron hunt: how well does the best of m random neurons match a target, and does it last?

The scores of all neurons travel with the figure as one byte each, so that the reader can choose m
and the target on a page without a kernel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from helpers.explorers import frame


@dataclass(frozen=True)
class Target:
    """What the figure needs to know about one target.

    `train` and `held_out` (m,): each neuron's correlation with the target on the images it is
    picked on and on new ones. `weights` (m, height, width): what each neuron looks for, or None.
    `laws`: by name, the best correlation that a law expects on the training images among the first
    1, 2, 4, ... neurons, one value for each of `steps(m)`.
    """

    train: ArrayLike
    held_out: ArrayLike
    weights: ArrayLike | None = None
    laws: Mapping[str, ArrayLike] = field(default_factory=dict)


def steps(m: int) -> np.ndarray:
    """1, 2, 4, ... up to m: the numbers of neurons the figure can show."""
    return 2 ** np.arange(int(np.log2(m)) + 1)


class HuntExplorer(frame.Explorer):
    """The live figure; `.value` is `{"target": name, "step": k}`: 2^k neurons. See `explorer`."""

    _esm = frame.source("hunt", ".js")
    _css = frame.source("hunt", ".css")

    def static(self) -> str:
        spec = self.spec
        scores = np.frombuffer(self.data, dtype=np.int8).reshape(len(spec["targets"]), 2, -1) / 127
        m, rows, paths = int(spec["steps"][-1]), [], []
        for k, (target, (train, held_out)) in enumerate(zip(spec["targets"], scores, strict=True)):
            best = [int(train[:n].argmax()) for n in spec["steps"]]
            rows.append(
                [target["name"], *(frame.number(float(x[best[-1]])) for x in (train, held_out))]
            )
            dash = ("none", "7 3", "2 3")[k % 3]
            for series, thick in ((train, 2.4), (held_out, 1.2)):
                paths.append(_line([float(series[i]) for i in best], thick, dash))
        ends = [
            frame.shape("text", "1", x=40, y=176),
            frame.shape("text", f"{m:,} neurons", x=340, y=176, text_anchor="end"),
        ]
        levels = [
            frame.shape(
                "text", frame.number(level, 1), x=34, y=164 - 150 * level, text_anchor="end"
            )
            for level in (0.0, 0.5, 1.0)
        ]
        sentence = "; ".join(
            f"for {name} the best of {m:,} neurons reaches {train} on the images it was picked on "
            f"and {held_out} on new ones"
            for name, train, held_out in rows
        )
        styles = ("solid", "dashed", "dotted")
        drawn = [f"{styles[k % 3]}: {row[0]}" for k, row in enumerate(rows)]
        key = f"Lines, {', '.join(drawn)}; thick where it was picked, thin on new images."
        alt = f"Best correlation against the number of neurons, thick on train: {sentence}."
        return (
            f"<p><strong>{frame.escaped(spec['question'])}</strong></p>"
            + frame.picture(350, 184, alt, *paths, *levels, *ends)
            + f"<p>{frame.escaped(sentence[0].upper() + sentence[1:])}. {frame.escaped(key)}</p>"
            + frame.table(["target", "train", "held out"], rows, "The numbers as a table")
        )


def _line(levels: list[float], thick: float, dash: str) -> str:
    step = 300 / max(len(levels) - 1, 1)
    points = " ".join(f"{40 + step * k:.1f},{160 - 150 * y:.1f}" for k, y in enumerate(levels))
    return frame.shape("polyline", points=points, fill="none", stroke="currentColor",
                       stroke_width=thick, stroke_dasharray=dash)  # fmt: skip


def explorer(
    targets: Mapping[str, Target],
    *,
    random: str = "random labels",
    id: str = "hunt",
    question: str = "How good is the best of m random neurons, and does it stay good?",
) -> HuntExplorer:
    """The best of 1, 2, 4, ... neurons for each target, against `random` labels.

    All targets need scores of the same number of neurons m (at most 8192; only the first 2^k are
    used); `random` names the target that stands for chance and is drawn in grey behind the others.
    A neuron's sign is chosen on the training images, so `train` scores are shown as |correlation|.

    Raises ValueError for a missing random target, for lengths that differ, and for more neurons.
    """
    if random not in targets:
        raise ValueError(f"targets {sorted(targets)} lack {random!r}; add it or name it by random=")
    sizes = {
        len(scores) for target in targets.values() for scores in (target.train, target.held_out)
    }
    if len(sizes) != 1 or not 1 <= min(sizes) <= 8192:
        raise ValueError(
            f"all targets need train and held-out scores of the same 1 to 8192 neurons, but the "
            f"lengths are {sorted(sizes)}; score the same neurons for every target"
        )
    numbers = steps(sizes.pop())
    scores, described = [], []
    for name, target in targets.items():
        train, held_out = (
            np.asarray(x, dtype=float)[: numbers[-1]] for x in (target.train, target.held_out)
        )
        sign = np.where(train < 0, -1, 1)
        bytes_ = np.round(np.clip([sign * train, sign * held_out], -1, 1) * 127).astype(np.int8)
        best = [int((sign * train)[:n].argmax()) for n in numbers]
        for n, winner in zip(numbers[::-1], best[::-1], strict=True):
            # Rounded, others may tie with the winner: one step of 1/127 below keeps them apart.
            ties = np.flatnonzero(bytes_[0, :n] >= bytes_[0, winner])
            bytes_[0, ties[ties != winner]] = bytes_[0, winner] - 1
        scores.append(bytes_)
        described.append(
            {
                "name": name,
                "laws": {law: [round(float(v), 4) for v in _law(law, values, len(numbers))]
                         for law, values in target.laws.items()},
                "pictures": _pictures(target.weights, sorted(set(best)), sign),
            }
        )  # fmt: skip
    spec = {"id": id, "question": question, "random": random, "steps": numbers.tolist(),
            "targets": described}  # fmt: skip
    return HuntExplorer(spec=spec, data=np.stack(scores).tobytes())


def _law(name: str, values: ArrayLike, count: int) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.shape != (count,):
        raise ValueError(
            f"the law {name!r} must have {count} values, one for each of hunt.steps(m), but has "
            f"shape {values.shape}"
        )
    return values


def _pictures(weights: ArrayLike | None, winners: list[int], sign: np.ndarray) -> dict:
    """The winners' weights by neuron, each scaled to -31..31."""
    if weights is None:
        return {}
    pictures = {}
    for k in winners:
        image = sign[k] * np.asarray(weights[k], dtype=float)
        levels = np.round(31 * image / max(np.abs(image).max(), 1e-12)).astype(int)
        pictures[str(k)] = levels.tolist()
    return pictures
