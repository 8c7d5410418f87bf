"""Chapter 07: the whole ladder on the same networks and photos, and on labels that mean nothing."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from helpers import features, ladder, networks, neurons, seeds, tangent, tasks
from helpers.claims.ceilings import pretrained
from helpers.claims.ch03_features.images import patches
from helpers.claims.ch03_features.tuning import tuned
from helpers.data import cifar
from helpers.keys import key
from helpers.results.store import load, save
from helpers.sweeps import kept, sweep
from helpers.tasks import Task
from helpers.yardstick import Reading, ridge
from helpers.yardstick.descent import directions
from helpers.yardstick.intervals import held_out, rows, scored, summary

CHANNELS = (48, 48, 48)  # of the network on photos: 42,961 parameters
RATES = (1e-3, 3e-3)
PIXEL, PIXELS = "best pixel", "pixels"
NEURONS, PATCHES = "1,024 plain neurons", "as many patches"
LINEARISED, AFTER = "linearised training", "kernel after training"
CEILING = "pretrained on a million photos"
# From one number to a trained network. "layer k" are the derivatives by one layer's parameters.
ORDER = (
    *(PIXEL, "neuron", "k neurons", "tangent feature", PIXELS, NEURONS, "features"),
    *("layer 1", "layer 2", "layer 3", "layer 4", "subnetwork", "tangent space", PATCHES),
    *(LINEARISED, "trained", AFTER, CEILING),
)
BEFORE = ("features", "subnetwork", "tangent space", PATCHES)  # families that come with the weights
CLUSTERS = 20
LOOKS = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)  # steps of descent
SPANS = (PIXELS, "features", "tangent space", PATCHES)  # also asked for labels that mean nothing
ROW = ["value", "draws"]
COUNTS = {1000: 10, 250: 3, 4000: 3}  # photos, and seeds measured with as many
FIRST = 3000
SMALL = {"channels": (4, 4), "n_train": 500, "steps": 20, "mask_steps": 5, "m": 16}


@kept
def climb(
    seed: int,
    *,
    positive: str = "dog",
    channels: Sequence[int] = CHANNELS,
    n_train: int = 1000,
    n_test: int = 2000,
    k: int = 8,
    m: int = 1024,
    mask_steps: int = 400,
    steps: int = 800,
) -> pd.DataFrame:
    """Every reading of `ladder.READINGS` on one network, rivals of equal size, and training.

    `steps` are those of training (rate and step chosen on validation), `mask_steps` those of the
    search for a subnetwork. Four spans are asked a second time, for labels by lot of k-means
    clusters of the same photos. Columns: `labels` ("true" or "clusters"), `reading`, `code` (bits
    that name the choice, before they are cut off at n), `settled` (training had turned before its
    last look), `parameters` (of the network), `part`, `metric`, `value`, `draws`.
    """
    task = tasks.cifar10(positive, n_train=n_train, n_test=n_test, seed=seed)
    lot = tasks.cluster_labels(task, k=CLUSTERS, seed=seed)
    net = networks.cnn(channels, seed=seed)
    after = tuned(net, task.x_train, task.y_train, steps=steps, rates=RATES, seed=seed)
    shares = _kernels(net, task)
    layers = {f"layer {k}": pair for k, pair in enumerate(shares.values(), start=1)}
    whole = tuple(sum(part) for part in zip(*shares.values(), strict=True))
    late = tuple(sum(part) for part in zip(*_kernels(after.net, task).values(), strict=True))
    wide = _patches(task, networks.parameter_count(net), seed)

    def trained(net: nn.Module, task: Task) -> Reading:
        return Reading.of("trained", after.predict, task, bits=math.inf)

    # One loop over the ladder; passed in is what would be computed twice, or not to the end.
    ways = {**ladder.READINGS, "trained": trained}
    options = {
        "k neurons": {"k": k},
        "subnetwork": {"steps": mask_steps, "seed": seed},
        "tangent space": {"shares": {name: pair[0] for name, pair in shares.items()}},
    }
    readings = {name: read(net, task, **options.get(name, {})) for name, read in ways.items()}
    plain = networks.mlp([task.x_train[0].numel(), m, 1], seed=seed)
    readings |= {
        PIXEL: neurons.best_pixel(task),
        PIXELS: features.pixels(task),
        NEURONS: features.readout(plain, task),
    }
    found = [
        row
        for name, one in readings.items()
        for row in rows(one, task, reading=name, code=one.detail["code"])
    ]
    for name, pair in {**layers, PATCHES: wide}.items():
        found += _fitted(pair, task, reading=name)
    # The labels have chosen the space too, so that naming a member of it is not the whole price.
    found += [{**row, "code": math.inf} for row in _fitted(late, task, reading=AFTER)]
    found += scored(*_descended(whole, task.y_train, seed), task, reading=LINEARISED)
    for name, one in {PIXELS: features.pixels(lot), "features": features.readout(net, lot)}.items():
        found += rows(one, lot, reading=name, labels="clusters", code=one.detail["code"])
    for name, pair in {"tangent space": whole, PATCHES: wide}.items():
        found += _fitted(pair, lot, reading=name, labels="clusters")
    frame = pd.DataFrame(found).fillna({"labels": "true", "code": math.inf})
    return frame.assign(settled=after.settled, parameters=networks.parameter_count(net))


Pair = tuple[Tensor, Tensor]  # a kernel on train, and between test and train


def _kernels(net: nn.Module, task: Task) -> dict[str, Pair]:
    """The tangent kernel by layer."""
    train = tangent.empirical_ntk(net, task.x_train, by_layer=True)
    test = tangent.empirical_ntk(net, task.x_test, task.x_train, by_layer=True)
    return {name: (train[name], test[name]) for name in train}


def _patches(task: Task, count: int, seed: int) -> Pair:
    """The kernel of at least `count` random patches, centred so that it keeps its digits."""
    net = patches(task, math.ceil(count / 4), seeds.derived(seed, "as many patches"))
    # Few images at a time stay in the cache: an order of magnitude.
    train, test = (features.layer_features(net, x, block=16) for x in (task.x_train, task.x_test))
    middle = train.mean(0)
    train, test = train - middle, test - middle
    return train @ train.T, test @ train.T


def _fitted(pair: Pair, task: Task, **told) -> list[dict]:
    fit = ridge.fit_kernel(pair[0], task.y_train)
    return scored(*map(fit.predict, pair), task, code=fit.bits, **told)


def _descended(pair: Pair, y: Tensor, seed: int) -> Pair:
    """Gradient descent on the linearised network, stopped where a fifth of train prefers it."""
    order = torch.randperm(len(y), generator=seeds.generator(seed, "validation of descent"))
    out, kept = order[: len(y) // 5], order[len(y) // 5 :]
    train, mean = pair[0].double(), float(y[kept].mean())
    part, steps = train[kept][:, kept], torch.tensor(LOOKS)
    rate = tangent.stable_rate(part)
    tried = (
        mean + train[out][:, kept] @ directions(part).coefficients(y[kept] - mean, rate, steps).T
    )
    best = int((tried - y[out, None]).square().mean(0).argmin())
    rate, labels = tangent.stable_rate(train), y - y.mean()
    found = directions(train).coefficients(labels, rate, steps[[best]])[0]
    return train @ found, pair[1].double() @ found


# --- what the claims measure ------------------------------------------------------------------


def scores(seed: int, *, metric: str = "correlation", labels: str = "true", **options):
    """Held-out scores of every reading, a DataFrame by reading."""
    frame = held_out(climb(seed, **options), metric)
    return frame[frame["labels"] == labels].set_index("reading")


def between(seed: int, *, n_train: int = 1000, n_test: int = 2000, score: str = "", **options):
    """Held-out correlations of the families that come with the weights, of rival and ceiling.

    With `score` the families have another reading's score.
    """
    frame = scores(seed, n_train=n_train, n_test=n_test, **options)
    top = pretrained(seed, n_train=n_train, n_test=n_test, metric="correlation")
    ends = [{"case": PIXELS, **frame.loc[PIXELS, ROW]}, {"case": CEILING, **top}]
    if score:
        on_trial = ends[-1] if score == CEILING else frame.loc[score]
        return ends + [{"case": name, **{k: on_trial[k] for k in ROW}} for name in BEFORE]
    return ends + [{"case": name, **frame.loc[name, ROW]} for name in BEFORE]


def lead(seed: int, *, first: str, second: Sequence[str], **options) -> list[dict]:
    """Held-out correlation of one reading less that of others, one case each."""
    frame = scores(seed, **options)
    return [_less(frame.loc[first], frame.loc[name]) | {"case": name} for name in second]


def equal_bits(
    seed: int, *, n_train: int = 1000, rival: str = "subnetwork", **options
) -> list[dict]:
    """Spans less the subnetwork, or another `rival`, in held-out correlation.

    Column beside: `premise`, the span's price less the rival's, each at most n bits.
    """
    frame = scores(seed, n_train=n_train, **options)
    bits = frame["code"].clip(upper=n_train)
    return [
        _less(frame.loc[name], frame.loc[rival])
        | {"case": name, "premise": float(bits[name] - bits[rival])}
        for name in ("tangent space", "features")
    ]


def clusters(
    seed: int, *, first: str = "clusters", second: str = "true", of: str = "", **options
) -> list[dict]:
    """AUC for labels by lot of clusters less AUC for the concept, in the same spans.

    With `of` what is taken off is another reading's AUC.
    """
    one, other = (scores(seed, metric="auc", labels=x, **options) for x in (first, second))
    return [
        _less(one.loc[name], other.loc[of or name]) | {"case": name}
        for name in ("tangent space", PATCHES)
    ]


def _less(one: pd.Series, other: pd.Series) -> dict:
    return {column: one[column] - other[column] for column in ROW}


# --- stored results -------------------------------------------------------------------------------


def folder() -> Path:
    """Where finished seeds are kept: what `python -m helpers.claims` keeps stands there too."""
    return Path(".cache/claims") / key(cifar.provenance())


def ladder_of_dogs() -> pd.DataFrame:
    """The stored summary: every reading by number of photos, with its provenance in `.attrs`."""
    frame = load("07-ladder")
    told = frame.attrs
    frame = frame.iloc[frame["reading"].map(ORDER.index).argsort(kind="stable")]
    frame.attrs = told
    return frame


def store(jobs: int = 1) -> None:
    """Climb with 250, 1000 and 4000 photos, and store what chapter 07 shows of it."""
    told = {"command": "python -m helpers.claims.ch07_dogs.climb", "data": cifar.provenance()}
    found = []
    for n, seeds_ in COUNTS.items():
        chosen = range(FIRST, FIRST + seeds_)
        frame = sweep(climb, {"seed": chosen, "n_train": [n]}, store=folder(), jobs=jobs)
        frame = frame[frame["metric"].isin(("correlation", "auc")) & (frame["part"] == "test")]
        tops = [
            {"seed": seed, "n_train": n, "labels": "true", "reading": CEILING, "metric": metric}
            | pretrained(seed, n_train=n, metric=metric)
            for seed in chosen
            for metric in ("correlation", "auc")
        ]
        frame = pd.concat([frame, pd.DataFrame(tops)], ignore_index=True)
        by = ["n_train", "labels", "reading", "metric"]
        code = frame.groupby(by, sort=False)["code"].median().reset_index()
        settled = frame.groupby(by, sort=False)["settled"].mean().reset_index()
        found.append(summary(frame, by).merge(code, on=by).merge(settled, on=by))
    save("07-ladder", pd.concat(found, ignore_index=True), **told, seeds=COUNTS)


if __name__ == "__main__":
    # By its own name: what is kept on disk is told by where its functions come from.
    from helpers.claims.ch07_dogs.climb import store as measure

    measure()
