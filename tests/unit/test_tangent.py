"""The tangent kernel against torch.func.jacrev, and everything that has to be refused."""

import copy
import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from helpers import networks, tangent, tasks, yardstick
from helpers.tangent import contractions, layerwise, ntk
from helpers.yardstick import ridge

DOUBLE = torch.float64
ACTIVATIONS = (nn.ReLU, nn.Tanh, nn.GELU, nn.Softplus, nn.LeakyReLU, nn.SiLU)


def jacobian(net, x):
    """(n, C, P) by torch.func.jacrev: the independent twin of everything here."""
    parameters = {name: p.detach() for name, p in net.named_parameters()}
    parts = torch.func.jacrev(lambda p: torch.func.functional_call(net, p, (x.clone(),)))(
        parameters
    )
    return torch.cat([part.flatten(2) for part in parts.values()], -1)


def relative(found, wanted):
    return float((found - wanted).abs().max() / wanted.abs().max().clamp_min(1e-300))


def images(n, *shape, seed=0):
    return torch.randn(n, *shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def randomised(net, seed=0):
    """The same network in float64 with all parameters drawn anew."""
    generator = torch.Generator().manual_seed(seed)
    net = net.double()
    with torch.no_grad():
        for p in net.parameters():
            p.normal_(0, 1 / math.sqrt(max(1, p[0].numel())), generator=generator)
    return net


@st.composite
def dense_nets(draw):
    sizes = draw(st.lists(st.integers(1, 7), min_size=2, max_size=5))
    layers = [nn.Flatten()]
    for index, (a, b) in enumerate(itertools.pairwise(sizes)):
        layers.append(nn.Linear(a, b, bias=draw(st.booleans())))
        if index < len(sizes) - 2 or draw(st.booleans()):
            layers.append(draw(st.sampled_from(ACTIVATIONS))())
    if draw(st.booleans()):
        layers.append(networks.Scale(draw(st.floats(0.5, 2.0))))
    return randomised(nn.Sequential(*layers), draw(st.integers(0, 99))), (sizes[0],)


@st.composite
def conv_nets(draw):
    channels = [draw(st.sampled_from([1, 2, 4])) for _ in range(draw(st.integers(2, 4)))]
    side, layers = draw(st.integers(5, 8)), []
    for a, b in itertools.pairwise(channels):
        string = draw(st.booleans())
        layers.append(
            nn.Conv2d(
                a,
                b,
                kernel_size=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
                stride=1 if string else draw(st.integers(1, 2)),
                padding=("same" if string else draw(st.integers(1, 2))),
                dilation=draw(st.integers(1, 2)),
                groups=draw(st.sampled_from([g for g in (1, 2, 4) if a % g == 0 and b % g == 0])),
                bias=draw(st.booleans()),
                padding_mode=draw(st.sampled_from(["zeros", "circular", "replicate"])),
            )
        )
        pool = draw(st.sampled_from([nn.Identity(), nn.AvgPool2d(2, 1, 1), nn.MaxPool2d(2, 1, 1)]))
        layers += [draw(st.sampled_from(ACTIVATIONS))(), pool]
    end = draw(st.integers(1, 2))
    pool = draw(st.sampled_from([nn.AdaptiveAvgPool2d(end), nn.AdaptiveMaxPool2d(end)]))
    readout = nn.Linear(channels[-1] * end * end, draw(st.integers(1, 3)))
    net = nn.Sequential(nn.Sequential(*layers), pool, nn.Flatten(), readout)
    return randomised(net, draw(st.integers(0, 99))), (channels[0], side, side)


@settings(max_examples=25, deadline=None)
@given(st.one_of(dense_nets(), conv_nets()), st.sampled_from([2**31, 1]))
def test_the_kernel_is_the_product_of_two_jacobians_on_random_architectures(case, memory):
    net, shape = case
    x1, x2 = images(5, *shape), images(3, *shape, seed=1)
    j1, j2 = jacobian(net, x1), jacobian(net, x2)
    for other, j in ((None, j1), (x2, j2)):
        wanted = torch.einsum("icp,jdp->ijcd", j1, j)
        found = tangent.empirical_ntk(net, x1, other, memory=memory)
        assert found.shape == (wanted.shape if j1.shape[1] > 1 else wanted.shape[:2])
        scale = wanted.abs().max().clamp_min(1e-6)  # a dead network has kernel zero
        assert float((found.reshape(wanted.shape) - wanted).abs().max() / scale) <= 1e-12
        trace = tangent.empirical_ntk(net, x1, other, outputs="trace", memory=memory)
        assert float((trace - wanted.diagonal(0, 2, 3).sum(-1)).abs().max() / scale) <= 1e-12
    features = tangent.features(net, x1)
    assert torch.allclose(features.reshape(j1.shape), j1, rtol=1e-12, atol=1e-14)


SMALL_CNN = dict(outputs=3, bias_std=0.3)


@pytest.mark.parametrize("form", [contractions.STRUCTURED, contractions.CONTRACTION])
def test_both_forms_of_a_convolution_agree_with_the_jacobian(form, monkeypatch):
    net = networks.cnn([4, 5], in_channels=2, **SMALL_CNN).double()
    x, z = images(6, 2, 6, 6), images(4, 2, 6, 6, seed=1)
    original = contractions.plan_modules

    def forced(*arguments):
        parts, c = original(*arguments)
        return [
            part if part.form == "final" else contractions.Layer(**{**vars(part), "form": form})
            for part in parts
        ], c

    monkeypatch.setattr(ntk, "plan_modules", forced)
    monkeypatch.setattr(ntk, "SCRATCH", 2**14)  # several pieces per tile
    wanted = torch.einsum("icp,jdp->ijcd", jacobian(net, x), jacobian(net, z))
    assert relative(tangent.empirical_ntk(net, x, z), wanted) <= 1e-12
    trace = wanted.diagonal(0, 2, 3).sum(-1)
    assert relative(tangent.empirical_ntk(net, x, z, outputs="trace"), trace) <= 1e-12


def test_dense_layers_take_structured_derivatives_and_large_maps_the_contraction():
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 64, 32), nn.ReLU(),
        nn.Linear(32, 1),
    )  # fmt: skip
    parts, _ = contractions.plan(net, torch.randn(50, 3, 8, 8), None, "full")
    assert [part.form for part in parts] == [
        "Jacobian contraction",
        "structured derivatives",
        "final",
    ]
    assert parts[0].positions == 64
    pairs = 50 * 51 // 2
    assert parts[1].counts[contractions.STRUCTURED] == pairs * (512 + 33)


def test_a_linear_network_by_hand():
    """f(x) = w . x + b has the kernel x . x' + 1."""
    net, x = nn.Linear(3, 1).double(), images(4, 3)
    assert torch.allclose(tangent.empirical_ntk(net, x), x @ x.T + 1)


@pytest.mark.parametrize("parameterization", networks.PARAMETERIZATIONS)
def test_layers_sum_to_the_whole(parameterization):
    net = networks.mlp([6, 5, 4, 2], parameterization=parameterization).double()
    x = images(7, 6)
    shares = tangent.empirical_ntk(net, x, by_layer=True)
    assert [type(net[int(name)]) for name in shares] == [nn.Linear] * 3
    assert relative(sum(shares.values()), tangent.empirical_ntk(net, x)) <= 1e-14
    columns = tangent.features(net, x)[..., -2 * 4 - 2 :]
    wanted = torch.einsum("icp,jdp->ijcd", columns, columns)
    assert relative(list(shares.values())[-1], wanted) <= 1e-12


def test_blocks_leave_the_kernel_unchanged():
    """More examples than one block holds, and residents evicted: the same numbers."""
    net = networks.cnn([4], outputs=2).double()
    x = images(150, 3, 8, 8)
    whole = tangent.empirical_ntk(net, x)
    pieces = tangent.empirical_ntk(net, x, memory=200_000)
    found = layerwise.modules(net)
    parts, c = contractions.plan(net, x, None, "full")
    block, resident = ntk._sizes(found, parts, x, c, c, 200_000)
    assert block * resident < 150, "the small memory must force several passes"
    assert relative(pieces, whole) <= 1e-13
    assert relative(whole, whole.permute(1, 0, 3, 2)) <= 1e-14


def test_float32_stays_close_to_float64_for_a_smooth_network():
    net = networks.mlp([10, 64, 64, 1], activation="tanh")
    x = images(30, 10)
    wanted = tangent.empirical_ntk(copy.deepcopy(net).double(), x)
    found = tangent.empirical_ntk(net, x.float())
    assert found.dtype == torch.float32
    assert relative(found.double(), wanted) < 1e-5


@pytest.mark.parametrize("device", ["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def test_every_device_there_is_gives_the_same_kernel(device):
    net, x = networks.cnn([4, 4], outputs=2).double(), images(20, 3, 8, 8)
    j = jacobian(net, x)
    found = tangent.empirical_ntk(copy.deepcopy(net).to(device), x.to(device))
    assert found.device.type == device
    assert relative(found.cpu(), torch.einsum("icp,jdp->ijcd", j, j)) <= 1e-12


def test_the_network_its_gradients_and_the_inputs_are_left_alone():
    net = nn.Sequential(
        nn.ELU(inplace=True), nn.Linear(3, 4), nn.ELU(inplace=True), nn.Linear(4, 1)
    )
    net = randomised(net)
    net[1].weight.requires_grad_(False)
    x = images(5, 3)
    before, state = x.clone(), copy.deepcopy(net.state_dict())
    with torch.no_grad():
        found = tangent.empirical_ntk(net, x)
    assert torch.equal(x, before)
    assert all(torch.equal(p, state[name]) for name, p in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(True)
    j = jacobian(net, x.clone())[:, 0]
    assert relative(found, j @ j.T) <= 1e-12


def shared():
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, nn.ReLU(), layer)


def tied():
    net = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    net[2].weight = net[0].weight
    return net


def hooked():
    net = nn.Sequential(nn.Linear(3, 2))
    net[0].register_forward_hook(lambda module, inputs, output: 2 * output)
    return net


def replaced():
    net = nn.Sequential(nn.Linear(3, 2))
    net[0].forward = lambda x: x
    return net


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def with_extra():
    net = nn.Sequential(nn.Linear(3, 2))
    net.register_parameter("temperature", nn.Parameter(torch.ones(1)))
    return net


def parametrized():
    return nn.Sequential(torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)))


def pruned():
    net = nn.Sequential(nn.Linear(3, 2))
    prune.l1_unstructured(net[0], "weight", amount=1)
    return net


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (shared(), r"2\.weight is shared with 0\.weight"),
        (tied(), r"2\.weight is shared with 0\.weight"),
        (hooked(), r"0 \(Linear\) carries hooks"),
        (replaced(), r"0 \(Linear\) has its forward replaced"),
        (nn.Sequential(Residual(nn.Linear(3, 3))), "0 is Residual"),
        (Residual(nn.Linear(3, 3)), "the network is Residual"),
        (with_extra(), "temperature belongs to no Linear or Conv2d layer"),
        (parametrized(), "0 .ParametrizedLinear. is parametrized.*remove_parametrizations"),
        (pruned(), r"0 \(Linear\) is pruned by torch\.nn\.utils\.prune: call prune\.remove"),
        (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), "1 is BatchNorm1d in training mode"),
        (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).eval(), "1 is BatchNorm1d:"),
        (nn.Sequential(nn.Linear(3, 2), nn.Dropout()), r"1 is Dropout: call net\.eval\(\) first"),
        (nn.Sequential(nn.Linear(3, 2), nn.Softmax(1)), "1 is Softmax"),
        (
            nn.Sequential(nn.Linear(3, 2, dtype=torch.complex64)),
            r"received torch\.complex64 in 0",
        ),
        (nn.Sequential(nn.Linear(3, 2).bfloat16()), r"received torch\.bfloat16 in 0\.weight"),
        (nn.Sequential(nn.ReLU()), "without any"),
        (
            nn.Sequential(nn.Conv2d(1, 1, 1), nn.MaxPool2d(1, return_indices=True)),
            "returns indices",
        ),
    ],
)
def test_what_cannot_be_taken_apart_is_refused_by_name(net, message):
    for function in (tangent.empirical_ntk, tangent.features):
        with pytest.raises(TypeError, match=message):
            function(net, torch.randn(4, 3))
    with pytest.raises(TypeError, match=message):
        tangent.linearize(net)


def test_hooks_on_all_modules_are_refused():
    handle = nn.modules.module.register_module_forward_hook(lambda module, inputs, out: 2 * out)
    try:
        with pytest.raises(TypeError, match="is met by hooks on all modules"):
            tangent.empirical_ntk(nn.Linear(3, 1), torch.randn(4, 3))
    finally:
        handle.remove()


def test_dropout_in_evaluation_mode_is_the_identity():
    net = nn.Sequential(nn.Linear(3, 2), nn.Dropout(), nn.Linear(2, 1)).double().eval()
    x, j = images(4, 3), jacobian(net, images(4, 3))[:, 0]
    assert relative(tangent.empirical_ntk(net, x), j @ j.T) <= 1e-12


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (torch.randn(4, 3), dict(outputs="sum"), "wanted outputs 'full' or 'trace'"),
        (
            torch.randn(4, 3).double(),
            {},
            "torch.float32 on cpu, received torch.float64",
        ),
        (torch.randn(3), {}, "examples along the first axis"),
        (torch.randn(0, 3), {}, "examples along the first axis"),
        (torch.randn(4, 2, 3), {}, r"wanted a network with outputs \(n, C\)"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(x, options, message):
    with pytest.raises(ValueError, match=message):
        tangent.empirical_ntk(nn.Sequential(nn.Linear(3, 2)), x, **options)


def test_inputs_whose_examples_pytorch_would_mistake_are_refused():
    with pytest.raises(ValueError, match=r"wanted images .* at 0 \(Conv2d\)"):
        tangent.empirical_ntk(nn.Sequential(nn.Conv2d(3, 1, 1), nn.Flatten()), torch.randn(3, 4, 4))
    with pytest.raises(ValueError, match=r"a Flatten that keeps the first axis at 0"):
        tangent.empirical_ntk(nn.Sequential(nn.Flatten(0), nn.Linear(3, 1)), torch.randn(1, 3))


# --- linearize and what a kernel looks like --------------------------------------------------


def test_the_linearisation_is_exact_to_second_order():
    """Halving the step divides the distance from the network by four."""
    net = networks.mlp([4, 8, 2], activation="tanh").double()
    x, taylor = images(6, 4), tangent.linearize(net)
    start = nn.utils.parameters_to_vector(net.parameters()).detach()
    direction = images(1, len(start), seed=3)[0]
    errors = []
    for step in (1e-3, 5e-4):
        nn.utils.vector_to_parameters(start + step * direction, net.parameters())
        errors.append((net(x) - taylor(x, step * direction)).norm().item())
    assert 3.9 < errors[0] / errors[1] < 4.1
    nn.utils.vector_to_parameters(start, net.parameters())
    change = torch.einsum("ncp,p->nc", tangent.features(net, x), direction)
    assert torch.allclose(taylor(x, direction), net(x) + change)
    with pytest.raises(ValueError, match=rf"one entry per parameter, \({len(start)},\)"):
        taylor(x, direction[:-1])


def test_centring_a_kernel_is_centring_its_features():
    phi = images(9, 4)
    centred = phi - phi.mean(0)
    assert torch.allclose(tangent.centre(phi @ phi.T), centred @ centred.T)


def test_alignment_ignores_a_common_mean_and_scale():
    phi = images(9, 4)
    far = 3 * phi + 100
    assert tangent.alignment(phi @ phi.T, far @ far.T) == pytest.approx(1.0)
    raw = torch.nn.functional.cosine_similarity(
        (phi @ phi.T).flatten(), (far @ far.T).flatten(), dim=0
    )
    assert raw < 0.9


def test_alignment_with_labels_is_the_squared_correlation_for_one_feature():
    phi, y = images(20, 1), images(20, 1, seed=1)[:, 0].sign()
    correlation = torch.corrcoef(torch.stack([phi[:, 0], y]))[0, 1]
    assert tangent.alignment(phi @ phi.T, y) == pytest.approx(float(correlation**2))
    with pytest.raises(ValueError, match="received one that is zero when centred"):
        tangent.alignment(torch.ones(3, 3), torch.tensor([1.0, -1.0, 1.0]))


def test_the_spectrum_is_the_squared_singular_values_of_the_centred_features():
    phi = images(8, 5)
    wanted = torch.linalg.svdvals(phi - phi.mean(0)).square()
    assert torch.allclose(tangent.spectrum(phi @ phi.T)[:5], wanted)
    assert torch.allclose(tangent.spectrum(phi @ phi.T)[5:], torch.zeros(3, dtype=DOUBLE))


def test_cumulative_energy_finds_a_target_where_it_was_put():
    phi = images(12, 5)
    left, _, _ = torch.linalg.svd(phi - phi.mean(0), full_matrices=False)
    found = tangent.cumulative_energy(phi @ phi.T, 0.6 * left[:, 0] + 0.8 * left[:, 3] + 7)
    assert torch.allclose(found[:5], torch.tensor([0.36, 0.36, 0.36, 1, 1], dtype=DOUBLE))
    assert found[-1] == pytest.approx(1.0)


# --- the readings ----------------------------------------------------------------------------


def test_jvp_and_vjp_are_the_jacobian_from_both_sides():
    net = networks.cnn([3], in_channels=1).double()
    x = images(9, 1, 4, 4)
    j = jacobian(net, x)[:, 0]
    left, right = images(1, 9, seed=1)[0], images(1, j.shape[1], seed=2)[0]
    assert torch.allclose(tangent.vjp(net, x, left), j.T @ left)
    assert torch.allclose(tangent.jvp(net, x, right)[:, 0], j @ right)


def test_strengths_are_the_correlations_of_the_columns_of_the_jacobian(monkeypatch):
    net, x = networks.mlp([5, 6, 1], seed=3).double(), images(40, 5)
    y = images(40, 2, seed=1)
    wanted = yardstick.correlations(jacobian(net, x)[:, 0], y)
    for block in (2**24, 7 * 43):  # 43 parameters: all examples at once, and seven at a time
        monkeypatch.setattr("helpers.tangent.readings.FEATURES", block)
        found = tangent.strengths(net, x, y)
        assert torch.allclose(found, wanted, atol=1e-9)
        assert found[-1].tolist() == [0, 0], "the derivative by the last bias is constant"


@pytest.mark.parametrize(
    "read",
    [
        lambda net, task: tangent.strengths(net, task.x_train, task.y_train[:, None]),
        tangent.best_feature,
        tangent.kernel_regression,
        lambda net, task: tangent.vjp(net, task.x_train, task.y_train),
    ],
)
def test_readings_of_one_output_refuse_several(read):
    task = tasks.digits(3, n_train=50)
    with pytest.raises(ValueError, match=r"wanted a network with one output, received .*\(2,\)"):
        read(networks.mlp([64, 8, 2]), task)


def test_the_best_feature_is_the_planted_one():
    """The derivative by a hidden bias is the neuron's gate times a constant: labels as they are."""
    digits, net = tasks.digits(3, n_train=400), networks.mlp([64, 16, 1], seed=1)
    on = (networks.activations(net, digits.x_train) > 0).double().mean(0)
    unit = int((on - 0.4).abs().argmin())
    assert on[unit] < 0.5
    task = tasks.planted(digits, lambda x: (networks.activations(net, x)[:, unit] > 0).float())
    found = tangent.best_feature(net, task)
    # A pixel that is constant wherever the gate is open makes the same feature on train.
    assert found.detail["parameter"] in ("1.bias", "1.weight")
    assert found.detail["place"][0] == unit
    assert found.bits == math.log2(16 * 64 + 16 + 16 + 1)
    assert found.train.correlation == pytest.approx(1.0)
    assert found.test.correlation > 0.95
    index = 16 * 64 + unit
    if found.detail["parameter"] == "1.weight":
        index = 64 * unit + found.detail["place"][1]
    column = tangent.features(net, task.x_test)[:, index]
    assert torch.allclose(found.scores(task.x_test), found.detail["sign"] * column)


def test_parameter_names_count_like_the_features():
    net = networks.mlp([3, 4, 1])
    assert tangent.parameter(net, 0) == ("1.weight", (0, 0))
    assert tangent.parameter(net, 11) == ("1.weight", (3, 2))
    assert tangent.parameter(net, 12 + 4 + 4) == ("3.bias", (0,))
    with pytest.raises(ValueError, match="wanted a tangent feature from 0 to"):
        tangent.parameter(net, 99)


def test_kernel_regression_is_ridge_on_the_tangent_features():
    task, net = tasks.digits(8, n_train=300, seed=2), networks.mlp([64, 12, 1], seed=2)
    found = tangent.kernel_regression(net, task, lambdas=(1e-2,))
    fit = ridge.fit_features(tangent.features(net, task.x_train), task.y_train, lambdas=(1e-2,))
    wanted = fit.predict(tangent.features(net, task.x_test))
    assert torch.allclose(found.scores(task.x_test).double(), wanted, atol=2e-4)
    assert found.detail["edof"] == pytest.approx(fit.edof, rel=1e-3)


def test_parts_of_the_net_span_parts_of_the_space():
    """The readout's share alone is ridge on the last hidden layer, by another road."""
    task, net = tasks.digits(8, n_train=300, seed=2), networks.mlp([64, 12, 1], seed=2)
    found = tangent.kernel_regression(net, task, parts=["3"], lambdas=(1e-2,))
    hidden = [networks.activations(net, x) for x in (task.x_train, task.x_test)]
    fit = ridge.fit_features(hidden[0], task.y_train, lambdas=(1e-2,))
    assert torch.allclose(found.scores(task.x_test).double(), fit.predict(hidden[1]), atol=2e-4)
    assert found.detail["parameters"] == 13
    with pytest.raises(ValueError, match=r"wanted parts among \['1', '3'\], received \['2'\]"):
        tangent.kernel_regression(net, task, parts=["2"])
