"""The claims of chapter 07, in the book's order."""

from helpers.claims.ch07_dogs import climb, luck
from helpers.claims.core import DEBATE, Adversary, Claim, Control, Premise, Rule

DOUBT = ("the post doubts it", DEBATE)
COUNT = ("for most functions there is no neuron", DEBATE)
LINE = ("the tangent space looks right, empirically", DEBATE)
SO = ("gradient descent finds dogs, so the dog was already there", DEBATE)
OPTIMISATION = ("pruning is a weird way of doing optimisation", DEBATE)

LOST = (
    "This design was run once before on these very seeds, the only ones with a stored ceiling, and "
    "its rows were lost before they were stored; it had given "
)
FRESH = {"seeds": 10, "first_seed": climb.FIRST, "needs_dogs": True}
ENDS = (
    Control(climb.PIXELS, "rival", "ridge on the 3,072 pixel values"),
    Control(
        climb.CEILING,
        "ceiling",
        "ridge on a photo network's 1,280 frozen features, same 1000 photos",
    ),
)
GAP = {
    "place": DOUBT,
    "quantifier": "exists",
    "over": "families that come with random weights",
    "quantity": "Share of the gap in held-out correlation, from pixels to pretrained features",
    "measure": climb.between,
    "share_of_gap": True,
    "control": "Same photos for all; lambda is chosen on validation.",
    "controls": ENDS,
    "adversary": Adversary("supported", {"score": climb.CEILING}),
    "objection": "The ceiling has seen a million photos, with their names. What a small network "
    "makes of 1000 photos is another, lower top: see 07-trained.",
    "small": climb.SMALL,
    **FRESH,
}

CLAIMS = [
    Claim(
        id="07-half",
        sentence="Before any training a family that comes with random weights reads half of the "
        "dog: fitted to 1000 photos, the span of the last layer, a subnetwork, the span of all "
        "42,961 partial derivatives or as many random patches close at least half of the gap from "
        "the pixels to the features of a network trained on a million other photos.",
        rule=Rule(low=0.5),
        seen_before=LOST + ".52 for the tangent space and .51 for as many patches, undecided.",
        **GAP,
    ),
    Claim(
        id="07-nine-tenths",
        sentence="Before any training nearly the whole dog is there: one of these families, "
        "fitted to 1000 photos, closes at least nine tenths of the gap from the pixels to the "
        "features of a network trained on a million other photos.",
        rule=Rule(low=0.9),
        seen_before=LOST + "at most .52.",
        **GAP,
    ),
    Claim(
        id="07-trained",
        sentence="From 1000 photos, training the network itself (800 steps, rate and step chosen "
        "on validation) ends at most .02 above its tangent space before training, in held-out "
        "correlation.",
        place=SO,
        quantifier="average",
        quantity="Held-out correlation, trained network minus tangent space before training",
        within=(-2, 2),
        measure=climb.lead,
        rule=Rule(high=0.02),
        control="Same network, same photos; what training may choose, it chooses on validation.",
        adversary=Adversary("refuted", {"first": "tangent space", "second": ("features",)}),
        objection="A tie does not show that training stayed there, and 1000 photos are few: "
        "chapter 06 has both, and the chapter's figure shows 4,000.",
        seen_before=LOST + ".01 [.00, .02].",
        options={"first": "trained", "second": ("tangent space",)},
        small=climb.SMALL,
        **FRESH,
    ),
    Claim(
        id="07-equal-count",
        sentence="From 1000 photos the tangent space of a small convolutional net reads dogs "
        "better than one layer of as many random patches, 42,961, does, in held-out correlation.",
        place=LINE,
        quantifier="average",
        quantity="Held-out correlation, tangent space minus as many patches",
        within=(-2, 2),
        measure=climb.lead,
        rule=Rule(low=0.0),
        control="As many features, same photos, lambda chosen in the same way.",
        adversary=Adversary("supported", {"second": (climb.PIXELS,)}),
        objection="Both were designed by people who had seen photos: small windows, averages.",
        seen_before=LOST + ".00 [-.01, .02]; 05-dog-equal-count: level with 4,096 patches.",
        options={"first": "tangent space", "second": (climb.PATCHES,)},
        small=climb.SMALL,
        **FRESH,
    ),
    Claim(
        id="07-equal-bits",
        sentence="For at most as many bits a span reads dogs better than a subnetwork: from 1000 "
        "photos the tangent space, and the last layer, are ahead in held-out correlation of the "
        "mask that edge-popup finds in 400 steps.",
        place=OPTIMISATION,
        quantifier="forall",
        over="spans",
        quantity="Held-out correlation, span minus subnetwork",
        within=(-2, 2),
        measure=climb.equal_bits,
        rule=Rule(low=0.0),
        premise=Premise("bits of the span's choice minus bits of the mask", Rule(high=0.0)),
        control="A mask costs tens of thousands of bits; n labels cannot choose among more than "
        "2^n, so its price is 1000.",
        adversary=Adversary("refuted", {"rival": climb.LINEARISED}),
        objection="A longer search, or a wider network, may find a better mask (chapter 04).",
        seen_before=LOST + ".12 [.08, .16] for the tangent space, .03 [-.02, .07] for the last "
        "layer.",
        small=climb.SMALL,
        **FRESH,
    ),
    Claim(
        id="07-clusters",
        sentence="The dog is not special: labels by lot for 20 clusters of the same photos are "
        "ranked on new photos by the same spans, fitted to 1000 labels, at least as well (AUC) as "
        "dogs are.",
        place=COUNT,
        quantifier="forall",
        over="spans",
        quantity="Held-out AUC, clusters with labels by lot minus dogs",
        within=(-1, 1),
        measure=climb.clusters,
        rule=Rule(low=0.0),
        control="Same photos, same features, lambda chosen in the same way; AUC does not depend "
        "on how many are positive.",
        adversary=Adversary("supported", {"first": "true", "of": climb.PIXELS}),
        objection="Clusters of pixels are no concepts, but they are easy in their own way: "
        "pixels alone say which cluster a photo is in.",
        seen_before=LOST + "-.05 [-.10, .00] in another score.",
        small=climb.SMALL,
        **FRESH,
    ),
    Claim(
        id="07-luck",
        sentence="A lottery would do: of a million members of the tangent space drawn at random "
        "(normal coefficients, no labels) one reads dogs so well that it closes half of the gap "
        "from the pixels, fitted to 1000 photos, to pretrained features.",
        place=COUNT,
        quantifier="average",
        quantity="Bits of luck, -log2 of the share of random members that score as well",
        measure=luck.needed,
        rule=Rule(high=20.0),
        control="Exact for normal coefficients: no sampling, no law of tails.",
        adversary=Adversary("supported", {"share": -0.5}),
        objection="Normal coefficients are one prior; a training run draws from another.",
        seen_before="An earlier design, whose code and rows are lost, had given 33 bits [32, 35].",
        small={"channels": (4, 4)},
        **FRESH,
    ),
]
