"""Prune it yourself: cut the weights of a small random network until it computes a target.

The page computes everything itself, "no mask exists" included: a hidden unit's 32 masks do at most
16 different things to the output, so that all 2^(5h+1) masks of the network merge into at most
2 * 16^h sums. `search` is the same enumeration in numpy, for the static figure and the tests.
"""

from typing import NamedTuple

import numpy as np
from torch import nn

from helpers import networks
from helpers.counting import boolean
from helpers.explorers import frame

INPUTS = boolean.inputs(3).numpy()
PRESETS = {
    "x1 and x2": lambda a, b, c: a and b,
    "x1 and not x2": lambda a, b, c: a and not b,
    "majority: at least two on": lambda a, b, c: a + b + c >= 2,
    "exactly one on": lambda a, b, c: a + b + c == 1,
    "x1 or else x2, not both (exclusive or)": lambda a, b, c: a != b,
    "if x1 then x2, else x3": lambda a, b, c: b if a else c,
    "not all alike": lambda a, b, c: 0 < a + b + c < 3,
    "an odd number on (parity)": lambda a, b, c: (a + b + c) % 2 == 1,
}
LARGEST = 5  # 2 * 16^5 sums take about 50 ms in a browser, 16 times as many would be felt


class Masks(NamedTuple):
    """For each of the 256 functions: how many masks compute it, and one with the fewest cuts."""

    counts: np.ndarray  # (256,)
    cuts: np.ndarray  # (256,), -1 where no mask computes the function
    example: np.ndarray  # (256, 5h+1) of 0 and 1, a row of zeros where there is none


def weights_of(net: nn.Module) -> np.ndarray:
    """The 5h+1 weights of a 3-h-1 ReLU network: per hidden unit three inputs and its bias, then
    h output weights and the output bias.

    Raises TypeError as `networks.layers` and for pruned nets, ValueError for other architectures.
    """
    layers = [m for _, m in networks.dense_layers(net) if not isinstance(m, nn.Flatten)]
    kinds = [type(layer) for layer in layers]
    if kinds != [nn.Linear, nn.ReLU, nn.Linear] or layers[0].in_features != 3:
        names = ", ".join(kind.__name__ for kind in kinds)
        raise ValueError(
            f"this explorer draws a network of 3 inputs, one ReLU layer and 1 output, but got "
            f"[{names}]; build it with networks.mlp([3, 4, 1])"
        )
    first, _, last = layers
    if last.out_features != 1 or first.bias is None or last.bias is None:
        raise ValueError(
            "this explorer needs one output and a bias in both layers; build the network with "
            "networks.mlp([3, 4, 1])"
        )
    if not 1 <= first.out_features <= LARGEST:
        raise ValueError(
            f"this explorer tries every mask in the page, which takes at most {LARGEST} hidden "
            f"units, but the network has {first.out_features}; use a narrower one"
        )
    parts = [np.column_stack([_array(first.weight), _array(first.bias)]).ravel()]
    return np.concatenate([*parts, _array(last.weight).ravel(), _array(last.bias)])


def _array(parameter: nn.Parameter) -> np.ndarray:
    return parameter.detach().cpu().double().numpy()


def forward(weights: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Activations (h, 8) of the hidden units and the output (8,) on the inputs 000 ... 111."""
    h = (len(weights) - 1) // 5
    kept = weights * mask
    incoming = kept[: 4 * h].reshape(h, 4)
    hidden = np.maximum(0, incoming[:, :3] @ INPUTS.T + incoming[:, 3:])
    return hidden, kept[4 * h : 5 * h] @ hidden + kept[5 * h]


def search(weights: np.ndarray) -> Masks:
    """Every mask of the network, merged by what it makes each hidden unit add to the output.

    `weights` as from `weights_of`. Takes 2 * 16^h sums of 8 numbers: 0.1 s for h = 4.
    """
    h = (len(weights) - 1) // 5
    # sums (s, 8), masks (s, 5h+1), count (s,): one row for each different sum so far.
    sums = np.outer([weights[5 * h], 0.0], np.ones(8))
    masks = np.zeros((2, 5 * h + 1), dtype=np.int8)
    masks[0, 5 * h] = 1
    counts = np.ones(2)
    for j in range(h):
        adds, kept, ways = _behaviours(weights, j)
        sums = (sums[:, None] + adds).reshape(-1, 8)
        masks = np.repeat(masks, len(adds), axis=0)
        places = [*range(4 * j, 4 * j + 4), 4 * h + j]
        masks[:, places] = np.tile(kept, (len(masks) // len(adds), 1))
        counts = np.outer(counts, ways).ravel()
    numbers = (sums > 0) @ (1 << np.arange(8))
    cuts = masks.shape[1] - masks.sum(axis=1, dtype=int)
    total = np.bincount(numbers, weights=counts, minlength=256)
    fewest, example = np.full(256, -1), np.zeros((256, masks.shape[1]), dtype=int)
    order = np.argsort(-cuts, kind="stable")  # the fewest cuts come last and are the ones kept
    fewest[numbers[order]] = cuts[order]
    example[numbers[order]] = masks[order]
    return Masks(total, fewest, example)


def _behaviours(weights: np.ndarray, j: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What hidden unit j can add to the output (b, 8), a mask for each with the fewest cuts (b, 5),
    and how many of its 32 masks do the same (b,)."""
    h = (len(weights) - 1) // 5
    kept = np.array([[k >> i & 1 for i in range(5)] for k in range(32)])
    kept = kept[np.argsort(-kept.sum(axis=1), kind="stable")]
    own = kept[:, :4] * weights[4 * j : 4 * j + 4]
    adds = kept[:, 4:] * weights[4 * h + j] * np.maximum(0, own[:, :3] @ INPUTS.T + own[:, 3:])
    # Equal up to rounding: the same sum reached by different masks is the same behaviour.
    _, first, ways = np.unique(adds.round(12) + 0.0, axis=0, return_index=True, return_counts=True)
    return adds[first], kept[first], ways


def opening(weights: np.ndarray, target: int, masks: Masks) -> np.ndarray:
    """One cut from success: a mask with the fewest cuts for the target, less its first cut."""
    if masks.counts[target] == 0:
        return np.ones(len(weights), dtype=int)
    mask = masks.example[target].copy()
    for k in np.flatnonzero(mask == 0)[:1]:  # with the fewest cuts, every one of them matters
        mask[k] = 1
    return mask


class PruneExplorer(frame.Explorer):
    """The live figure; `.value` is `{"kept": "1101…", "target": 0..255}`. See `explorer`.

    Functions are numbered as in `counting`: bit j is the output at input j.
    """

    _esm = frame.source("prune", ".js")
    _css = frame.source("prune", ".css")

    def static(self) -> str:
        weights, target = np.array(self.spec["weights"]), self.spec["target"]
        masks = search(weights)
        mask = opening(weights, target, masks)
        hidden, output = forward(weights, mask)
        wanted = boolean.to_table(target, 3)
        right = int(((output > 0) == wanted).sum())
        reach = (
            f"{masks.counts[target]:,.0f} of the {2 ** len(weights):,} masks compute this target."
            if masks.counts[target]
            else f"None of the {2 ** len(weights):,} masks computes this target."
        )
        sentence = (
            f"{int((mask == 0).sum())} of {len(weights)} weights cut: right on {right} of 8 "
            f"inputs. {reach} Some mask computes {int((masks.counts > 0).sum())} of the 256 "
            "functions of three bits."
        )
        rows = [
            [
                f"{k:03b}",
                *map(frame.number, [*hidden[:, k], output[k]]),
                "on" if wanted[k] else "off",
            ]
            for k in range(8)
        ]
        units = [f"unit {j + 1}" for j in range(len(hidden))]
        return (
            f"<p><strong>{frame.escaped(self.spec['question'])}</strong></p>"
            + _drawing(
                weights,
                mask,
                f"A network of 3 inputs, {len(hidden)} hidden units and one "
                f"output; cut weights are dotted. {sentence}",
            )
            + f"<p>{sentence}</p>"
            + frame.table(["input", *units, "output", "target"], rows, "The numbers as a table")
        )


def _drawing(weights: np.ndarray, mask: np.ndarray, alt: str) -> str:
    h = (len(weights) - 1) // 5
    spots = [(30.0, 20 + 50 * h / 2 + 50 * i) for i in (-1, 0, 1)]
    units = [(170.0, 45 + 50.0 * j) for j in range(h)]
    out = (310.0, 20 + 25.0 * h)
    ends = [(spot, unit) for unit in units for spot in [*spots, (unit[0] - 24, unit[1] + 24)]]
    ends += [(unit, out) for unit in units] + [((out[0] - 24, out[1] + 24), out)]
    lines = [
        frame.shape(
            "line", x1=a[0], y1=a[1], x2=b[0], y2=b[1], stroke="currentColor",
            stroke_width=0.6 + 3.0 * abs(float(w)) / float(np.abs(weights).max()) if kept else 0.7,
            stroke_dasharray="1 5" if not kept else "none" if w >= 0 else "7 3",
            stroke_opacity=0.75 if kept else 0.5,
        )
        for (a, b), w, kept in zip(ends, weights, mask, strict=True)
    ]  # fmt: skip
    names = [f"x{i + 1}" for i in range(3)] + [f"h{j + 1}" for j in range(h)] + ["f"]
    dots = [
        frame.shape("circle", cx=x, cy=y, r=13, fill="#5b8fc7")
        + frame.shape("text", name, x=x, y=y + 4, text_anchor="middle", fill="#000")
        for (x, y), name in zip([*spots, *units, out], names, strict=True)
    ]
    return frame.picture(340, int(40 + 50 * h + 20), alt, *lines, *dots)


def explorer(
    net: nn.Module,
    target: str = "if x1 then x2, else x3",
    *,
    id: str = "prune",
    question: str = "Which weights must go so that this random network computes the target?",
) -> PruneExplorer:
    """A 3-h-1 ReLU network (h at most 5) whose weights and biases the reader can cut.

    `explorer(networks.mlp([3, 4, 1], seed=8), id="front")`. It opens one cut
    from success where some mask computes the target, and uncut where none does. Inputs are
    {0,1}^3 in counting order; the output is on where f(x) > 0. `id` names its state in links.

    Raises ValueError for another architecture or an unknown target (one of `prune.PRESETS`).
    """
    if target not in PRESETS:
        raise ValueError(f"unknown target {target!r}; choose one of {sorted(PRESETS)}")
    tables = {
        name: boolean.to_code(rule(*map(int, bits)) for bits in INPUTS)
        for name, rule in PRESETS.items()
    }
    return PruneExplorer(
        spec={
            "id": id,
            "question": question,
            "weights": weights_of(net).tolist(),
            "target": tables[target],
            "presets": [{"name": name, "target": number} for name, number in tables.items()],
        }
    )
