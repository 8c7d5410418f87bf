"""The debate, move by move, and the claims that hang on each: the book's map.

A claim of the ledger hangs on at least one move, and a move without a claim says why
(tests/claims/test_debate.py). A new claim's id goes into `claims` of the move that it measures.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

from IPython.display import HTML

from helpers.claims import told
from helpers.claims.chapters import ledger
from helpers.claims.core import DEBATE, Claim
from helpers.claims.judging import REGISTERED

THEORY = "https://www.lesswrong.com/posts/76cReK4Mix3zKCWNT/ntk-gp-models-of-neural-nets-can-t-learn-features"


def comment(name: str, post: str = DEBATE) -> str:
    """The address of a comment; the page opens at it, with what was answered below."""
    return f"{post}?commentId={name}"


FIRST, AGREED, WAIT = map(comment, ("EzEu4mDnTLqZhwEQD", "ecvKPJcEiBQaE2bQp", "oSGZxhjSsmiELXz5x"))
MANY, MULTIGRAPH = map(comment, ("5xfrTJ35hW5aYpMa2", "JxqrHXunFB73H5Cg2"))
WEIRD = comment("8KLtayL8ufuG8ZbYL", THEORY)

PARTS = {
    "post": "The post",
    "first": "First exchange: is the circuit there?",
    "second": "Second exchange: where to draw the line?",
    "third": "Third exchange: the syllogism",
    "elsewhere": "Elsewhere",
}


@dataclass(frozen=True, kw_only=True)
class Move:
    """One move of the argument, in our words.

    `part` is a key of `PARTS`; `place` says who speaks, as far as the linked text shows it;
    `claims`: ids of what was measured of it, the deciding one first; `decides`: the one number
    (`{04-planted: …}` is filled in from the ledger); `other`: the strongest evidence on the other
    side; `mind`: what would change ours. `rests_on`: the verdicts which these words suppose. A move
    on which no claim can hang says why in `unmeasured`.
    """

    id: str
    part: str
    place: str
    link: str
    title: str
    says: str
    claims: tuple[str, ...] = ()
    decides: str = ""
    other: str = ""
    mind: str = ""
    rests_on: Mapping[str, str] = field(default_factory=dict)
    unmeasured: str = ""

    def texts(self) -> tuple[str, ...]:
        """All that is said of the move."""
        return self.says, self.decides, self.other, self.mind, self.unmeasured


MOVES = (
    Move(
        id="ticket",
        part="post",
        place="the post, on how the hypothesis is told",
        link=DEBATE,
        title="The ticket",
        says="A large random network has, by luck, a part that is decent at the task already; "
        "training strengthens it and quietens the rest.",
        claims=(
            "04-ticket",
            "04-ticket-head-start",
            "04-ticket-labels",
            "04-ticket-signs",
            "04-ticket-magnitudes",
            "04-already-aligned",
            "02-training",
            "02-ablation",
        ),
        decides="At 7% of the weights the winning ticket leads the same mask with new weights by "
        "{04-ticket: short training} in accuracy after 100 steps; with sixteen times the steps, by "
        "{04-ticket: 16 times the steps}. Most of this luck is speed.",
        other="Untrained, the ticket is right on {04-ticket-head-start: winning ticket} of new "
        "digits, and its units keep their order (rank correlation {04-already-aligned: winning "
        "ticket}). But ten rounds of training made the mask; units of the whole network do not "
        "keep theirs ({04-already-aligned: dense}).",
        mind="A harder task on which patience does not close the gap.",
        rests_on={
            "04-ticket": "mixed",
            "04-ticket-head-start": "supported",
            "04-already-aligned": "refuted",
        },
    ),
    Move(
        id="doubt",
        part="post",
        place="the post, by johnswentworth",
        link=DEBATE,
        title="The doubt",
        says="Networks are big, but hardly big enough to have a dog-recognising subcircuit before "
        "training.",
        claims=(
            "03-dog-share",
            "03-dog-share-fewer",
            "03-dog-patches",
            "02-dog-share",
            "02-dog-special",
            "07-half",
            "07-nine-tenths",
        ),
        decides="No single function was one. But combinations of untrained features go far: a "
        "readout of random patches closes {03-dog-share: 64 patches, untrained} of the gap from "
        "pixels to the trained network, and all partial derivatives {07-half: tangent space} of "
        "the longer way to features of a network that has seen a million photos.",
        other="Windows and averages are the architect's work, not luck: plain neurons close "
        "{03-dog-share: 1,024 neurons, untrained}. And half a dog is not a dog.",
        mind="More photos and depth that lift training and leave the untrained readout behind.",
        rests_on={"03-dog-share": "mixed", "07-half": "inconclusive"},
    ),
    Move(
        id="tangent",
        part="post",
        place="the post's proposal",
        link=DEBATE,
        title="The tickets are in the tangent space",
        says="Large networks hardly move their parameters. So the tickets are no parts of the "
        "network but members of its parameter tangent space, fixed when the weights are drawn.",
        claims=(
            "05-dog-share",
            "01-tangent-all",
            "05-width",
            "03-kernel-slope",
            "05-span-degree",
            "06-kernel-still",
            "06-function-near",
            "06-near-at-width",
            "06-ticket-space",
        ),
        decides="Before training, 1000 photos find in the span of all partial derivatives "
        "{05-dog-share: tangent space} of the way from pixels to pretrained features.",
        other="Whether parameters hardly move is up to the parameterisation: after 200 steps on a "
        "parity networks of 512 units differ from their linearisation by {06-near-at-width: NTK, "
        "parity of 3} of what it has learnt (NTK) or {06-near-at-width: muP, parity of 3} (muP).",
        mind="Networks trained as in practice whose kernel does not move on photographs.",
        rests_on={"05-dog-share": "inconclusive", "06-near-at-width": "mixed"},
    ),
    Move(
        id="over-parameterisation",
        part="first",
        place="a comment",
        link=FIRST,
        title="It need not be that large",
        says="A paper suggests that the over-parameterisation needed for some circuit to be there "
        "at the start, approximately, is not that large.",
        claims=("04-whole-network", "04-log-cost", "04-every-weight", "04-sum-law"),
        decides="With forty random samples for each weight, a masked network agrees with a whole "
        "trained one on {04-whole-network} of new digits.",
        other="The mask was made from the trained weights. The typical error halves "
        "{04-log-cost} times from twenty to forty samples; but that every single weight is right "
        "takes sixty, and then in {04-every-weight: 60 samples a weight} of the draws.",
        mind="Masks that need samples in proportion to the precision, not to its logarithm.",
        rests_on={
            "04-whole-network": "supported",
            "04-log-cost": "supported",
            "04-every-weight": "mixed",
        },
    ),
    Move(
        id="counting",
        part="first",
        place="an argument that the comment quotes",
        link=FIRST,
        title="There are too many functions",
        says="Function space is super-exponentially large, circuit space smaller but still so: no "
        "network will have neurons that light up for most of them.",
        claims=(
            "02-digit-neuron",
            "02-digit-share",
            "02-beats-pixel",
            "02-depth",
            "02-cap-law",
            "02-cap-tail",
            "02-gaussian-law",
            "02-selection",
            "02-planted",
            "07-clusters",
            "07-luck",
        ),
        decides="Of 65,536 random neurons the one picked for a digit has a held-out correlation "
        "of {02-digit-neuron}. Among members of the tangent space one in two to the "
        "{07-luck} would close half of a dog's gap by luck.",
        other="Most functions are not ours. Dogs are read no worse than labels by lot of clusters "
        "of the same photos (AUC of these minus dogs: {07-clusters: as many patches}).",
        mind="A random neuron that reaches .9 for every digit.",
        rests_on={
            "02-digit-neuron": "refuted",
            "07-clusters": "refuted",
            "07-luck": "refuted",
        },
    ),
    Move(
        id="balance",
        part="first",
        place="the comment's reply to it",
        link=FIRST,
        title="Subgraphs balance circuits",
        says="That does not work out: circuits of size N are balanced by the subgraphs of a graph "
        "of size M, with M only logarithmically larger.",
        claims=(
            "01-masks-balance",
            "01-small-circuits",
            "04-circuit-cost",
            "01-simplicity",
            "01-price-of-a-gate",
            "01-own-function",
        ),
        decides="All masks of a 31-weight network, millions for each of the 256 functions of "
        "three bits, make {01-masks-balance: 31 weights} of them: masks repeat one another.",
        other="For dense circuits the weights to draw grow as promised, with size to the power "
        "{04-circuit-cost: dense}; for sparse ones, {04-circuit-cost: sparse}.",
        mind="Freely wired graphs in which M grows as N log N.",
        rests_on={"01-masks-balance": "refuted", "04-circuit-cost": "supported"},
    ),
    Move(
        id="found",
        part="first",
        place="the same comment, against itself",
        link=FIRST,
        title="Present is not found",
        says="Whether “present at the beginning” is the same as “easily found by gradient "
        "descent” is not known.",
        claims=("04-planted-found", "04-planted"),
        decides="It is not the same. A parity that some mask computes (in {04-planted} of the "
        "draws) is after 2,000 steps of Adam on 5,000 examples at an accuracy of "
        "{04-planted-found: Adam, 2,000 steps}: chance. Solving equations finds it.",
        other="In a world of three bits, being there helps a little: a subnetwork by "
        "{01-presence-helps: subnetwork, 3-4-1, Adam, 1000 steps}, function and network fixed.",
        mind="Gradient descent that finds the planted parity sooner than one that is missing.",
        rests_on={
            "04-planted-found": "refuted",
            "04-planted": "supported",
            "01-presence-helps": "mixed",
        },
    ),
    Move(
        id="nodes",
        part="first",
        place="the answer to the comment",
        link=FIRST,
        title="Pruning changes the nodes",
        says="Papers of this kind need pruning, and pruning changes what the nodes do. They are "
        "consistent with no neuron lighting up for most functions.",
        claims=("04-nodes-change", "04-nodes-chosen", "04-target-units"),
        decides="In networks built by masks the deepest nodes correlate "
        "{04-nodes-change: built by subset sums} with what they were: the answer is right.",
        other="Any mask does that. Random ones of equal size change them as much (difference "
        "{04-nodes-chosen: layer 3}).",
        mind="A detector cut out in such a way that its nodes stay as they were.",
        rests_on={"04-nodes-change": "supported", "04-nodes-chosen": "refuted"},
    ),
    Move(
        id="under-pruning",
        part="second",
        place="the first writer, agreeing",
        link=FIRST,
        title="The word is ambiguous",
        says="“Today's networks already contain dog-recognising subcircuits” can be read two "
        "ways: “contain” can mean “under pruning”.",
        claims=("04-popup", "04-popup-dog", "04-popup-dog-patient"),
        decides="Under pruning, a searched mask of untrained weights is as good as training on "
        "ten digits: it closes {04-popup: mask, 300 steps} of the gap from a random mask, in as "
        "many steps.",
        other="On dogs it is undecided: {04-popup-dog: mask} of that gap, from 1,000 photos.",
        mind="Wider networks and longer searches that catch up on dogs.",
        rests_on={"04-popup": "supported", "04-popup-dog": "inconclusive"},
    ),
    Move(
        id="entangled",
        part="second",
        place="the same answer",
        link=FIRST,
        title="Tangled circuits hide",
        says="It matters which: a would-be dog circuit that meets many others, and so behaves "
        "quite differently, could be much harder to find.",
        claims=(
            "04-tangle-slower",
            "04-tangle-hidden",
            "04-tangle-used",
            "04-tangle-crosstalk",
        ),
        decides="A little, so far. At full size, where a readout does not see it, a planted parity "
        "of three bits is still found {04-tangle-hidden: 3 bits} doublings of steps sooner than "
        "the same edges shuffled, and by plain gradient descent {04-tangle-hidden: 3 bits, SGD}.",
        other="Of its head start it has lost {04-tangle-slower: 3 bits} doublings since the "
        "surround was at .3. And what training then finds leans on the plant: without it "
        "{04-tangle-used: 3 bits} more accuracy is gone than without other units.",
        mind="A circuit of photographs, planted as well, that training passes by.",
        rests_on={
            "04-tangle-slower": "inconclusive",
            "04-tangle-hidden": "refuted",
            "04-tangle-used": "mixed",
        },
    ),
    Move(
        id="one-neuron",
        part="second",
        place="the same answer",
        link=FIRST,
        title="Why stop at one neuron?",
        says="But why is a single neuron lighting up where you draw the line?",
        claims=("03-few-half", "03-few-pixels", "03-beats-neuron", "03-rarity-neuron"),
        decides="We found no reason. Eight of 1,024 features, only added and subtracted, go "
        "{03-few-half: dog} of the way from the best one to all of them on dogs.",
        other="Eight cost more bits to name than one: part of the gain is choosing.",
        mind="A target on which no eight do better than one.",
        rests_on={"03-beats-neuron": "supported", "03-few-half": "inconclusive"},
    ),
    Move(
        id="combination",
        part="second",
        place="the same answer",
        link=FIRST,
        title="A linear combination would do",
        says="If no neuron lights up, but a linear combination of neurons before the output does, "
        "all is well: gradient descent could find that pretty easily.",
        claims=(
            "03-descent",
            "03-digit-readout",
            "03-beats-pixels",
            "03-clusters",
            "03-relu-neuron",
            "03-parity",
            "03-hermite-nobody",
            "03-staircase",
            "03-odd-degrees",
            "03-odd-deep",
            "03-double-descent",
            "03-ridge-peak",
            "03-fits-anything",
            "03-random-labels",
            "03-rarity-fit",
        ),
        decides="It is found: after 400 steps gradient descent on the readout is within "
        "{03-descent: raw features, 400 steps} of the best combination.",
        other="It is not always there: on a parity of three of thirty bits a trained network "
        "beats the readout by {03-parity} in R².",
        mind="Everyday targets on which an untrained layer, however wide, stays far below.",
        rests_on={"03-descent": "supported", "03-parity": "supported"},
    ),
    Move(
        id="line",
        part="second",
        place="the same answer",
        link=FIRST,
        title="Where the tangent space comes in",
        says="If training of large networks stays in the tangent space in practice, then a linear "
        "combination of neurons is about as far as the requirement can be relaxed.",
        claims=(
            "05-equal-count",
            "06-kernel-still",
            "06-function-near",
            "06-near-at-width",
        ),
        decides="Feature for feature the two are near: on a digit the space is "
        "{05-equal-count: digit 8, second layer} of correlation beside one wide layer.",
        other="That many neurons in one layer take a network with millions of parameters.",
        mind="A natural target on which the space beats as many neurons of one layer.",
        rests_on={"05-equal-count": "refuted"},
    ),
    Move(
        id="what-else",
        part="second",
        place="the same answer",
        link=FIRST,
        title="Is an existing neuron needed?",
        says="Without the tangent space it is unclear where the line goes, and whether the "
        "intuition of the lottery needs an existing neuron. Is there a more obvious argument?",
        claims=("04-already-aligned", "02-ablation", "03-dog-training-patient"),
        decides="It needs none: training on dogs gains {03-dog-training-patient} over a readout "
        "of the same network untrained, no unit of which was a detector.",
        other="In a winning ticket units keep their bent ({04-already-aligned: winning ticket}); "
        "in the whole network they do not ({04-already-aligned: dense}).",
        mind="Networks that fail when the best old neuron is silenced.",
        rests_on={"03-dog-training-patient": "refuted", "04-already-aligned": "refuted"},
    ),
    Move(
        id="empirical-line",
        part="second",
        place="the post's side, agreeing in part",
        link=AGREED,
        title="Draw it where the evidence is",
        says="Something more general than one neuron and less so than pruning may be right. Where "
        "the line should go a priori matters little: the tangent space looks right empirically.",
        claims=(
            "05-dog-whole-net",
            "05-whole-net",
            "03-few-half",
            "05-dog-share",
            "05-dog-equal-count",
            "05-scaling",
            "07-equal-count",
        ),
        decides="On dogs the tangent space beats its last layer by "
        "{05-dog-whole-net: last hidden layer}.",
        other="With as many features one layer of random neurons wins on every target tried, "
        "or is level ({05-equal-count}; on dogs, tangent space minus as many random patches, "
        "{07-equal-count: as many patches}).",
        mind="A smaller reading that tells as well what will be found.",
        rests_on={
            "05-dog-whole-net": "supported",
            "05-equal-count": "refuted",
            "07-equal-count": "inconclusive",
        },
    ),
    Move(
        id="iff",
        part="third",
        place="the reply: “Wait…”",
        link=WAIT,
        title="Found if and only if there",
        says="So for large networks the hypothesis implies something close to: gradient descent "
        "finds a solution if and only if there is already a feature, a linear combination of "
        "neurons within one layer.",
        claims=(
            "01-found-iff-there",
            "01-absent-found",
            "01-presence-helps",
            "01-presence-tangent",
            "01-there-is-found",
            "01-only-if",
            "04-found-was-present",
            "04-parity-of-three",
            "06-inference",
            "06-not-expressible",
            "06-clock",
            "06-clock-rate",
            "06-columns",
            "06-turned",
        ),
        decides="Small networks find what was not there: {01-absent-found: features} of the "
        "functions outside the span of the layer, {01-absent-found: tangent space} of those "
        "outside the tangent space.",
        other="With function and network held fixed, being in the tangent space helps, by "
        "{01-presence-helps: tangent space, 3-4-1, Adam, 1000 steps}; and training kept in the "
        "space finds {01-there-is-found: 3-4-1} of what is in it. Networks of 512 units that stay "
        "find what their linearisation finds (difference {06-inference: NTK, digit 3}).",
        mind="Large networks, trained as in practice, that stay and find nothing else.",
        rests_on={
            "01-absent-found": "supported",
            "01-presence-helps": "mixed",
            "01-there-is-found": "supported",
            "06-inference": "supported",
        },
    ),
    Move(
        id="derivative",
        part="third",
        place="the correction",
        link=WAIT,
        title="Not a neuron: a partial derivative",
        says="Close, but: not a dog-detecting neuron, a parameter such that the partial derivative "
        "of the output by it, as a function of the input, detects dogs. Neurons are included, via "
        "their bias.",
        claims=(
            "05-dog-feature",
            "05-digit-feature",
            "05-feature-over-neuron",
            "05-inside-one",
            "05-inside-span",
            "05-random-feature",
            "05-planted",
        ),
        decides="The best of 42,961 partial derivatives, picked on 1000 photos, closes "
        "{05-dog-feature: best derivative} of the gap from the best pixel to pretrained features.",
        other="Neurons of the last layer are included exactly ({05-inside-one: layer 3}), of the "
        "first not ({05-inside-one: layer 1}).",
        mind="A much larger network with one parameter whose derivative is a detector.",
        rests_on={"05-dog-feature": "refuted", "05-inside-one": "refuted"},
    ),
    Move(
        id="whole-net",
        part="third",
        place="the correction, continued",
        link=WAIT,
        title="Not one layer: all parameters",
        says="Nor a single layer: the linear expansion runs over all the parameters in the whole "
        "net.",
        claims=("05-whole-net", "05-dog-whole-net", "05-equal-count", "03-depth-untrained"),
        decides="At equal width the whole beats the last layer by {05-whole-net: digit 8} on a "
        "digit and {05-whole-net: parity of 2} on a parity.",
        other="With as many features in one layer that turns: {05-equal-count: digit 8, second "
        "layer} and {05-equal-count: parity of 2, second layer}.",
        mind="An advantage of the whole net that outlives the count of features.",
        rests_on={"05-whole-net": "supported", "05-equal-count": "refuted"},
    ),
    Move(
        id="syllogism",
        part="third",
        place="the reply's conclusion, left standing",
        link=WAIT,
        title="So the dog was there?",
        says="Gradient descent does train networks to recognise dogs. Therefore there is already "
        "a dog detector. Yes?",
        claims=(
            "05-dog-share",
            "03-dog-share-fewer",
            "01-found-iff-there",
            "06-already-there",
            "06-fewer-examples",
            "07-half",
            "07-nine-tenths",
            "07-trained",
        ),
        decides="Not by this argument alone, which needs a network that stays. On a digit a muP "
        "network leaves its tangent space and ties with it ({06-already-there: muP, digit 3}); on "
        "a parity it leaves and is ahead by {06-already-there: muP, parity of 3}.",
        other="Where networks stay the conclusion holds: before training their space was at least "
        "as good (network minus kernel {06-already-there: NTK, digit 3}). And from 1000 photos of "
        "dogs training ends {07-trained: tangent space} above what the tangent space had before.",
        mind="Photographs on which leaving the tangent space gains nothing, in large networks.",
        rests_on={"06-already-there": "mixed", "07-trained": "inconclusive"},
    ),
    Move(
        id="many",
        part="elsewhere",
        place="a comment, and its writer again further down",
        link=MANY,
        title="Many circuits, few neurons",
        says="Neurons and subcircuits are many to many: each edge is part of good and bad "
        "subcircuits, and the gradient asks what it gives to either.",
        claims=("04-one-mask",),
        decides="Two searches in one network agree on {04-one-mask} of the weights they keep, "
        "random halves on one half: there is not one mask to be found.",
        other="Weights that hardly matter differ first.",
        mind="Searches that agree on the edges which carry the output.",
        rests_on={"04-one-mask": "refuted"},
    ),
    Move(
        id="multigraph",
        part="elsewhere",
        place="the answer: a thought experiment",
        link=MULTIGRAPH,
        title="A network of powers of two",
        says="Take a graph with many edges between any two nodes, their weights spaced by powers "
        "of two. Masking turns it into any circuit; yet nothing useful seems to be in it.",
        claims=("04-no-randomness", "04-mask-length"),
        decides="Built and run: its masks agree with a trained network on {04-no-randomness} of "
        "new digits, and naming one takes {04-mask-length: mask, powers of two} times the bits "
        "of the weights.",
        other="A random network is not that graph: some weights are out of its reach.",
        mind="A mask much shorter than the network it cuts out.",
        rests_on={"04-no-randomness": "supported", "04-mask-length": "supported"},
    ),
    Move(
        id="weird",
        part="elsewhere",
        place="a comment under the post that followed",
        link=WEIRD,
        title="Pruning is optimisation",
        says="Pruning is a weird way of doing optimisation: no surprise that it performs.",
        claims=(
            "03-rarity-fit",
            "04-popup",
            "04-search-or-guess",
            "04-search-wide",
            "07-equal-bits",
            "07-luck",
        ),
        decides="The mask that search finds does what training does, in as many gradient steps on "
        "as many labels (it closes {04-popup: mask, 300 steps} of the gap, training "
        "{04-popup: trained, 300 steps}), and naming it takes more bits than the weights.",
        other="Random masks do close {04-popup: random mask} of the gap. On dogs, for at most as "
        "many bits, the tangent space is ahead of the mask by {07-equal-bits: tangent space}, the "
        "last layer {07-equal-bits: features}.",
        mind="A mask as good that is found with fewer labels than training needs.",
        rests_on={"04-popup": "supported", "07-equal-bits": "inconclusive"},
    ),
    Move(
        id="features",
        part="elsewhere",
        place="interstice, in the post that followed",
        link=THEORY,
        title="The tangent space learns no features",
        says="A network that stays in its tangent space keeps its inner neurons as they were; real "
        "ones learn features.",
        claims=("03-depth-trained", "03-dog-training-patient", "03-parity", "02-training"),
        decides="After 400 steps on digits the last of four layers reads out {03-depth-trained} "
        "better than before.",
        other="On 2000 photos, trained until nothing improves, the gain is "
        "{03-dog-training-patient}.",
        mind="Many photos on which learnt features are worth no more than drawn ones.",
        rests_on={"03-depth-trained": "supported", "03-dog-training-patient": "refuted"},
    ),
)


def argument(part: str) -> HTML:
    """The moves of one part, each with its verdicts, its number and both sides.

    Raises ValueError for an unknown part.
    """
    moves = [move for move in MOVES if move.part == part]
    if not moves:
        raise ValueError(f"wanted one of {', '.join(PARTS)}, received {part!r}")
    return HTML("".join(map(_move, moves)))


def unplaced() -> list[str]:
    """A line for each claim that hangs on no move: its id, and where its neighbours hang."""
    placed = {claim_id: move.id for move in MOVES for claim_id in move.claims}
    homes: dict[str, list[str]] = {}
    for claim in ledger():
        if claim.id in placed:
            homes.setdefault(claim.place[0], []).append(placed[claim.id])
    return [
        f"{claim.id} hangs on no move: put its id into `claims` of one in helpers/claims/debate.py"
        f"{_neighbours(claim, homes)}"
        for claim in ledger()
        if claim.id not in placed
    ]


def stale() -> list[str]:
    """A line for each move whose words suppose a verdict that the ledger no longer has.

    Claims of chapters that are not there are waited for.
    """
    chapters = {claim.chapter for claim in ledger()}
    return [
        f"{move.id}: written for {claim_id} {wanted}, which is {word} now: read the move again"
        for move in MOVES
        for claim_id, wanted, word in told.moved_rows(move.rests_on)
        if word != REGISTERED and claim_id[:2] in chapters
    ]


def _neighbours(claim: Claim, homes: Mapping[str, list[str]]) -> str:
    near = sorted(set(homes.get(claim.place[0], [])))
    return f" (others of {claim.place[0]!r} hang on {', '.join(near)})" if near else ""


def _move(move: Move) -> str:
    number = MOVES.index(move) + 1
    facts = (
        ("Decides", move.decides),
        ("Other side", move.other),
        ("Would move us", move.mind),
        ("Not measured", move.unmeasured),
    )
    rows = "".join(f"<dt>{name}</dt><dd>{told.filled(text)}</dd>" for name, text in facts if text)
    there = [claim for claim_id in move.claims if (claim := told.known(claim_id))]
    verdicts = told.verdict_lines(there) if there else ""
    return (
        f'<section class="move" id="move-{move.id}" aria-labelledby="title-{move.id}">'
        f'<h3 id="title-{move.id}"><a href="#move-{move.id}">{number}</a> '
        f"{html.escape(move.title)}</h3>"
        f'<p class="move-says">{html.escape(move.says)} '
        f'<a href="{html.escape(move.link)}">({html.escape(move.place)})</a></p>'
        f'{verdicts}<dl class="facts simple">{rows}</dl></section>'
    )
