"""Chapter 04: where masks cannot be counted, sampling is the only referee of search."""

import torch
from torch import Tensor, nn

from helpers import networks, pruning, seeds
from helpers.claims.ch04_pruning.ten_digits import LOSS, TenDigits, accuracy, minus, ten_digits
from helpers.claims.core import DEBATE, Adversary, Claim, Control, Rule
from helpers.pruning.choosing import prunable, top_flat, unflatten
from helpers.pruning.masks import Masks

MASK, GUESS, FLIPS = "edge-popup", "best random mask", "bit flips"


def wide(
    seed: int,
    *,
    width: int = 256,
    evaluations: int = 300,
    n_train: int = 1000,
    mask: str = MASK,
) -> list[dict]:
    """Held-out accuracy on ten digits beyond the best of as many random masks: `case`, `value`.

    A 64-`width`-10 network of signed constants, half of which stay. Edge-popup takes a step for
    each evaluation but the last, on a batch of 128; the other searches are given all training
    images each time, and choose by them. `mask` is the search that is judged.
    """
    task = ten_digits(seed, n_train=n_train)
    net = pruning.signed_constant(networks.mlp([64, width, 10], seed=seed))
    options = {"keep": 0.5, "seed": seed, "steps": evaluations - 1, "loss": LOSS}
    found = {
        MASK: pruning.edge_popup(net, task, **options),
        GUESS: _best_guess(net, task, seed, evaluations),
        FLIPS: _best_flips(net, task, seed, evaluations),
    }
    scores = {name: accuracy(pruning.masked(net, one), task) for name, one in found.items()}
    return [
        {"case": MASK, **minus(scores[mask], scores[GUESS])},
        {"case": FLIPS, **minus(scores[FLIPS], scores[GUESS])},
    ]


def _best_guess(net: nn.Module, task: TenDigits, seed: int, evaluations: int) -> Masks:
    """Of random halves, layer by layer, the one that is right most often on the training images."""
    generator = seeds.generator(seed, "guesses in a wide network")
    guesses = (_half(net, generator) for _ in range(evaluations))
    return _shaped(net, max(guesses, key=lambda guess: _hits(net, guess, task)))


def _best_flips(net: nn.Module, task: TenDigits, seed: int, evaluations: int) -> Masks:
    """From a random half, flips of one weight that stay where no fewer images are right."""
    generator = seeds.generator(seed, "flips in a wide network")
    now = _half(net, generator)
    right = _hits(net, now, task)
    for _ in range(evaluations - 1):
        tried = now.clone()
        tried[torch.randint(len(now), (1,), generator=generator)] ^= True
        hits = _hits(net, tried, task)
        if hits >= right:
            now, right = tried, hits
    return _shaped(net, now)


def _half(net: nn.Module, generator: torch.Generator) -> Tensor:
    """A flat mask of a random half of each layer."""
    shapes = {name: p.shape for name, p in prunable(net).items()}
    score = torch.rand(networks.parameter_count(net), generator=generator)
    return top_flat(score, shapes, keep=0.5, layerwise=True)


def _shaped(net: nn.Module, flat: Tensor) -> Masks:
    return unflatten(flat, {name: p.shape for name, p in prunable(net).items()})


@torch.no_grad()
def _hits(net: nn.Module, flat: Tensor, task: TenDigits) -> int:
    masks = _shaped(net, flat)
    survivors = {name: p * masks[name] for name, p in prunable(net).items()}
    outputs = torch.func.functional_call(net, survivors, (task.x_train,))
    return int((outputs.argmax(1) == task.y_train).sum())


CLAIM = Claim(
    id="04-search-wide",
    sentence="Where nobody could guess, edge-popup is far ahead of guessing: in a 64-256-10 "
    "network of signed constants its mask is, after 300 evaluations, right on .3 more of new "
    "digits than the best of 300 random masks, picked on all training images.",
    place=("present need not mean easily found", DEBATE),
    quantifier="average",
    quantity="Held-out accuracy minus that of the best of as many random masks",
    within=(-1, 1),
    measure=wide,
    rule=Rule(low=0.3),
    control="Guesses and flips see all 1,000 training images at each evaluation, edge-popup a "
    "batch of 128; bit flips, which lead where all masks are counted, stand beside.",
    controls=(Control(FLIPS, "control", "300 flips of one weight"),),
    adversary=Adversary("refuted", {"mask": FLIPS}),
    objection="There sampling is the only referee: what the best mask would do is not known.",
    seen_before="Seed 0: edge-popup +.74, bit flips -.06. A run of these seeds whose rows were not "
    "kept: .75 [.73, .78].",
    small={"width": 64, "evaluations": 60, "n_train": 400},
    first_seed=4000,
    target="ten digits",
)
