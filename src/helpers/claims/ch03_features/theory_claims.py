"""Chapter 03: what the readout of a random layer can and cannot learn, where the truth is known."""

import math

from helpers.claims.ch03_features import measures, rivals
from helpers.claims.core import DEBATE, Adversary, Claim, Control, Premise, Rule

TOLD = Control("told the degrees", "ceiling", "kernel ridge on polynomials of the target's degrees")
BOTH = (rivals.READOUT, rivals.TRAINED)
NEURON = ("random features cannot learn one neuron?", "https://arxiv.org/abs/1904.00687")

CLAIMS = [
    Claim(
        id="03-double-descent",
        sentence="Without ridge the held-out error peaks where features equal examples: at least "
        "twice the larger of the errors at a quarter and at four times as many.",
        place=("fitting is not containing", DEBATE),
        quantifier="average",
        quantity="log10 of held-out squared error, at m = n minus the larger of m = n/4 and 4n",
        measure=measures.peak,
        rule=Rule(low=0.301),
        control="The same features with ridge (03-ridge-peak).",
        adversary=Adversary("refuted", {"ridge": "lambda on validation"}),
        objection="Squared error punishes large scores that a cut would forgive.",
        options={"ridge": "no ridge"},
        small={"n_train": 100},
    ),
    Claim(
        id="03-ridge-peak",
        sentence="With lambda chosen on validation the peak is gone: the error at m = n is no "
        "larger than at both ends.",
        place=("fitting is not containing", DEBATE),
        quantifier="average",
        quantity="log10 of held-out squared error, at m = n minus the larger of m = n/4 and 4n",
        measure=measures.peak,
        rule=Rule(high=0.0),
        control="The same features without ridge (03-double-descent).",
        adversary=Adversary("refuted", {"ridge": "no ridge"}),
        objection="Lambda is chosen on forty images here; a poor choice could bring a bump back.",
        options={"ridge": "lambda on validation"},
        small={"n_train": 100},
    ),
    Claim(
        id="03-odd-degrees",
        sentence="Without biases one layer of random ReLU neurons expresses nothing of degree 3, "
        "however wide: at ten times the degree's dimension its share is below .001.",
        place=("what one layer cannot hold", DEBATE),
        kind="check",
        quantifier="average",
        quantity="Population R^2 for a random harmonic of degree 3, d = 10",
        within=(0, 1),
        measure=measures.degree_held,
        rule=Rule(high=0.001),
        control="With biases the same layer is judged in 03-staircase.",
        adversary=Adversary("refuted", {"bias_std": 0.5}),
        objection="Nobody trains without biases, or with a single hidden layer.",
        options={"times": 10.0, "ks": (3,), "bias_std": 0.0},
        small={"times": 2.0},
    ),
    Claim(
        id="03-odd-deep",
        sentence="The hole is one layer's: from 2000 examples in d = 10 the last of two bias-free "
        "hidden layers of 1,024 neurons learns degree 3 to a held-out R^2 of at least .5.",
        place=("what one layer cannot hold", DEBATE),
        quantifier="average",
        quantity="Held-out R^2 for a random harmonic of degree 3",
        within=(-math.inf, 1),
        measure=measures.learnt,
        rule=Rule(low=0.5),
        control="With one bias-free layer the population value is zero (03-odd-degrees).",
        controls=(TOLD,),
        clears="told the degrees",
        adversary=Adversary("refuted", {"depth": 1}),
        objection="Depth is not needed for this degree where there are biases (03-staircase).",
        seen_before="Version 1 found .73 on other seeds.",
        options={
            **{"target": "degree 3", "told": (3,), "d": 10, "depth": 2, "width": 1024},
            "bias_std": 0.0,
        },
        small={"d": 6, "width": 256, "n_train": 800},
        version=2,
        first_seed=3000,
    ),
    Claim(
        id="03-staircase",
        sentence="With biases, four times as many neurons as degree k has dimensions express at "
        "least .9 of it, for k = 1, 2, 3.",
        place=("width buys one degree at a time", DEBATE),
        quantifier="forall",
        over="degrees",
        quantity="Population R^2 for a random harmonic of degree k, d = 10",
        within=(0, 1),
        measure=measures.degree_held,
        rule=Rule(low=0.9),
        control="Counting bounds the average share by m/N_k for any features whatever.",
        adversary=Adversary("supported", {"times": 40.0, "ks": (1,)}),
        objection="This is expressible, with infinitely many examples; learning needs them too.",
        options={"times": 4.0, "ks": (1, 2, 3)},
        small={"ks": (1, 2)},
    ),
    Claim(
        id="03-relu-neuron",
        sentence="A unit-norm ReLU neuron in 30 dimensions is learnt from 2000 examples by a "
        "readout of 2,048 random ones: held-out R^2 at least .9.",
        place=NEURON,
        quantifier="average",
        quantity="Held-out R^2, target relu(w.x)",
        within=(-math.inf, 1),
        measure=measures.learnt,
        rule=Rule(low=0.9),
        control="He_4 of the same kind of w.x is learnt by nobody here (03-hermite-nobody).",
        controls=(TOLD,),
        clears="told the degrees",
        adversary=Adversary("refuted", {"target": "He_4"}),
        objection="The theorem speaks of a special neuron with a large norm and bias, and of "
        "exponentially many features: this neuron is mostly of degree two and less.",
        seen_before="Version 1 found .939 on other seeds.",
        options={"target": "unit ReLU neuron", "told": (1, 2)},
        small={"d": 10, "width": 512, "n_train": 800},
        version=2,
        first_seed=3000,
    ),
    Claim(
        id="03-parity",
        sentence="What a readout cannot, training can, from the same 2000 examples: for the "
        "product of three of thirty random signs a trained network of 512 neurons (at most 3,000 "
        "steps, two rates, chosen on validation) beats a readout of 2,048 by at least .5 in R^2.",
        place=("width buys one degree at a time", DEBATE),
        quantifier="average",
        quantity="Held-out R^2, trained network minus readout",
        measure=measures.gained_by_training,
        rule=Rule(low=0.5),
        control="Same examples; lambda, rate and step are chosen on a fifth of them.",
        adversary=Adversary("refuted", {"target": rivals.HERMITE, "who": (*BOTH, rivals.TOLD)}),
        objection="With tens of thousands of neurons and examples the readout would learn it too.",
        seen_before="Three seeds: R^2 about 0 and .73 to .79.",
        options={"target": rivals.PARITY, "who": BOTH},
        small={"d": 12, "width": 128, "hidden": 256, "steps": 1200, "rates": (3e-3,)},
        first_seed=3000,
    ),
    Claim(
        id="03-hermite-nobody",
        sentence="He_4(w.x) in 30 dimensions is learnt from 2000 examples neither by a readout of "
        "2,048 random neurons nor by a trained network of 512 (at most 3,000 steps, two rates, "
        "chosen on validation): held-out R^2 at most .1.",
        place=NEURON,
        quantifier="forall",
        over="learners",
        quantity="Held-out R^2, target He_4(w.x)",
        within=(-math.inf, 1),
        measure=measures.nobody_learns,
        rule=Rule(high=0.1),
        premise=Premise("training had settled before its last look, share", Rule(low=0.8)),
        control="The examples suffice: one unit He_4(v.x), of which only v is learnt, finds it.",
        controls=(Control(rivals.TOLD, "control", "one unit He_4(v.x)", Rule(low=0.9)),),
        adversary=Adversary(
            "refuted", {"target": rivals.PARITY, "d": 8, "who": (rivals.READOUT,)}, 20
        ),
        objection="So it shows nothing about readouts, but that nobody learns what nobody is told "
        "from so few examples: degree 4 has some 40,000 dimensions here.",
        seen_before="Readouts on other seeds: -.002. Two seeds of training: -.11 and -.14.",
        options={"target": rivals.HERMITE, "who": (*BOTH, rivals.TOLD)},
        small={"width": 256, "hidden": 256, "steps": 600, "rates": (3e-3,)},
        replaces={
            "03-hermite": "It blamed the readout for what training cannot do either at this n."
        },
        first_seed=3000,
    ),
    Claim(
        id="03-kernel-slope",
        sentence="A layer's kernel approaches its infinite-width limit as width^(-1/2).",
        place=("infinite width", "https://arxiv.org/abs/1806.07572"),
        quantifier="forall",
        over="depths",
        quantity="Log-log slope of the relative distance, widths 64 to 4,096",
        measure=measures.kernel_slope,
        rule=Rule(-0.55, -0.45),
        control="The limit is computed in closed form, not from a wider network.",
        adversary=Adversary("refuted", {"limit_bias": 1.0}),
        objection="With one hidden layer this is the law of large numbers; with three it is not "
        "that simple, because each layer sees the noise of the one before.",
        small={"widths": (64, 256, 1024), "n": 60},
    ),
]
