"""Chapter 05, photographs: single members and spans of a small convolutional net, and rivals."""

from collections.abc import Sequence

import pandas as pd

from helpers import features, networks, neurons, seeds, tangent, tasks
from helpers.claims.ceilings import pretrained
from helpers.claims.ch03_features.images import patches
from helpers.claims.ch05_tangent.kernels import EQUAL, LAST, WHOLE, by_kernel, scales
from helpers.data import cifar
from helpers.results.store import load, save
from helpers.sweeps import kept, sweep
from helpers.yardstick import ridge
from helpers.yardstick.intervals import held_out, rows, scored, summary

CHANNELS = (48, 48, 48)  # of the network on photos: 42,961 parameters
PATCHES, MORE = "1,024 patches", "4,096 patches"
CEILING = "pretrained on a million photos"
SMALL = {"channels": (8, 8), "n_train": 500, "filters": (64,)}


@kept
def readings(
    seed: int,
    *,
    positive: str = "dog",
    channels: Sequence[int] = CHANNELS,
    n_train: int = 1000,
    n_test: int = 2000,
    filters: Sequence[int] = (256, 1024),
) -> pd.DataFrame:
    """Single members, spans and rivals on the same photos; five claims and a figure read the runs.

    Columns: `reading`, `features` (how many to pick from or to combine), `part`, `metric`,
    `value`, `draws`.
    """
    task = tasks.cifar10(positive, n_train=n_train, n_test=n_test, seed=seed)
    net = networks.cnn(channels, seed=seed)
    singles = {
        "best pixel": neurons.best_pixel(task),
        "best own neuron": neurons.best_neuron(net, task),
        "best derivative": tangent.best_feature(net, task),
    }
    found = [
        row
        for name, one in singles.items()
        for row in rows(one, task, reading=name, features=round(2**one.bits))
    ]
    pixels = features.pixels(task)
    found += rows(pixels, task, reading="pixels", features=task.x_train[0].numel())
    # Two kernels, kept by layer, serve every span and every scaling.
    train = tangent.empirical_ntk(net, task.x_train, by_layer=True)
    test = tangent.empirical_ntk(net, task.x_test, task.x_train, by_layer=True)
    sizes = {part: sum(p.numel() for p in net[int(part)].parameters()) for part in train}
    *inner, last = train
    parts = {f"layer {k}": {part: 1.0} for k, part in enumerate(inner, start=1)}
    parts |= {LAST: {last: 1.0}, WHOLE: scales(train, 0.0), EQUAL: scales(train, 1.0)}
    for name, scale in parts.items():
        one, other = (sum(w * part[k] for k, w in scale.items()) for part in (train, test))
        fit = ridge.fit_kernel(one, task.y_train)
        told = {"reading": name, "features": sum(sizes[part] for part in scale)}
        found += scored(fit.predict(one), fit.predict(other), task, **told)
    for number in filters:
        other = patches(task, number, seeds.derived(seed, "patches to compare"))
        told = {"reading": f"{4 * number:,} patches", "features": 4 * number}
        both = by_kernel(lambda x, net=other: features.layer_features(net, x), task)
        found += scored(*both, task, **told)
    return pd.DataFrame(found)


def scores(seed: int, *, n_train: int = 1000, n_test: int = 2000, **options) -> pd.DataFrame:
    """Held-out correlations by reading, the ceiling (frozen pretrained features) among them."""
    frame = held_out(readings(seed, n_train=n_train, n_test=n_test, **options))
    top = pretrained(seed, n_train=n_train, n_test=n_test, metric="correlation")
    top = pd.DataFrame([{"reading": CEILING, "features": 1280, **top}])
    return pd.concat([frame, top], ignore_index=True).set_index("reading")


# --- stored results -------------------------------------------------------------------------------


def ladder() -> pd.DataFrame:
    """The stored scores, by reading, with their provenance in `.attrs`."""
    return load("05-dogs")


def store(seeds: int = 10, first: int = 3000) -> None:
    """Measure what chapter 05 shows of photos and store the summary."""
    told = {"command": "python -m helpers.claims.ch05_tangent.dogs", "data": cifar.provenance()}
    frame = sweep(_shown, {"seed": range(first, first + seeds)})
    save("05-dogs", summary(frame, ["reading", "features"]), **told, seeds=seeds)


def _shown(seed: int) -> pd.DataFrame:
    return scores(seed).reset_index().assign(metric="correlation")


if __name__ == "__main__":
    store()
