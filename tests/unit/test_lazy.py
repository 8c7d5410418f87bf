"""Lazy and rich: the linearised network, the dial, rates that transfer, turned networks."""

import itertools

import pytest
import torch

from helpers import networks, seeds, tangent
from helpers.training import follow
from helpers.yardstick.descent import directions

WIDTHS = (128, 256, 512)


def problem(seed=0, n=12, q=7, d=5):
    """Inputs, labels and fresh inputs in float64."""
    generator = seeds.generator(seed, "inputs of tests")
    x = torch.randn(n + q, d, generator=generator, dtype=torch.float64)
    return x[:n], x[:n, :2].prod(1), x[n:]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_linearised_training_is_gradient_descent_on_the_linearisation(activation):
    """One takes no step and knows only K_0, the other takes them all in parameter space."""
    x, y, fresh = problem()
    net = networks.mlp([5, 16, 8, 1], activation=activation, seed=1).double()
    rate = tangent.stable_rate(tangent.empirical_ntk(net, x))
    line = tangent.linearize(net)
    delta = torch.zeros(networks.parameter_count(net), dtype=x.dtype, requires_grad=True)
    at, walked = (1, 10, 60), {}
    start, start_fresh = (line(part, torch.zeros_like(delta)).detach() for part in (x, fresh))
    for step in range(1, at[-1] + 1):
        loss = (line(x, delta) - start - y[:, None]).square().mean() / 2
        (slope,) = torch.autograd.grad(loss, delta)
        delta = (delta - rate * slope).detach().requires_grad_()
        if step in at:
            walked[step] = (line(fresh, delta) - start_fresh)[:, 0].detach()
    found = tangent.linearised(net, x, y, fresh, steps=torch.tensor(at), rate=rate)
    torch.testing.assert_close(found, torch.stack(list(walked.values())), atol=1e-8, rtol=0)


def test_rates_by_layer_are_gradient_descent_with_those_rates():
    x, y, fresh = problem(2)
    net = networks.mlp([5, 16, 1], activation="tanh", seed=3).double()
    phi, phi_fresh = tangent.features(net, x), tangent.features(net, fresh)
    rates = {"1": 0.01, "3": 0.002}
    sizes = [sum(p.numel() for p in net[int(name)].parameters()) for name in rates]
    each = torch.repeat_interleave(torch.tensor(list(rates.values())).double(), torch.tensor(sizes))
    delta = torch.zeros_like(each)
    for _ in range(40):
        delta = delta - each * (phi.T @ (phi @ delta - y)) / len(y)
    found = tangent.linearised(net, x, y, fresh, steps=torch.tensor([40]), rate=rates)
    torch.testing.assert_close(found[0], phi_fresh @ delta, atol=1e-8, rtol=0)
    with pytest.raises(ValueError, match=r"wanted a rate for each of the layers \['1', '3'\]"):
        tangent.linearised(net, x, y, fresh, steps=torch.tensor([1]), rate={"1": 0.1})


def test_following_is_gradient_descent_taken_by_hand():
    """On one layer the gradient is written out; f_0 is subtracted and the scale divides labels."""
    x, y, fresh = problem(4)
    net = networks.mlp([5, 1], seed=5).double()
    ones = torch.ones(len(x), 1, dtype=x.dtype)
    inputs, new = torch.cat([x, ones], 1), torch.cat([fresh, ones[: len(fresh)]], 1)
    delta, scale = torch.zeros(6, dtype=x.dtype), 3.0
    for _ in range(25):
        residual = scale * inputs @ delta - y
        delta = delta - 0.1 * inputs.T @ residual / len(x) / scale
    course = follow(net, x, y, fresh, rate=0.1, at=(0, 25), scale=scale)
    torch.testing.assert_close(course.outputs[0], torch.zeros(len(fresh), dtype=x.dtype))
    torch.testing.assert_close(course.outputs[1], scale * new @ delta)
    assert course.steps == [0, 25]
    assert not course.enough


def test_a_large_scale_keeps_training_in_the_tangent_space_and_a_small_one_does_not():
    """The gap to the linearisation falls as 1/scale; the network passed in stays as it was."""
    x, y, fresh = problem(6)
    net = networks.mlp([5, 32, 1], activation="tanh", parameterization="ntk", seed=7).double()
    before = networks.parameter_vector(net).clone()
    rate = tangent.stable_rate(tangent.empirical_ntk(net, x))
    line = tangent.linearised(net, x, y, fresh, steps=torch.tensor([200]), rate=rate)
    gaps = [
        (follow(net, x, y, fresh, rate=rate, at=[200], scale=scale).outputs - line).norm()
        for scale in (1.0, 10.0, 100.0)
    ]
    assert gaps[0] > 5 * gaps[1]
    assert gaps[1] / gaps[2] == pytest.approx(10, rel=0.2)
    assert torch.equal(before, networks.parameter_vector(net))


def test_following_stops_when_it_is_enough():
    x, y, fresh = problem(8)
    net = networks.mlp([5, 8, 1], seed=9).double()
    course = follow(net, x, y, fresh, rate=0.001, at=range(1, 50), enough=lambda o: o.norm() > 0.05)
    assert course.enough
    assert course.outputs[-1].norm() > 0.05 >= course.outputs[-2].norm()
    assert len(course.steps) == len(course.outputs) < 49


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at": [3, 2]}, "wanted rising steps from 0 on and a scale above 0"),
        ({"at": [1], "scale": 0.0}, "wanted rising steps from 0 on and a scale above 0"),
        ({"at": [400], "rate": 1e3}, "wanted finite outputs"),
    ],
)
def test_what_cannot_be_followed_is_refused(options, message):
    x, y, fresh = problem()
    net = networks.mlp([5, 8, 1]).double()
    with pytest.raises(ValueError, match=message):
        follow(net, x, y, fresh, **{"rate": 0.1, **options})


def movement(parameterization, width, seed, rate):
    """|h_t - h_0| / |h_0| of the last hidden layer after 60 steps on twenty inputs."""
    x, y, fresh = (part.float() for part in problem(seed, n=20, q=10))
    net = networks.mlp([5, width, width, 1], parameterization=parameterization, seed=seed)
    rate = networks.transferred(rate, parameterization, width, base=WIDTHS[0])
    after = follow(net, x, y, fresh, rate=rate, at=[60]).net
    h, h_0 = (networks.activations(each, fresh) for each in (after, net))
    return float((h - h_0).norm() / h_0.norm())


@pytest.mark.parametrize(("parameterization", "rate"), [("mup", 20.0), ("ntk", 0.15)])
def test_features_of_mup_move_at_any_width_and_those_of_ntk_ever_less(parameterization, rate):
    """Mean of eight networks: flat within a tenth (Yang & Hu 2021), or falling."""
    moved = [
        sum(movement(parameterization, width, seed, rate) for seed in range(8)) / 8
        for width in WIDTHS
    ]
    if parameterization == "mup":
        assert max(moved) / min(moved) < 1.1, moved
        assert min(moved) > 0.05
    else:
        steps = [later / earlier for earlier, later in itertools.pairwise(moved)]
        assert all(0.6 < step < 0.85 for step in steps), "about 1/sqrt(2) a doubling"


def test_standard_rates_fall_with_the_width_and_names_are_checked():
    assert networks.transferred(0.1, "standard", 256, base=64) == pytest.approx(0.025)
    assert networks.transferred(0.1, "mup", 256, base=64) == pytest.approx(0.4)
    with pytest.raises(ValueError, match="wanted a parameterization among"):
        networks.transferred(0.1, "lazy", 256, base=64)


@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize("seed", [None, 1])
def test_a_turned_network_sees_the_direction_with_the_chosen_singular_value(place, seed):
    net = networks.mlp([6, 20, 1], seed=0)
    direction = torch.tensor([1.0, -2, 0, 0, 0.5, 0])
    new = networks.turned(net, direction, place=place, seed=seed)
    w, v = net[1].weight.detach(), new[1].weight.detach()
    values = torch.linalg.svdvals(w)
    torch.testing.assert_close(torch.linalg.svdvals(v), values)
    torch.testing.assert_close((v @ direction).norm() / direction.norm(), values[place])
    torch.testing.assert_close(v.norm(), w.norm())  # as likely as before
    for old, other in zip(list(net.parameters())[1:], list(new.parameters())[1:], strict=True):
        assert torch.equal(old, other)


def test_other_seeds_turn_otherwise_and_do_the_same_for_the_direction():
    net, direction = networks.mlp([6, 20, 1], seed=0), torch.ones(6)
    one, two = (networks.turned(net, direction, seed=seed)[1].weight for seed in (1, 2))
    torch.testing.assert_close(one @ direction, two @ direction)
    assert (one - two).norm() > 0.5 * one.norm()
    with pytest.raises(ValueError, match=r"wanted a direction \(6,\) other than zero"):
        networks.turned(net, torch.zeros(6))
    with pytest.raises(TypeError, match="received a convolution"):
        networks.turned(networks.cnn([2]), direction)


def test_drift_is_relative_and_blind_to_a_common_mean():
    phi = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    kernel = phi @ phi.T
    assert tangent.drift(kernel, 3 * kernel + 5) == pytest.approx(2)
    assert tangent.drift(kernel, kernel) == 0
    with pytest.raises(ValueError, match="zero when centred"):
        tangent.drift(torch.ones(3, 3), kernel[:3, :3])


def test_the_stable_rate_is_where_descent_begins_to_diverge():
    kernel = torch.diag(torch.tensor([4.0, 1.0]))
    rate = tangent.stable_rate(kernel, 2.0)
    assert rate == pytest.approx(1.0)  # 2 / (4 / 2)
    directions(kernel).remaining(rate, torch.tensor([1]))
    with pytest.raises(ValueError, match="wanted a learning rate"):
        directions(kernel).remaining(1.01 * rate, torch.tensor([1]))
