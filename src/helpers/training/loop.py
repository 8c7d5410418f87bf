"""Training by gradient descent, with everything that is random made explicit."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn
from tqdm import tqdm

from helpers.networks import outputs, parameter_count
from helpers.seeds import generator
from helpers.tasks import Task
from helpers.training.ensembles import Ensemble, batches, check_counts
from helpers.training.losses import checked_loss
from helpers.yardstick import Reading

OPTIMIZERS: dict[str, Callable] = {
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}


@dataclass(frozen=True)
class History:
    """What a training run leaves.

    - `net`: the trained copy; `snapshots[step]`: a copy after that many updates;
    - `loss[i]`: the loss on the batch of step `steps[i]`, before that step's update.
    """

    net: nn.Module
    steps: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    snapshots: dict[int, nn.Module] = field(default_factory=dict)


def train(net: nn.Module, task, *, seed: int = 0, **options) -> History:
    """A trained copy of `net`; the network that is passed in keeps its parameters.

    One net is an ensemble of one: `options` are those of `train_many`.
    `train(net, tasks.digits(3), steps=200).net` is the trained network.
    """
    return train_many([net], [task], seeds=[seed], **options)[0]


def train_many(
    nets: Sequence[nn.Module],
    tasks: Sequence,
    *,
    seeds: Sequence[int],
    steps: int = 500,
    batch: int | None = 128,
    lr: float = 1e-3,
    optimizer: str = "adam",
    loss: str | Callable = "logistic",
    snapshots: Sequence[int] = (),
    progress: bool = False,
) -> list[History]:
    """Trained copies of nets of one architecture, each with its task and its seed, all at once.

    A task is anything with `x_train` and `y_train`. `steps` counts parameter updates and `batch`
    images per update (None: all of train), drawn without replacement in passes whose order the
    net's seed fixes; what is left of a pass is dropped.
    `optimizer` is "adam" or "sgd", `loss` a name or function as in `training.checked_loss`.
    `snapshots` are steps after which copies are kept (0: before the first). Parameters that do not
    require gradients stay as they are; what a masked net has pruned stays zero.

    Raises ValueError for unknown names, snapshots that no step reaches, counts of nets, tasks and
    seeds that differ, outputs and labels that the loss is not meant for, and a loss that stopped
    being finite; TypeError as `networks.layers`.
    """
    if optimizer not in OPTIMIZERS:
        raise ValueError(
            f"wanted an optimizer among {tuple(OPTIMIZERS)}, received {optimizer!r}: choose one"
        )
    if not all(0 <= step <= steps for step in snapshots):
        raise ValueError(
            f"wanted snapshots at steps from 0 to {steps}, received {snapshots}: raise steps"
        )
    check_counts(nets=nets, tasks=tasks, seeds=seeds)
    ensemble = Ensemble.of(nets)
    function = checked_loss(loss, nets, tasks)
    generators = [generator(seed, "batches") for seed in seeds]
    update = OPTIMIZERS[optimizer](_trainable(ensemble), lr=lr)
    record = max(1, steps // 50)
    kept, curve = {}, {}
    bar = tqdm(
        range(1, steps + 1),
        disable=None if progress else True,  # None: only on a terminal
        leave=False,
        desc="training",
    )
    if 0 in snapshots:
        kept[0] = ensemble.nets()
    for step, (x, y) in zip(bar, batches(tasks, batch, generators), strict=False):
        values = ensemble.losses(x, y, function)
        update.zero_grad()
        values.sum().backward()
        update.step()
        if step % record == 0 or step == steps:
            if not torch.isfinite(values).all():
                raise ValueError(
                    f"wanted a finite loss, received {values.max().item()} at step {step}: lower "
                    f"lr={lr}"
                )
            curve[step] = values.tolist()
        if step in snapshots:
            kept[step] = ensemble.nets()
    return [
        History(
            net,
            list(curve),
            [values[place] for values in curve.values()],
            {step: copies[place] for step, copies in kept.items()},
        )
        for place, net in enumerate(ensemble.nets())
    ]


def trained(net: nn.Module, task: Task, *, seed: int = 0, **options) -> Reading:
    """The reference rung: what gradient descent makes of the network, as a reading.

    `options` are those of `train_many`. Its price is what any choice made from n labels costs at
    most, n bits. `detail` holds `parameters`, and `steps` and `loss` as in `History`.

    Raises as `train_many`.
    """
    history = train(net, task, seed=seed, **options)
    return Reading.of(
        "trained",
        lambda x: outputs(history.net, x)[:, 0],
        task,
        bits=math.inf,
        detail={
            "parameters": parameter_count(net),
            "steps": history.steps,
            "loss": history.loss,
        },
    )


def _trainable(ensemble: Ensemble) -> list[torch.Tensor]:
    """The parameters that gradient descent moves.

    Raises ValueError where there are none.
    """
    wanted = [name for name, p in ensemble.net.named_parameters() if p.requires_grad]
    if not wanted:
        raise ValueError(
            "wanted a parameter to train, received a network whose parameters are all frozen: "
            "call net.requires_grad_(True)"
        )
    return [ensemble.parameters[name].requires_grad_() for name in wanted]
