"""CONTRIBUTING's worked example of a reading passes what every rung of the ladder has to pass."""

import re
from pathlib import Path

import pytest
import test_ladder
import torch

from helpers import ladder, networks, plots, sweeps, tasks
from helpers.yardstick.intervals import held_out, rows, summary

SECTION = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text().split("## A reading")[1]
NAME = "fourier features"


@pytest.fixture
def fourier(monkeypatch):
    names: dict = {}
    exec(re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)[0], names)
    monkeypatch.setitem(ladder.READINGS, NAME, names["fourier"])
    return names["fourier"]


@pytest.mark.parametrize("net", test_ladder.NETS)
def test_the_example_is_a_rung_like_the_others(fourier, net):
    task = tasks.digits(3, n_train=test_ladder.BITS)
    test_ladder.test_a_reading_is_named_priced_repeatable_and_beats_chance_on_train(NAME, net, task)
    test_ladder.test_labels_that_mean_nothing_are_worth_nothing_held_out(NAME, net, task)
    test_ladder.test_what_was_planted_in_a_family_is_found_there(NAME, net, task)


def test_its_kernel_is_the_gaussian_one(fourier):
    """Rahimi & Recht: twice the mean of cos(w.x + b) cos(w.y + b) is exp(-|x - y|^2 / 2d)."""
    task = tasks.digits(3, n_train=300)
    found = fourier(networks.mlp([64, 20_000, 1]), task)
    columns = found.scores.__closure__[0].cell_contents
    x = task.x_test[:20]
    phi = columns(x)
    wanted = torch.exp(-torch.cdist(x.flatten(1), x.flatten(1)).square() / (2 * 64))
    assert torch.allclose(2 * phi @ phi.T / phi.shape[1], wanted, atol=0.04)


def test_a_run_and_a_figure_are_the_lines_that_the_page_names(fourier):
    def run(seed, features):
        task = tasks.digits(3, n_train=300, seed=seed)
        net = networks.mlp([64, features, 1], seed=seed)
        found = (ladder.READINGS[name](net, task) for name in ("features", NAME))
        return [row for one in found for row in rows(one, task, reading=one.name)]

    frame = sweeps.sweep(run, {"seed": range(3), "features": [16, 128]}, progress=False)
    shown = summary(held_out(frame), ["reading", "features"])
    assert shown["high"].max() <= 1
    ax = plots.curves(shown, "features", "reading", xlabel="features", ylabel="correlation")
    assert len(ax.lines) >= 2


def test_every_name_on_the_page_exists():
    for module, name in re.findall(
        r"`(networks|intervals|sweeps|plots|yardstick|ladder)\.(\w+)", SECTION
    ):
        package = "yardstick." if module == "intervals" else ""
        assert hasattr(__import__(f"helpers.{package}{module}", fromlist=[name]), name), name
