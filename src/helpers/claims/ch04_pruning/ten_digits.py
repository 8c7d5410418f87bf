"""All ten digits at once: the classification that the literature on subnetworks is about."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from helpers import tasks
from helpers.yardstick.intervals import image_weights

LOSS, LR = "cross-entropy", 3e-3  # of all trainings on ten digits


@dataclass(frozen=True)
class TenDigits:
    """Images as in `tasks.digits`, labels 0 to 9; the same seed gives the same split."""

    x_train: Float[Tensor, "n_train 1 8 8"]
    y_train: Int[Tensor, " n_train"]
    x_test: Float[Tensor, "n_test 1 8 8"]
    y_test: Int[Tensor, " n_test"]
    test_ids: Int[Tensor, " n_test"]


def ten_digits(seed: int, n_train: int = 1000) -> TenDigits:
    """The split of the 1797 images that `seed` draws."""
    ten = [tasks.digits(digit, n_train=n_train, seed=seed) for digit in range(10)]
    y_train, y_test = (
        torch.stack([getattr(task, part) for task in ten]).argmax(0)
        for part in ("y_train", "y_test")
    )
    return TenDigits(ten[0].x_train, y_train, ten[0].x_test, y_test, ten[0].test_ids)


def share(right: Tensor, ids: Tensor) -> dict:
    """The share of test images for which `right` (n,) holds, and the same on resampled images."""
    weights = image_weights(ids)
    draws = (weights @ right.double()) / weights.sum(1)
    return {"value": float(right.double().mean()), "draws": draws.numpy()}


def accuracy(net, task: TenDigits) -> dict:
    """Held-out accuracy, as `value` and `draws`."""
    with torch.no_grad():
        return share(net(task.x_test).argmax(1) == task.y_test, task.test_ids)


def minus(a: dict | pd.Series, b: dict | pd.Series) -> dict:
    """The difference of two such results on the same images."""
    return {"value": a["value"] - b["value"], "draws": np.asarray(a["draws"]) - b["draws"]}
