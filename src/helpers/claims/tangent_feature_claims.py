"""Chapter 05: is a single partial derivative the detector?"""

from collections.abc import Sequence

import pandas as pd
import torch

from helpers import networks, tangent, tasks
from helpers.claims import tangent_features, tangent_spans
from helpers.claims.core import DEBATE, Claim, Rule
from helpers.intervals import held_out, paired

FEATURE = ("not a neuron: any parameter's partial derivative", DEBATE)
CONTROL = ("control", DEBATE)


# --- what the claims measure ----------------------------------------------------------------------


def best_of_all(seed: int, *, targets: str = "digit", **options) -> pd.DataFrame:
    """Held-out correlation of the best of all P tangent features, one case per target."""
    frame = held_out(tangent_features.picked(seed, **options))
    frame = frame[frame["reading"] == "tangent feature"]
    frame = frame[frame["candidates"] == frame["candidates"].max()]
    frame = frame[frame["target"].str.startswith(targets)]
    return frame.rename(columns={"target": "case"})[["case", "value", "draws"]]


def feature_over_neuron(seed: int, **options) -> pd.DataFrame:
    """Held-out correlation, best of P tangent features minus best of P random neurons."""
    frame = held_out(tangent_features.picked(seed, labels=(), **options))
    frame = frame[frame["candidates"] == frame["candidates"].max()]
    difference = paired(frame, "reading", "tangent feature", "single neuron", ["target"])
    return difference.rename(columns={"target": "case"})


def law_errors(seed: int, *, law: str, held_back: Sequence[int], **options) -> list[dict]:
    """Measured minus predicted best of m on train, averaged over digits, at held-back m."""
    frame = tangent_features.laws(seed, **options)
    error = (frame["measured"] - frame[law]).groupby(frame["candidates"]).mean()
    return [{"case": f"best of {m:,}", "value": float(error[m])} for m in held_back]


def planted_found(seed: int, *, width: int = 64, n_train: int = 1000) -> dict:
    """1 if labels made from a neuron's gate lead to a derivative by that neuron's parameters."""
    digits = tasks.digits(0, n_train=n_train, seed=seed)
    net = networks.mlp([64, width, 1], seed=seed)
    on = (networks.activations(net, digits.x_train) > 0).double().mean(0)
    usable = torch.nonzero((on > 0.1) & (on < 0.5))[:, 0]
    generator = torch.Generator().manual_seed(seed)
    unit = int(usable[torch.randint(len(usable), (1,), generator=generator)])
    gate = tasks.planted(digits, lambda x: (networks.activations(net, x)[:, unit] > 0).float())
    found = tangent.best_feature(net, gate).detail
    return {
        "value": float(found["parameter"] in ("1.weight", "1.bias") and found["place"][0] == unit)
    }


def dog_feature(seed: int, **options) -> pd.DataFrame:
    """Held-out correlation of the best tangent feature of a small convolutional net, for dogs."""
    frame = held_out(tangent_spans.dog_spans(seed, readings=("single",), **options))
    return frame[frame["reading"] == "tangent feature"][["value", "draws"]]


# --- claims ---------------------------------------------------------------------------------------

FEW = {"digits": (3, 8), "hidden": (32, 32), "n_train": 600, "labels": ()}
HELD_BACK = (4096, 8192, 16384)
SMALL_LAWS = {
    "digits": (3,),
    "n_train": 400,
    "hidden": (48, 48),
    "sizes": (1024, 2048, 4096),
    "held_back": (2048, 4096),
}
CLAIMS = [
    Claim(
        id="05-digit-feature",
        sentence="Some parameter's partial derivative is a digit detector: of all 24,961 of an "
        "untrained network, the one that 1000 labelled images pick has a held-out correlation of "
        "at least .9.",
        place=FEATURE,
        quantity="Held-out correlation of the picked tangent feature",
        measure=best_of_all,
        rule=Rule(low=0.9),
        control="Random labels (05-random-feature) and a planted gate (05-planted).",
        objection="Nobody in the debate needs one derivative to do it alone; their span is the "
        "claim.",
        options={"sizes": ()},
        small=FEW,
    ),
    Claim(
        id="05-random-feature",
        sentence="Picked for random labels, a tangent feature is worth nothing on held-out "
        "images: its correlation stays within .05 of zero.",
        place=CONTROL,
        quantity="Held-out correlation, random labels",
        measure=best_of_all,
        rule=Rule(-0.05, 0.05),
        control="This is the control: any leak from test to train would show here.",
        objection="On train the same feature looks fine; the figure shows how fine.",
        options={
            "targets": "random labels",
            "digits": (),
            "labels": ("random labels",),
            "sizes": (),
        },
        small={"hidden": (32, 32), "n_train": 600},
    ),
    Claim(
        id="05-planted",
        sentence="In a network with one hidden layer, labels made from the gate of one neuron "
        "lead to the derivative by one of that neuron's own parameters.",
        place=CONTROL,
        quantity="Share of networks in which the right neuron's parameter was picked",
        measure=planted_found,
        rule=Rule(low=0.9),
        control="This is the control: a reading that misses what was planted proves nothing.",
        objection="A gate is the one target that a single derivative holds exactly.",
        small={"width": 16, "n_train": 400},
        seeds=50,
    ),
    Claim(
        id="05-feature-over-neuron",
        sentence="Picked among equally many candidates, a tangent feature detects a digit better "
        "than a random neuron.",
        place=FEATURE,
        quantity="Held-out correlation, best of 24,961 features minus best of 24,961 neurons",
        measure=feature_over_neuron,
        rule=Rule(low=0.0),
        control="Same images, same number of candidates, same way of picking.",
        objection="The features of one network are relatives: products of few activations with few "
        "backward signals. The neurons are independent draws.",
        options={"sizes": ()},
        small={key: value for key, value in FEW.items() if key != "labels"},
    ),
    Claim(
        id="05-cap-law",
        sentence="The spherical cap law of chapter 02, fitted on 1,024 tangent features, predicts "
        "the best of 4,096 to 16,384 others of the same network to within .03.",
        place=FEATURE,
        quantity="Measured minus predicted best correlation on train, mean over ten digits",
        measure=law_errors,
        rule=Rule(-0.03, 0.03),
        control="The Gaussian law, in the figure; chapter 02 asks the same of neurons.",
        objection="The law is for independent directions on one sphere. The derivatives of a "
        "network are of several kinds, and relatives.",
        options={"law": "cap", "held_back": HELD_BACK},
        small=SMALL_LAWS,
    ),
    Claim(
        id="05-cap-tail",
        sentence="The cap law with its dimension fitted to the tail of 1,024 tangent features "
        "predicts the best of 4,096 to 16,384 others of the same network to within .03.",
        place=FEATURE,
        quantity="Measured minus predicted best correlation on train, mean over ten digits",
        measure=law_errors,
        rule=Rule(-0.03, 0.03),
        control="The Gaussian law, in the figure; chapter 02 asks the same of neurons.",
        objection="Chapter 02 had seen this variant do better on neurons before it was asked of "
        "derivatives.",
        options={"law": "cap_tail", "held_back": HELD_BACK},
        small=SMALL_LAWS,
    ),
    Claim(
        id="05-dog-feature",
        sentence="Some parameter's partial derivative is a dog detector: of all 42,961 of an "
        "untrained convolutional net, the one that 1000 photos pick has a held-out correlation of "
        "at least .9.",
        place=FEATURE,
        quantity="Held-out correlation of the picked tangent feature",
        measure=dog_feature,
        rule=Rule(low=0.9),
        control="The same choice on digits, with random labels and a planted gate.",
        objection="The networks of the debate are thousands of times larger.",
        small=tangent_spans.SMALL_DOGS,
        needs_dogs=True,
    ),
]
