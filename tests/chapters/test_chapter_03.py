"""Chapter 03's experiments on data whose answer is known."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from helpers import features, networks, tasks
from helpers.claims.ch03_features import images, measures, rarity, steps, theory
from helpers.training import train
from helpers.yardstick import intervals


def test_slope_of_an_exact_power_law():
    widths = [64, 256, 1024]
    frame = pd.DataFrame({"width": widths, "value": [3 * w**-0.5 for w in widths]})
    assert intervals.slope(frame) == pytest.approx(-0.5)


def test_a_difference_is_taken_image_by_image():
    """The draws of a difference are the differences of the draws, and rows match by target."""
    known = {"part": "test", "metric": "correlation"}
    frame = pd.DataFrame(
        {"target": target, "reading": reading, "value": v, "draws": np.array([v, 2 * v]), **known}
        for target, reading, v in [
            ("b", "x", 3.0),
            ("a", "x", 5.0),
            ("a", "y", 1.0),
            ("b", "y", 2.0),
        ]
    )
    found = measures.difference(frame, "reading", "x", "y", ["target"]).set_index("case")
    assert found["value"].to_dict() == {"a": 4.0, "b": 1.0}
    assert found.loc["a", "draws"].tolist() == [4.0, 8.0]


def test_random_labels_are_fitted_and_not_learnt():
    """Without ridge train is perfect for each labelling; held out only meaning survives."""
    frame = images.labellings(0, counts=(512,), n_train=200, ridges=("no ridge",))
    frame = frame[frame["metric"] == "correlation"].set_index(["labels", "part"])["value"]
    assert (frame.xs("train", level="part") > 0.999).all()
    assert frame["true", "test"] > frame["random clusters", "test"] > 0.2
    assert abs(frame["random labels", "test"]) < 0.15


def test_the_error_without_ridge_peaks_where_features_equal_examples():
    frame = theory.interpolation(0, counts=(25, 100, 400), n_train=100)
    error = frame[frame["ridge"] == "no ridge"].set_index("features")["value"]
    assert error[100] > max(error[25], error[400]) + 0.3


def test_gradient_descent_formula_is_the_books_own_training():
    """Full-batch training of a readout with the same rate ends where the formula says."""
    frame = steps.found_by_step(0, width=64, steps=(30,), adam=(1,), n_train=100)
    told = frame[frame["how"] == "raw features"]["value"].item()
    task = tasks.digits(3, n_train=100, seed=0)
    raw = features.as_task(networks.mlp([64, 64, 1], seed=0), task)
    x = torch.cat([raw.x_train, torch.ones(100, 1)], 1).double()
    start = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    for parameter in start.parameters():
        nn.init.zeros_(parameter)
    # training's squared error is the mean square, without the 1/2
    lr = 0.5 / float(torch.linalg.eigvalsh(x @ x.T / 100).max())
    run = train(start, raw, steps=30, batch=None, lr=lr, optimizer="sgd", loss="squared")
    with torch.no_grad():
        scores = run.net(raw.x_test).flatten()
    measured = float(torch.corrcoef(torch.stack([scores, raw.y_test]))[0, 1])
    assert told == pytest.approx(measured, abs=1e-4)


def test_rarities_of_sampled_networks_are_those_of_exact_readouts():
    """A re-drawn net is a random readout of random features, so their rarities agree."""
    frame = rarity.rarities(0, width=32, redrawn=400, members=64, scores=(0.2,), n_train=400)
    bits = frame[frame["score"] == 0.2].set_index("family")["value"]
    assert bits["random readout"] == pytest.approx(bits["re-drawn net"], abs=0.5)
