"""Detection tasks, and their controls.

A `Task` asks for a detector: labels +1 for the target and -1 for the rest, images to choose on
(train) and images to score on (test). The controls replace the labels and keep the images.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits
from torch import Tensor

from helpers import seeds
from helpers.data import cifar


@dataclass(frozen=True)
class Task:
    """A target to detect.

    Images are `(n, channels, height, width)`, centred and scaled with the training images alone.
    Labels are +1 (target) or -1. `test_ids[i]` names test image i within the pool it was drawn
    from: two splits of one pool share ids, so intervals can resample images across seeds.
    """

    x_train: Float[Tensor, "n_train *image"]
    y_train: Float[Tensor, "n_train"]
    x_test: Float[Tensor, "n_test *image"]
    y_test: Float[Tensor, "n_test"]
    name: str
    test_ids: Int[Tensor, "n_test"] | None = None

    def __post_init__(self):
        if self.test_ids is None:
            object.__setattr__(self, "test_ids", torch.arange(len(self.y_test)))
        for part in ("train", "test"):
            x, y = getattr(self, f"x_{part}"), getattr(self, f"y_{part}")
            if len(x) != len(y):
                raise ValueError(
                    f"{self.name}: wanted a label for each of {len(x)} {part} images, received "
                    f"{len(y)}: give as many"
                )
            check_labels(y, f"{self.name} ({part})")

    def __repr__(self) -> str:
        share = float((self.y_train > 0).float().mean())
        shape = "x".join(map(str, self.x_train.shape[1:]))
        return (
            f"Task({self.name}: {len(self.y_train)} train ({share:.0%} positive), "
            f"{len(self.y_test)} test, images {shape})"
        )


def check_labels(y: Tensor, where: str) -> None:
    """Raises ValueError, naming `where`, unless all labels are -1 or +1."""
    if not bool(((y == 1) | (y == -1)).all()):
        values = [f"{float(value):g}" for value in y.unique()]
        shown = ", ".join([*values[:4], *(["..."] if len(values) > 4 else [])])
        raise ValueError(
            f"{where}: wanted labels -1 and +1, received {shown}: turn 0 and 1 into them with "
            "2 * y - 1"
        )


def digits(positive: int = 3, *, n_train: int = 1000, seed: int = 0) -> Task:
    """One handwritten digit against the other nine: 8x8 images that ship with scikit-learn.

    `seed` draws the split of the 1797 images; what is not in train is in test.

    Raises ValueError for a digit outside 0-9 and for n_train outside [2, 1796].
    Source: UCI "Optical recognition of handwritten digits" (Alpaydin & Kaynak).
    """
    images, labels = _digits()
    if positive not in range(10):
        raise ValueError(f"wanted a digit from 0 to 9, received {positive!r}")
    if not 2 <= n_train < len(labels):
        raise ValueError(f"wanted n_train in [2, {len(labels) - 1}], received {n_train}")
    order = torch.randperm(len(labels), generator=seeds.generator(seed, "split"))
    train, test = order[:n_train], order[n_train:]
    x_train, x_test = _standardised(images[train], images[test])
    y = (labels == positive).float() * 2 - 1
    return Task(x_train, y[train], x_test, y[test], f"digits {positive}", test)


def cifar10(
    positive: str = "dog",
    *,
    root: str | Path | None = None,
    n_train: int | None = None,
    n_test: int | None = None,
    seed: int = 0,
) -> Task:
    """One CIFAR-10 class against the rest, with as many positives as rest in train and in test.

    The folder is `root`, else the environment variable HELPERS_DATA, else the original archive is
    downloaded (170 MB, checksummed). `seed` draws the images; `None` takes as many as there are.
    Train images come from the training batches, test images from the test batch.

    Raises ValueError for an unknown class, for more images than there are, and for damaged files.
    Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images".
    """
    x_train, labels_train, x_test, labels_test, names = cifar.load(root)
    target = cifar.class_index(names, positive)
    generator = seeds.generator(seed, "photos")
    train = cifar.balanced(labels_train, target, n_train, generator)
    test = cifar.balanced(labels_test, target, n_test, generator)
    y_train, y_test = (
        (labels == target).float() * 2 - 1 for labels in (labels_train[train], labels_test[test])
    )
    x_train, x_test = _standardised(x_train[train].float(), x_test[test].float())
    return Task(x_train, y_train, x_test, y_test, f"cifar10 {positive}", test)


def random_labels(task: Task, *, seed: int = 0) -> Task:
    """The same images with labels drawn anew: the same share of +1, independent of the image.

    Nothing can be learnt, so a held-out score away from chance means a leak, and the score on
    train shows what selection alone does.
    """
    generator = seeds.generator(seed, "labels")
    shuffled = [y[torch.randperm(len(y), generator=generator)] for y in (task.y_train, task.y_test)]
    return replace(
        task, y_train=shuffled[0], y_test=shuffled[1], name=f"{task.name}, random labels"
    )


def cluster_labels(task: Task, *, k: int, seed: int = 0) -> Task:
    """The same images, labelled by cluster: k-means clusters (of train) get a random sign each.

    The labels carry over from train to test, but mean nothing: what scores here is what a family
    of detectors can pick up that is not the concept. Half of the clusters (rounded) are +1.

    Raises ValueError for k outside [2, n_train].
    Source: control tasks of Hewitt & Liang 2019, with clusters in the place of word types.
    """
    n = len(task.y_train)
    if not 2 <= k <= n:
        raise ValueError(f"wanted k from 2 to the {n} training images, received {k}")
    kmeans = KMeans(n_clusters=k, n_init=1, random_state=seeds.derived(seed, "clusters"))
    with threadpool_limits(1):  # several threads add up in an order of their own
        train = kmeans.fit_predict(task.x_train.flatten(1).numpy())
        test = kmeans.predict(task.x_test.flatten(1).numpy())
    signs = np.ones(k, dtype=np.float32)
    signs[seeds.numpy(seed, "signs of clusters").permutation(k)[: k // 2]] = -1
    return replace(
        task,
        y_train=torch.from_numpy(signs[train]),
        y_test=torch.from_numpy(signs[test]),
        name=f"{task.name}, {k} random clusters",
    )


def planted(task: Task, scores: Callable[[Tensor], Tensor], *, name: str = "planted") -> Task:
    """The same images, labelled +1 where `scores(x)`, one per image, exceeds its train median.

    A reading that is told to look where the answer was put has to find it.

    Raises ValueError where no image scores above the median, as with a constant score.
    """
    with torch.no_grad():
        train, test = (scores(x).flatten() for x in (task.x_train, task.x_test))
    cut = train.median()
    labels = [torch.where(score > cut, 1.0, -1.0) for score in (train, test)]
    if not bool((train > cut).any()):
        raise ValueError(
            f"{name}: wanted scores above their train median, received none above "
            f"{float(cut):.3g}: plant what varies from image to image"
        )
    return replace(task, y_train=labels[0], y_test=labels[1], name=f"{task.name}, {name}")


@cache
def _digits() -> tuple[Tensor, Tensor]:
    bunch = load_digits()
    return (
        torch.from_numpy(bunch.images).float()[:, None],
        torch.from_numpy(bunch.target).long(),
    )


def _standardised(x_train: Tensor, x_test: Tensor) -> tuple[Tensor, Tensor]:
    """Subtract the mean training image, divide by one number: mean squared entry 1 on train."""
    mean = x_train.mean(0, keepdim=True)
    scale = (x_train - mean).square().mean().sqrt()
    return (x_train - mean) / scale, (x_test - mean) / scale
