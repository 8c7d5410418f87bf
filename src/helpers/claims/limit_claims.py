"""Chapter 03: what the readout of a random layer can and cannot learn, where the truth is known."""

from collections.abc import Sequence

import pandas as pd

from helpers.claims import limits
from helpers.claims.core import DEBATE, Claim, Rule
from helpers.intervals import slope
from helpers.polynomials import dimension

# --- what the claims measure ----------------------------------------------------------------------


def peak(seed: int, *, ridge: str, n_train: int = 200) -> dict:
    counts = (n_train // 4, n_train, 4 * n_train)
    frame = readouts_at(limits.interpolation(seed, counts=counts, n_train=n_train), ridge)
    few, equal, many = (frame[m] for m in counts)
    return {"value": float(equal - max(few, many))}


def readouts_at(frame: pd.DataFrame, ridge: str) -> pd.Series:
    return frame[frame["ridge"] == ridge].set_index("features")["value"]


def degree_held(seed: int, *, times: float, ks: Sequence[int], d: int = 10, bias_std: float = 0.5):
    """The share of degree k that `times` N_k features hold, one case per degree."""
    found = []
    for k in ks:
        m = round(times * dimension(k, d))
        frame = limits.degrees(seed, d=d, counts=(m,), ks=(k,), bias_std=bias_std)
        found.append({"case": f"degree {k}", "value": float(frame["value"].iloc[0])})
    return found


def learnt(seed: int, *, target: str, **options) -> dict:
    frame = limits.ridge_functions(seed, targets=(target,), **options)
    return {"value": float(frame["value"].iloc[0])}


def kernel_slope(seed: int, *, depths: Sequence[int] = (1, 3), **options) -> list[dict]:
    return [
        {
            "case": f"hidden layers: {depth}",
            "value": slope(limits.kernel_distances(seed, depth=depth, **options)),
        }
        for depth in depths
    ]


# --- claims ---------------------------------------------------------------------------------------

SMALL = {"n_train": 400}

CLAIMS = [
    Claim(
        id="03-double-descent",
        sentence="Without ridge the held-out error peaks where features equal examples: at least "
        "twice the larger of the errors at a quarter and at four times as many.",
        place=("fitting is not containing", DEBATE),
        quantity="log10 of held-out squared error, at m = n minus the larger of m = n/4 and 4n",
        measure=peak,
        rule=Rule(low=0.301),
        control="The same features with ridge (03-ridge-peak).",
        objection="Squared error punishes large scores that a cut would forgive.",
        options={"ridge": "no ridge"},
        small={"n_train": 100},
    ),
    Claim(
        id="03-ridge-peak",
        sentence="With lambda chosen on validation the peak is gone: the error at m = n is no "
        "larger than at both ends.",
        place=("fitting is not containing", DEBATE),
        quantity="log10 of held-out squared error, at m = n minus the larger of m = n/4 and 4n",
        measure=peak,
        rule=Rule(high=0.0),
        control="The same features without ridge (03-double-descent).",
        objection="Lambda is chosen on forty images here; a poor choice could bring a bump back.",
        options={"ridge": "lambda on validation"},
        small={"n_train": 100},
    ),
    Claim(
        id="03-odd-degrees",
        sentence="Without biases one layer of random ReLU neurons expresses nothing of degree 3, "
        "however wide: at ten times the degree's dimension its share is below .001.",
        place=("what one layer cannot hold", DEBATE),
        quantity="Population R^2 for a random harmonic of degree 3, d = 10",
        measure=degree_held,
        rule=Rule(high=0.001),
        control="With biases the same layer is judged in 03-staircase.",
        objection="Nobody trains without biases, or with a single hidden layer.",
        options={"times": 10.0, "ks": (3,), "bias_std": 0.0},
        small={"times": 2.0},
    ),
    Claim(
        id="03-odd-deep",
        sentence="The hole is one layer's: the last of two bias-free hidden layers learns degree 3 "
        "to a held-out R^2 of at least .5.",
        place=("what one layer cannot hold", DEBATE),
        quantity="Held-out R^2 for a random harmonic of degree 3, d = 10, n = 2000",
        measure=learnt,
        rule=Rule(low=0.5),
        control="With one bias-free layer the population value is zero (03-odd-degrees).",
        objection="This rule was fixed after one look at a smaller case (d = 6, one network).",
        options={
            **{"target": "degree 3", "d": 10, "depth": 2, "width": 1024},
            "bias_std": 0.0,
        },
        small={"d": 6, "width": 256, "n_train": 800},
    ),
    Claim(
        id="03-staircase",
        sentence="With biases, four times as many neurons as degree k has dimensions express at "
        "least .9 of it, for k = 1, 2, 3.",
        place=("width buys one degree at a time", DEBATE),
        quantity="Population R^2 for a random harmonic of degree k, d = 10",
        measure=degree_held,
        rule=Rule(low=0.9),
        control="Counting bounds the average share by m/N_k for any features whatever.",
        objection="This is expressible, with infinitely many examples; learning needs them too.",
        options={"times": 4.0, "ks": (1, 2, 3)},
        small={"ks": (1, 2)},
    ),
    Claim(
        id="03-relu-neuron",
        sentence="A unit-norm ReLU neuron in 30 dimensions is learnt from 2000 examples by a "
        "readout of 2048 random ones: held-out R^2 at least .9.",
        place=("random features cannot learn one neuron?", "https://arxiv.org/abs/1904.00687"),
        quantity="Held-out R^2, target relu(w.x)",
        measure=learnt,
        rule=Rule(low=0.9),
        control="He_4 of the same w.x, same features, same examples (03-hermite).",
        objection="The theorem speaks of a special neuron with a large norm and bias, and of "
        "exponentially many features: this neuron is mostly of degree two and less.",
        options={"target": "unit ReLU neuron"},
        small={"d": 10, "width": 512, "n_train": 800},
    ),
    Claim(
        id="03-hermite",
        sentence="He_4(w.x) in 30 dimensions is not learnt from 2000 examples by a readout of 2048 "
        "random neurons: held-out R^2 at most .1.",
        place=("random features cannot learn one neuron?", "https://arxiv.org/abs/1904.00687"),
        quantity="Held-out R^2, target He_4(w.x)",
        measure=learnt,
        rule=Rule(high=0.1),
        control="A ReLU neuron of the same w.x is learnt (03-relu-neuron).",
        objection="Degree 4 has some 40,000 dimensions here: with n and m enough of them it would "
        "be learnt. Not within these budgets is all that was shown.",
        options={"target": "He_4"},
        small={"width": 512, "n_train": 800},
    ),
    Claim(
        id="03-kernel-slope",
        sentence="A layer's kernel approaches its infinite-width limit as width^(-1/2).",
        place=("infinite width", "https://arxiv.org/abs/1806.07572"),
        quantity="Log-log slope of the relative distance, widths 64 to 4,096",
        measure=kernel_slope,
        rule=Rule(-0.55, -0.45),
        control="The limit is computed in closed form, not from a wider network.",
        objection="With one hidden layer this is the law of large numbers; with three it is not "
        "that simple, because each layer sees the noise of the one before.",
        small={"widths": (64, 256, 1024), "n": 60},
    ),
]
