"""Does the tangent space of a winning ticket hold the digits better than that of another mask?"""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from helpers import pruning, tangent
from helpers.claims.ch04_pruning.ten_digits import TenDigits, minus, share
from helpers.claims.ch04_pruning.tickets import (
    FEW,
    OTHER_LABELS,
    REDRAWN,
    SIZES,
    WINNER,
    arms_of_a_ticket,
    cut,
)
from helpers.claims.core import Adversary, Claim, Control, Rule
from helpers.sweeps import kept
from helpers.yardstick import ridge

SHUFFLED, DENSE = "mask shuffled in each layer", "whole network"
RIVALS = (SHUFFLED, REDRAWN, OTHER_LABELS)
POSTED = (
    "the tickets are in the tangent space",
    "https://www.lesswrong.com/posts/i9p5KWNWcthccsxqm/updating-the-lottery-ticket-hypothesis",
)


@kept
def spaces(
    seed: int,
    *,
    sizes: tuple[int, ...] = SIZES,
    keep: float = FEW,
    rounds: int = 10,
    steps: int = 100,
    lambdas: tuple[float, ...] = ridge.LAMBDAS,
    only: tuple[str, ...] = (WINNER, *RIVALS, DENSE),
) -> pd.DataFrame:
    """Held-out accuracy of kernel regression in the untrained tangent space of every arm.

    Ten regressions, one for each digit, with the kernel summed over the ten outputs (its trace)
    and lambda chosen on validation; the largest score is the answer. `only` some arms may be asked
    for. Columns: `arm`, `value`, `draws`, `kept` (weights that the mask keeps).
    """
    told = {"sizes": sizes, "keep": keep, "rounds": rounds, "steps": steps}
    net, masks, task = cut(seed, **told)
    arms = arms_of_a_ticket(net, masks, seed)
    chosen = {name: arms[name] for name in (WINNER, SHUFFLED, REDRAWN)}
    chosen[OTHER_LABELS] = net, cut(seed, labels="random", **told)[1]
    chosen[DENSE] = net, pruning.magnitude(net, keep=1.0, biases=False)
    return pd.DataFrame(
        {
            "arm": name,
            **regression(pruning.masked(*arm), task, lambdas),
            "kept": pruning.kept(arm[1]),
        }
        for name, arm in chosen.items()
        if name in only
    )


def regression(net: nn.Module, task: TenDigits, lambdas: tuple[float, ...] = ridge.LAMBDAS) -> dict:
    """Held-out accuracy, as `value` and `draws`, of ridge in the tangent space of ten outputs."""
    told = {"outputs": "trace", "progress": False}
    train = tangent.empirical_ntk(net, task.x_train, **told)
    test = tangent.empirical_ntk(net, task.x_test, task.x_train, **told)
    labels = nn.functional.one_hot(task.y_train, 10).float() * 2 - 1
    scores: list[Tensor] = [
        ridge.fit_kernel(train, labels[:, digit], lambdas=lambdas).predict(test)
        for digit in range(10)
    ]
    return share(torch.stack(scores, 1).argmax(1) == task.y_test, task.test_ids)


def lead(seed: int, *, first: str = WINNER, second: Sequence[str] = RIVALS, **options):
    """Accuracy in the tangent space of one arm minus that of others, one case each."""
    frame = spaces(seed, only=(*dict.fromkeys([first, *second]), DENSE), **options)
    frame = frame.set_index("arm")
    whole = [{"case": DENSE, **minus(frame.loc[DENSE], frame.loc[first])}]
    return whole + [{"case": name, **minus(frame.loc[first], frame.loc[name])} for name in second]


CLAIM = Claim(
    id="06-ticket-space",
    sentence="A winning ticket (7% of a 64-100-50-10 network, cut in ten rounds on 1,000 digits) "
    "has the better tangent space before training: kernel regression in it is right on at least "
    ".02 more of new digits than in the space of the same mask shuffled in each layer, of the "
    "same mask with weights drawn anew, and of a mask cut for random labels.",
    place=POSTED,
    quantifier="each",
    over="rivals",
    quantity="Held-out accuracy in the tangent space, winning ticket minus rival",
    within=(-1, 1),
    measure=lead,
    rule=Rule(low=0.02),
    control="The same number of weights in every arm; lambda is chosen on validation.",
    controls=(Control(DENSE, "control", "the whole network's space minus the ticket's"),),
    adversary=Adversary("refuted", {"first": SHUFFLED, "second": (SHUFFLED,)}),
    objection="The mask was made by training on these labels; its space was not drawn by lot.",
    seen_before="Nothing of this; 04-ticket-head-start: untrained, the ticket itself is right on "
    "about half of new digits.",
    small={"sizes": (64, 20, 10), "rounds": 2, "steps": 20, "lambdas": (1e-3,)},
    first_seed=3000,
)
