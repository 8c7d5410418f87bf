"""Chapter 04: claims about a circuit that is tangled with others."""

from helpers.claims.ch04_pruning import tangled
from helpers.claims.core import DEBATE, Adversary, Claim, Premise, Rule

PLACE = ("a circuit that intersects with many others could be much harder to find", DEBATE)
MOST = 14  # doublings from one step to the largest budget
BLIND = ("3 bits", "4 bits", "6 bits", "3 bits, SGD", "3 bits, width 256")
COMMON = {
    "place": PLACE,
    "control": "The same edges shuffled, at the same surround: sizes agree, the circuit is gone; "
    "all starts of a seed see the same batches.",
    "small": {"settings": ("3 bits",), "steps": 600, "pool": 2**13},
    "first_seed": tangled.FIRST,
    "seeds": 20,
    "target": "parities",
}
PILOT = (
    "Seeds 0 to 2, two pilots: head starts at surround .3 and 1 of .6 and .2 doublings (2 bits), "
    "1.2 to 1.5 and .6 to .7 (3), 1.4 and .3 (4), 1.5 and .0 (6), 3.3 and 1.9 (SGD), .6 and .1 "
    "(width 256). The first ten of the seeds were judged before the other ten of the "
    "plan were run: most settings were undecided"
)

CLAIMS = [
    Claim(
        id="04-tangle-slower",
        sentence="A tangled circuit is harder to find: the more of the network around a planted "
        "parity speaks, the less is the plant worth. From a surround of .3 to 1 its head start "
        "over the same edges shuffled shrinks by at least a quarter of a doubling of steps.",
        quantifier="forall",
        over="settings",
        quantity="Doublings of head start lost from surround .3 to surround 1",
        within=(-2 * MOST, 2 * MOST),
        measure=tangled.dose,
        rule=Rule(low=0.25),
        adversary=Adversary("refuted", {"of": "unplanted"}, seeds=10),
        objection="The surround is a scale of initialisation too, and slows all starts; that is "
        "why only starts at the same surround are compared.",
        seen_before=PILOT + ".",
        **COMMON,
    ),
    Claim(
        id="04-tangle-hidden",
        sentence="A circuit that nothing shows is no head start: at surround 1, where ridge on all "
        "hidden units is right on at most .6 of new inputs, training finds the parity at most .1 "
        "doublings sooner from the plant than from the same edges shuffled.",
        quantifier="forall",
        over="settings",
        quantity="Doublings of head start at surround 1",
        within=(-MOST, MOST),
        measure=tangled.hidden,
        rule=Rule(high=0.1),
        premise=Premise("accuracy of a readout of all units before training", Rule(high=0.6)),
        adversary=Adversary("supported", {"of": "unplanted"}, seeds=10),
        objection="A readout sees what is linear in the units. Who knew which units to sum would "
        "see the plant.",
        seen_before=PILOT + "; readouts at surround 1 were right on .51 to .53.",
        options={"settings": BLIND},
        **COMMON,
    ),
    Claim(
        id="04-tangle-used",
        sentence="What training finds is the plant, even where the surround hides it: once the "
        "parity is found from surround 1, cutting off the planted units costs at least .2 more "
        "accuracy than cutting off what stands in their place without a circuit.",
        quantifier="each",
        over="settings",
        quantity="Accuracy left without what stands in the plant's place, minus without the plant",
        within=(-1, 1),
        measure=tangled.used,
        rule=Rule(low=0.2),
        adversary=Adversary("refuted", {"of": "unplanted"}),
        objection="Cutting off units says what the trained network needs, not how it got there.",
        seen_before="Seeds 0 to 2: left without the plant .60 (3 bits), .83 (2), .78 (width 256); "
        "without the shuffled edges .88 to .99, without ordinary units .73 to .98.",
        **COMMON,
    ),
    Claim(
        id="04-tangle-crosstalk",
        sentence="It is the crosstalk into the circuit: with all else at full size, quieting only "
        "the other edges into the planted units to .3 gives back at least half of the head start "
        "that quieting the whole surround gives (parity of 3 in 20 bits).",
        quantifier="average",
        quantity="Doublings given back by the edges into the plant, less half of all",
        measure=tangled.crosstalk,
        rule=Rule(low=0.0),
        adversary=Adversary("refuted", {"none": True, "into": 0.1}),
        objection="The plant also has to be heard at the output, through all the others' noise.",
        seen_before="Seeds 0 to 2: .4 of .8 doublings.",
        **{**COMMON, "small": {"steps": 600, "pool": 2**13}},
    ),
]
