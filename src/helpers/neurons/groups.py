"""Between one neuron and all of them: the best k of m, with weights +-1 or free.

The family is the sums of k members of one layer. Picking the best of the C(m, k) sets is a search:
sums grow by one member at a time, and with weights +-1 every member may then be exchanged once for
a better one. For k = 1 it is exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.networks import activations, hidden_layers, layer_position
from helpers.tasks import Task
from helpers.yardstick import Reading, log2_choose
from helpers.yardstick.ridge import fit_features


@dataclass(frozen=True)
class Group:
    """A weighted sum of k of m columns: `scores(a) = a[:, members] @ weights`.

    `bits`: log2 C(m, k) for naming the members, and the price of the weights.
    """

    members: Int[Tensor, "k"]
    weights: Float[Tensor, "k"]
    bits: float

    def scores(self, columns: Float[Tensor, "n m"]) -> Float[Tensor, "n"]:
        """The sum for every row."""
        return columns[:, self.members].to(self.weights) @ self.weights


def best_k(
    net: nn.Module, task: Task, *, k: int = 8, weights: str = "signs", layer: int | str = "all"
) -> Reading:
    """The `k` hidden neurons whose weighted sum shows the target best, picked on train.

    `weights` are "signs", +1 or -1 each, or "free" (ridge, lambda on validation). `layer` is a
    hidden layer's number or "all"; a neuron of a convolutional layer is one channel at one place.
    The price is that of naming k of m neurons, log2 C(m, k) bits, and one bit per sign or the code
    length of the free weights. `detail` holds `members` (numbers through the layers) and `neurons`.

    >>> best_k(networks.mlp([64, 256, 1]), tasks.digits(3), k=8).bits
    56.54...

    Raises ValueError for a wrong layer, unknown weights and a k outside [1, m].
    """
    positions = hidden_layers(net)
    numbers = list(range(len(positions)))
    if layer != "all":
        numbers = [positions.index(layer_position(net, layer))]
    return _picked(
        "k neurons",
        lambda x: torch.cat([activations(net, x, number) for number in numbers], dim=1),
        task,
        k,
        weights,
    )


def best_pixels(task: Task, *, k: int = 8, weights: str = "signs") -> Reading:
    """The trivial rival of `best_k`: the `k` input coordinates whose sum shows the target best.

    Raises ValueError for unknown weights and a k outside [1, number of inputs].
    """
    return _picked("k pixels", lambda x: x.flatten(1), task, k, weights)


def best_groups(
    columns: Float[Tensor, "n m"], y: Float[Tensor, "n"], sizes: Sequence[int], *, weights: str
) -> dict[int, Group]:
    """The best `Group` of each size that one search finds on these rows.

    Raises ValueError for unknown weights and sizes outside [1, m].
    """
    search = {"signs": _signed, "free": _free}
    if weights not in search:
        raise ValueError(f"wanted weights among {tuple(search)}, received {weights!r}")
    m = columns.shape[1]
    if not sizes or min(sizes) < 1 or max(sizes) > m:
        raise ValueError(f"wanted sizes in [1, {m}], received {list(sizes)}: take fewer members")
    return search[weights](columns, y, sizes)


def _signed(columns: Tensor, y: Tensor, sizes: Sequence[int]) -> dict[int, Group]:
    """Weights +-1: add the best member, then reconsider every other one once."""
    a, target = _centred(columns, y)
    along, norms = a.T @ target, a.square().sum(0)
    signs = torch.zeros(a.shape[1], dtype=torch.float64)
    overlaps = torch.zeros_like(signs)  # of the present sum with every column
    rows: dict[int, Tensor] = {}
    found = {}

    def add(member: int, sign: float) -> None:
        if member not in rows:
            rows[member] = a.T @ a[:, member]
        signs[member] += sign
        overlaps.add_(rows[member], alpha=sign)

    def best() -> tuple[float, int, float]:
        """What one more member brings the correlation to, that member and its sign."""
        hit, size = along @ signs, overlaps @ signs
        reached = torch.stack(
            [(hit + s * along) / (size + 2 * s * overlaps + norms).sqrt() for s in (1.0, -1.0)]
        )
        # A sum that is constant but for rounding has no correlation.
        usable = (signs == 0) & (size + norms > 1e-9 * norms.max()) & reached.isfinite()
        reached = torch.where(usable, reached, -torch.inf)
        turned, member = divmod(int(reached.argmax()), len(along))
        return float(reached.max()), member, (1.0, -1.0)[turned]

    for size in range(1, max(sizes) + 1):
        reached, member, sign = best()
        add(member, sign)
        for old in signs.nonzero()[:, 0].tolist():
            was = float(signs[old])
            add(old, -was)
            now, member, sign = best()
            improves = now > reached + 1e-9
            add(*((member, sign) if improves else (old, was)))
            reached = max(reached, now)
        if size in sizes:
            members = signs.nonzero()[:, 0]
            bits = log2_choose(len(signs), size) + size
            found[size] = Group(members, signs[members], bits)
    return found


def _free(columns: Tensor, y: Tensor, sizes: Sequence[int]) -> dict[int, Group]:
    """Free weights: forward selection by orthogonal least squares, then ridge on the members.

    Source: S. Chen, S. Billings and W. Luo 1989, "Orthogonal least squares methods and their
    application to non-linear system identification".
    """
    a, rest = _centred(columns, y)
    first = a.square().sum(0)
    order: list[int] = []
    for _ in range(max(sizes)):
        left = a.square().sum(0)
        # A column that the members explain but for rounding adds nothing.
        gain = torch.where(left > 1e-6 * first, (rest @ a).square() / left, -1.0)
        gain[order] = -torch.inf
        order.append(int(gain.argmax()))
        axis = a[:, order[-1]] / a[:, order[-1]].norm().clamp_min(1e-150)
        rest = rest - axis * (axis @ rest)
        a = a - torch.outer(axis, axis @ a)
    found = {}
    for size in sizes:
        members = torch.tensor(order[:size])
        fit = fit_features(columns[:, members], y)
        bits = log2_choose(columns.shape[1], size) + fit.bits
        found[size] = Group(members, fit.coefficients, bits)
    return found


def _picked(
    name: str, columns: Callable[[Tensor], Tensor], task: Task, k: int, weights: str
) -> Reading:
    a = columns(task.x_train)
    group = best_groups(a, task.y_train, [k], weights=weights)[k]
    detail = {"members": group.members, "weights": group.weights, "neurons": a.shape[1]}
    return Reading.of(
        name, lambda x: group.scores(columns(x)), task, bits=group.bits, detail=detail
    )


def _centred(columns: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    a, target = columns.detach().double(), y.double() - y.double().mean()
    return a - a.mean(0), target / target.norm().clamp_min(1e-150)
