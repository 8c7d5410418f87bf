"""The claims of chapter 04 on subnetworks that search finds, and what they measure."""

import math
from collections.abc import Sequence

import pandas as pd

from helpers import intervals
from helpers.claims.core import DEBATE, Claim, Rule
from helpers.claims.found_subnetworks import (
    FRESH,
    cells,
    followed,
    popup,
    popup_dogs,
    tickets,
)
from helpers.claims.random_members import good_members, overlaps
from helpers.claims.ten_digits import minus


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
        sentence="Which of the initial weights has which magnitude does not matter: with "
        "magnitudes shuffled within layers, signs kept, the ticket's accuracy changes by at most "
        ".02.",
        place=("deconstructing lottery tickets", "https://arxiv.org/abs/1905.01067"),
        quantity="Held-out accuracy, winning ticket minus shuffled magnitudes, at 100 steps",
        measure=ticket_gap,
        rule=Rule(-0.02, 0.02),
        control="The signs instead: 04-ticket-magnitudes.",
        objection="The mask was chosen by magnitude, so magnitudes left in a layer are alike.",
        options={"against": ("original signs, magnitudes shuffled",)},
        small={**QUICK_TICKET, "patience": (1,)},
    ),
    Claim(
        id="04-ticket-magnitudes",
        sentence="Which of them has which sign does matter: with signs at random, magnitudes and "
        "biases kept, the ticket's accuracy falls by at least .05.",
        place=("deconstructing lottery tickets", "https://arxiv.org/abs/1905.01067"),
        quantity="Held-out accuracy, winning ticket minus random signs, at 100 steps",
        measure=ticket_gap,
        rule=Rule(low=0.05),
        control="Magnitudes shuffled, signs kept (04-ticket-signs).",
        objection="At 100 steps; with more the gap may close, as it does for weights drawn anew.",
        options={"against": ("original magnitudes, random signs",), "patience": (1,)},
        small=QUICK_TICKET,
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
        objection="A mask can change no weight but to zero; somewhat wider nets hold more of them.",
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
