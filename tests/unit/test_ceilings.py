"""The pretrained ceiling and the error over the ledger, against splits and simulations."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import ttest_1samp

from helpers import claims, tasks
from helpers.claims import Claim, Rule, errors, judging
from helpers.claims.core import DEBATE
from helpers.data import cifar
from helpers.results.store import load
from helpers.yardstick.intervals import Interval

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import pretrained


def test_the_ceiling_is_fitted_and_scored_on_the_photos_of_the_task(monkeypatch):
    """With pixels in the place of features the split is `tasks.cifar10`'s, photo for photo."""
    g = torch.Generator().manual_seed(0)
    pixels = [torch.randint(256, (n, 3, 32, 32), generator=g).to(torch.uint8) for n in (300, 100)]
    labels = [torch.arange(len(each)) % 10 for each in pixels]
    names = tuple(cifar.CLASSES.split())
    images = cifar.Images(pixels[0], labels[0], pixels[1], labels[1], names)
    monkeypatch.setattr(cifar, "load", lambda root=None: images)
    monkeypatch.setattr(pretrained, "photos", lambda: images)
    flat = tuple(each.flatten(1).float() for each in pixels)
    monkeypatch.setattr(pretrained, "cached_features", lambda: flat)
    found = pretrained.split(3000, "dog", 40, 20)
    task = tasks.cifar10("dog", n_train=40, n_test=20, seed=3000)
    assert torch.equal(found.test_ids, task.test_ids)
    assert torch.equal(found.y_train, task.y_train)
    assert torch.equal(found.y_test, task.y_test)
    for mine, theirs in ((found.x_train, task.x_train), (found.x_test, task.x_test)):
        centred = mine - found.x_train.mean(0)
        scale = (found.x_train - found.x_train.mean(0)).square().mean().sqrt()
        torch.testing.assert_close(centred / scale, theirs.flatten(1))


def test_the_stored_ceiling_rises_with_n_and_its_draws_belong_to_it():
    found = [claims.pretrained(3000, n_train=n) for n in (250, 1000, 4000)]
    values = [each["value"] for each in found]
    assert values == sorted(values)
    assert values[0] > 0.9
    for each in found:
        assert each["draws"].shape == (100,)
        assert abs(each["draws"].mean() - each["value"]) < 0.004
    assert claims.pretrained(3000, n_train=1000, n_test=1000, target="cat")["draws"] is None
    assert set(load("pretrained-ceiling")["target"]) == set(cifar.CLASSES.split())


def test_a_ceiling_is_not_lent_to_other_photos(monkeypatch):
    monkeypatch.setenv("HELPERS_DATA", "/somewhere/else")
    monkeypatch.setattr(cifar, "provenance", lambda: "CIFAR-10, original archive")
    with pytest.raises(ValueError, match=r"received CIFAR-10, original archive: run benchmarks"):
        claims.pretrained(3000, n_train=1000)


def test_a_split_that_was_not_measured_is_answered_with_those_that_were():
    with pytest.raises(ValueError, match=r"stored for n=999; .* there are: 250, 500, 1000"):
        claims.pretrained(3000, n_train=999)
    with pytest.raises(ValueError, match=r"stored for seed=7; .* there are: 3000, 3001"):
        claims.pretrained(7, n_train=1000)


# --- how many verdicts are wrong --------------------------------------------------------------


def _judged(means: dict[str, float], seed: int):
    rng = np.random.default_rng(seed)
    claim = Claim(
        id=f"99-{seed}",
        sentence="Invented.",
        place=("a test", DEBATE),
        quantifier="forall",
        quantity="Size",
        measure=lambda seed: seed,
        rule=Rule(low=0.0),
        control="",
        objection="",
    )
    frame = pd.DataFrame(
        {"seed": k, "case": case, "value": mean + rng.standard_normal()}
        for case, mean in means.items()
        for k in range(20)
    )
    return claim, judging.judge(claim, frame)


def test_at_the_bar_a_few_in_a_hundred_are_wrong_and_few_survive_the_control():
    """200 claims whose true value is the bar: every verdict that decides is a false one."""
    judged = [_judged({"a": 0.0}, seed) for seed in range(200)]
    found = errors.false_verdicts(judged)
    assert 2 <= found.decided <= 0.09 * 200
    # Each decided claim has a tail below 2.5%, so they expect well below one false verdict each.
    assert found.expected < 0.025 * found.decided
    assert errors.false_verdicts([]) == errors.FalseVerdicts(0, 0.0, 0.0, 0)


def test_the_doubt_of_one_case_is_students_tail():
    """Against the t statistic of the very numbers."""
    claim, entry = _judged({"a": 1.0}, 3)
    rng = np.random.default_rng(3)
    values = 1.0 + np.array([rng.standard_normal() for _ in range(20)])
    exact = ttest_1samp(values, 0.0, alternative="greater").pvalue
    assert errors.doubt(claim, entry) == pytest.approx(exact, rel=0.5)


def test_where_one_case_decides_its_doubt_counts_for_all():
    """`forall` is refuted by its clearest case, times the cases; supported by its least clear."""
    refuted = _judged({"a": -3.0, "b": 3.0, "c": 3.0}, 0)
    alone = _judged({"a": -3.0}, 0)
    assert refuted[1].verdict == "refuted"
    assert errors.doubt(*refuted) >= errors.doubt(*alone)
    supported = _judged({"a": 3.0, "b": 1.2}, 1)
    least = max(
        errors.tail(one, Rule(low=0.0), "supported") for one in supported[1].intervals().values()
    )
    assert errors.doubt(*supported) == least


def test_a_tail_looks_at_the_bar_that_decides():
    inside = Interval(0.0, -0.02, 0.02, 0.95, 20)
    near = errors.tail(inside, Rule(-0.03, 0.5), "supported")
    assert near > errors.tail(inside, Rule(-0.5, 0.5), "supported")
    out = Interval(1.0, 0.9, 1.1, 0.95, 20)
    assert errors.tail(out, Rule(-0.5, 0.5), "refuted") < errors.tail(
        Interval(0.65, 0.55, 0.75, 0.95, 20), Rule(-0.5, 0.5), "refuted"
    )
