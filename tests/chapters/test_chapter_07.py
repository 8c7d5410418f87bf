"""The experiments of chapter 07 at a small size, on photos that are made up here."""

import math

import numpy as np
import pytest
import torch

from helpers import features, networks, tangent, tasks
from helpers.claims.ch07_dogs import climb, luck, shown
from helpers.yardstick import correlations, ridge

CLASSES = "airplane automobile bird cat deer dog frog horse ship truck"
SMALL = {"channels": (4, 4), "n_train": 80, "n_test": 60, "m": 16, "steps": 4, "mask_steps": 3}
HIDDEN = [name for name in climb.ORDER if name not in ("layer 4", climb.CEILING)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder in CIFAR-10's layout: noise, and frogs that have a bright window."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name, count in (("data_batch_1", 300), ("test_batch", 200)):
        labels = np.arange(count) % 10
        pixels = rng.integers(0, 200, (count, 3, 32, 32))
        pixels[labels == 6, :, 8:16, 8:16] += 55
        table = np.concatenate([labels[:, None], pixels.reshape(count, -1)], 1)
        (folder / f"{name}.bin").write_bytes(table.astype(np.uint8).tobytes())
    (folder / "batches.meta.txt").write_text("\n".join(CLASSES.split()) + "\n")
    return folder


@pytest.fixture(scope="module")
def climbed(photos):
    small = {**SMALL, "n_train": 40, "n_test": 30}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HELPERS_DATA", str(photos))
        return climb.climb(1, positive="frog", **small), tasks.cifar10(
            "frog", n_train=40, n_test=30, seed=1
        )


def one(frame, reading, labels="true", metric="correlation", part="test"):
    kept = (frame["reading"] == reading) & (frame["labels"] == labels)
    return frame[kept & (frame["metric"] == metric) & (frame["part"] == part)].squeeze()


def test_another_folder_and_another_animal_climb_the_whole_ladder(climbed):
    frame, _ = climbed
    true = frame[frame["labels"] == "true"]
    assert set(true["reading"]) == set(HIDDEN)
    assert set(frame[frame["labels"] == "clusters"]["reading"]) == set(climb.SPANS)
    assert frame[frame["part"] == "test"]["value"].between(-1, 1).all()
    assert one(frame, "pixels").value > 0.3, "the window is easy to see"
    assert len(one(frame, "trained").draws) == 100


def test_the_tangent_space_is_ridge_on_all_derivatives(climbed):
    frame, task = climbed
    net = networks.cnn(SMALL["channels"], seed=1)
    phi, new = (tangent.features(net, x) for x in (task.x_train, task.x_test))
    fit = ridge.fit_features(phi, task.y_train)
    found = correlations(fit.predict(new)[:, None].float(), task.y_test[:, None])
    row = one(frame, "tangent space")
    assert row.value == pytest.approx(float(found), abs=1e-4)
    assert row.code == pytest.approx(fit.bits, rel=1e-3)
    assert row.parameters == phi.shape[1] == networks.parameter_count(net)


def test_the_blocks_are_ridge_on_one_layers_derivatives(climbed):
    frame, task = climbed
    net = networks.cnn(SMALL["channels"], seed=1)
    places = networks.parameter_count(net[0])  # the first columns
    phi, new = (tangent.features(net, x)[:, :places] for x in (task.x_train, task.x_test))
    found = ridge.fit_features(phi, task.y_train).predict(new)[:, None].float()
    wanted = float(correlations(found, task.y_test[:, None]))
    assert one(frame, "layer 1").value == pytest.approx(wanted, abs=1e-3)
    assert one(frame, "layer 2").value != pytest.approx(wanted, abs=1e-3)


def test_choices_cost_what_names_them(climbed):
    frame, task = climbed
    parameters = networks.parameter_count(networks.cnn(SMALL["channels"], seed=1))
    assert one(frame, "tangent feature").code == pytest.approx(math.log2(parameters))
    assert one(frame, climb.PIXEL).code == pytest.approx(math.log2(3072))
    assert one(frame, "subnetwork").code > 4 * len(task.y_train), "before it is cut off at n"
    assert math.isinf(one(frame, "trained").code)
    assert math.isinf(one(frame, climb.AFTER).code), "its space was chosen by the labels too"


def test_descent_stops_where_the_held_back_photos_say():
    """On labels that are noise but for one strong direction, early; without noise, late."""
    generator = torch.Generator().manual_seed(0)
    phi = torch.randn(90, 60, generator=generator) * torch.linspace(3, 0.05, 60)
    clean = phi @ torch.ones(60)
    noisy = torch.randn(60, generator=generator) + 0.2 * phi[:60, 0]
    pair = phi[:60] @ phi[:60].T, phi[60:] @ phi[:60].T
    late, test = climb._descended(pair, clean[:60], 0)
    assert torch.corrcoef(torch.stack([test, clean[60:].double()]))[0, 1] > 0.95
    early, _ = climb._descended(pair, noisy, 0)
    left = [
        float((y - y.mean() - fit).norm() / y.norm())
        for y, fit in ((clean[:60], late), (noisy, early))
    ]
    assert left[0] < 0.1
    assert left[1] > 0.5


def test_differences_are_taken_seed_by_seed_and_can_be_turned(climbed, monkeypatch):
    frame, _ = climbed
    monkeypatch.setattr(climb, "climb", lambda seed, **options: frame)
    (row,) = climb.lead(1, first="pixels", second=("trained",))
    assert row["value"] == one(frame, "pixels").value - one(frame, "trained").value
    assert np.allclose(row["draws"], one(frame, "pixels").draws - one(frame, "trained").draws)
    spans = climb.equal_bits(1, n_train=40)
    assert all(row["premise"] <= 0 for row in spans), "a mask costs all n bits"
    mask = one(frame, "subnetwork").value
    assert [row["value"] for row in spans] == [
        one(frame, name).value - mask for name in ("tangent space", "features")
    ]
    itself = climb.equal_bits(1, n_train=40, rival="tangent space")[0]
    assert itself["value"] == itself["premise"] == 0
    (space, _), (back, _) = (
        climb.clusters(1, first=a, second=b)
        for a, b in (("clusters", "true"), ("true", "clusters"))
    )
    assert space["value"] == -back["value"]


def test_luck_is_what_random_members_need(photos, monkeypatch):
    """Exact bits beside counted ones, for both spans."""
    monkeypatch.setenv("HELPERS_DATA", str(photos))
    options = {"positive": "frog", "channels": (4, 4), "n_train": 40, "n_test": 30}
    frame = luck.exact(2, levels=(0.1, 0.3), **options)
    task = tasks.cifar10("frog", n_train=40, n_test=30, seed=2)
    net = networks.cnn((4, 4), seed=2)
    generator = torch.Generator().manual_seed(0)
    for family, phi in (
        (luck.WHOLE, tangent.features(net, task.x_test)),
        (luck.LAST, features.layer_features(net, task.x_test)),
    ):
        drawn = phi @ torch.randn(phi.shape[1], 20_000, generator=generator)
        counted = correlations(drawn, task.y_test[:, None])
        for level in (0.1, 0.3):
            share = float((counted >= level).float().mean())
            exact = frame[(frame["family"] == family) & (frame["level"] == level)]["value"].item()
            assert 2**-exact == pytest.approx(share, abs=0.015)


def test_every_family_is_counted_with_both_signs(photos, monkeypatch):
    monkeypatch.setenv("HELPERS_DATA", str(photos))
    options = {"positive": "frog", "channels": (4, 4), "n_train": 40, "n_test": 30}
    frame = luck.sampled(2, levels=(-1.0, 0.0, 0.4), drawn=3, **options)
    table = frame.pivot(index="family", columns="level", values="hits")
    members = frame.groupby("family")["members"].first()
    assert (table[-1.0] == members).all()
    assert (table[0.0] >= members / 2).all()
    assert members.to_dict() == {
        "one pixel": 2 * 3072,
        "one neuron": 2 * 4 * (1024 + 256),
        "one partial derivative": 2 * networks.parameter_count(networks.cnn((4, 4))),
        "one random mask": 6,
        "one re-drawn network": 6,
    }
    assert len({float(x) for x in frame["level"]}) == 3


def test_the_stored_ladder_places_every_reading_between_its_ends():
    for n in climb.COUNTS:
        frame = shown.ladder_at(n)
        assert list(frame["reading"]) == list(climb.ORDER)
        assert shown.share(climb.PIXELS, n) == 0
        assert shown.share(climb.CEILING, n) == 1
    bits = shown.prices()["bits"]
    assert bits.is_monotonic_increasing
    assert bits.max() == 1000
    assert len(shown.as_table()) == len(climb.ORDER) - 1
