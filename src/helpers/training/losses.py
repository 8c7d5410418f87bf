"""What is minimised, and whether outputs and labels are what it is meant for."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.tasks import check_labels


def logistic(outputs: Float[Tensor, "n 1"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Mean logistic loss of one output against labels in {-1, +1}."""
    return nn.functional.softplus(-y * outputs[:, 0]).mean()


def squared(outputs: Float[Tensor, "n 1"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Mean squared distance of one output from labels in {-1, +1}."""
    return (outputs[:, 0] - y).square().mean()


LOSSES: dict[str, Callable] = {
    "logistic": logistic,
    "squared": squared,
    "cross-entropy": nn.functional.cross_entropy,
}


def checked_loss(loss: str | Callable, nets: Sequence[nn.Module], tasks: Sequence) -> Callable:
    """The loss as a function of outputs `(n, C)` and labels `(n,)`, a mean over examples.

    By name, "logistic" and "squared" want one output and labels in {-1, +1}, "cross-entropy" C
    outputs and whole labels 0 ... C - 1. A function of your own is tried on one example. All
    searches and trainings come through here.

    Raises ValueError for an unknown name and for outputs or labels that the loss is not meant for.
    """
    if isinstance(loss, str) and loss not in LOSSES:
        raise ValueError(
            f"wanted a loss among {tuple(LOSSES)}, received {loss!r}: choose one or pass a function"
        )
    names = {function: name for name, function in LOSSES.items()}
    name = loss if isinstance(loss, str) else names.get(loss)
    function = LOSSES[loss] if isinstance(loss, str) else loss
    for net, task in zip(nets, tasks, strict=True):
        with torch.no_grad():
            outputs = net(task.x_train[:1])
            _check_outputs(outputs, name)
            _check_labels(task.y_train, outputs.shape[1], name)
            value = function(outputs, task.y_train[:1])
        if value.shape != ():
            raise ValueError(
                f"wanted a loss that is one number, received shape {tuple(value.shape)}: return "
                "the mean over examples"
            )
    return function


def _check_outputs(outputs: Tensor, name: str | None) -> None:
    if outputs.ndim != 2:
        raise ValueError(
            f"wanted a network with outputs (n, C), received {tuple(outputs.shape)} for one "
            "example: end it with nn.Flatten()"
        )
    if name in ("logistic", "squared") and outputs.shape[1] != 1:
        raise ValueError(
            f"wanted a network with one output for the loss {name!r}, received one with "
            f"{outputs.shape[1]}: give it one, or use loss='cross-entropy' and labels 0, 1, 2, ..."
        )


def _check_labels(y: Tensor, outputs: int, name: str | None) -> None:
    if name == "cross-entropy":
        whole = not y.is_floating_point() and bool(((y >= 0) & (y < outputs)).all())
        if not whole:
            raise ValueError(
                f"wanted whole labels from 0 to {outputs - 1} for the loss {name!r}, received "
                f"{float(y.min()):g} to {float(y.max()):g} ({y.dtype}): number the classes, or "
                "give the network as many outputs"
            )
    elif name is not None:
        check_labels(y, f"loss {name!r}")
