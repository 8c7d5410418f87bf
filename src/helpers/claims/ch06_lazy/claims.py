"""The claims of chapter 06, in the book's order."""

from helpers.claims.ch06_lazy import dial, edits, examples, staying, ticket_space
from helpers.claims.core import DEBATE, Adversary, Claim, Control, Premise, Rule

STAYS = ("for large networks, training stays in the tangent space", DEBATE)
IFF = ("found if and only if it is already there", DEBATE)
DOGS = ("gradient descent finds dogs, so the dog was already there", DEBATE)

RUNS = (
    "Two hidden layers of ReLU, full-batch gradient descent, 200 steps, 256 examples, f_0 "
    "subtracted, the rate tuned at width 64 and transferred"
)
SEEN = (
    "The whole design was run once on seed 0, at widths 64, 128 and 512: slopes of the drift -1.1 "
    "and -.8 (standard), -.8 and -.6 (NTK), .1 and -.1 (muP)."
)
SMALL_RUNS = {"widths": (32, 128), "base": 32, "n": 128, "steps": 100}
RICH_ONLY = {"parameterizations": ("mup",)}
PARITY_ONLY = {"targets": ("parity of 3 in 12 bits",)}

CLAIMS = [
    Claim(
        id="06-kernel-still",
        sentence="The wider the network, the less its tangent space moves: trained for 200 steps "
        "on 256 examples, the centred tangent kernel drifts by a share that falls from width 64 to "
        "512 at least as fast as width^-1/4.",
        place=STAYS,
        quantifier="each",
        over="parameterisations with a target",
        quantity="Slope of log drift of the centred kernel against log width",
        measure=staying.slopes,
        rule=Rule(high=-0.25),
        control="The muP networks are the same functions at initialisation up to a constant, and "
        "see the same data: only the parameterisation differs.",
        adversary=Adversary("refuted", RICH_ONLY),
        objection="A drift may be mere growth of the kernel; the figure shows the misalignment "
        f"too. {RUNS}.",
        seen_before=SEEN,
        options={"quantity": "drift"},
        small=SMALL_RUNS,
        first_seed=3100,
    ),
    Claim(
        id="06-function-near",
        sentence="The wider the network, the nearer it ends to its own linearisation: after 200 "
        "steps on 256 examples the distance of the two functions on held-out inputs falls from "
        "width 64 to 512 at least as fast as width^-1/4.",
        place=STAYS,
        quantifier="each",
        over="parameterisations with a target",
        quantity="Slope of log |f - f_lin| / |f_lin| against log width",
        measure=staying.slopes,
        rule=Rule(high=-0.25),
        control="Both start at f_0, take the same steps, and are equal in the limit of a large "
        "output scale (a test of the package).",
        adversary=Adversary(
            "refuted", RICH_ONLY | PARITY_ONLY | {"n": 256, "steps": 200}, seeds=10
        ),
        objection="Two functions can be near because both have arrived at the target, by "
        "different ways; that is why the kernel's drift is a claim of its own.",
        seen_before=SEEN + " Slopes of the distance: -1.0, -.7, -.7, -.5 and, muP, -.2 and .0.",
        options={"quantity": "distance"},
        small=SMALL_RUNS,
        first_seed=3100,
    ),
    Claim(
        id="06-near-at-width",
        sentence="At 512 units a layer the limit has arrived: after 200 steps on 256 examples the "
        "network differs from its linearisation on held-out inputs by at most a tenth of what "
        "that one has learnt.",
        place=STAYS,
        quantifier="each",
        over="parameterisations with a target",
        quantity="|f - f_lin| / |f_lin| on held-out inputs at width 512",
        measure=staying.at_width,
        rule=Rule(high=0.1),
        control="The slopes say whether it will arrive, this says whether it has.",
        adversary=Adversary("refuted", RICH_ONLY),
        objection="More steps, other rates: the further the loss falls, the further all go.",
        seen_before="Seed 0 at width 512: .02 and .05 (standard), .04 and .12 (NTK), .6 and 3.4.",
        options={"quantity": "distance", "width": 512},
        small={"width": 128, "widths": (128,), "n": 128},
        first_seed=3100,
    ),
    Claim(
        id="06-inference",
        sentence="Where training stays in the tangent space (the two functions differ by at most "
        "a fifth, at width 512, after 200 steps on 256 examples), the network finds what its "
        "linearisation finds: held-out correlations with the target within .05.",
        place=IFF,
        quantifier="forall",
        over="parameterisations with a target",
        quantity="Held-out correlation, network minus linearisation after as many steps",
        measure=staying.at_width,
        rule=Rule(-0.05, 0.05),
        premise=Premise("|f - f_lin| / |f_lin| on held-out inputs", Rule(high=0.2)),
        control="A linearisation trained on labels by lot.",
        adversary=Adversary("refuted", {"minus": "by_lot", "targets": ("digit 3",)}),
        objection="Nearly a theorem: functions that are near have nearly the same correlations. "
        "The premise is where the world could have objected.",
        seen_before="Seed 0: within .01 for standard and NTK.",
        options={"quantity": "net", "minus": "linearised", "premise": "distance", "width": 512},
        small={"width": 128, "widths": (128,), "parameterizations": ("standard", "ntk")},
        first_seed=3100,
    ),
    Claim(
        id="06-already-there",
        sentence="What 200 steps find from 256 examples at width 512 was there before: the tangent "
        "kernel at initialisation, tuned on as many validation examples, comes within .05 of the "
        "network's held-out correlation or above it.",
        place=DOGS,
        quantifier="each",
        over="parameterisations with a target",
        quantity="Held-out correlation, network minus tuned kernel regression at initialisation",
        measure=staying.at_width,
        rule=Rule(high=0.05),
        control="Like for like: same network, examples and validation examples; no weight decay.",
        adversary=Adversary("refuted", RICH_ONLY | PARITY_ONLY),
        objection="A tie does not show that the network used its initial tangent space: muP on "
        "digits may tie and leave it.",
        seen_before="Seed 0, another tuning: muP .02 (digit) and .98 (parity), NTK -.05 and .10.",
        options={"quantity": "net", "minus": "before", "width": 512},
        small={"width": 64, "widths": (64,)},
        first_seed=3100,
    ),
    Claim(
        id="06-not-expressible",
        sentence="The tangent space of the dial's network (12-128-1) does not hold the parity of "
        "three bits: of its values on all 4,096 inputs no combination of the partial derivatives "
        "explains more than nine tenths.",
        place=IFF,
        quantifier="average",
        quantity="Share of the parity in the span, on the whole cube",
        within=(0, 1),
        measure=dial.expressible,
        rule=Rule(high=0.9),
        control="With as many parameters as inputs the span is everything.",
        adversary=Adversary("refuted", {"d": 7, "width": 64}, seeds=50),
        objection="A few hundred more units, and it would hold every function of 12 bits, which "
        "says nothing of finding.",
        seen_before="Seed 0: .78; seeds 3000 to 3003: .75.",
        first_seed=3100,
    ),
    Claim(
        id="06-clock",
        sentence="Laziness is a clock before it is a wall: at every output scale from 1/16 to 4 "
        "the same network of 128 units finds the parity of 3 in 12 bits from 300 examples, within "
        "20,000 steps, in at least seven of ten seeds; kernel gradient descent does not in "
        "100,000.",
        place=IFF,
        quantifier="forall",
        over="scales",
        quantity="Share of networks that find the parity",
        within=(0, 1),
        measure=dial.share_found,
        rule=Rule(low=0.7),
        control="The exact kernel limit of the same networks.",
        controls=(Control("exact kernel", "control", rule=Rule(high=0.2)),),
        adversary=Adversary(
            "supported", {"scales": (0.25,), "most": 3_000, "most_kernel": 10_000}, seeds=20
        ),
        objection="At larger scales it must become a wall, since the limit does not find it.",
        seen_before="Two seeds of this problem: found at 1/64 to 1 in 80 to 1,700 steps, not at 4 "
        "in 6,000.",
        small={"scales": (0.0625, 0.25), "most": 3_000, "most_kernel": 10_000},
        first_seed=3100,
    ),
    Claim(
        id="06-clock-rate",
        sentence="From scale 1/4 to 2 the steps to find the parity of 3 in 12 bits from 300 "
        "examples grow about as the scale: with an exponent between .75 and 1.25.",
        place=IFF,
        quantifier="average",
        quantity="Slope of log steps against log scale",
        measure=dial.clock,
        rule=Rule(0.75, 1.25),
        control="One rate for all scales, with which the first step moves the function equally.",
        adversary=Adversary("refuted", {"between": (0.01, 0.1), "scales": (1 / 64, 1 / 16)}),
        objection="A law over a factor of eight; below it the exponent is smaller, above it grows.",
        seen_before="Two seeds: about .5 from 1/64 to 1/4, .85 from 1/4 to 1; seeds 3000 to 3003, "
        "1/4 to 1: 1.02.",
        small={"scales": (0.25, 0.5, 1.0)},
        first_seed=3100,
    ),
    Claim(
        id="06-columns",
        sentence="Which columns of the first weights are large decides what training finds: the "
        "parity of 3 in 12 bits, from 300 examples, is learnt better where the three bits' columns "
        "are large than where none is, by a held-out correlation of at least .3 (networks: up to "
        "4,000 steps, kernel: 100,000).",
        place=IFF,
        quantifier="each",
        over="regimes",
        quantity="Held-out correlation, three columns large minus none",
        measure=edits.effect,
        rule=Rule(low=0.3),
        control="Placebo: another order of the columns that makes the same three large.",
        controls=(Control("placebo", "control", rule=Rule(-0.1, 0.1)),),
        adversary=Adversary("refuted", {"regimes": (edits.RICH,)}),
        objection="The lazy half is nearly a theorem. In rich networks the edit is a head start "
        "for features as well: it saves steps.",
        seen_before="Two seeds: rich .02 and -.01, scale 4 .81 and .83, kernel .84 and .84.",
        options={"design": "columns", "first": "3 fast", "second": "0 fast"}
        | {"placebo": edits.OTHER_BITS},
        small={"fast": (0, 3), "regimes": (edits.RICH, edits.KERNEL)},
        first_seed=3100,
    ),
    Claim(
        id="06-turned",
        sentence="Turning the first weights, W to WQ, decides what training finds: the square of "
        "x_1 among 30 normal inputs, from 400 examples, is learnt better with x_1 along W's top "
        "singular vector than along its bottom one, by a held-out correlation of at least .3 "
        "(networks: up to 4,000 steps, kernel: 100,000).",
        place=IFF,
        quantifier="each",
        over="regimes",
        quantity="Held-out correlation, turned to the top minus turned to the bottom",
        measure=edits.effect,
        rule=Rule(low=0.3),
        control="Placebo: another Q that turns x_1 to the same singular vector.",
        controls=(Control("placebo", "control", rule=Rule(-0.1, 0.1)),),
        adversary=Adversary("refuted", {"regimes": (edits.RICH,)}),
        objection="WQ is as likely as W, but we chose it: nothing is said of typical networks.",
        seen_before="Two seeds: rich .01 and .01, scale 4 .62 and .65, kernel .64 and .70.",
        options={"design": "turns", "first": "top", "second": "bottom"}
        | {"placebo": "top, another Q"},
        small={"regimes": (edits.RICH, edits.KERNEL)},
        first_seed=3100,
    ),
    examples.CLAIM,
    ticket_space.CLAIM,
]
