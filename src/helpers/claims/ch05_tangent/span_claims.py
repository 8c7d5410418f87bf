"""Chapter 05, span level: what the span of the derivatives holds, whatever their scaling."""

from helpers.claims.ch05_tangent import spans
from helpers.claims.core import DEBATE, Adversary, Claim, Control, Rule
from helpers.yardstick.intervals import slope

BIAS = ("neurons included, through their bias", DEBATE)
SPAN = ("all the parameters in the whole net", DEBATE)


# --- what the claims measure ----------------------------------------------------------------------


def nearest(seed: int, *, what: str, **options) -> list[dict]:
    """The share of each layer's neurons with a twin, or inside the span; and of a re-drawn net's.

    The last hidden layer, whose neurons are derivatives, is the control.
    """
    frame = spans.neighbours(seed, **options)
    twin, near = frame["one"] >= spans.TWIN, frame["outside"] <= spans.NEAR
    frame = frame.assign(inside=(twin if what == "one feature" else near).astype(float))
    shares = frame.groupby(["neurons", "layer"])["inside"].mean()
    rows = [{"case": layer, "value": float(v)} for layer, v in shares["own"].items()]
    return [*rows, {"case": "re-drawn neurons", "value": float(shares["re-drawn"].mean())}]


def more_held(
    seed: int, *, degree: int = 3, first: str = spans.DERIVATIVES, **options
) -> list[dict]:
    """Mean squared projection of the parities of one degree, derivatives minus as many neurons."""
    frame = spans.held(seed, **options)
    value = frame[frame["degree"] == degree].set_index("space")["value"]
    return [
        {"case": name, "value": float(value[first] - value[name])}
        for name in (spans.NEURONS, spans.DEEP)
    ]


def width_slope(seed: int, **options) -> dict:
    """The slope of log spread of the initial kernel against log width."""
    return {"value": slope(spans.kernel_spread(seed, **options))}


# --- claims ---------------------------------------------------------------------------------------

INSIDE = {
    "place": BIAS,
    "quantifier": "forall",
    "over": "layers",
    "within": (0, 1),
    "measure": nearest,
    "rule": Rule(low=0.5),
    "control": "The last hidden layer's neurons are derivatives; a re-drawn network's are not.",
    "controls": (
        Control("layer 3", "control", "the last hidden layer: must hold", Rule(low=0.5)),
        Control("re-drawn neurons", "control", "neurons of another network"),
    ),
    # The only hidden layer is the last one, whose neurons are derivatives.
    "adversary": Adversary("supported", {"hidden": (8,)}, seeds=8),
    "small": {"hidden": (6, 6, 6), "n": 2000},
    "version": 2,
    "first_seed": 3000,
}
CLAIMS = [
    Claim(
        id="05-inside-one",
        sentence="Neurons are included: in each of the first two of three hidden layers of 8, at "
        "least half of the neurons (of those on for more than a twentieth of the inputs) have a "
        "partial derivative that is nearly their twin, with a correlation of .99 or more.",
        quantity="Share of a layer's neurons that correlate to .99 or more with one derivative",
        objection="The remark may have meant the span, which is the next claim.",
        seen_before="Version 1, of the worst neuron of a layer: .66, .96 and 1 in layers 1 to 3.",
        options={"what": "one feature"},
        **INSIDE,
    ),
    Claim(
        id="05-inside-span",
        sentence="Neurons are included, in the span: in each of the first two of three hidden "
        "layers of 8, at least half of the neurons (of those on for more than a twentieth of the "
        "inputs) have at most .01 of their variance outside the span of the 217 derivatives.",
        quantity="Share of a layer's neurons with at most .01 of their variance outside the span",
        objection="Eight neurons a layer; with more parameters everything smooth comes near the "
        "span, also what another network computes.",
        seen_before="Version 1, of the worst neuron of a layer: .09, .02 and 0 outside in layers "
        "1 to 3. That version was measured twice: on 4,000 inputs first, split in two.",
        options={"what": "span"},
        **INSIDE,
    ),
    Claim(
        id="05-span-degree",
        sentence="Span against span, at one dimension and on all 1,024 inputs of ten signs: the "
        "301 derivatives of a network with two hidden layers of 12 hold more of the parities of "
        "three bits than as many neurons of one layer do, by at least .02 of their squared length: "
        "of a first layer, of a second one behind 12 neurons.",
        place=SPAN,
        quantifier="each",
        over="rivals",
        quantity="Mean squared projection of the parities of degree 3, derivatives minus neurons",
        within=(-1, 1),
        measure=more_held,
        rule=Rule(low=0.02),
        control="Each span has the same dimension, so all hold equally much of all 1,024 parities "
        "together: who has more of one degree has less of another.",
        adversary=Adversary("supported", {"degree": 9, "d": 9, "hidden": (12, 12)}, seeds=60),
        objection="Parities of three bits are one taste; and bits are not photographs.",
        seen_before="The old census, of spans of different dimension; and the two rivals alone, at "
        "eight signs: the second layer held .03 more. A small version on seeds 0 to 2.",
        replaces={
            "05-census": "Shares of an even share average to 1 over the degrees and fall with "
            "them, so it could hardly fail; and its two spans had different dimensions."
        },
        small={"d": 8, "hidden": (6, 6)},
        first_seed=3000,
    ),
    Claim(
        id="05-width",
        sentence="The kernel at initialisation settles with width, from 32 to 1,024 neurons in two "
        "hidden layers: its spread over networks falls as width to the power -1/2.",
        place=("wide networks have one tangent kernel", "https://arxiv.org/abs/1806.07572"),
        quantifier="average",
        quantity="Slope of log relative spread against log width",
        measure=width_slope,
        rule=Rule(-0.6, -0.4),
        control="Same images for all networks; the spread is relative to the mean kernel.",
        adversary=Adversary("refuted", {"bottleneck": 8}, seeds=8),
        objection="Two hidden layers and ReLU only.",
        seen_before="Version 1, on networks 0 to 239: -.498 [-.514, -.483].",
        small={"widths": (32, 64, 128), "nets": 6},
        version=2,
        first_seed=3000,
    ),
]
