"""The claims of chapter 04 on what pruning and training do to the nodes."""

import pandas as pd

from helpers.claims.ch04_pruning.built import SEARCHED, nodes, target_units
from helpers.claims.ch04_pruning.tickets import REDRAWN, WINNER, followed
from helpers.claims.core import DEBATE, Adversary, Claim, Control, Rule

HALF = "half of the weights at random"


def deepest_nodes(seed: int, **options) -> list[dict]:
    """|correlation| before against after in the deepest hidden layer, per kind of subnetwork."""
    frame = nodes(seed, **options).groupby("subnetwork", sort=False).last()
    found = [{"case": name, "value": row["value"]} for name, row in frame.iterrows()]
    return [*found, {"case": HALF, "value": frame["null"].loc[SEARCHED]}]


def nodes_excess(seed: int, **options) -> list[dict]:
    """|correlation| before against after, edge-popup's mask minus random masks, per depth."""
    frame = nodes(seed, **options)
    frame = frame[frame["subnetwork"] == SEARCHED]
    return [{"case": f"layer {r.depth}", "value": r.value - r.null} for r in frame.itertuples()]


def unit_match(seed: int, *, network: str = "unpruned", samples: int = 40) -> list[dict]:
    """Mean held-out |correlation| of the target's hidden units with their best unit elsewhere."""
    value = {row["network"]: row["value"] for row in target_units(seed, samples=samples)}
    controls = [{"case": name, "value": value[name]} for name in ("pruned", "another draw")]
    return [{"case": "unpruned", "value": value[network]}, *controls]


def alignment_kept(seed: int, *, arm: str = "dense", **options) -> list[dict]:
    """Rank correlation over units of alignment with a digit before and after training, per arm."""
    frame = pd.DataFrame(followed(seed, **options))
    rank = frame[frame["layer"] == frame["layer"].max()].set_index("arm")
    found = {"dense": arm, WINNER: WINNER, REDRAWN: REDRAWN}
    return [
        {
            "case": case,
            "value": rank["rank"][name],
            "kept": rank["kept"][name],
            "live": rank["live"][name],
        }
        for case, name in found.items()
    ]


# --- claims ---------------------------------------------------------------------------------------

CHANGES = ("pruning changes the functional behaviour of the nodes", DEBATE)
FRESH = {"first_seed": 3000, "version": 2}
QUICK = {"width": 50, "steps": 200, "samples": 20}
CLAIMS = [
    Claim(
        id="04-nodes-change",
        sentence="Pruning changes what the surviving nodes compute: in the third hidden layer (100 "
        "units wide, half of the weights kept by 300 steps of edge-popup) and in the deepest of a "
        "network built with 40 samples a weight their |correlation| with what they were is below "
        ".5.",
        place=CHANGES,
        quantifier="forall",
        over="kinds of mask",
        quantity="Mean |correlation| of a unit with itself, before against after pruning",
        within=(0, 1),
        measure=deepest_nodes,
        rule=Rule(high=0.5),
        control="Half of the weights pruned at random: 04-nodes-chosen.",
        controls=(Control(HALF, "control", "random masks, as many weights in every parameter"),),
        adversary=Adversary("refuted", {"keep": 0.98}),
        objection="A function may be kept up to the noise that pruning adds.",
        seen_before="Version 1 on other seeds: .22 and .15, at random .21.",
        small=QUICK,
        **FRESH,
    ),
    Claim(
        id="04-nodes-chosen",
        sentence="It is the choice of the mask that does it: in each of three hidden layers of 100 "
        "units |correlation| is lower by at least .1 under edge-popup's mask (300 steps, half of "
        "the weights) than after pruning as many weights at random.",
        place=CHANGES,
        quantifier="forall",
        over="layers",
        quantity="Mean |correlation| before against after, edge-popup minus random mask",
        within=(-1, 1),
        measure=nodes_excess,
        rule=Rule(high=-0.1),
        control="Random masks with as many weights in every parameter.",
        adversary=Adversary("supported", {"smallest": True, "keep": 0.7}),
        objection="Edge-popup might do with gentler masks; nobody asked it to.",
        seen_before="Version 1 on other seeds: -.01 to .01.",
        small=QUICK,
        **FRESH,
    ),
    Claim(
        id="04-target-units",
        sentence="The hidden units of a trained 64-32-10 network are units of the random network "
        "(40 samples a weight) before it is pruned into that one: the best match has a held-out "
        "|correlation| of at least .95.",
        place=("does pruning only remove what is in the way?", DEBATE),
        quantifier="average",
        quantity="Mean held-out |correlation| of target units with their best unpruned unit",
        within=(0, 1),
        measure=unit_match,
        rule=Rule(low=0.95),
        control="The pruned network passes; another draw shows what thousands of units match by "
        "chance.",
        controls=(
            Control("another draw", "rival", "another random network of the same size"),
            Control("pruned", "ceiling", "the network after pruning"),
        ),
        clears="pruned",
        adversary=Adversary("supported", {"network": "pruned"}),
        objection="Any wide random layer has fair matches; that is chapter 02's claim.",
        seen_before="Version 1 on other seeds: .74.",
        **FRESH,
    ),
    Claim(
        id="04-already-aligned",
        sentence="Training picks out functionality that is there: of the 50 units in the second "
        "hidden layer of a dense 64-100-50-10 network those that end up most aligned with a digit, "
        "after 100 steps on 1,000 digits, were so before, with a rank correlation of at least .5.",
        place=("training picks out pre-existing useful functionality", DEBATE),
        quantifier="average",
        quantity="Rank correlation over last-layer units of alignment before and after training",
        within=(-1, 1),
        measure=alignment_kept,
        rule=Rule(low=0.5),
        control="The same in a winning ticket, whose mask ten rounds of training have made.",
        controls=(
            Control(WINNER, "ceiling", "7% of the weights, cut by ten rounds of training"),
            Control(REDRAWN, "control", "the same mask, other weights"),
        ),
        clears=WINNER,
        adversary=Adversary("supported", {"arm": WINNER}),
        objection="Alignment with labels is one kind of usefulness; a unit can serve in company.",
        seen_before="Version 1 asked it of the winning ticket (.79); the dense network had .11.",
        small={"sizes": (64, 100, 50, 10), "rounds": 6, "steps": 60},
        **FRESH,
    ),
]
