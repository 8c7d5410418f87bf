"""Chapter 05: does the span of every parameter's partial derivative hold the target?"""

from collections.abc import Sequence

import pandas as pd

from helpers import cifar
from helpers.claims import tangent_features, tangent_spans
from helpers.claims.core import DEBATE, Claim, Rule
from helpers.intervals import held_out, paired, slope, summary
from helpers.stored import save
from helpers.sweeps import sweep

SPAN = ("the parameter tangent space is the place for the line", DEBATE)


# --- what the claims measure ----------------------------------------------------------------------


def nearest(seed: int, *, what: str, **options) -> pd.DataFrame:
    """How near the network's own neurons come to one tangent feature, or to the span, by layer."""
    frame = tangent_spans.neighbours(seed, **options)
    frame = frame[(frame["neurons"] == "own") & (frame["nearest"] == what)]
    return frame.rename(columns={"layer": "case"})[["case", "value"]]


def span_difference(
    seed: int,
    *,
    first: str,
    second: str,
    readings: Sequence[str],
    targets: Sequence[str] = tangent_features.TARGETS,
    **options,
) -> pd.DataFrame:
    """Held-out correlation of one span minus that of another, one case per target."""
    frame = pd.concat(
        tangent_spans.spans(seed, name, readings=readings, **options) for name in targets
    )
    difference = paired(held_out(frame), "reading", first, second, ["target"])
    return difference.rename(columns={"target": "case"})


def middle_degree(seed: int, *, widths: Sequence[int] = (16, 64), d: int = 10) -> list[dict]:
    """Mean squared projection of the parities of degree d/2, divided by an even share."""
    records = []
    for width in widths:
        frame = tangent_spans.census(seed, d=d, hidden=(width,))
        frame = frame[(frame["space"] == "tangent space") & (frame["degree"] == d // 2)]
        row = frame.iloc[0]
        records.append(
            {"case": f"{width} neurons", "value": row["value"] * 2**d / row["dimension"]}
        )
    return records


def width_slope(seed: int, **options) -> dict:
    """The slope of log spread of the initial kernel against log width."""
    return {"value": slope(tangent_spans.kernel_spread(seed, **options))}


def dog_spans(seed: int, *, against: str | None = None, **options) -> pd.DataFrame:
    """Held-out correlation of the tangent space for dogs, minus that of the span `against`."""
    frame = held_out(tangent_spans.dog_spans(seed, readings=("spans",), **options))
    if against is not None:
        return paired(frame.assign(target="dog"), "reading", "tangent space", against, ["target"])
    return frame[frame["reading"] == "tangent space"][["value", "draws"]]


# --- claims ---------------------------------------------------------------------------------------

SMALL_SPANS = {"hidden": (32, 32), "n_train": 400, "targets": ("digit 8", "single index")}
CLAIMS = [
    Claim(
        id="05-inside-one",
        sentence="Every hidden neuron that is on for more than a twentieth of the inputs has a "
        "tangent feature that is nearly its twin, as the remark 'neurons included, through their "
        "bias' suggests: correlation at least .99.",
        place=("neurons included, through their bias", DEBATE),
        quantity="|Correlation| with the nearest tangent feature, a layer's worst neuron",
        measure=nearest,
        rule=Rule(low=0.99),
        control="The neurons of a re-drawn network, in the figure.",
        objection="The remark may have meant the span, which is the next claim.",
        options={"what": "one feature"},
        small={"hidden": (6, 6), "n": 2000},
    ),
    Claim(
        id="05-inside-span",
        sentence="Every hidden neuron that is on for more than a twentieth of the inputs lies "
        "nearly in the span of the tangent features: at most .01 of its variance is outside (R^2 "
        "at least .99).",
        place=("neurons included, through their bias", DEBATE),
        quantity="Share of variance outside the span, a layer's worst neuron",
        measure=nearest,
        rule=Rule(high=0.01),
        control="The neurons of a re-drawn network, in the figure.",
        objection="Eight neurons a layer; with more parameters everything smooth comes near the "
        "span. The first run split 4,000 inputs and a few nearly dead features threw the held-out "
        "R^2 below zero; now 8,000 inputs stand for the distribution. The rule is the first one.",
        options={"what": "span"},
        small={"hidden": (6, 6), "n": 2000},
    ),
    Claim(
        id="05-whole-net",
        sentence="One layer is not the whole net: at equal width, the span of all partial "
        "derivatives beats the span of the last hidden layer.",
        place=SPAN,
        quantity="Held-out correlation, whole tangent space minus last hidden layer's features",
        measure=span_difference,
        rule=Rule(low=0.0),
        control="Same network, same images, lambda chosen in the same way.",
        objection="The one has 128 features, the other 24,961 on digits and 19,329 on 20 inputs: "
        "see 05-equal-count.",
        options={
            "first": "tangent space",
            "second": "features",
            "readings": ("readout", "whole"),
        },
        small=SMALL_SPANS,
    ),
    Claim(
        id="05-equal-count",
        sentence="With as many features on both sides, the span of all partial derivatives beats "
        "that of one wide layer of random neurons.",
        place=SPAN,
        quantity="Held-out correlation, all tangent features minus as many neurons of one layer",
        measure=span_difference,
        rule=Rule(low=0.0),
        control="Same depth, same images, lambda chosen in the same way.",
        objection="To have that many neurons in a layer costs a net with millions of parameters. "
        "And two of the four targets were measured again: before, their inputs had been drawn "
        "from the network's own random numbers.",
        options={
            "first": "tangent space",
            "second": "wide readout",
            "readings": ("whole", "wide readout"),
        },
        small=SMALL_SPANS,
    ),
    Claim(
        id="05-census",
        sentence="Averaged over the parities of middle degree, the tangent space holds less of "
        "them than an even share: its dimensions go to other functions.",
        place=("no network is large enough for most functions", DEBATE),
        quantity="Mean squared projection of the parities of 5 of 10 bits, over dimension / 1024",
        measure=middle_degree,
        rule=Rule(high=1.0),
        control="Summed over all 1,024 parities the projections give the dimension, exactly.",
        objection="Bits are not photographs; most of these parities matter to nobody.",
        small={"widths": (8,), "d": 8},
    ),
    Claim(
        id="05-width",
        sentence="The kernel at initialisation settles with width: its spread over networks falls "
        "as width to the power -1/2.",
        place=("wide networks have one tangent kernel", "https://arxiv.org/abs/1806.07572"),
        quantity="Slope of log relative spread against log width, 32 to 1024",
        measure=width_slope,
        rule=Rule(-0.6, -0.4),
        control="Same images for all networks; the spread is relative to the mean kernel.",
        objection="Two hidden layers and ReLU only.",
        small={"widths": (32, 64, 128), "nets": 6},
    ),
    Claim(
        id="05-dog-span",
        sentence="The span of all its partial derivatives holds a dog detector that 1000 photos "
        "find: held-out correlation at least .9.",
        place=SPAN,
        quantity="Held-out correlation of kernel ridge regression with the tangent kernel",
        measure=dog_spans,
        rule=Rule(low=0.9),
        control="The same network's readout alone (05-dog-whole-net).",
        objection="More photos and a larger net would raise it; chapter 07 asks how far.",
        small=tangent_spans.SMALL_DOGS,
        needs_dogs=True,
    ),
    Claim(
        id="05-dog-whole-net",
        sentence="For dogs too, the whole net's tangent space beats its last layer's features, by "
        "at least .05.",
        place=SPAN,
        quantity="Held-out correlation, whole tangent space minus last hidden layer's features",
        measure=dog_spans,
        rule=Rule(low=0.05),
        control="Same network, same photos, lambda chosen in the same way.",
        objection="The readout has 49 parameters, the whole 42,961.",
        options={"against": "features"},
        small=tangent_spans.SMALL_DOGS,
        needs_dogs=True,
    ),
]


# --- stored results -------------------------------------------------------------------------------


def photos(seed: int) -> pd.DataFrame:
    """Everything that the chapter shows of dogs, for one seed."""
    parts = [tangent_spans.dog_spans(seed, readings=(part,)) for part in ("single", "spans")]
    return pd.concat(parts, ignore_index=True)


def store(seeds: int = 20, jobs: int = 1, folder: str = ".cache/tangent") -> None:
    """Measure what chapter 05 shows of photos and store the summary."""
    command = "python -m helpers.claims.tangent_space"
    dogs = sweep(photos, {"seed": range(seeds)}, store=folder, jobs=jobs)
    dogs = summary(dogs[dogs["metric"] != "auc"], ["reading", "features", "part", "metric"])
    save("05-dogs", dogs, command=command, data=cifar.provenance(), seeds=seeds)


if __name__ == "__main__":
    store()
