"""The claims of chapter 04 on subnetworks that the theorems build, and what they measure."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.claims.built_subnetworks import (
    BITS,
    FRESH,
    circuit_costs,
    nodes,
    parity_curves,
    planted,
    programs,
    sum_errors,
    target_units,
    whole_network,
)
from helpers.claims.core import DEBATE, Claim, Rule

PENSIA = "https://arxiv.org/abs/2006.07990"


def sum_law(
    seed: int, *, theory: str, sizes: Sequence[int] = (10, 13, 16), **options
) -> list[dict]:
    """Measured over predicted median error, per number of samples."""
    frame = sum_errors(FRESH + seed, sizes=sizes, **options)
    return [{"case": f"n = {r['n']}", "value": r["median"] / r[theory]} for r in frame]


def agreement(seed: int, *, samples: int = 40, weights: str = "random") -> dict:
    """Share of held-out images that target and built network put in the same class."""
    row = whole_network(FRESH + seed, samples=(samples,), weights=weights).iloc[0]
    return {"value": row["agreement"], "draws": row["draws"]}


def samples_per_halving(seed: int, *, between: Sequence[int] = (20, 40)) -> dict:
    """Samples per weight that halve the mean error of the outputs."""
    few, many = whole_network(FRESH + seed, samples=between)["mean_error"]
    return {"value": (between[1] - between[0]) / math.log2(few / many)}


def cost_exponent(seed: int, **options) -> list[dict]:
    """Log-log slope of weights drawn against weights of the circuit, per kind of circuit."""
    frame = pd.DataFrame(circuit_costs(FRESH + seed, **options))
    return [
        {"case": kind, "value": float(np.polyfit(np.log(g["wanted"]), np.log(g["drawn"]), 1)[0])}
        for kind, g in frame.groupby("target", sort=False)
    ]


def deepest_nodes(seed: int, **options) -> list[dict]:
    """|correlation| before against after in the deepest hidden layer, per kind of subnetwork."""
    frame = nodes(FRESH + seed, **options).groupby("subnetwork", sort=False).last()
    found = [{"case": name, "value": row["value"]} for name, row in frame.iterrows()]
    null = frame["null"].loc["found by edge-popup"]
    return [*found, {"case": "half of the weights at random", "value": null}]


def nodes_excess(seed: int, **options) -> list[dict]:
    """|correlation| before against after, edge-popup's mask minus random masks, per depth."""
    frame = nodes(FRESH + seed, **options)
    frame = frame[frame["subnetwork"] == "found by edge-popup"]
    return [{"case": f"layer {r.depth}", "value": r.value - r.null} for r in frame.itertuples()]


def unpruned_match(seed: int, *, samples: int = 40) -> dict:
    """Mean held-out |correlation| of the target's hidden units with their best unpruned unit."""
    rows = target_units(FRESH + seed, samples=samples)
    return {"value": next(r["value"] for r in rows if r["network"] == "unpruned")}


def program_ratio(seed: int, **options) -> list[dict]:
    """Bits of the mask over bits of the rounded weights, per kind of larger network."""
    bits = {r["program"]: r["bits"] for r in programs(FRESH + seed, **options)}
    masks = [name for name in bits if name.startswith("mask")]
    return [{"case": name, "value": bits[name] / bits["weights, rounded"]} for name in masks]


def planted_here(seed: int, *, samples: int = 200) -> dict:
    """1 if the planted mask computes the parity of 8 bits on all inputs, else 0."""
    return {"value": planted(FRESH + seed, samples=samples)["value"]}


def planted_found(seed: int, **options) -> dict:
    """Held-out accuracy on the planted parity after the last step of Adam from the same network."""
    rows = parity_curves(FRESH + seed, **options)
    return [row for row in rows if (row["network"], row["bits"]) == ("planted", BITS)][-1]


# --- claims ---------------------------------------------------------------------------------------

SUBSET_SUM = "https://doi.org/10.4230/LIPIcs.ESA.2023.37"
CLAIMS = [
    Claim(
        id="04-sum-law",
        sentence="How near the best of all subset sums comes follows from the spread of the sums "
        "given the samples: the median error is predicted to within 3%.",
        place=("random subset sums", SUBSET_SUM),
        quantity="Measured over predicted median error, density given the samples",
        measure=sum_law,
        rule=Rule(0.97, 1.03),
        control="The averaged density is judged by the same rule (04-sum-law-averaged).",
        objection="Nearby sums share most of their terms; a Poisson process has no such ties.",
        options={"theory": "conditional"},
        small={"problems": 1000, "sizes": (10,)},
    ),
    Claim(
        id="04-sum-law-averaged",
        sentence="The same with the density averaged over samples: the median error is predicted "
        "to within 3%.",
        place=("random subset sums", SUBSET_SUM),
        quantity="Measured over predicted median error, averaged density",
        measure=sum_law,
        rule=Rule(0.97, 1.03),
        control="The density given the samples is judged by the same rule (04-sum-law).",
        objection="The two differ by a constant; the theorem, n = O(log 1/error), needs neither.",
        options={"theory": "averaged"},
        small={"problems": 1000, "sizes": (10,)},
    ),
    Claim(
        id="04-whole-network",
        sentence="A whole trained digits network is there as a masked random network: with 40 "
        "samples per weight the two agree on at least 99% of held-out images.",
        place=("the over-parameterisation needed is not that large", DEBATE),
        quantity="Share of held-out images put in the same class",
        measure=agreement,
        rule=Rule(low=0.99),
        control="A network with no random weight at all is judged by the same rule "
        "(04-no-randomness).",
        objection="The mask was made from the trained weights: somebody had to train them first.",
        small={"samples": 20},
        seeds=10,
    ),
    Claim(
        id="04-no-randomness",
        sentence="A network of fixed powers of two, nothing random in it, can be masked into the "
        "same digits network: they agree on at least 99% of held-out images.",
        place=("edges of weight 2^-k can be masked into any circuit", DEBATE),
        quantity="Share of held-out images put in the same class",
        measure=agreement,
        rule=Rule(low=0.99),
        control="This is the control of 04-whole-network.",
        objection="Nobody initialises networks like that; but the argument never used randomness.",
        options={"weights": "powers of two", "samples": 48},
        seeds=10,
    ),
    Claim(
        id="04-log-cost",
        sentence="Precision is cheap: six more samples per weight halve the error of the outputs.",
        place=("logarithmic over-parameterisation", PENSIA),
        quantity="Samples per weight that halve the mean output error, between 20 and 40",
        measure=samples_per_halving,
        rule=Rule(0.0, 6.0),
        control="If the error fell like 1/sqrt(F), as in the first proof (Malach et al. 2020), a "
        "halving would take 60 more samples at F = 20.",
        objection="Samples are counted per weight; the drawn network is F (1 + d_in/d_out) times "
        "larger, and its worst error falls later than its mean.",
        seeds=10,
    ),
    Claim(
        id="04-circuit-cost",
        sentence="Circuits of N edges are found in random networks only logarithmically larger: "
        "weights to draw grow with N to a power of at most 1.2.",
        place=("M only logarithmically larger than N", DEBATE),
        quantity="Log-log slope of weights drawn against weights of the circuit",
        measure=cost_exponent,
        rule=Rule(high=1.2),
        control="Dense and sparse circuits of the same widths, same precision.",
        objection="This is what this construction pays in layered networks; a universal circuit "
        "wires any N gates with O(N log N) (Valiant 1976).",
        small={"widths": (8, 16, 32)},
    ),
    Claim(
        id="04-nodes-change",
        sentence="Pruning changes what the surviving nodes compute: in the deepest hidden layer "
        "their |correlation| with what they were before is below .5.",
        place=("pruning changes the functional behaviour of the nodes", DEBATE),
        quantity="Mean |correlation| of a unit with itself, before against after pruning",
        measure=deepest_nodes,
        rule=Rule(high=0.5),
        control="Half of the weights pruned at random, judged by the same rule.",
        objection="A function may be kept up to the noise that pruning adds. The rule was "
        "written after a pilot of one seed, which the measurement does not use.",
        small={"width": 50, "steps": 200, "samples": 20},
        seeds=10,
    ),
    Claim(
        id="04-nodes-chosen",
        sentence="It is the choice of the mask that does it: |correlation| is lower by at least .1 "
        "than after pruning as many weights at random.",
        place=("pruning changes the functional behaviour of the nodes", DEBATE),
        quantity="Mean |correlation| before against after, edge-popup minus random mask",
        measure=nodes_excess,
        rule=Rule(high=-0.1),
        control="Random masks with as many weights in every parameter.",
        objection="Edge-popup might do with gentler masks; nobody asked it to.",
        small={"width": 50, "steps": 200, "samples": 20},
        seeds=10,
    ),
    Claim(
        id="04-target-units",
        sentence="The units of the target are already units of the network before it is pruned: "
        "the best match has |correlation| of at least .95.",
        place=("does pruning only remove what is in the way?", DEBATE),
        quantity="Mean held-out |correlation| of target units with their best unpruned unit",
        measure=unpruned_match,
        rule=Rule(low=0.95),
        control="In the pruned network the same units are matched to 1; another random draw shows "
        "what thousands of units match by chance.",
        objection="Any wide random layer has fair matches; that is chapter 02's claim.",
    ),
    Claim(
        id="04-mask-length",
        sentence="The mask is as long a program as the weights it stands for: naming it takes at "
        "least as many bits as writing those weights down at the same precision.",
        place=("masking alone shows nothing about the initialisation", DEBATE),
        quantity="Bits of the mask over bits of the rounded weights",
        measure=program_ratio,
        rule=Rule(low=1.0),
        control="The fixed powers of two, whose mask must carry everything.",
        objection="A cleverer code may be shorter: only F bits per weight are free in this "
        "construction.",
        seeds=10,
    ),
    Claim(
        id="04-planted",
        sentence="A parity of 8 among 40 bits is expressible by a mask of a random network with "
        "200 samples per weight, in at least 9 draws of 10.",
        place=("present at the beginning", DEBATE),
        quantity="Share of random networks in which the mask is right on all inputs",
        measure=planted_here,
        rule=Rule(low=0.9),
        control="All settings of the eight bits are tried; the other bits have no path.",
        objection="Planted by somebody who knows the answer. And this is the second try: the "
        "first, with 300 samples and a weaker search, missed 12 of 60 networks, which the same "
        "rule called refuted; then the search was improved.",
        seeds=60,
    ),
    Claim(
        id="04-planted-found",
        sentence="What is present is found: from that very network Adam learns the parity of 8 "
        "bits from 5,000 examples within 500 steps, to a held-out accuracy of .9.",
        place=("present need not be easily found by gradient descent", DEBATE),
        quantity="Held-out accuracy on the planted parity after 500 steps",
        measure=planted_found,
        rule=Rule(low=0.9),
        control="From the same network a parity of 2 bits is learnt, in a fifth of the steps.",
        objection="Within this budget: more examples or steps, or another optimiser, may do it.",
        small={"steps": 100, "samples": 100},
    ),
]
