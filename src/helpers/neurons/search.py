"""Reading 1: does a single neuron light up for the target?"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.networks import (
    activations,
    chosen_activations,
    flat,
    hidden_layers,
    layer_position,
)
from helpers.tasks import Task
from helpers.yardstick import Reading, correlations


def best_neuron(net: nn.Module, task: Task, *, layer: int | str = "all") -> Reading:
    """The hidden neuron that lights up for the target best, picked on train.

    Best means the largest absolute correlation on train; a neuron that goes dark for the target
    counts with its sign turned. A neuron of a convolutional layer is one channel at one place.
    `layer` is a hidden layer's number or "all". The price is log2 of the number of neurons that
    could have been picked.

    Raises TypeError as `networks.layers`, ValueError for a wrong layer.
    """
    positions = hidden_layers(net)
    layers = list(range(len(positions)))
    if layer != "all":
        layers = [positions.index(layer_position(net, layer))]
    picks, count = [], 0
    for number in layers:
        found = activations(net, task.x_train, number)
        strength = correlations(found, task.y_train[:, None])[:, 0]
        index = int(strength.abs().argmax())
        picks.append((float(strength[index]), number, index))
        count += len(strength)
    strength, number, index = max(picks, key=lambda pick: abs(pick[0]))
    sign = 1.0 if strength >= 0 else -1.0
    return Reading.of(
        "neuron",
        lambda x: sign * activations(net, x, number)[:, index],
        task,
        bits=math.log2(count),
        detail={"layer": number, "index": index, "sign": sign, "neurons": count},
    )


def best_pixel(task: Task) -> Reading:
    """The trivial rival: the input coordinate that correlates best with the target on train."""
    strength = correlations(task.x_train.flatten(1), task.y_train[:, None])[:, 0]
    index = int(strength.abs().argmax())
    sign = 1.0 if strength[index] >= 0 else -1.0
    return Reading.of(
        "best pixel",
        lambda x: sign * x.flatten(1)[:, index],
        task,
        bits=math.log2(len(strength)),
        detail={"index": index, "sign": sign, "pixels": len(strength)},
    )


def strengths(
    net: nn.Module, x: Tensor, y: Float[Tensor, "n t"], *, layer: int = 0
) -> Float[Tensor, "m t"]:
    """Correlation of every neuron of a fully connected layer with every one of t targets.

    Raises ValueError for a layer that the network does not have or that is not fully connected.
    """
    linear = flat(net)[layer_position(net, layer) - 1]
    if not isinstance(linear, nn.Linear):
        raise ValueError(
            f"wanted a fully connected layer, received {type(linear).__name__}: "
            "use networks.activations and yardstick.correlations"
        )
    every = torch.arange(linear.out_features)
    parts = chosen_activations(net, x, layer, every)
    return torch.cat([correlations(part, y) for part in parts])


def running_best(
    strength: Float[Tensor, "m t"], sizes: Sequence[int]
) -> tuple[Float[Tensor, "sizes t"], Tensor]:
    """Best absolute value among the first m neurons, for each m in `sizes`, and where it stands.

    `strength` is `(m, t)` for t targets. The first m of a layer of independent neurons are a layer
    of m neurons, so one wide layer gives the whole curve. Raises ValueError for a size outside the
    layer.
    """
    if min(sizes) < 1 or max(sizes) > len(strength):
        raise ValueError(f"wanted sizes in [1, {len(strength)}], received {list(sizes)}")
    values, places = strength.abs().cummax(0)
    rows = torch.tensor([size - 1 for size in sizes])
    return values[rows], places[rows]
