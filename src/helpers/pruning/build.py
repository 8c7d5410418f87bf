"""Build a given network by pruning: the lottery-ticket theorems, carried out.

Each layer of the target becomes two layers to be pruned. Write [W b] for a target layer's weights
with its bias as one more column. Between input j and the outputs stands a block of units, each of
which keeps a single incoming edge, from j:

    unit (j, k) = relu(a_jk x_j),     output r = sum over j, k of  kept_rjk v_rjk relu(a_jk x_j)

Where x_j >= 0, the units with a_jk > 0 act as a linear map, so output r gets W_rj x_j if the kept
products v_rjk a_jk add up to W_rj: a subset-sum problem per weight. Where x_j < 0 the units with
a_jk < 0 take over, with a subset sum of their own. The bias column's units keep their own bias
and no edge. Sources: Malach et al. 2020; Pensia et al. 2020; Orseau et al. 2020.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from helpers import seeds
from helpers.networks import effective, flat, weights
from helpers.pruning.masks import Masks, kept, masked
from helpers.pruning.sums import subset_sum

# Exact subset sums are taken over so many products: their 2^20 sums come within 1e-5.
_EXACT = 20
_MISS = 1e-3  # of a weight: what such a sum misses only where it lacks one sign


@dataclass(frozen=True)
class Built:
    """A target network inside a larger one.

    - `net`: the larger network as drawn, nothing pruned;
    - `masks`: what stays of it; `pruned()` is the built network;
    - `drawn`, `kept`: weights and biases of `net`, and those that stay;
    - `wanted`: the target's weights and biases that are not zero;
    - `worst_weight`: the largest |target weight - its subset sum|.
    """

    net: nn.Sequential
    masks: Masks
    drawn: int
    kept: int
    wanted: int
    worst_weight: float

    def pruned(self) -> nn.Sequential:
        """The built network, as a new module."""
        return masked(self.net, self.masks)


def uniform(first: nn.Linear, second: nn.Linear, samples: int, generator: torch.Generator):
    """Draws two layers uniformly from [-1, 1]: the random network of the theorems."""
    for p in (*first.parameters(), *second.parameters()):
        p.uniform_(-1, 1, generator=generator)


def powers_of_two(first: nn.Linear, second: nn.Linear, samples: int, generator: torch.Generator):
    """Fills two layers with +-1 and +-2, +-1, +-1/2, +-1/4, ...: nothing random at all.

    With samples = 4 b each weight can choose among b powers, 2 down to 2^(2 - b), of either sign:
    the thought experiment in the debate, a graph with parallel edges of weight 2^-k.
    """
    k = torch.arange(first.out_features) % samples
    sign = 1.0 - 2 * (k % 2)
    first.weight.copy_(sign[:, None].expand_as(first.weight))
    first.bias.copy_(sign)
    pair = k // 2
    second.weight.copy_(((1.0 - 2 * (pair % 2)) * 2.0 ** (1 - pair // 2)).expand_as(second.weight))
    second.bias.fill_(1)


@torch.no_grad()
def build(
    target: nn.Sequential,
    *,
    samples: int,
    draw: Callable = uniform,
    signed_inputs: bool = True,
    seed: int = 0,
) -> Built:
    """The target built by pruning a network with two layers for each of its layers.

    `target` is Linear, ReLU, ..., Linear, with Flatten before if wanted. `samples` is the number F
    of units in the block of an input; about half of them have the right sign and can be used.
    Inputs and units of the target without an outgoing weight get no block. Activations are never
    negative after a ReLU; `signed_inputs` says whether the images are.

    Example: a target 64-32-1 and F = 20 draw 64-1300-32-660-1 (65 and 33 blocks of 20).

    Raises TypeError for other layers, ValueError for less than one sample.
    """
    if samples < 1:
        raise ValueError(f"wanted at least one sample a weight, received {samples}")
    generator = seeds.generator(seed, "build")
    layers: list[nn.Module] = [nn.Flatten()]
    masks, worst = {}, 0.0
    targets = _linear_layers(target)
    for depth, linear in enumerate(targets):
        signed = signed_inputs and depth == 0
        first, second, pair_masks, error = _pair(linear, samples, draw, signed, generator)
        for layer, mask in zip((first, second), pair_masks, strict=True):
            masks |= {f"{len(layers)}.{name}": m for name, m in mask.items()}
            layers += [layer, nn.ReLU()]
        worst = max(worst, error)
    net = nn.Sequential(*layers[:-1])
    return Built(
        net=net,
        masks=masks,
        drawn=sum(p.numel() for p in net.parameters()),
        kept=kept(masks),
        wanted=sum(int(p.count_nonzero()) for p in effective(target).values()),
        worst_weight=worst,
    )


def _linear_layers(target):
    layers = [m for m in flat(target) if not isinstance(m, nn.Flatten)]
    kinds = [nn.Linear if i % 2 == 0 else nn.ReLU for i in range(len(layers))]
    fits = all(isinstance(m, kind) for m, kind in zip(layers, kinds, strict=True))
    if not fits or len(layers) % 2 == 0 or any(m.bias is None for m in layers[::2]):
        raise TypeError(
            "wanted a target made of Linear (with bias), ReLU, ..., Linear, received "
            f"{[type(m).__name__ for m in flat(target)]}: build it with networks.mlp"
        )
    return layers[::2]


def _pair(linear, samples, draw, signed, generator):
    """Two drawn layers, their masks that build `linear`, and the largest error of a weight."""
    weight, bias = weights(linear)
    wanted = torch.cat([weight, bias[:, None]], dim=1).double()
    used = (wanted != 0).any(0)
    used[-1] = True  # a block for the biases, so that there always is one
    columns = used.nonzero()[:, 0]
    units = samples * len(columns)
    first, second = nn.Linear(linear.in_features, units), nn.Linear(units, linear.out_features)
    draw(first, second, samples, generator)

    edge_masks = torch.zeros(units, linear.in_features + 1, dtype=torch.bool)
    second_mask = torch.zeros_like(second.weight, dtype=torch.bool)
    edges = torch.cat([first.weight, first.bias[:, None]], dim=1).double()
    worst = 0.0
    for block, column in enumerate(columns.tolist()):
        bias = column == linear.in_features
        rows = slice(block * samples, (block + 1) * samples)
        products = second.weight[:, rows].double() * edges[rows, column]
        sides = [edges[rows, column] > 0]
        if signed and not bias:
            sides.append(edges[rows, column] < 0)
        if bias:  # the second layer's own bias is one more sample
            products = torch.cat([products, second.bias[:, None].double()], dim=1)
            sides[0] = torch.cat([sides[0], torch.ones(1, dtype=torch.bool)])
        chosen = torch.zeros_like(products, dtype=torch.bool)
        for side in sides:
            usable = side.nonzero()[:, 0]
            if len(usable) == 0:
                worst = max(worst, float(wanted[:, column].abs().max()))
                continue
            pick = _nearest(products[:, usable], wanted[:, column])
            sums = (products[:, usable] * pick).sum(1)
            worst = max(worst, float((sums - wanted[:, column]).abs().max()))
            chosen[:, usable] = pick
        if bias:
            chosen, second_bias = chosen[:, :-1], chosen[:, -1]
        second_mask[:, rows] = chosen
        edge_masks[rows, column] = chosen.any(0)
    first_masks = {"weight": edge_masks[:, :-1], "bias": edge_masks[:, -1]}
    return first, second, (first_masks, {"weight": second_mask, "bias": second_bias}), worst


def _nearest(
    products: Float[Tensor, "outputs f"], wanted: Float[Tensor, " outputs"]
) -> Bool[Tensor, "outputs f"]:
    """For each output a subset of its products with a good sum: of up to twenty, the best one.

    Of more than twenty, the largest with the right sign are taken first, as long as they fit and
    leave twenty. What then remains is an exact subset sum over twenty of the others, every third
    by size at most: sums of numbers of one size would leave gaps. Where that misses, because the
    twenty have too few of the right sign, twenty are tried that have these first.
    """
    count = products.shape[1]
    few = min(_EXACT, count)
    right = products * wanted.sign()[:, None]
    signed, order = right.sort(dim=1, descending=True, stable=True)
    fits = (signed > 0) & (signed.cumsum(1) <= wanted.abs()[:, None])
    fits[:, count - few :] = False
    taken = torch.zeros_like(fits).scatter(1, order, fits)
    left = count - fits.sum(1, keepdim=True)
    by_size = products.abs().masked_fill(taken, -1).argsort(dim=1, descending=True, stable=True)
    ranks = (torch.linspace(0, 1, few) * (left - 1).clamp(max=3 * few)).round().long()
    found = _with_twenty(products, wanted, taken, by_size.gather(1, ranks))
    missed = ((products * found).sum(1) - wanted).abs() > _MISS
    if count > few and missed.any():
        again = products[missed], wanted[missed], taken[missed]
        by_sign = right.masked_fill(taken, -torch.inf).argsort(dim=1, descending=True, stable=True)
        other = _with_twenty(*again, by_sign[missed, :few])
        errors = [((again[0] * pick).sum(1) - again[1]).abs() for pick in (found[missed], other)]
        found[missed] = torch.where((errors[1] < errors[0])[:, None], other, found[missed])
    return found


def _with_twenty(products, wanted, taken, places):
    """What is taken, and of the products at these places the best subset for the rest."""
    remainder = wanted - (products * taken).sum(1)
    return taken.scatter(1, places, subset_sum(products.gather(1, places), remainder))


def parity_net(bits: Sequence[int], n_inputs: int) -> nn.Sequential:
    """The product of `bits` of an input in {-1, +1}^n_inputs, as a network n-k-1, exactly.

    The sum of k signs is one of -k, -k + 2, ..., k and the parity alternates along it: a zigzag
    with k - 1 corners, made of k ReLU units.

    Raises ValueError for no bits, a repeated bit or a bit outside the input.
    """
    k = len(bits)
    if k == 0 or len(set(bits)) < k or not all(0 <= b < n_inputs for b in bits):
        raise ValueError(
            f"wanted one or more different bits from 0 to {n_inputs - 1}, received {list(bits)}"
        )
    net = nn.Sequential(nn.Flatten(), nn.Linear(n_inputs, k), nn.ReLU(), nn.Linear(k, 1))
    corners = torch.arange(-k, k, 2).float()
    zigzag = 2.0 * (-1.0) ** torch.arange(k)
    zigzag[0] = 1  # from the left end on with slope 1, then -1, 1, ...
    sign = (-1.0) ** k
    with torch.no_grad():
        for p in net.parameters():
            p.zero_()
        # Halved before and doubled after the ReLU: for k = 8 nothing is then larger than 4.
        net[1].weight[:, list(bits)] = 0.5
        net[1].bias.copy_(-corners / 2)
        net[3].weight.copy_(-sign * zigzag * 2)
        net[3].bias.fill_(sign)
    return net


@torch.no_grad()
def balanced(net: nn.Sequential) -> nn.Sequential:
    """A new net with the same function times a positive number, and weights in He's scale.

    Layer by layer the weights shrink to mean square 2 / fan-in and the biases by what all layers
    so far have shrunk; a ReLU net does not mind. The same masks build the same classifier, and
    gradient descent starts from outputs of ordinary size.
    """
    _linear_layers(net)  # refused before it is copied
    new, shrunk = deepcopy(net), 1.0
    for layer in _linear_layers(new):
        factor = float((2 / layer.in_features / weights(layer)[0].square().mean()).sqrt())
        shrunk *= factor
        layer.weight.mul_(factor)
        layer.bias.mul_(shrunk)
    return new
