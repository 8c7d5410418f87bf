"""Chapter 03: does a linear combination of one layer's features show the target? On images."""

from collections.abc import Sequence

import pandas as pd

from helpers.claims import readouts
from helpers.claims.core import DEBATE, Claim, Rule
from helpers.intervals import held_out, paired

# --- what the claims measure ----------------------------------------------------------------------


def difference(frame: pd.DataFrame, column: str, first, second, on: Sequence[str]) -> pd.DataFrame:
    """Held-out correlation, `first` minus `second`, matched by `on`, whose first is the case."""
    found = paired(held_out(frame), column, first, second, on)
    return found.rename(columns={on[0]: "case"})


def digit_readout(seed: int, **options) -> pd.DataFrame:
    frame = held_out(readouts.every_digit(seed, kinds=("features",), **options))
    return frame.rename(columns={"target": "case"})[["case", "value", "draws"]]


def against(seed: int, *, first: str, second: str, **options) -> pd.DataFrame:
    frame = readouts.every_digit(seed, kinds=(first, second), **options)
    return difference(frame, "reading", first, second, ["target"])


def labelled(seed: int, *, labels: str, ridge: str, part: str, **options) -> pd.DataFrame:
    frame = readouts.labellings(seed, labels=(labels,), ridges=(ridge,), **options)
    return held_out(frame, part=part)[["value", "draws"]]


def concept_over_clusters(seed: int, **options) -> pd.DataFrame:
    told = {"labels": ("true", "random clusters"), "ridges": ("lambda on validation",)}
    frame = readouts.labellings(seed, **told, **options)
    # Two labellings of the same images: the image draws of a difference pair up.
    return difference(frame, "labels", "true", "random clusters", ["features"])[["value", "draws"]]


def lost_by_descent(seed: int, *, step: int = 400, **options) -> list[dict]:
    """Held-out correlation of ridge minus that of gradient descent after `step` steps."""
    frame = readouts.found_by_step(seed, steps=(step,), adam=(step,), **options).set_index("how")
    best = frame.loc["ridge"]
    ways = ("raw features", "centred features", "Adam")
    return [
        {
            "case": how,
            "value": best["value"] - frame.loc[how, "value"],
            "draws": best["draws"] - frame.loc[how, "draws"],
        }
        for how in ways
    ]


def deeper(seed: int, *, layers: int = 4, **options) -> pd.DataFrame:
    frame = readouts.depths(seed, layers=layers, **options)
    frame = frame[frame["network"] == "untrained"]
    return difference(frame, "layer", layers, 1, ["network"])[["value", "draws"]]


def trained_deep(seed: int, *, layers: int = 4, **options) -> pd.DataFrame:
    frame = readouts.depths(seed, layers=layers, **options)
    frame = frame[frame["layer"] == layers]
    return difference(frame, "network", "trained", "untrained", ["layer"])[["value", "draws"]]


def rarer_than_neuron(seed: int, *, score: float = 0.5, **options) -> dict:
    frame = readouts.rarities(seed, scores=(score,), redrawn=1, **options)
    bits = frame[frame["score"] == score].set_index("family")["value"]
    return {"value": bits["random readout"] - bits["single neuron"]}


def fitted_rarity(seed: int, **options) -> dict:
    frame = readouts.rarities(seed, scores=(), redrawn=1, members=2, **options)
    return {"value": frame.set_index("family").loc["random readout", "value"]}


def dog_readout(seed: int, **options) -> pd.DataFrame:
    """Held-out correlation of dog readouts, one case per kind of random feature."""
    frame = held_out(readouts.dogs(seed=seed, **options))
    frame = frame[frame["features"] == frame.loc[frame["reading"] == "patches", "features"].max()]
    frame = frame[frame["reading"].isin(["features", "patches"])]
    return frame.rename(columns={"reading": "case"})[["case", "value", "draws"]]


def dog_against_pixels(seed: int, **options) -> pd.DataFrame:
    frame = readouts.dogs(seed=seed, **options)
    many = frame.loc[frame["reading"] == "patches", "features"].max()
    frame = frame[(frame["reading"] == "pixels") | (frame["features"] == many)]
    return difference(frame, "reading", "patches", "pixels", ["target"])[["value", "draws"]]


def dog_training(seed: int, **options) -> pd.DataFrame:
    frame = readouts.dogs(seed=seed, **options)
    return difference(frame, "reading", "trained", "untrained twin", ["target"])[["value", "draws"]]


# --- claims ---------------------------------------------------------------------------------------

SPAN = ("a linear combination of neurons would do", DEBATE)
EASY = ("and gradient descent finds it easily", DEBATE)
CONTROL = ("control", DEBATE)
SMALL = {"n_train": 400}
FEW = {**SMALL, "digits": (3, 8), "many": 512}
DOGS = {"n_train": 400, "n_test": 400, "counts": (16, 256), "filters": 16, "steps": 100}

CLAIMS = [
    Claim(
        id="03-digit-readout",
        sentence="A linear combination of 2,048 random neurons, fitted to 1000 labelled images, "
        "detects a digit: its held-out correlation is at least .9.",
        place=SPAN,
        quantity="Held-out correlation of the readout",
        measure=digit_readout,
        rule=Rule(low=0.9),
        control="The same fit to random labels has to score zero held out (03-random-labels).",
        objection="The span was there before the labels, the member was not: a thousand labels "
        "chose it, and another thousand-label choice would have chosen something else.",
        small=FEW,
    ),
    Claim(
        id="03-beats-neuron",
        sentence="A combination of 64 random neurons beats the best single one of 2,048.",
        place=SPAN,
        quantity="Held-out correlation, readout of 64 minus best single of 2,048",
        measure=against,
        rule=Rule(low=0.0),
        control="Same layer, same images; the single neuron may be picked among 32 times as many.",
        objection="A readout of 64 has 64 real numbers to choose, picking one of 2,048 is 11 bits.",
        options={"first": "few features", "second": "single neuron"},
        small=FEW,
    ),
    Claim(
        id="03-beats-pixels",
        sentence="At equal budget, a combination of 64 random neurons beats a combination of the "
        "64 pixels they look at.",
        place=("trivial rival", DEBATE),
        quantity="Held-out correlation, readout of 64 neurons minus readout of 64 pixels",
        measure=against,
        rule=Rule(low=0.0),
        control="Same images, same number of features, same ridge.",
        objection="Neurons can be added and pixels cannot; the figure shows where that pays.",
        options={"first": "few features", "second": "pixels"},
        small=FEW,
    ),
    Claim(
        id="03-random-labels",
        sentence="Fitted to random labels, the readout is worth nothing on held-out images: its "
        "correlation stays within .05 of zero.",
        place=CONTROL,
        quantity="Held-out correlation, random labels",
        measure=labelled,
        rule=Rule(-0.05, 0.05),
        control="This is the control: any leak from test to train would show here.",
        objection="It says nothing about labels that are wrong but not random.",
        options={"labels": "random labels", "ridge": "lambda on validation", "part": "test"},
        small={**SMALL, "counts": (512,)},
    ),
    Claim(
        id="03-fits-anything",
        sentence="Without ridge, 2,048 features fit random labels of 1000 images: correlation on "
        "train at least .99.",
        place=("fitting is not containing", DEBATE),
        quantity="Correlation on train, random labels, no ridge",
        measure=labelled,
        rule=Rule(low=0.99),
        control="Held out, the same readout scores zero (03-random-labels).",
        objection="Any 999 features in general position do this; it is counting, not learning.",
        options={"labels": "random labels", "ridge": "no ridge", "part": "train"},
        small={**SMALL, "counts": (1024,)},
    ),
    Claim(
        id="03-clusters",
        sentence="Random features hold a digit better than they hold meaningless labels of 100 "
        "clusters of the same images, by at least .05.",
        place=CONTROL,
        quantity="Held-out correlation, digit 3 minus random clusters",
        measure=concept_over_clusters,
        rule=Rule(low=0.05),
        control="The clusters' labels are shared by train and test, so they can be learnt.",
        objection="Clusters of pixels are what a smooth function of pixels likes best.",
        small={**SMALL, "counts": (512,)},
    ),
    Claim(
        id="03-descent",
        sentence="Gradient descent finds it easily: 400 steps on the readout alone come within .05 "
        "of ridge in held-out correlation.",
        place=EASY,
        quantity="Held-out correlation, ridge minus gradient descent at step 400",
        measure=lost_by_descent,
        rule=Rule(high=0.05),
        control="All start from zero on the same features; every step's rate is stable.",
        objection="The largest stable rate is set by one direction that hardly matters; a "
        "preconditioner, which is what Adam half is, removes it.",
        small={**SMALL, "width": 256, "step": 200},
    ),
    Claim(
        id="03-depth-untrained",
        sentence="Depth alone buys nothing: in an untrained network of four hidden layers the last "
        "reads out no better than the first.",
        place=("which layer?", DEBATE),
        quantity="Held-out correlation for digit 3, readout of layer 4 minus layer 1, 256 neurons",
        measure=deeper,
        rule=Rule(high=0.0),
        control="Same number of features in each layer, same ridge.",
        objection="Random depth also changes the kernel, and another task may like the deeper one.",
        small={**SMALL, "width": 64, "steps": 1},
        options={"steps": 1},
    ),
    Claim(
        id="03-depth-trained",
        sentence="Training turns this round: the last of four layers reads out at least .02 better "
        "after training than before.",
        place=("which layer?", DEBATE),
        quantity="Held-out correlation for digit 3, readout of layer 4, trained minus untrained",
        measure=trained_deep,
        rule=Rule(low=0.02),
        control="The same network, the same images, the same ridge.",
        objection="The trained layer has seen the labels twice: once in training, once in ridge.",
        small={**SMALL, "width": 64, "steps": 200},
    ),
    Claim(
        id="03-rarity-neuron",
        sentence="At held-out correlation .5 a random combination of 256 neurons is rarer than a "
        "random neuron.",
        place=("the price of picking", DEBATE),
        quantity="Bits, random readout minus random neuron",
        measure=rarer_than_neuron,
        rule=Rule(low=0.0),
        control="The readout's rarity is exact, the neuron's a sample of 32,768.",
        objection="Rarity depends on the prior: Gaussian coefficients are one choice.",
        small={**SMALL, "width": 64, "score": 0.4, "members": 4096},
    ),
    Claim(
        id="03-rarity-fit",
        sentence="A random readout as good as the fitted one is rarer than one in 2^100.",
        place=("the price of picking", DEBATE),
        quantity="Bits of rarity at the fitted readout's held-out correlation, 256 features",
        measure=fitted_rarity,
        rule=Rule(low=100.0),
        control="The formula agrees with sampling wherever sampling sees anything.",
        objection="Rare under a prior that knows nothing of images; a better prior, such as the "
        "features' own covariance, makes it less so.",
        small={**SMALL, "width": 256},
    ),
    Claim(
        id="03-dog-readout",
        sentence="A linear combination of 1,024 random features, fitted to 2000 photos, detects a "
        "dog: its held-out correlation is at least .9.",
        place=("the post doubts it", DEBATE),
        quantity="Held-out correlation of the readout",
        measure=dog_readout,
        rule=Rule(low=0.9),
        control="The same bar as for digits and for single neurons in chapter 02.",
        objection="No reading in this book gets there on 2000 photos; chapter 07 compares them.",
        small=DOGS,
        needs_dogs=True,
    ),
    Claim(
        id="03-dog-patches",
        sentence="Features that look like an image help: 1,024 averaged random patches beat the "
        "3,072 pixels on dogs by at least .05.",
        place=("trivial rival", DEBATE),
        quantity="Held-out correlation, readout of patches minus readout of pixels",
        measure=dog_against_pixels,
        rule=Rule(low=0.05),
        control="Same photos, same ridge, fewer features than pixels.",
        objection="What wins is the architecture (small windows, averaging), which was designed.",
        small=DOGS,
        needs_dogs=True,
    ),
    Claim(
        id="03-dog-training",
        sentence="Training all weights of 64 patches gains at least .05 on dogs over a readout of "
        "the same network before training.",
        place=("training as more than a readout", DEBATE),
        quantity="Held-out correlation, trained minus readout of the untrained twin",
        measure=dog_training,
        rule=Rule(low=0.05),
        control="Same network, same photos; 400 steps of Adam against ridge.",
        objection="One budget: 400 steps on 2000 photos, and a trained network is used to more of "
        "both. Chapter 07 asks where training pulls ahead.",
        small=DOGS,
        needs_dogs=True,
    ),
]
