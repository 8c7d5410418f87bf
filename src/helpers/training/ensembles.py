"""Several nets of one architecture as one: one more axis in place of a loop over seeds.

Small nets leave a processor idle between tiny operations; ten at once take little more time than
one.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from helpers.networks import layers, mask_layer, masks_of
from helpers.networks.sequence import WEIGHTED


@dataclass(frozen=True)
class Ensemble:
    """Nets of one architecture, their parameters and masks with one more axis in front.

    - `net`: a network of the architecture; what it holds does not matter;
    - `parameters`: by name, `(nets, *shape)`; `masks`: their bool buffers, `(nets, *shape)`.
    """

    net: nn.Module
    parameters: dict[str, Tensor]
    masks: dict[str, Tensor]

    @classmethod
    def of(cls, nets: Sequence[nn.Module]) -> "Ensemble":
        """The ensemble of these nets, masked or not; it starts from copies of their parameters.

        Raises TypeError as `networks.layers`, ValueError for nets of different architectures.
        """
        kinds = {repr([_kind(module) for _, module in layers(net)]) for net in nets}
        if len(kinds) != 1:
            raise ValueError(
                f"wanted nets of one architecture, received {len(kinds)} of them: train each kind "
                "by itself"
            )
        nets = [deepcopy(net) for net in nets]
        if any(masks_of(net) for net in nets):  # then all of them are
            for _, layer in (pair for net in nets for pair in layers(net)):
                if isinstance(layer, WEIGHTED):
                    mask_layer(layer, {})
        parameters, masks = stack_module_state(nets)
        return cls(nets[0], {name: p.detach() for name, p in parameters.items()}, masks)

    def nets(self) -> list[nn.Module]:
        """The nets one by one, as new modules."""
        nets = []
        for place in range(len(next(iter(self.parameters.values())))):
            state = self.parameters | self.masks
            nets.append(deepcopy(self.net))
            nets[-1].load_state_dict({name: p[place].detach() for name, p in state.items()})
        return nets

    def losses(
        self,
        x: Float[Tensor, "nets n *image"],
        y: Tensor,
        loss: Callable,
        parameters: dict[str, Tensor] | None = None,
    ) -> Float[Tensor, " nets"]:
        """The loss of each net on its own images (nets, n, ...) and labels (nets, n).

        `parameters` may take the place of some of the ensemble's own.
        """
        parameters = self.parameters | (parameters or {})

        def one(p, masks, x, y):
            return loss(functional_call(self.net, (p, masks), (x,)), y)

        if len(x) > 1:
            return vmap(one)(parameters, self.masks, x, y)
        p, masks = ({name: p[0] for name, p in part.items()} for part in (parameters, self.masks))
        return one(p, masks, x[0], y[0])[None]


def batches(
    tasks: Sequence, size: int | None, generators: Sequence[torch.Generator]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless training batches, x (nets, size, ...) and y (nets, size), each net with its own.

    Drawn without replacement, in passes whose order a net's generator makes; what is left of a
    pass is dropped. None: all images each time.

    Raises ValueError for a size below one and for tasks of different sizes.
    """
    if size is not None and size < 1:
        raise ValueError(f"wanted at least one image per batch, received {size}: raise batch")
    shapes = {tuple(task.x_train.shape) for task in tasks}
    if len(shapes) != 1:
        raise ValueError(
            f"wanted tasks with as many images of one size, received {sorted(shapes)}: train them "
            "one by one"
        )
    x, y = (torch.stack([getattr(t, name) for t in tasks]) for name in ("x_train", "y_train"))
    row = torch.arange(len(tasks))[:, None]
    for drawn in zip(*(_passes(x.shape[1], size, g) for g in generators), strict=True):
        index: Int[Tensor, "nets size"] = torch.stack(drawn)
        yield x[row, index], y[row, index]


def _passes(n: int, size: int | None, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless passes over 0..n-1, each in a fresh order."""
    if size is None or size >= n:
        while True:
            yield torch.arange(n)
    while True:
        yield from torch.randperm(n, generator=generator).split(size)[: n // size]


def check_counts(**parts: Sequence) -> None:
    """Raises ValueError unless all parts have one entry for each net."""
    if len({len(part) for part in parts.values()}) != 1:
        counts = ", ".join(f"{len(part)} {name}" for name, part in parts.items())
        raise ValueError(f"wanted one of each for every net, received {counts}: give as many")


def _kind(module: nn.Module) -> tuple:
    """What has to agree between nets of one ensemble."""
    name = type(module).__name__.removeprefix("Masked")
    return name, [(key, tuple(p.shape)) for key, p in module.named_parameters()]
