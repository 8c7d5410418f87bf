"""The Python side of the explorers, and the pure functions of their modules under node."""

import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import golden_verdicts
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from torch import nn

from helpers import counting
from helpers.counting import boolean
from helpers.explorers import dial, hunt, predict, prune

ROOT = Path(__file__).resolve().parents[2]


def net(h, seed=0):
    generator = torch.Generator().manual_seed(seed)
    made = nn.Sequential(nn.Flatten(), nn.Linear(3, h), nn.ReLU(), nn.Linear(h, 1))
    for parameter in made.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return made


def brute_force(weights):
    """Tries every mask on the network itself: counts (256,) and fewest cuts (256,)."""
    counts, cuts = np.zeros(256), np.full(256, -1)
    for mask in itertools.product([0, 1], repeat=len(weights)):
        number = boolean.to_code(prune.forward(weights, np.array(mask))[1] > 0)
        missing = len(mask) - sum(mask)
        counts[number] += 1
        if cuts[number] < 0 or missing < cuts[number]:
            cuts[number] = missing
    return counts, cuts


def targets(m=64):
    rng = np.random.default_rng(0)
    made = {}
    for name, spread in {"digit": 0.3, "random labels": 0.05}.items():
        train = rng.normal(0, spread, m)
        laws = {"a law": np.linspace(0.1, 0.5, len(hunt.steps(m)))}
        made[name] = hunt.Target(train, 0.5 * train, rng.normal(size=(m, 4, 4)), laws)
    return made


def test_forward_is_what_the_torch_network_computes():
    """With nothing cut the explorer's network is the torch network."""
    for h in (1, 4):
        x = torch.tensor(prune.INPUTS, dtype=torch.float32)
        weights = prune.weights_of(net(h))
        _, output = prune.forward(weights, np.ones_like(weights))
        assert np.allclose(output, net(h)(x).detach().numpy().ravel(), atol=1e-6)


@pytest.mark.parametrize("h", [1, 2])
def test_search_counts_what_trying_every_mask_counts(h):
    """Merging masks by behaviour loses no mask and no function."""
    weights = prune.weights_of(net(h, seed=3))
    counts, cuts = brute_force(weights)
    found = prune.search(weights)
    assert (found.counts == counts).all()
    assert (found.cuts == cuts).all()
    assert found.counts.sum() == 2 ** len(weights)


@pytest.mark.parametrize("h", [3, 4])
def test_search_counts_what_counting_counts(h):
    """`counting.mask_counts` compares ranks of half sums and never forms a mask; the figure shows
    one, so it sums over behaviours: the two ways agree on every function, in one numbering."""
    assert (prune.search(prune.weights_of(net(h))).counts == counting.mask_counts(net(h))).all()


def test_every_example_computes_its_function():
    """The mask that is shown for a function makes the network compute it."""
    weights = prune.weights_of(net(4, seed=1))
    found = prune.search(weights)
    for target in np.flatnonzero(found.counts):
        mask = found.example[target]
        assert boolean.to_code(prune.forward(weights, mask)[1] > 0) == target
        assert (mask == 0).sum() == found.cuts[target]


def test_presets_are_the_functions_their_names_say():
    """Bit j is the output at input j: parity is 10010110, majority 11101000, as in `counting`."""
    spec = prune.explorer(net(2)).spec
    tables = {each["name"]: each["target"] for each in spec["presets"]}
    assert tables["an odd number on (parity)"] == boolean.parity(3) == 0b10010110
    assert tables["majority: at least two on"] == 0b11101000
    assert tables["if x1 then x2, else x3"] == 0b11001010


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)], "3 inputs, one ReLU layer and 1 output"),
        ([nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1)], "networks.mlp"),
        ([nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)], "needs one output and a bias"),
        ([nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 1)], "a bias in both layers"),
        ([nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1)], "at most 5 hidden units"),
    ],
)
def test_other_networks_are_refused_with_the_remedy(layers, message):
    with pytest.raises(ValueError, match=message):
        prune.explorer(nn.Sequential(*layers))


def test_an_unknown_target_is_refused():
    with pytest.raises(ValueError, match="unknown target 'dog'; choose one of"):
        prune.explorer(net(2), "dog")


VIEW = "application/vnd.jupyter.widget-view+json"


def shown(widget):
    """What IPython displays for `widget`: the static figure's HTML and the view's mime bundle."""
    shell = InteractiveShell.instance()
    with capture_output() as captured:
        assert shell.display_formatter.format(widget) == ({}, {})
    static, view = captured.outputs
    return static.data["text/html"], view.data


def test_the_static_figure_stands_before_the_view():
    """Two outputs: the figure as HTML that needs no other host, then the live view."""
    for widget in (
        prune.explorer(net(2)),
        predict.curve("Q?", [1, 2, 3], [0, 0.5, 1], id="a", x_label="x", y_label="y"),
        predict.choice("Q?", ["a", "b"], "b", id="b"),
        hunt.explorer(targets()),
        dial.explorer(steps=8),
    ):
        static, view = shown(widget)
        assert view[VIEW]["model_id"] == widget.model_id
        assert f'data-static-figure="{widget.spec["id"]}"' in static
        assert widget.static() in static
        assert not re.search(r"""(src|href)=|https?:""", static)


def test_the_static_figure_of_a_prediction_keeps_its_truth():
    """Nobody reads the result in the question's own figure before making a guess."""
    options = {"id": "t", "x_label": "x", "y_label": "y"}
    curve = predict.curve("Q?", [1, 2, 3], [0.123, 0.456, 0.789], **options)
    assert not re.search("123|456|789", curve.static())
    open_question = predict.choice("Q?", ["a", "b"], id="u").static()
    assert predict.choice("Q?", ["a", "b"], "b", id="u").static() == open_question


def test_words_of_a_question_cannot_become_markup():
    widget = predict.choice("a < b <script>?", ["<b>x</b>", "y"], 0, id="c", because="<i>")
    assert "<script>?" not in widget.static()
    assert "<b>" not in widget.static()


def test_each_explorer_is_small():
    """Module, style and data of the largest figure stay under 200 KB."""
    rng = np.random.default_rng(0)
    m = 4096
    many = {
        name: hunt.Target(
            rng.normal(0, 0.1, m), rng.normal(0, 0.1, m), rng.normal(size=(m, 32, 32))
        )
        for name in ("digit", "dog", "random labels")
    }
    for widget in (hunt.explorer(many), prune.explorer(net(5)),
                   predict.choice("Q?", ["a", "b"], id="d")):  # fmt: skip
        state = widget.get_state()
        raw = len(state.pop("data")) * 4 / 3
        assert raw + len(json.dumps(state)) < 200_000, type(widget).__name__


def test_a_truth_given_later_is_the_truth_given_at_once():
    options = {"id": "e", "x_label": "x", "y_label": "y"}
    early = predict.curve("Q?", [1, 2, 3], [0.1, 0.2, 0.3], low=[0, 0, 0], **options)
    late = predict.curve("Q?", [1, 2, 3], **options)
    late.reveal([0.1, 0.2, 0.3], low=[0, 0, 0])
    assert late.spec == early.spec
    answer = predict.choice("Q?", ["a", "b"], id="f")
    answer.reveal("b", because="It is.")
    assert answer.spec["truth"] == 1
    assert answer.spec["because"] == "It is."


def test_a_prediction_outlives_running_its_cell_again():
    first = predict.choice("Q?", ["a", "b"], id="again")
    first.value = {"phase": "committed", "answer": 1, "confidence": 75}
    assert predict.choice("Q?", ["a", "b"], id="again").value == first.value
    assert predict.choice("Q?", ["a", "b"], id="another").value == {}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda o: predict.curve("Q?", [1, 2], **o), "3 to 16 increasing values"),
        (lambda o: predict.curve("Q?", [1, 3, 2], **o), "3 to 16 increasing values"),
        (lambda o: predict.curve("Q?", [1, 2, 3], [1, 2], **o), "truth must be 3 finite numbers"),
        (lambda o: predict.curve("Q?", [1, 2, 3], [1, 2, np.nan], **o), "3 finite numbers"),
        (lambda o: predict.curve("Q?", [0, 1, 2], x_scale="log", **o), "log scale needs x above 0"),
        (lambda o: predict.curve("Q?", [1, 2, 3], x_scale="wide", **o), "x_scale must be one of"),
        (lambda o: predict.choice("Q?", ["a"], id="x"), "at least two answers"),
        (
            lambda o: predict.choice("Q?", ["a", "b"], "c", id="x"),
            "truth must be one of the answers",
        ),
        (lambda o: predict.choice("Q?", ["a", "b"], 2, id="x"), "truth must be one of the answers"),
    ],
)
def test_bad_predictions_are_refused_with_the_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call({"id": "x", "x_label": "x", "y_label": "y"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("random labels"), "lack 'random labels'"),
        (lambda t: t.update(dog=hunt.Target(np.zeros(3), np.zeros(3))), "same 1 to 8192 neurons"),
        (lambda t: t.update(dog=hunt.Target(np.zeros(64), np.zeros(64), None, {"cap": np.ones(3)})),
         "law 'cap' must have 7 values"),
    ],
)  # fmt: skip
def test_bad_hunts_are_refused_with_the_remedy(change, message):
    given = targets()
    change(given)
    with pytest.raises(ValueError, match=message):
        hunt.explorer(given)


def test_scores_fit_into_one_byte_each():
    widget = hunt.explorer(targets(100))
    assert widget.spec["steps"][-1] == 64  # whole powers of two only
    scores = np.frombuffer(widget.data, dtype=np.int8).reshape(2, 2, 64) / 127
    train = targets(100)["digit"].train[:64]
    winners = [int(np.abs(train[:m]).argmax()) for m in widget.spec["steps"]]
    assert winners == [int(scores[0, 0, :m].argmax()) for m in widget.spec["steps"]]
    # Only what would tie with a winner, once rounded, is lowered, and by one level.
    rounded = np.round(np.abs(train) * 127)
    lowered = np.flatnonzero(np.round(scores[0, 0] * 127) != rounded)
    assert set(rounded[lowered]) <= set(rounded[winners])
    assert (np.round(scores[0, 0] * 127) == rounded - np.isin(np.arange(64), lowered)).all()
    assert np.abs(scores[0, 1] - 0.5 * np.abs(train)).max() <= 0.5 / 127 + 1e-12


def golden(folder):
    """What the modules must reproduce, computed here without them."""
    rng = np.random.default_rng(0)
    nets, runs = [], []
    for h, seed in ((1, 0), (2, 1), (2, 4)):
        weights = prune.weights_of(net(h, seed))
        counts, cuts = brute_force(weights)
        nets.append({"weights": weights.tolist(), "counts": counts.tolist(), "cuts": cuts.tolist()})
    weights = prune.weights_of(net(4, 0))
    masks = prune.search(weights)
    nets.append({"weights": weights.tolist(), "counts": masks.counts.tolist(),
                 "cuts": masks.cuts.tolist()})  # fmt: skip
    for _ in range(10):
        mask = rng.integers(0, 2, len(weights))
        hidden, output = prune.forward(weights, mask)
        runs.append({"weights": weights.tolist(), "mask": mask.tolist(), "output": output.tolist(),
                     "hidden": hidden.tolist()})  # fmt: skip
    pairs = [rng.normal(size=(2, 8)) for _ in range(5)]
    correlations = [{"a": a.tolist(), "b": b.tolist(), "r": float(np.corrcoef(a, b)[0, 1])}
                    for a, b in pairs]  # fmt: skip
    given = targets()
    widget = hunt.explorer(given)
    best = []
    for target in given.values():
        train = np.abs(target.train)
        winners = [int(train[:m].argmax()) for m in hunt.steps(64)]
        held_out = np.sign(target.train) * target.held_out
        best.append({"neurons": winners, "train": train[winners].tolist(),
                     "held_out": held_out[winners].tolist()})  # fmt: skip
    live = dial.explorer(steps=40, every=20)
    courses = [
        {"alpha": alpha, "width": width,
         "looks": [{"step": look.step, "net": look.net.tolist(), "line": look.line.tolist(),
                    "losses": look.losses, "drift": look.drift}
                   for look in dial.course(live.spec, alpha, width)]}
        for alpha, width in ((0.25, 64), (4.0, 16), (1.0, 256))
    ]  # fmt: skip
    path = folder / "golden.json"
    path.write_text(json.dumps({
        "prune": {"nets": nets, "forward": runs, "correlations": correlations},
        "verdict": golden_verdicts.golden(),
        "dial": {"spec": live.spec, "courses": courses},
        "hunt": {"spec": widget.spec, "best": best,
                 "data": np.frombuffer(widget.data, dtype=np.int8).tolist()},
    }))  # fmt: skip
    return path


def test_the_modules_pure_functions_pass_under_node(tmp_path):
    """`node --test tests/explorers`, with golden values written by this file."""
    if shutil.which("node") is None:
        pytest.skip("no node: install Node.js 20 or later to test the explorers' modules")
    files = sorted(map(str, (ROOT / "tests" / "explorers").glob("*.test.mjs")))
    done = subprocess.run(
        ["node", "--test", *files],
        capture_output=True,
        text=True,
        env={**os.environ, "GOLDEN": str(golden(tmp_path))},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"# pass (\d+)", done.stdout).group(1) != "0"


def test_the_modules_types_and_layout_are_checked():
    """`node tests/explorers/check.mjs`: types from JSDoc, Prettier's layout, lines that fit."""
    folder = ROOT / "tests" / "explorers"
    if not (folder / "node_modules").exists():
        pytest.skip("no TypeScript: run `npm install` in tests/explorers to check the modules")
    done = subprocess.run(["node", str(folder / "check.mjs")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_scores_may_be_tensors():
    scores = torch.linspace(-0.5, 0.5, 8)
    made = hunt.Target(scores, scores / 2, torch.ones(8, 2, 2), {"a law": [0.1, 0.2, 0.3, 0.4]})
    assert hunt.explorer({"random labels": made}).spec["steps"] == [1, 2, 4, 8]


@pytest.mark.parametrize(("value", "right"), [(-3.0, 0), (0.1, 1), (0.24, 1), (0.25, 2), (9.0, 2)])
def test_a_measured_value_is_revealed_as_the_range_it_falls_in(value, right):
    guess = predict.choice("How much?", ["little", "some", "much"], id="t-bin")
    guess.reveal_bin(value, [0.1, 0.25])
    assert guess.spec["truth"] == right


@pytest.mark.parametrize(
    ("value", "edges"), [(1.0, [0.1]), (1.0, [0.2, 0.1]), (1.0, [0.1, 0.1]), (float("nan"), [0, 1])]
)
def test_ranges_that_do_not_fit_the_answers_are_refused(value, edges):
    guess = predict.choice("How much?", ["little", "some", "much"], id="t-bin")
    with pytest.raises(ValueError, match="wanted a number and 2 rising edges between the answers"):
        guess.reveal_bin(value, edges)


def test_the_dials_course_is_gradient_descent_by_autograd():
    """Three steps by hand, on the loss that the page names, and the linearisation beside it."""
    spec = dial.explorer(steps=3, every=1).spec
    alpha, m = 0.5, 16
    w, b, v = (torch.tensor(spec[name][:m]).double().requires_grad_() for name in "wbv")
    x, y = (torch.tensor(spec[name]).double() for name in ("x", "y"))
    grid = torch.tensor(spec["grid"]).double()

    def output(at):
        return torch.tanh(torch.outer(at, w) + b) @ v / m**0.5

    start, start_grid = output(x).detach(), output(grid).detach()
    phi, reach = (
        torch.stack(
            [
                torch.cat(torch.autograd.grad(each, (w, b, v), retain_graph=True))
                for each in output(at)
            ]
        )
        for at in (x, grid)
    )
    k_0 = phi @ phi.T
    rate, line = len(x) / k_0.norm(), torch.zeros(len(phi[0])).double()
    for look in dial.course(spec, alpha, m):
        net = (alpha * (output(grid) - start_grid)).detach().numpy()
        assert np.allclose(look.net, net, atol=1e-12)
        assert np.allclose(look.line, (reach @ line).numpy(), atol=1e-12)
        loss = (alpha * (output(x) - start) - y).square().mean() / 2
        assert look.losses[0] == pytest.approx(float(loss.detach()))
        for part, slope in zip((w, b, v), torch.autograd.grad(loss, (w, b, v)), strict=True):
            with torch.no_grad():
                part -= rate / alpha**2 * slope
        line -= rate / len(x) * phi.T @ (phi @ line - y)
    assert dial.course(spec, alpha, m)[0].drift == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": (0.0, 1.0)}, "wanted as many x as y, received 7 and 2"),
        ({"opening": (0.3, 64)}, "wanted an opening among scales"),
        ({"opening": (0.25, 65)}, "wanted an opening among scales"),
        ({"steps": 10, "every": 4}, "wanted steps that are a multiple of every=4, received 10"),
    ],
)
def test_bad_dials_are_refused_with_the_remedy(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        dial.explorer(**options)


def test_the_dial_opens_where_the_two_part():
    spec = dial.explorer().spec
    end = dial.course(spec, 0.25, 64)[-1]
    assert end.losses[0] < 0.1 * end.losses[1]
    assert end.drift > 0.3
    lazy = dial.course(spec, 16.0, 64)[-1]
    assert lazy.drift < 0.05
    assert np.abs(lazy.net - lazy.line).max() < 0.25 * np.abs(end.net - end.line).max()
