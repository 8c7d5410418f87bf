"""Chapter 03: a few of many, on digits and dogs; and the dogs between a rival and two ceilings."""

from helpers.claims.ch03_features import dogs, few, measures
from helpers.claims.core import DEBATE, Adversary, Claim, Control, Premise, Rule

SHARE = ("the post doubts it", DEBATE)
BETWEEN = ("something more general than one neuron", DEBATE)
GROUPS = {"n_train": 400, "n_test": 400, "m": 256, "sizes": (1, 8)}
PHOTOS = {"n_test": 1000, "m": 256, "filters": 16, "steps": 160, "rates": (1e-2,)}
FRESH = {"first_seed": 3000, "needs_dogs": True}
UNTRAINED = (dogs.TWIN, dogs.NEURONS)
GAP = {
    "place": SHARE,
    "quantifier": "each",
    "over": "kinds of features",
    "quantity": "Share of the gap in held-out correlation, from pixels to the trained network",
    "share_of_gap": True,
    "rule": Rule(low=0.5),
    "control": "Same photos for all; rate and step of training are chosen on validation.",
    "controls": (
        Control("pixels", "rival", "ridge on the 3,072 pixel values"),
        Control(dogs.TRAINED, "ceiling", "rate and step chosen on validation"),
    ),
    "objection": "What the patches had was put there by the architect (small windows, the same "
    "everywhere, averaged), and a deeper network or more photos would raise the ceiling.",
    "small": {**PHOTOS, "photos": 400},
    **FRESH,
}
# For the adversary: training at rate zero stands still, and has settled at its first look.
STILL = {"photos": 200, "n_test": 200, "m": 64, "filters": 4, "rates": (0.0,)}
SETTLED = Premise("training had settled before its last look, share of seeds", Rule(low=0.8))

CLAIMS = [
    Claim(
        id="03-few-half",
        sentence="Between one neuron and all: eight of 1,024 random features, only added and "
        "subtracted, picked on 1000 digits or 2000 photos, cover at least half of the way in "
        "held-out correlation from the best single one to the readout of all.",
        place=BETWEEN,
        quantifier="each",
        over="targets",
        quantity="Share of the way covered by eight with weights +1 and -1",
        measure=measures.way_covered,
        rule=Rule(low=0.5),
        control="Eight picked for random labels score nothing held out (the chapter's figure).",
        adversary=Adversary("refuted", {"k": 1}),
        objection="The search is greedy: a better eight may exist. And eight of 1,024 with signs "
        "cost 73 bits, one neuron ten.",
        seen_before="Three seeds of digits (.45 to .6) and one of dogs (.66), by the same search.",
        small=GROUPS,
        **FRESH,
    ),
    Claim(
        id="03-few-pixels",
        sentence="Eight of 1,024 random features rank new images better than eight pixels do, both "
        "freely weighted and picked on 1000 digits or 2000 photos: by at least .02 in AUC.",
        place=("trivial rival", DEBATE),
        quantifier="each",
        over="targets",
        quantity="Held-out AUC, eight features minus eight pixels",
        within=(-1, 1),
        measure=measures.over_pixels,
        rule=Rule(low=0.02),
        control="Same images, same search, same ridge on the eight.",
        adversary=Adversary("refuted", {"first": few.LOT}),
        objection="Features were picked among 1,024, pixels among 64 (digits) or 3,072 (photos).",
        seen_before="Two seeds of digits (no gain in AUC, .15 in correlation), one of dogs (.1).",
        small=GROUPS,
        **FRESH,
    ),
    Claim(
        id="03-dog-share",
        sentence="Before any training a readout of random features, fitted to 2000 photos, closes "
        "at least half of the gap from a readout of the pixels to 64 patches trained until "
        "validation no longer improves (at most 3,200 steps, two rates): of the same 64 patches "
        "untrained, of 1,024 random neurons.",
        measure=measures.dog_scores,
        adversary=Adversary("refuted", {"readings": ("best neuron",)}),
        seen_before="At 400 steps training gained nothing (03-dog-training); one seed at 3,200 "
        "steps: .627 against .593, pixels .42. The old stored run: .484 of 1,024 neurons.",
        options={"readings": UNTRAINED, "photos": 2000},
        replaces={
            "03-dog-readout": "Its bar, a correlation of .9, is out of reach of every method on "
            "2000 photos, trained and pretrained networks included: the verdict reported the bar."
        },
        **GAP,
    ),
    Claim(
        id="03-dog-share-fewer",
        sentence="The same from 1000 photos: before any training a readout of random features "
        "closes at least half of the gap from a readout of the pixels to 64 patches trained until "
        "validation no longer improves (at most 3,200 steps, two rates).",
        measure=measures.dog_scores,
        adversary=Adversary("refuted", {"readings": ("best neuron",)}),
        seen_before="One seed, untrained: pixels .40, 64 patches .57.",
        options={"readings": UNTRAINED, "photos": 1000},
        **GAP,
    ),
    Claim(
        id="03-dog-patches",
        sentence="Features that look like an image help: 1,024 averaged random patches beat the "
        "3,072 pixels on 2000 photos of dogs and others by at least .05.",
        place=("trivial rival", DEBATE),
        quantifier="average",
        quantity="Held-out correlation, readout of patches minus readout of pixels",
        within=(-2, 2),
        measure=measures.dog_gain,
        rule=Rule(low=0.05),
        control="Same photos, same ridge, fewer features than pixels.",
        adversary=Adversary("refuted", {"first": "best neuron"}),
        objection="What wins is the architecture (small windows, averaging), which was designed.",
        seen_before="Version 1 on other seeds: .19.",
        options={"first": dogs.PATCHES, "second": "pixels"},
        small={**PHOTOS, "photos": 400},
        version=2,
        **FRESH,
    ),
    Claim(
        id="03-dog-training-patient",
        sentence="Trained on 2000 photos until validation no longer improves (at most 3,200 steps, "
        "two rates), 64 patches gain at least .05 in held-out correlation over a readout of the "
        "same network before training.",
        place=("training as more than a readout", DEBATE),
        quantifier="average",
        quantity="Held-out correlation, trained minus readout of the untrained twin",
        within=(-2, 2),
        measure=measures.dog_gain,
        rule=Rule(low=0.05),
        premise=SETTLED,
        control="Same network, same photos; rate and step of training are chosen on validation.",
        adversary=Adversary("supported", {**STILL, "first": dogs.TWIN, "second": dogs.TRAINED}, 20),
        objection="2000 photos are few for a network that has to make its features.",
        seen_before="400 steps gained nothing (03-dog-training); one seed, 3,200 steps: .034.",
        options={"first": dogs.TRAINED, "second": dogs.TWIN},
        small={**PHOTOS, "photos": 400},
        replaces={
            "03-dog-training": "At 400 steps the network fitted its own training photos worse than "
            "its twin's readout did: the claim was about speed, and training had not settled."
        },
        **FRESH,
    ),
]
