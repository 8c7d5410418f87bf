"""The claims of chapter 04 on lottery tickets, and what they measure."""

from collections.abc import Sequence

from helpers.claims.ch04_pruning.ten_digits import minus
from helpers.claims.ch04_pruning.tickets import (
    MAGNITUDES,
    OTHER_LABELS,
    REDRAWN,
    SIGNS,
    WINNER,
    tickets,
)
from helpers.claims.core import DEBATE, Adversary, Claim, Control, Rule


def ticket_gap(
    seed: int,
    *,
    against: str = REDRAWN,
    budgets: Sequence[int] = (1, 16),
    steps: int = 100,
    **options,
) -> list[dict]:
    """Accuracy of the winning ticket minus that of another arm, at each multiple of the steps."""
    frame = tickets(seed, patience=tuple(budgets), **options)
    records = []
    for factor in budgets:
        arms = frame[frame["patience"] == factor].set_index("arm")
        ticket, other = arms.loc[WINNER], arms.loc[against]
        counts = {name: ticket[name] + other[name] for name in ("kept", "live")}  # of both
        records.append({"case": _budget(factor), **minus(ticket, other), **counts})
    return records


def head_start(
    seed: int, *, arm: str = WINNER, budgets: Sequence[int] = (1, 16), **options
) -> list[dict]:
    """Held-out accuracy of the untrained ticket, of its rivals, and of the ticket trained."""
    frame = tickets(seed, patience=tuple(budgets), **options).set_index(["patience", "arm"])
    found = {
        WINNER: frame.loc[0, arm],
        REDRAWN: frame.loc[0, REDRAWN],
        OTHER_LABELS: frame.loc[0, OTHER_LABELS],
        "trained": frame.loc[max(budgets), WINNER],
    }
    columns = ["value", "draws", "kept", "live"]
    return [{"case": name, **row[columns]} for name, row in found.items()]


def _budget(factor: int) -> str:
    return "short training" if factor == 1 else f"{factor} times the steps"


# --- claims ---------------------------------------------------------------------------------------

FRANKLE = ("the lottery ticket hypothesis", "https://arxiv.org/abs/1803.03635")
ZHOU = ("deconstructing lottery tickets", "https://arxiv.org/abs/1905.01067")
FRESH = {"first_seed": 3000, "version": 2}
QUICK = {"sizes": (64, 40, 20, 10), "rounds": 4, "steps": 30}
GAP = {
    "over": "budgets",
    "within": (-1, 1),
    "measure": ticket_gap,
    "small": QUICK,
}
TICKET = "a winning ticket (7% of a 64-100-50-10 network, cut in ten rounds on 1,000 digits)"

CLAIMS = [
    Claim(
        id="04-ticket",
        sentence=f"Trained for 100 steps or for 1,600, {TICKET} beats the same mask with weights "
        "drawn anew by at least .05 in held-out accuracy.",
        place=FRANKLE,
        quantifier="each",
        quantity="Held-out accuracy, winning ticket minus weights drawn anew",
        rule=Rule(low=0.05),
        control="All arms see the same images as often; the budgets are each other's control.",
        adversary=Adversary("refuted", {"keep": 1.0, "rounds": 0, "budgets": (1, 4)}),
        objection="On harder tasks and with larger networks a gap may stay (Frankle & Carbin).",
        seen_before="Version 1, two claims on other seeds: .34 at 100 steps, .02 at 1,600.",
        replaces={
            "04-ticket-patient": "Speed and its patient twin are one claim now, budget by budget."
        },
        **GAP,
        **FRESH,
    ),
    Claim(
        id="04-ticket-head-start",
        sentence=f"Before it is trained, {TICKET} already puts three held-out digits in ten into "
        "their class.",
        place=("what does the mask know?", DEBATE),
        quantifier="average",
        quantity="Held-out accuracy of the untrained ticket",
        within=(0, 1),
        measure=head_start,
        rule=Rule(low=0.3),
        control="The same mask over weights drawn anew, and a mask cut in the same network for "
        "random labels: one in ten is chance.",
        controls=(
            Control(REDRAWN, "rival", "the same mask, other weights"),
            Control(OTHER_LABELS, "control", "ten rounds on shuffled labels", Rule(high=0.2)),
            Control("trained", "ceiling", "the ticket after 1,600 steps"),
        ),
        clears="trained",
        adversary=Adversary("refuted", {"arm": REDRAWN}),
        objection="Pruning by size in a network that was trained is training by another name.",
        seen_before="On seeds 1000 to 1019 .47, with weights drawn anew .10; the mask cut for "
        "random labels is new.",
        small=QUICK,
        first_seed=3000,
    ),
    Claim(
        id="04-ticket-labels",
        sentence=f"Trained for 100 steps or for 1,600, {TICKET} beats the ticket that was cut in "
        "the same network for random labels by at least .05 in held-out accuracy: the initial "
        "weights alone won nothing.",
        place=FRANKLE,
        quantifier="each",
        quantity="Held-out accuracy, winning ticket minus ticket cut for random labels",
        rule=Rule(low=0.05),
        control="Same network, same images, as many rounds and weights; only the labels differ.",
        adversary=Adversary("refuted", {"against": WINNER}),
        objection="Random labels may also leave other layers with other numbers of weights.",
        seen_before="Nothing of this arm.",
        options={"against": OTHER_LABELS},
        first_seed=3000,
        **GAP,
    ),
    Claim(
        id="04-ticket-signs",
        sentence="Which of the initial weights has which magnitude does not matter: with "
        f"magnitudes shuffled within layers, signs kept, {TICKET} changes its held-out accuracy by "
        "at most .02, at 100 steps and at 1,600.",
        place=ZHOU,
        quantifier="forall",
        quantity="Held-out accuracy, winning ticket minus shuffled magnitudes",
        rule=Rule(-0.02, 0.02),
        control="The signs instead: 04-ticket-magnitudes.",
        adversary=Adversary("refuted", {"against": REDRAWN}),
        objection="The mask was chosen by magnitude, so magnitudes left in a layer are alike.",
        seen_before="Version 1 on other seeds, at 100 steps only: .000.",
        options={"against": MAGNITUDES},
        **GAP,
        **FRESH,
    ),
    Claim(
        id="04-ticket-magnitudes",
        sentence="Which of the initial weights has which sign does matter: with signs at random, "
        f"magnitudes and biases kept, {TICKET} loses at least .05 in held-out accuracy, at 100 "
        "steps and at 1,600.",
        place=ZHOU,
        quantifier="each",
        quantity="Held-out accuracy, winning ticket minus random signs",
        rule=Rule(low=0.05),
        control="Magnitudes shuffled, signs kept (04-ticket-signs).",
        adversary=Adversary("refuted", {"against": MAGNITUDES}),
        objection="A small network on an easy task; where time is short, speed is all one needs.",
        seen_before="Version 1, at 100 steps only: .28. On seeds 1000 to 1019 .013 at 1,600.",
        options={"against": SIGNS},
        **GAP,
        **FRESH,
    ),
]
