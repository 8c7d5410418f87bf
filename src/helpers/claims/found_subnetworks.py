"""Chapter 04, second half: subnetworks that search finds."""

import itertools
import math
from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from helpers import boolean, cifar, counting, intervals, networks, pruning, stacked, tasks, tiny
from helpers.claims.core import DEBATE, Claim, Rule
from helpers.claims.ten_digits import TenDigits, accuracy, minus, ten_digits
from helpers.masks import Masks, own_generator, top_flat, unflatten
from helpers.stored import save
from helpers.sweeps import sweep
from helpers.training import train
from helpers.yardstick import correlations, rarity, reading

# Rules were written after pilot runs on the seeds 0 to 9, so the claims draw other ones.
FRESH = 1000
FEW = 0.07  # of the weights: where a winning ticket is said to win
CROSS_ENTROPY = nn.functional.cross_entropy


# --- edge-popup against training ------------------------------------------------------------------


def popup(
    seed: int, *, widths: Sequence[int] = (16, 64, 256), keep: float = 0.5, steps: int = 300
) -> list[dict]:
    """Held-out accuracy on ten digits of masks of an untrained network, and of training it.

    All arms see the same images as often: `steps` batches of 128. Columns: `width` (of 64-w-10),
    `arm`, `value`, `draws`.
    """
    task = ten_digits(seed)
    options = {"seeds": [seed, seed], "loss": CROSS_ENTROPY, "steps": steps}
    records = []
    for width in widths:
        net = networks.mlp([64, width, 10], seed=seed)
        constant = pruning.signed_constant(net)
        masks = pruning.edge_popup_many([net, constant], [task] * 2, keep=keep, **options)
        options_one = {**options, "seeds": [seed]}
        (trained,) = stacked.train([net], [task], **options_one)
        arms = {
            "mask, normal weights": pruning.masked(net, masks[0]),
            "mask, signed constants": pruning.masked(constant, masks[1]),
            "random mask": pruning.masked(net, pruning.random(net, keep=keep, seed=seed)),
            "trained": trained,
        }
        records += [{"width": width, "arm": k, **accuracy(v, task)} for k, v in arms.items()]
    return records


def popup_dogs(
    seed: int,
    *,
    n_train: int = 1000,
    n_test: int = 1000,
    channels: Sequence[int] = (12, 12, 12),
    steps: int = 200,
) -> list[dict]:
    """Held-out scores for "dog" of a mask of an untrained convolutional network, and of training.

    Columns: `arm`, `part`, `metric`, `value`, `draws`. Both arms get `steps` batches of 64.
    """
    task = tasks.cifar10("dog", n_train=n_train, n_test=n_test, seed=seed)
    net = networks.cnn(channels, seed=seed)
    trained = train(net, task, steps=steps, batch=64, lr=3e-3, seed=seed).net
    chance = pruning.masked(net, pruning.random(net, keep=0.5, layerwise=True, seed=seed))
    found = {
        "mask of the untrained network": pruning.subnetwork(
            net, task, keep=0.5, steps=steps, batch=64, seed=seed
        ),
        "trained": _whole("trained", trained, task),
        "random mask": _whole("random mask", chance, task),
    }
    return [row for arm, one in found.items() for row in intervals.rows(one, task, arm=arm)]


def _whole(name, net, task):
    return reading(name, lambda x: net(x).flatten(), task, bits=math.nan)


# --- lottery tickets ------------------------------------------------------------------------------


def magnitude_rounds(
    net: nn.Module, task: TenDigits, *, keep: float, rounds: int, steps: int, seed: int
) -> Masks:
    """Iterative magnitude pruning with rewinding to the initialisation.

    Each round trains from the initial weights under the masks so far and keeps the largest of
    those that are left, the same share every round, over the whole net; biases stay.
    Source: Frankle & Carbin 2019.
    """
    masks = pruning.magnitude(net, keep=1.0, biases=False)
    for number in range(1, rounds + 1):
        (trained,) = stacked.train(
            [net], [task], seeds=[seed], masks=[masks], steps=steps, loss=CROSS_ENTROPY
        )
        # Weights that are pruned are zero, so they are never among the largest of those left.
        share = keep ** (number / rounds)
        masks = pruning.magnitude(trained, keep=share, biases=False)
    return masks


def arms_of_a_ticket(net: nn.Module, masks: Masks, seed: int) -> dict[str, tuple]:
    """Initial network and masks of each arm: what a winning ticket is compared with."""
    fresh = _redrawn(net, seed)
    anywhere = pruning.random(net, keep=pruning.kept(masks), biases=False, seed=seed)
    return {
        "winning ticket": (net, masks),
        "weights drawn anew": (fresh, masks),
        "original signs, magnitudes shuffled": (_shuffled_magnitudes(net, masks, seed), masks),
        "mask shuffled in each layer": (net, pruning.shuffled(masks, seed=seed)),
        "random mask": (net, anywhere),
    }


def tickets(
    seed: int,
    *,
    sizes: Sequence[int] = (64, 100, 50, 10),
    keep: float = FEW,
    rounds: int = 10,
    steps: int = 100,
    patience: Sequence[int] = (1, 16),
) -> list[dict]:
    """Held-out accuracy of a winning ticket and of its controls, at 1 and at 16 times the steps.

    Columns: `arm`, `patience` (0: not trained at all), `value`, `draws`.
    """
    task = ten_digits(seed)
    net = networks.mlp(sizes, seed=seed)
    masks = magnitude_rounds(net, task, keep=keep, rounds=rounds, steps=steps, seed=seed)
    arms = arms_of_a_ticket(net, masks, seed)
    records = [
        {"arm": name, "patience": 0, **accuracy(pruning.masked(*arm), task)}
        for name, arm in arms.items()
    ]
    for factor in patience:
        trained = stacked.train(
            [start for start, _ in arms.values()],
            [task] * len(arms),
            seeds=[seed] * len(arms),
            masks=[m for _, m in arms.values()],
            steps=factor * steps,
            loss=CROSS_ENTROPY,
        )
        records += [
            {"arm": name, "patience": factor, **accuracy(one, task)}
            for name, one in zip(arms, trained, strict=True)
        ]
    return records


def followed(
    seed: int,
    *,
    sizes: Sequence[int] = (64, 100, 50, 10),
    rounds: int = 10,
    steps: int = 100,
) -> list[dict]:
    """The hidden units of a winning ticket from the initialisation to the end of training.

    Per arm and hidden layer: `itself`, the mean |correlation| of a unit after training with itself
    before; `aligned_before` and `aligned_after`, the mean over units of the largest
    |correlation| with a digit's label; `rank`, Spearman's correlation between the two over units.
    All on held-out images, over units that are alive before and after. "dense" is unpruned.
    """
    task = ten_digits(seed)
    net = networks.mlp(sizes, seed=seed)
    masks = magnitude_rounds(net, task, keep=FEW, rounds=rounds, steps=steps, seed=seed)
    arms = arms_of_a_ticket(net, masks, seed)
    all_kept = {name: torch.ones_like(mask) for name, mask in masks.items()}
    followed_arms = {
        "winning ticket": arms["winning ticket"],
        "weights drawn anew": arms["weights drawn anew"],
        "dense": (net, all_kept),
    }
    labels = nn.functional.one_hot(task.y_test, 10).float()
    records = []
    for name, (start, kept) in followed_arms.items():
        (end,) = stacked.train(
            [start], [task], seeds=[seed], masks=[kept], steps=steps, loss=CROSS_ENTROPY
        )
        before = pruning.masked(start, kept)
        same = pruning.unit_correlations(before, end, task.x_test)
        for layer, itself in enumerate(same):
            alive = ~itself.isnan()
            aligned = [
                correlations(networks.activations(one, task.x_test, layer), labels)
                .abs()
                .amax(1)[alive]
                for one in (before, end)
            ]
            records.append(
                {
                    "arm": name,
                    "layer": layer + 1,
                    "itself": float(itself[alive].abs().mean()),
                    "aligned_before": float(aligned[0].mean()),
                    "aligned_after": float(aligned[1].mean()),
                    "rank": float(spearmanr(*aligned).statistic),
                }
            )
    return records


def _redrawn(net, seed):
    """A network of the same shape, drawn again."""
    linear = [m for m in net if isinstance(m, nn.Linear)]
    sizes = [linear[0].in_features, *[m.out_features for m in linear]]
    return networks.mlp(sizes, seed=seed + 7 * FRESH)


def _shuffled_magnitudes(net, masks, seed):
    """A copy whose kept weights keep their signs and exchange magnitudes within their layer."""
    g = own_generator(seed, "magnitudes")
    new = deepcopy(net)
    with torch.no_grad():
        for name, p in new.named_parameters():
            if name in masks:
                sizes = p[masks[name]].abs()
                order = torch.randperm(len(sizes), generator=g)
                p[masks[name]] = p[masks[name]].sign() * sizes[order]
    return new


# --- present against found, exactly ---------------------------------------------------------------

CELLS = {
    (True, True): "present, found",
    (True, False): "present, not found",
    (False, True): "absent, found",
    (False, False): "absent, not found",
}


def cells(seed: int, *, width: int, steps: int = 1000) -> list[dict]:
    """The exact two-by-two table for all 256 functions of three bits and one untrained 3-h-1 net.

    Present: some mask of all weights and biases computes the function on all eight inputs (every
    mask is counted). Found: Adam from these weights computes it within `steps`. Columns: `cell`,
    `value` (share of the 256 functions), `parity` (1 if the cell holds the parity).
    """
    net = networks.mlp([3, width, 1], seed=seed)
    present = counting.expressed(net, "subnetwork")
    arrived = tiny.descend(tiny.stack([net]), np.arange(256), 3, steps=steps)[0] >= 0
    records = []
    for (is_present, is_found), name in CELLS.items():
        inside = (present == is_present) & (arrived == is_found)
        parity = float(inside[boolean.parity(3)])
        records.append({"cell": name, "value": inside.mean(), "parity": parity})
    return records


# --- how many masks are as good -------------------------------------------------------------------


def overlaps(seed: int, *, width: int = 64, keep: float = 0.5, steps: int = 300) -> list[dict]:
    """How many weights two ways of choosing half of the same untrained network share.

    Columns: `first`, `second`, `value` (overlap; `keep` by chance).
    """
    task = ten_digits(seed)
    net = networks.mlp([64, width, 10], seed=seed)
    popups = pruning.edge_popup_many(
        [net, net], [task] * 2, keep=keep, seeds=[seed, seed + 1], loss=CROSS_ENTROPY, steps=steps
    )
    (trained,) = stacked.train([net], [task], seeds=[seed], loss=CROSS_ENTROPY, steps=steps)
    found = {
        "edge-popup": popups[0],
        "edge-popup, other scores": popups[1],
        "largest before training": pruning.magnitude(net, keep=keep, layerwise=True),
        "largest after training": pruning.magnitude(trained, keep=keep, layerwise=True),
        "random": pruning.random(net, keep=keep, layerwise=True, seed=seed),
    }
    return [
        {"first": a, "second": b, "value": pruning.overlap(found[a], found[b])}
        for a, b in itertools.combinations(found, 2)
    ]


def sampled_families(seed: int, *, members: int = 2048, width: int = 64) -> dict[str, Tensor]:
    """Held-out |correlation| with "digit 3" of random members of five families of one network.

    Masks keep half; readouts and tangent combinations have Gaussian coefficients, features and
    partial derivatives centred; neurons and re-drawn networks are drawn anew.
    """
    task = tasks.digits(3, seed=seed)
    net = networks.mlp([task.x_train[0].numel(), width, 1], seed=seed)
    g = own_generator(seed, "random members")
    x, y = task.x_test, task.y_test[:, None]
    hidden = networks.activations(net, x)
    wide = networks.mlp([task.x_train[0].numel(), members, 1], seed=seed + FRESH)
    tangent = _tangent_features(net, x)
    scores = {
        "masks": _outputs_of(net, _random_masks(net, members, g), x),
        "neurons": networks.activations(wide, x),
        "readouts": _random_combinations(hidden, members, g),
        "tangent": _random_combinations(tangent, members, g),
        "re-drawn": _outputs_of(net, _random_weights(net, members, g), x),
    }
    return {name: correlations(s, y)[:, 0].abs() for name, s in scores.items()}


def good_members(
    seed: int, *, scores: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5), members: int = 2048
) -> list[dict]:
    """Rarity in bits of a member that scores at least so much, per family: columns `family`,
    `score`, `bits` (infinite where none of the sample did), `low` (what can still be said)."""
    records = []
    for family, sample in sampled_families(seed, members=members).items():
        for score in scores:
            found = rarity(score, sample)
            setting = {"family": family, "score": score}
            records.append({**setting, "bits": found.bits, "low": found.low})
    return records


def _outputs_of(net, parameters, x, block=256):
    """Outputs (n, members) of a one-output net with each row's parameters."""
    forward = vmap(lambda p: functional_call(net, p, (x,))[:, 0])
    count = len(next(iter(parameters.values())))
    with torch.no_grad():
        parts = [
            forward({name: p[i : i + block] for name, p in parameters.items()})
            for i in range(0, count, block)
        ]
    return torch.cat(parts).T


def _random_masks(net, members, g):
    shapes = {name: p.shape for name, p in net.named_parameters()}
    total = sum(shape.numel() for shape in shapes.values())
    scores = torch.rand(members, total, generator=g)
    masks = unflatten(top_flat(scores, shapes, keep=0.5, layerwise=False), shapes)
    return {name: p.detach() * masks[name] for name, p in net.named_parameters()}


def _random_weights(net, members, g):
    """Networks drawn as this one was (`networks.mlp`, standard), a stack of them."""
    drawn = {}
    for name, p in net.named_parameters():
        fan_in = p.shape[-1]
        hidden = name != list(dict(net.named_parameters()))[-2]
        std = 0.5 if p.ndim == 1 else math.sqrt((2 if hidden else 1) / fan_in)
        drawn[name] = std * torch.randn(members, *p.shape, generator=g)
    return drawn


def _random_combinations(features, members, g):
    features = features - features.mean(0)
    return features @ torch.randn(features.shape[1], members, generator=g)


def _tangent_features(net, x):
    """Partial derivatives of the output with respect to every parameter, (n, P)."""
    parameters = {name: p.detach() for name, p in net.named_parameters()}
    output = lambda p, one: functional_call(net, p, (one[None],))[0, 0]  # noqa: E731
    rows = vmap(grad(output), in_dims=(None, 0))(parameters, x)
    return torch.cat([row.flatten(1) for row in rows.values()], dim=1)


# --- what the claims measure ----------------------------------------------------------------------


def popup_gap(seed: int, **options) -> dict:
    """Accuracy of a mask of signed constants minus that of the trained network, widest layer."""
    arms = {row["arm"]: row for row in popup(FRESH + seed, **options)}
    return minus(arms["mask, signed constants"], arms["trained"])


def popup_dog_gap(seed: int, **options) -> pd.DataFrame:
    """Held-out AUC for "dog", mask of the untrained network minus trained."""
    frame = pd.DataFrame(popup_dogs(FRESH + seed, **options))
    frame = frame[(frame["part"] == "test") & (frame["metric"] == "auc")]
    gap = intervals.paired(
        frame, "arm", "mask of the untrained network", "trained", on=["part", "metric"]
    )
    return gap[["value", "draws"]]


def ticket_gap(
    seed: int, *, against: Sequence[str] = ("weights drawn anew",), factor: int = 1, **options
) -> list[dict]:
    """Accuracy of the winning ticket minus that of another arm, at `factor` times the steps."""
    rows = tickets(FRESH + seed, **options)
    arms = {row["arm"]: row for row in rows if row["patience"] == factor}
    return [{"case": arm, **minus(arms["winning ticket"], arms[arm])} for arm in against]


def presence_of_found(seed: int, *, widths: Sequence[int] = (4, 6), steps: int = 1000):
    """Among the functions that gradient descent finds, the share that some mask held before."""
    return _conditional(seed, "absent, found", widths, steps)


def finding_of_present(seed: int, *, widths: Sequence[int] = (4, 6), steps: int = 1000):
    """Among the functions that some mask held before, the share that gradient descent finds."""
    return _conditional(seed, "present, not found", widths, steps)


def _conditional(seed, other, widths, steps):
    records = []
    for width in widths:
        frame = pd.DataFrame(cells(FRESH + seed, width=width, steps=steps))
        share = frame.set_index("cell")["value"]
        both = share["present, found"]
        records.append({"case": f"3-{width}-1", "value": both / (both + share[other])})
    return records


def parity_found(seed: int, *, width: int = 6, steps: int = 1000) -> dict:
    """1 if no mask computes the parity of three bits and gradient descent finds it, else 0."""
    rows = cells(FRESH + seed, width=width, steps=steps)
    return {"value": next(row["parity"] for row in rows if row["cell"] == "absent, found")}


def same_mask(seed: int, **options) -> dict:
    """Overlap of two masks that edge-popup finds in one network from different first scores."""
    rows = overlaps(FRESH + seed, **options)
    wanted = ("edge-popup", "edge-popup, other scores")
    return {"value": next(r["value"] for r in rows if (r["first"], r["second"]) == wanted)}


def mask_rarity(seed: int, *, score: float = 0.3, members: int = 2048) -> dict:
    """Bits of rarity of a mask that scores so well, minus those of a re-drawn network."""
    frame = pd.DataFrame(good_members(FRESH + seed, scores=(score,), members=members))
    bits = frame.set_index("family")["bits"].clip(upper=math.log2(members))
    return {"value": bits["masks"] - bits["re-drawn"]}


def alignment_kept(seed: int, **options) -> list[dict]:
    """Rank correlation over units of alignment with a digit before and after training, per arm."""
    frame = pd.DataFrame(followed(FRESH + seed, **options))
    frame = frame[frame["layer"] == frame["layer"].max()]
    return [{"case": row.arm, "value": row.rank} for row in frame.itertuples()]


# --- claims ---------------------------------------------------------------------------------------

RAMANUJAN = "https://arxiv.org/abs/1911.13299"
FRANKLE = "https://arxiv.org/abs/1803.03635"
QUICK_TICKET = {"sizes": (64, 40, 20, 10), "rounds": 4, "steps": 60}
CLAIMS = [
    Claim(
        id="04-popup",
        sentence="A mask of untrained weights does what training does: at width 256 and equal "
        "steps its held-out accuracy on ten digits is at most .05 below.",
        place=("what is hidden in a randomly weighted network", RAMANUJAN),
        quantity="Held-out accuracy, edge-popup on signed constants minus training",
        measure=popup_gap,
        rule=Rule(low=-0.05),
        control="A random mask of the same size is at chance (figure).",
        objection="Edge-popup is gradient descent on the mask: training by another name.",
        small={"widths": (128,)},
    ),
    Claim(
        id="04-popup-dog",
        sentence="For dogs too: the mask's held-out AUC is at most .05 below training at equal "
        "steps.",
        place=("what is hidden in a randomly weighted network", RAMANUJAN),
        quantity='Held-out AUC for "dog", edge-popup minus training, small conv net',
        measure=popup_dog_gap,
        rule=Rule(low=-0.05),
        control="A random mask of the same size (figure).",
        objection="A few hundred steps on a thousand photos are where nobody would stop.",
        small={"n_train": 400, "n_test": 400, "steps": 40, "channels": (4, 4)},
        needs_dogs=True,
    ),
    Claim(
        id="04-ticket",
        sentence="The winning ticket owes its success to its initial weights: at 7% of the "
        "weights it beats the same mask with weights drawn anew by at least .05.",
        place=("the lottery ticket hypothesis", FRANKLE),
        quantity="Held-out accuracy, winning ticket minus weights drawn anew, at 100 steps",
        measure=ticket_gap,
        rule=Rule(low=0.05),
        control="The same with sixteen times the steps (04-ticket-patient).",
        objection="Whoever is faster looks better at a deadline.",
        small={**QUICK_TICKET, "patience": (1,)},
    ),
    Claim(
        id="04-ticket-patient",
        sentence="The same with sixteen times the steps: it still beats the same mask with "
        "weights drawn anew by at least .05.",
        place=("the lottery ticket hypothesis", FRANKLE),
        quantity="Held-out accuracy, winning ticket minus weights drawn anew, at 1,600 steps",
        measure=ticket_gap,
        rule=Rule(low=0.05),
        control="All arms get the same images as often.",
        objection="On harder tasks and with larger networks a gap may stay (Frankle & Carbin).",
        options={"factor": 16},
        small={**QUICK_TICKET, "factor": 16, "patience": (16,)},
    ),
    Claim(
        id="04-ticket-signs",
        sentence="Of the initial weights only the signs matter: with magnitudes shuffled within "
        "layers the ticket's accuracy changes by at most .02.",
        place=("deconstructing lottery tickets", "https://arxiv.org/abs/1905.01067"),
        quantity="Held-out accuracy, winning ticket minus shuffled magnitudes, at 100 steps",
        measure=ticket_gap,
        rule=Rule(-0.02, 0.02),
        control="Weights drawn anew have other signs (04-ticket).",
        objection="The mask was chosen by magnitude, so magnitudes left in a layer are alike.",
        options={"against": ("original signs, magnitudes shuffled",)},
        small={**QUICK_TICKET, "patience": (1,)},
    ),
    Claim(
        id="04-found-was-present",
        sentence="What gradient descent finds was already there as a subnetwork, for nine "
        "functions in ten.",
        place=("found if and only if already there", DEBATE),
        quantity="Share of the functions of three bits found by Adam that some mask held before",
        measure=presence_of_found,
        rule=Rule(low=0.9),
        control="The converse is judged by the same rule (04-present-is-found).",
        objection="With eight inputs a net is nearly all thresholds; a mask cannot rescale.",
        small={"widths": (4,), "steps": 300},
    ),
    Claim(
        id="04-present-is-found",
        sentence="What was there as a subnetwork is found, for nine functions in ten.",
        place=("present need not be easily found by gradient descent", DEBATE),
        quantity="Share of the functions of three bits held by some mask that Adam finds",
        measure=finding_of_present,
        rule=Rule(low=0.9),
        control="The converse is judged by the same rule (04-found-was-present).",
        objection="In so small a universe nearly everything is found; see the planted parity for "
        "the other case.",
        small={"widths": (4,), "steps": 300},
    ),
    Claim(
        id="04-parity-of-three",
        sentence="Gradient descent finds the parity of three bits in more than half of the nets "
        "with six units, none of which holds it under any mask.",
        place=("found if and only if already there", DEBATE),
        quantity="Share of nets where no mask computes the parity and Adam finds it",
        measure=parity_found,
        rule=Rule(low=0.5),
        control="Every one of the 2^31 masks is counted.",
        objection="Wider nets do hold it.",
        small={"width": 5, "steps": 600},
        seeds=40,
    ),
    Claim(
        id="04-one-mask",
        sentence="There is one mask to be found: two searches in one network agree on at least "
        "nine tenths of the weights they keep.",
        place=("each edge is part of many subcircuits", DEBATE),
        quantity="Overlap of two edge-popup masks of one network, half of the weights kept",
        measure=same_mask,
        rule=Rule(low=0.9),
        control="Two random halves overlap by one half.",
        objection="Many weights do not matter, and those differ first.",
        small={"steps": 200},
    ),
    Claim(
        id="04-mask-rarity",
        sentence="A good random mask is as rare as a good freshly drawn network, to within one "
        "bit.",
        place=("a family that holds everything says nothing of the initialisation", DEBATE),
        quantity="Bits of rarity at held-out |correlation| .3, masks minus re-drawn networks",
        measure=mask_rarity,
        rule=Rule(-1.0, 1.0),
        control="Neurons, readouts and tangent combinations in the figure.",
        objection="Random members say nothing about the best ones, which search finds.",
        small={"members": 1024},
    ),
    Claim(
        id="04-already-aligned",
        sentence="Training picks out functionality that is there: the units that end up most "
        "aligned with a digit were so before, with a rank correlation of at least .5.",
        place=("training picks out pre-existing useful functionality", DEBATE),
        quantity="Rank correlation over last-layer units of alignment before and after training",
        measure=alignment_kept,
        rule=Rule(low=0.5),
        control="The same mask with weights drawn anew, and the dense network.",
        objection="Alignment with labels is one kind of usefulness; a unit can serve in company.",
        small=QUICK_TICKET,
    ),
]


def store(seeds: int = 20, jobs: int = 1, cache: str = ".cache/found") -> None:
    """Measure what chapter 04 shows of masks that search finds, and store the summaries."""
    runs = {
        "04-popup": (popup, {}, ["width", "arm"]),
        "04-tickets": (tickets, {}, ["arm", "patience"]),
        "04-cells": (cells, {"width": (2, 3, 4, 5, 6)}, ["width", "cell"]),
        "04-popup-dogs": (popup_dogs, {}, ["arm", "part", "metric"]),
    }
    for name, (function, grid, by) in runs.items():
        grid = {"seed": range(FRESH, FRESH + seeds), **grid}
        frame = sweep(function, grid, store=cache, jobs=jobs)
        known = {"command": "python -m helpers.claims.found_subnetworks", "seeds": seeds}
        if function is popup_dogs:
            known["data"] = cifar.provenance()
        save(name, intervals.summary(frame, by), **known)


if __name__ == "__main__":
    store()
