"""One `Reading` for all readings, and its scores.

Scores are held-out correlation, AUC and balanced accuracy; every cut is chosen on train.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from helpers.tasks import Task, check_labels
from helpers.yardstick.prices import code_length

RANGES = {"correlation": (-1.0, 1.0), "auc": (0.0, 1.0), "balanced_accuracy": (0.0, 1.0)}
METRICS = tuple(RANGES)


@dataclass(frozen=True)
class Scores:
    """How well scores tell +1 from -1: correlation in [-1, 1], the others in [0, 1]."""

    correlation: float
    auc: float
    balanced_accuracy: float


@dataclass(frozen=True)
class Reading:
    """One detector that a family offers for a task, and the evidence for it.

    - `scores(x)`: detector scores `(n,)`, higher for the target;
    - `cut`: scores above it are called +1 (chosen on train);
    - `train`, `test`: `Scores` on the images it was chosen on and on held-out ones;
    - `bits`: code length of naming this member of the family;
    - `detail`: what was picked (which neuron, which lambda, ...).
    """

    name: str
    scores: Callable[[Tensor], Tensor] = field(repr=False)
    cut: float
    train: Scores
    test: Scores
    bits: float
    detail: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        name: str,
        scores: Callable[[Tensor], Tensor],
        task: Task,
        *,
        bits: float,
        detail: dict[str, Any] | None = None,
    ) -> "Reading":
        """The `Reading` of a detector: its cut chosen on train, its scores on train and test.

        `scores` maps images to `(n,)` and was picked without looking at `task.x_test`. `bits` is
        the code length of the choice; the reading's own `bits` is at most the number of training
        labels (`code_length`), and `detail["code"]` keeps what was given.

        Raises ValueError for labels other than -1 and +1, scores of another shape or not finite.
        """
        with torch.no_grad():
            train, test = scores(task.x_train), scores(task.x_test)
        for part, found, y in (("train", train, task.y_train), ("test", test, task.y_test)):
            check_labels(y, f"{name} ({part})")
            if found.shape != y.shape:
                raise ValueError(
                    f"{name}: wanted one score per {part} image, shape {tuple(y.shape)}, "
                    f"received {tuple(found.shape)}: flatten the network's single output"
                )
            if not bool(torch.isfinite(found).all()):
                raise ValueError(
                    f"{name}: wanted finite scores, received nan or infinity on {part}: check the "
                    "network"
                )
        cut = best_cut(train, task.y_train)
        return cls(
            name=name,
            scores=scores,
            cut=cut,
            train=evaluate(train, task.y_train, cut),
            test=evaluate(test, task.y_test, cut),
            bits=code_length(bits, len(task.y_train)),
            detail={**(detail or {}), "code": float(bits)},
        )

    def __repr__(self) -> str:
        return (
            f"{self.name}: held-out correlation {self.test.correlation:.3f}, "
            f"AUC {self.test.auc:.3f}, balanced accuracy {self.test.balanced_accuracy:.3f} "
            f"(train correlation {self.train.correlation:.3f}); {self.bits:.1f} bits"
        )


def evaluate(scores: Float[Tensor, "n"], y: Float[Tensor, "n"], cut: float) -> Scores:
    """The three scores of one detector on images that were not resampled."""
    every = torch.ones(1, len(y), dtype=torch.float64)
    values = weighted_scores(scores, y, cut, every)
    return Scores(**{metric: float(values[metric][0]) for metric in METRICS})


def weighted_scores(
    scores: Float[Tensor, "n"],
    y: Float[Tensor, "n"],
    cut: float,
    weights: Float[Tensor, "draws n"],
) -> dict[str, Float[Tensor, "draws"]]:
    """The three scores, once for every row of image weights (all-ones: the plain score).

    A draw that leaves a class without images gives nan. Constant scores have correlation 0.
    """
    s, y, w = scores.detach().double().cpu(), y.double().cpu(), weights.double()
    total = w.sum(1, keepdim=True)
    s_centred = s - (w @ s)[:, None] / total
    y_centred = y - (w @ y)[:, None] / total
    covariance = (w * s_centred * y_centred).sum(1)
    spread, size = (w * s_centred.square()).sum(1), w @ s.square()
    norms = (spread * (w * y_centred.square()).sum(1)).sqrt()
    # Constant up to rounding, at whatever scale the scores come.
    varies = (spread > 1e-24 * size) & (norms > 0)
    correlation = torch.where(varies, covariance / torch.where(varies, norms, 1.0), 0.0)

    positive, negative = w * (y > 0), w * (y < 0)
    n_positive, n_negative = positive.sum(1), negative.sum(1)
    # AUC: the weighted share of (positive, negative) pairs in the right order, ties counting half.
    values, group = s.unique(return_inverse=True)
    per_value = [
        torch.zeros(len(w), len(values), dtype=torch.float64).index_add_(1, group, part)
        for part in (positive, negative)
    ]
    below = per_value[1].cumsum(1) - per_value[1] / 2
    auc = (per_value[0] * below).sum(1) / (n_positive * n_negative)

    called = (s > cut).double()
    hits = positive @ called / n_positive + negative @ (1 - called) / n_negative
    empty = (n_positive == 0) | (n_negative == 0)
    correlation = torch.where(empty, torch.nan, correlation)
    return {"correlation": correlation, "auc": auc, "balanced_accuracy": hits / 2}


def best_cut(scores: Float[Tensor, "n"], y: Float[Tensor, "n"]) -> float:
    """The cut with the best balanced accuracy on these images, midway between two scores."""
    values, group = scores.detach().double().cpu().unique(return_inverse=True)
    counts = torch.zeros(2, len(values), dtype=torch.float64)
    counts[0].index_add_(0, group, (y.cpu() > 0).double())
    counts[1].index_add_(0, group, (y.cpu() < 0).double())
    shares = counts / counts.sum(1, keepdim=True).clamp_min(1)
    # Cut k lies above value k: balanced accuracy is a constant minus the summed positive share
    # below it plus the summed negative share below it.
    gain = (shares[1] - shares[0]).cumsum(0)
    k = int(gain.argmax())
    if gain[k] <= 0 or k == len(values) - 1:
        return float(values[0]) - 1.0
    return float((values[k] + values[k + 1]) / 2)


def correlations(a: Float[Tensor, "n m"], y: Float[Tensor, "n t"]) -> Float[Tensor, "m t"]:
    """Correlation of every column of `a` with every column of `y`; 0 for a constant column."""
    (a, a_norm), (y, y_norm) = _centred(a), _centred(y)
    norms = a_norm[:, None] * y_norm
    return torch.where(norms > 0, (a.T @ y) / torch.where(norms > 0, norms, 1.0), 0.0)


def _centred(columns: Tensor) -> tuple[Tensor, Tensor]:
    """Columns minus their means, and their norms: 0 where only rounding is left of a column."""
    mean = columns.mean(0)
    columns = columns - mean
    norm = columns.norm(dim=0)
    return columns, torch.where(norm > 1e-6 * math.sqrt(len(columns)) * mean.abs(), norm, 0.0)
