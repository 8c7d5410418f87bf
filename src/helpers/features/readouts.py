"""Reading 2: does a linear combination of one layer's features show the target?

The family is the span of one layer's activations, with a free bias; a member is picked by ridge
regression on the training images. The layer's kernel is in `kernels`, what such a family can never
hold in `polynomials`, how gradient descent finds its way inside it in `yardstick.descent`.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float
from scipy.special import roots_legendre
from torch import Tensor, nn
from torch.nn.utils import skip_init  # PyTorch's own draw would move the global generator

from helpers import seeds
from helpers.networks import flat, initialise, layer_position, weight_std
from helpers.tasks import Task
from helpers.yardstick import Reading
from helpers.yardstick.ridge import LAMBDAS, fit_features


def readout(
    net: nn.Module,
    task: Task,
    *,
    layer: int | str = "last hidden",
    grid: int | None = None,
    lambdas: tuple[float, ...] = LAMBDAS,
    validation: float = 0.2,
    seed: int = 0,
) -> Reading:
    """The best linear combination of one layer's features, by ridge regression on train.

    The bias is free, lambda is chosen on a random part (`validation`, drawn by `seed`) of train,
    the cut on train. `layer` and `grid` as in `layer_features`. `bits` is the code length of the
    coefficients; `detail` holds `features`, `lam` and `edof` (effective degrees of freedom).

    Raises TypeError as `networks.layers`, ValueError for a wrong layer.
    """
    found = linear(
        "features",
        lambda x: layer_features(net, x, layer=layer, grid=grid),
        task,
        lambdas=lambdas,
        validation=validation,
        seed=seed,
    )
    return replace(found, detail={"layer": layer, **found.detail})


def linear(
    name: str,
    features: Callable[[Tensor], Tensor],
    task: Task,
    *,
    lambdas: tuple[float, ...] = LAMBDAS,
    validation: float = 0.2,
    seed: int = 0,
) -> Reading:
    """The ridge readout of any feature map, images to `(n, m)`; see `readout`."""
    phi = features(task.x_train)
    fit = fit_features(phi, task.y_train, lambdas=lambdas, validation=validation, seed=seed)
    return Reading.of(
        name,
        lambda x: fit.predict(features(x)),
        task,
        bits=fit.bits,
        detail={"features": phi.shape[1], "lam": fit.lam, "edof": fit.edof},
    )


def pixels(task: Task, **options) -> Reading:
    """The trivial rival: a ridge readout of the pixels themselves."""
    return linear("pixels", lambda x: x.flatten(1), task, **options)


def layer_features(
    net: nn.Module,
    x: Float[Tensor, "n *image"],
    *,
    layer: int | str = "last hidden",
    grid: int | None = None,
    block: int = 512,
) -> Float[Tensor, "n m"]:
    """The features of one layer, `(n, m)`, without gradients.

    "last hidden" is what the network's own readout sees: the last hidden activations of an MLP, the
    globally averaged channels of `networks.cnn`. A number counts hidden layers from 0 and gives all
    their activations, feature maps flattened. With `grid=g` each feature map is first averaged over
    g x g cells, so that every channel gives g^2 features (for large images, use it).

    Raises TypeError as `networks.layers`, ValueError for a layer that the
    network does not have and for a grid on a fully connected layer.
    """
    front = _front(net, layer, grid)
    with torch.no_grad():
        return torch.cat([front(part).flatten(1) for part in x.split(block)])


def as_task(net: nn.Module, task: Task, **options) -> Task:
    """The task with one layer's features in the place of the images (`layer_features`).

    Features are then computed once for many readouts: of the first m of them, of other labels.
    """
    x_train, x_test = (layer_features(net, x, **options) for x in (task.x_train, task.x_test))
    return replace(task, x_train=x_train, x_test=x_test)


def random_patches(
    filters: int, *, in_channels: int = 3, patch: int = 6, stride: int = 2, grid: int = 2, seed=0
) -> nn.Sequential:
    """A network of random ReLU filters, averaged over grid x grid cells: filters * grid^2 features.

    `random_patches(256)(x)` maps `(n, 3, 32, 32)` to `(n, 1)`. Weights and biases as in
    `networks.mlp`. Raises ValueError for sizes below one.
    Source: the random encoder of Coates, Lee & Ng 2011, with average for sum pooling.
    """
    sizes = {"filters": filters, "in_channels": in_channels, "patch": patch, "stride": stride}
    for name, size in {**sizes, "grid": grid}.items():
        if size < 1:
            raise ValueError(f"wanted {name} >= 1, received {size}")
    generator = seeds.generator(seed, "random patches")
    conv = skip_init(nn.Conv2d, in_channels, filters, patch, stride=stride)
    last = skip_init(nn.Linear, filters * grid**2, 1)
    initialise(conv, weight_std(in_channels * patch**2, "relu"), generator=generator)
    initialise(last, weight_std(last.in_features), generator=generator)
    return nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(grid), nn.Flatten(), last)


# --- how rare is a good readout? ------------------------------------------------------------------


def random_readout_bits(
    phi: Float[Tensor, "n m"], y: Float[Tensor, "n"], scores: Float[Tensor, "s"]
) -> Float[Tensor, "s"]:
    """-log2 Pr[correlation of phi @ w with y on these images >= s], w ~ N(0, I), for each s.

    With u the centred labels at length 1, the event is w'(phi'(uu' - s^2 I)phi)w >= 0 and half of
    it, by sign. That form has one positive eigenvalue p, the others are -q_j, and
    Pr = 1/pi * integral_0^(pi/2) prod_j (1 + q_j / (p sin^2 t))^(-1/2) dt (Craig's form of the
    normal tail, averaged over the chi-squares). An exact rarity where sampling sees nothing.

    Raises ValueError for scores outside (0, 1).
    """
    scores = scores.double()
    if not bool(((scores > 0) & (scores < 1)).all()):
        raise ValueError(f"wanted correlations in (0, 1), received {scores.tolist()}")
    phi, u = phi.detach().double(), y.double() - y.double().mean()
    phi, u = phi - phi.mean(0), u / u.norm()
    if phi.shape[1] > len(phi):  # w only acts through its n-dimensional image
        values, vectors = torch.linalg.eigh(phi @ phi.T)
        phi = vectors * values.clamp_min(0.0).sqrt()
    gram, along = phi.T @ phi, u @ phi
    nodes, weights = roots_legendre(400)
    sine2 = torch.from_numpy((nodes + 1) * math.pi / 4).sin().square()
    weights = torch.from_numpy(weights) * math.pi / 4
    bits = []
    for s in scores:
        form = torch.linalg.eigvalsh(torch.outer(along, along) - s**2 * gram)
        ratios = (-form[:-1]).clamp_min(0.0) / form[-1].clamp_min(1e-300)
        log_product = -0.5 * torch.log1p(ratios / sine2[:, None]).sum(1)
        log_share = torch.logsumexp(log_product + weights.log(), 0) - math.log(math.pi)
        bits.append(torch.inf if form[-1] <= 0 else -float(log_share) / math.log(2))
    return torch.tensor(bits, dtype=torch.float64)


def _front(net: nn.Module, layer: int | str, grid: int | None) -> nn.Sequential:
    """The modules up to the features of `layer`."""
    if isinstance(layer, str) and layer != "last hidden":
        raise ValueError(f"wanted a layer's number or 'last hidden', received {layer!r}")
    position = layer_position(net, -1 if layer == "last hidden" else layer)
    modules = flat(net)
    if layer == "last hidden" and grid is None:
        linears = [k for k, module in enumerate(modules) if isinstance(module, nn.Linear)]
        if not linears or linears[-1] < position:
            raise TypeError(
                "wanted a network that ends in an nn.Linear readout, received one without: add one"
            )
        return modules[: linears[-1]]
    if grid is None:
        return modules[: position + 1]
    if not isinstance(modules[position - 1], nn.Conv2d):
        raise ValueError(
            f"wanted a convolutional layer to average, received layer {layer}, which has no maps: "
            "leave grid out"
        )
    return nn.Sequential(*modules[: position + 1], nn.AdaptiveAvgPool2d(grid))
