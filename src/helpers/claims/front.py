"""The book's answer in five sentences. Each stands on ledger rows and falls with them."""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

from IPython.display import HTML

from helpers.claims import cards
from helpers.claims.chapters import find, ledger
from helpers.claims.judging import REGISTERED
from helpers.claims.told import filled, filled_text, mark, moved_rows, row, sign


@dataclass(frozen=True)
class Sentence:
    """One sentence of the answer.

    `lead` is set in bold before `says`, in which `{03-dog-share: pixels}` becomes the interval of
    that case; `rests_on`: claims and the verdicts with which the sentence is true. The answer's own
    page adds what is `expressible`, what is `learnable` from n examples, what is `found` by step t,
    and which result would `refute` the sentence; `also`: the verdicts which these words suppose.
    """

    lead: str
    says: str
    rests_on: Mapping[str, str] = field(default_factory=dict)
    expressible: str = ""
    learnable: str = ""
    found: str = ""
    refute: str = ""
    also: Mapping[str, str] = field(default_factory=dict)


ANSWER = (
    Sentence(
        "One neuron: no.",
        "The best of tens of thousands is no detector of a digit, and of a dog a faint hint.",
        {"02-digit-neuron": "refuted", "05-dog-feature": "refuted"},
        expressible="A neuron's sign splits the inputs by one plane, and few functions are so "
        "simple. A digit is not, nor is a dog.",
        learnable="The neuron that 1000 labels pick among 65,536 has on new images a correlation "
        "of {02-digit-neuron} with its digit; the best of 42,961 single partial derivatives "
        "closes {05-dog-feature: best derivative} of the gap from the best pixel to pretrained "
        "features, for dogs.",
        found="Gradient descent does not look for one neuron. Chapter 02 asks whether training "
        "makes the best one better and whether the network then needs it.",
        refute="Weights drawn without having seen an image, and one neuron among them that "
        "reaches .9 for every digit.",
    ),
    Sentence(
        "Untrained features, combined: largely.",
        "Random patches close {03-dog-share: 64 patches, untrained} of the gap from pixels to the "
        "same network trained, on 2000 photos.",
        {"03-dog-share": "mixed"},
        expressible="Everything, on the images in hand, once there are as many features as images: "
        "random labels too ({03-fits-anything} in correlation). So this says nothing.",
        learnable="Here the reading decides something. Patches, which look at small windows of "
        "the photo, close most of the gap; 1,024 plain neurons close "
        "{03-dog-share: 1,024 neurons, untrained} of it. On a parity of three of thirty bits "
        "training is ahead of the readout by {03-parity} in R².",
        found="Easily. Gradient descent on the readout is within "
        "{03-descent: raw features, 400 steps} of the best combination after 400 steps.",
        refute="A network of the same kind that, trained on as many photos, leaves the readout "
        "of its untrained features far behind.",
        also={
            "03-fits-anything": "supported",
            "03-parity": "supported",
            "03-descent": "supported",
        },
    ),
    Sentence(
        "A pruned subnetwork: yes, of anything.",
        "Even a network without randomness can be cut into the one we want: the mask is the "
        "program.",
        {"04-whole-network": "supported", "04-no-randomness": "supported"},
        expressible="A mask of a random network agrees with a whole trained one on "
        "{04-whole-network} of new digits; a mask of fixed powers of two on {04-no-randomness}.",
        learnable="From 1,000 digits a search over masks closes {04-popup: mask, 300 steps} of the "
        "gap from a random mask to training; from 1,000 photos of dogs and others, "
        "{04-popup-dog: mask}.",
        found="Being there does not help by itself: in a network of which some mask computes a "
        "parity of eight bits, Adam is after 2,000 steps on 5,000 examples right on "
        "{04-planted-found: Adam, 2,000 steps} of new inputs, by chance.",
        refute="A mask that takes far fewer bits to write down than the network it cuts out. So "
        "far it takes {04-mask-length: mask, random} times as many.",
        also={
            "04-popup": "supported",
            "04-popup-dog": "inconclusive",
            "04-planted-found": "refuted",
            "04-mask-length": "supported",
        },
    ),
    Sentence(
        "The tangent space: about half of the dog,",
        "more than the last layer holds, and no more than as many features of one layer.",
        {"07-half": "inconclusive", "05-dog-whole-net": "supported", "05-equal-count": "refuted"},
        expressible="{01-tangent-all: 51 weights} of the functions of three bits with 51 weights. "
        "In a larger cube it holds fewer of the parities of three bits than as many neurons "
        "of one layer do (difference {05-span-degree: neurons of one layer}).",
        learnable="From 1000 photos {07-half: tangent space} of the gap from pixels to pretrained "
        "features, {05-dog-whole-net: last hidden layer} in correlation above the last layer; "
        "beside as many random features of one layer {07-equal-count: as many patches} on dogs and "
        "{05-equal-count: digit 8, second layer} on a digit.",
        found="Training that is kept in the space finds {01-there-is-found: 3-4-1} of what is in "
        "it, of the functions of three bits. From 1000 photos of dogs training that is free to "
        "leave ends {07-trained: tangent space} above it.",
        refute="A target that nobody chose for it, on which the space beats as many random "
        "features of one layer.",
        also={
            "01-tangent-all": "mixed",
            "05-span-degree": "refuted",
            "07-equal-count": "inconclusive",
            "07-trained": "inconclusive",
            "01-there-is-found": "supported",
        },
    ),
    Sentence(
        "Found if and only if there: where training stays in its tangent space,",
        "and whether it stays is up to the parameterisation.",
        {"06-inference": "supported", "06-near-at-width": "mixed"},
        expressible="“There” can mean each of the four readings above, and each draws the line "
        "elsewhere. Of a parity that a network of 128 units finds, its tangent space held "
        "{06-not-expressible} before.",
        learnable="From 256 examples the kernel before training is as good as networks of 512 "
        "units that stay (network minus kernel {06-already-there: NTK, digit 3} on a digit), and "
        "far behind one that leaves ({06-already-there: muP, parity of 3} on a parity).",
        found="Who stays finds what its linearisation finds in 200 steps (difference "
        "{06-inference: NTK, digit 3}). Who leaves can find what was not there; of what a 3-4-1 "
        "network does not express under any mask, Adam finds {01-absent-found: subnetwork} within "
        "1,000 steps.",
        refute="Large networks, trained as they are in practice, that find exactly what their "
        "tangent space held.",
        also={
            "06-already-there": "mixed",
            "06-not-expressible": "supported",
            "01-absent-found": "supported",
        },
    ),
)


def answer() -> HTML:
    """The five sentences, each with the marks of the rows it rests on, linked to their cards.

    Raises ValueError if a measured row says something else than its sentence: rewrite the sentence.
    """
    return HTML(f'<ol id="answer" class="answer">{"".join(map(_item, ANSWER))}</ol>')


def answer_markdown() -> str:
    """The five sentences with their signs and how many claims there are, for the README.

    Raises ValueError as `answer` does.
    """
    lines = []
    for number, sentence in enumerate(ANSWER, start=1):
        _agree(sentence)
        rows = map(find, sentence.rests_on)
        marks = ", ".join(f"{sign(claim)} `{claim.id}`" for claim in rows)
        says = filled_text(sentence.says)
        lines.append(f"{number}. **{sentence.lead}** {says} ({marks})")
    counts = []
    for kind in cards.KINDS:
        claims = [claim for claim in ledger() if claim.kind == kind]
        counts.append(f"**{len(claims)} {kind}s:** {cards.tally(claims)}.")
    return "\n".join([*lines, "", " ".join(counts)])


def answer_page() -> HTML:
    """The five sentences with the rows they rest on, and what is meant by each.

    Raises ValueError as `answer` does.
    """
    return HTML("".join(_section(k, sentence) for k, sentence in enumerate(ANSWER, start=1)))


def _item(sentence: Sentence) -> str:
    _agree(sentence)
    marks = " ".join(mark(find(claim_id)) for claim_id in sentence.rests_on)
    return (
        f"<li><strong>{html.escape(sentence.lead)}</strong> {filled(sentence.says)} "
        f'<span class="answer-marks">{marks}</span></li>'
    )


def _section(number: int, sentence: Sentence) -> str:
    _agree(sentence, page=True)
    rows = "".join(f"<li>{row(find(claim_id))}</li>" for claim_id in sentence.rests_on)
    facts = (
        ("Expressible", sentence.expressible),
        ("Learnable", sentence.learnable),
        ("Found", sentence.found),
        ("Would refute", sentence.refute),
    )
    told = "".join(f"<dt>{name}</dt><dd>{filled(text)}</dd>" for name, text in facts)
    return (
        f'<section class="move" id="answer-{number}"><p class="move-says"><strong>'
        f"{html.escape(sentence.lead)}</strong> {filled(sentence.says)}</p>"
        f'<ul class="rows">{rows}</ul><dl class="facts simple">{told}</dl></section>'
    )


def _agree(sentence: Sentence, *, page: bool = False) -> None:
    supposed = {**sentence.rests_on, **(sentence.also if page else {})}
    for claim_id, wanted, word in moved_rows(supposed):
        if word != REGISTERED:
            raise ValueError(
                f"wanted {claim_id} {wanted}, received {word}: rewrite the sentence "
                f"{sentence.lead!r} in helpers/claims/front.py"
            )
