"""Chapter 03: what its claims measure, each a function of the seed and of its claim's options."""

from collections.abc import Sequence

import pandas as pd

from helpers.claims.ch03_features import dogs, few, images, rarity, rivals, steps, theory
from helpers.features.polynomials import dimension
from helpers.sweeps import kept
from helpers.yardstick.intervals import held_out, paired, slope

ROW = ["value", "draws"]


def difference(frame: pd.DataFrame, column: str, first, second, on: Sequence[str]) -> pd.DataFrame:
    """Held-out scores, `first` minus `second`, matched by `on`, whose first is the case."""
    return paired(frame, column, first, second, on).rename(columns={on[0]: "case"})


# --- digits ---------------------------------------------------------------------------------------


def digit_readout(seed: int, *, shuffled: bool = False, **options) -> pd.DataFrame:
    """Held-out AUC of the readout, one case per digit."""
    frame = images.every_digit(seed, kinds=("features",), shuffled=shuffled, **options)
    return held_out(frame, "auc").rename(columns={"target": "case"})[["case", *ROW]]


def against(seed: int, *, first: str, second: str, **options) -> pd.DataFrame:
    """Held-out correlation of one reading minus another's, one case per digit."""
    frame = held_out(images.every_digit(seed, kinds=(first, second), **options))
    return difference(frame, "reading", first, second, ["target"])


def labelled(seed: int, *, labels: str, ridge: str, part: str, **options) -> pd.DataFrame:
    """Correlation on train or test of the fit to one set of labels."""
    frame = images.labellings(seed, labels=(labels,), ridges=(ridge,), **options)
    return held_out(frame, part=part)[ROW]


def over_clusters(seed: int, *, first: str = "true", **options) -> pd.DataFrame:
    """Held-out AUC of one set of labels minus that of random clusters, on the same images."""
    told = {"labels": (first, "random clusters"), "ridges": ("lambda on validation",)}
    frame = held_out(images.labellings(seed, **told, **options), "auc")
    return difference(frame, "labels", first, "random clusters", ["features"])[ROW]


def lost_by_descent(seed: int, *, at: Sequence[int], **options) -> list[dict]:
    """Held-out correlation of ridge minus that of gradient descent, by way and step."""
    frame = steps.found_by_step(seed, steps=at, adam=at, **options)
    best = frame[frame["how"] == "ridge"].iloc[0]
    return [
        {
            "case": f"{row.how}, {row.step} steps",
            "value": best["value"] - row.value,
            "draws": best["draws"] - row.draws,
        }
        for row in frame[frame["how"] != "ridge"].itertuples()
    ]


def deeper(seed: int, *, layers: int = 4, network: str = "untrained", **options) -> pd.DataFrame:
    """Held-out correlation, readout of the last layer minus that of the first."""
    frame = steps.depths(seed, layers=layers, **options)
    frame = held_out(frame[frame["network"] == network])
    return difference(frame, "layer", layers, 1, ["network"])[ROW]


def trained_deep(
    seed: int, *, first="trained", second="untrained", layers: int = 4, **options
) -> pd.DataFrame:
    """Held-out correlation, readout of the last layer, one network minus the other."""
    frame = steps.depths(seed, layers=layers, **options)
    frame = held_out(frame[frame["layer"] == layers])
    return difference(frame, "network", first, second, ["layer"])[ROW]


def rarer(seed: int, *, score: float, first="random readout", second="neuron", **options) -> dict:
    """Bits of rarity at a held-out correlation, one family minus another."""
    frame = rarity.rarities(seed, scores=(score,), redrawn=1, **options)
    bits = frame[frame["score"] == score].set_index("family")["value"]
    return {"value": bits[first] - bits[second]}


def fitted_rarity(seed: int, **options) -> dict:
    """Bits of rarity, among random readouts, at the held-out correlation of the fitted one."""
    frame = rarity.rarities(seed, scores=(), redrawn=1, members=2, **options)
    return {"value": frame.set_index("family").loc["random readout", "value"]}


# --- a few of many --------------------------------------------------------------------------------

BUDGETS = {"digit 3": 1000, "dog": 2000}
groups = kept(few.by_size)  # two claims read it


def way_covered(seed: int, *, k: int = 8, n_train: int | None = None, **options) -> pd.DataFrame:
    """The share of the way from the best one to the readout of all that k with signs cover."""
    found = []
    for target, budget in BUDGETS.items():
        frame = groups(seed, target=target, n_train=n_train or budget, **options)
        frame = held_out(frame).set_index(["choice", "k"])
        one, some = (frame.loc[(few.SIGNS, each)] for each in (1, k))
        every = frame.loc[few.FREE].sort_index().iloc[-1]
        way = {part: (some[part] - one[part]) / (every[part] - one[part]) for part in ROW}
        found.append({"case": target, **way})
    return pd.DataFrame(found)


def over_pixels(
    seed: int, *, k: int = 8, first=few.FREE, second=few.PIXELS, n_train=None, **options
) -> pd.DataFrame:
    """Held-out AUC of k features minus that of k pixels, weights free, per target."""
    found = []
    for target, budget in BUDGETS.items():
        frame = groups(seed, target=target, n_train=n_train or budget, **options)
        frame = held_out(frame[frame["k"] == k], "auc")
        found.append(difference(frame, "choice", first, second, ["target"]))
    return pd.concat(found, ignore_index=True)


# --- dogs -----------------------------------------------------------------------------------------


def dog_readings(seed: int, n_train: int, **options) -> pd.DataFrame:
    """Held-out rows of every reading of the dogs, by name."""
    return held_out(dogs.by_reading(seed, n_train=n_train, **options)).set_index("reading")


def dog_scores(
    seed: int, *, readings: Sequence[str], photos: int, ends=("pixels", dogs.TRAINED), **options
) -> pd.DataFrame:
    """Held-out correlation of some readings, and of the rival and the ceiling, one case each."""
    frame = dog_readings(seed, photos, **options).loc[[*readings, *ends]]
    return frame.rename_axis("case").reset_index()[["case", *ROW]]


def dog_gain(seed: int, *, first: str, second: str, photos: int = 2000, **options) -> dict:
    """Held-out correlation of one reading minus another's; `premise`: had training settled?"""
    frame = dog_readings(seed, photos, **options)
    one, other = frame.loc[first], frame.loc[second]
    return {part: one[part] - other[part] for part in ROW} | {"premise": float(one["settled"])}


# --- where the truth is known ---------------------------------------------------------------------


def peak(seed: int, *, ridge: str, n_train: int = 200) -> dict:
    """log10 of the held-out squared error, at m = n minus the larger of m = n/4 and 4n."""
    counts = (n_train // 4, n_train, 4 * n_train)
    frame = theory.interpolation(seed, counts=counts, n_train=n_train)
    error = frame[frame["ridge"] == ridge].set_index("features")["value"]
    few_, equal, many = (error[m] for m in counts)
    return {"value": float(equal - max(few_, many))}


def degree_held(seed: int, *, times: float, ks: Sequence[int], d: int = 10, bias_std: float = 0.5):
    """The share of degree k that `times` N_k features hold, one case per degree."""
    found = []
    for k in ks:
        m = round(times * dimension(k, d))
        frame = theory.degrees(seed, d=d, counts=(m,), ks=(k,), bias_std=bias_std)
        found.append({"case": f"degree {k}", "value": float(frame["value"].iloc[0])})
    return found


def learnt(seed: int, *, target: str, told: Sequence[int], **options) -> pd.DataFrame:
    """Held-out R^2 of a readout, and of a learner that is told the degrees."""
    frame = theory.ridge_functions(seed, targets=(target,), told=told, **options)
    return frame.rename(columns={"learner": "case"})[["case", "value"]]


def nobody_learns(seed: int, *, who: Sequence[str], **options) -> pd.DataFrame:
    """Held-out R^2 of each learner of one target; `premise`: had training settled?"""
    frame = rivals.learners(seed, who=who, **options)
    frame = frame.rename(columns={"learner": "case", "settled": "premise"})
    return frame.assign(premise=frame["premise"].astype(float))


def gained_by_training(seed: int, **options) -> dict:
    """Held-out R^2, trained network minus readout, on the same examples."""
    value = rivals.learners(seed, **options).set_index("learner")["value"]
    return {"value": float(value[rivals.TRAINED] - value[rivals.READOUT])}


def kernel_slope(seed: int, *, depths: Sequence[int] = (1, 3), **options) -> list[dict]:
    """The log-log slope of the kernel's distance to its limit, one case per depth."""
    return [
        {
            "case": f"hidden layers: {depth}",
            "value": slope(theory.kernel_distances(seed, depth=depth, **options)),
        }
        for depth in depths
    ]
