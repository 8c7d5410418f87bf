"""The dial: a network and its linearisation learn seven points, live, at any output scale.

The page trains both itself, from the weights that travel with the figure; the numbers of `course`
are what its own have to agree with.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from helpers import seeds
from helpers.explorers import frame

X = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)
Y = (0.0, 0.8, -0.8, 0.8, -0.8, 0.8, 0.0)
SCALES = tuple(2.0**k for k in range(-4, 5))
WIDTHS = (16, 64, 256)
SPREAD = 2.0  # standard deviation of w and b


class Look(NamedTuple):
    """The course at one step: outputs on the grid, losses of both, drift of the kernel."""

    step: int
    net: np.ndarray
    line: np.ndarray
    losses: tuple[float, float]
    drift: float


class DialExplorer(frame.Explorer):
    """The live figure; `.value` is `{"alpha": i, "width": j, "look": k}`. See `explorer`."""

    _esm = frame.source("dial", ".js")
    _css = frame.source("dial", ".css")

    def static(self) -> str:
        spec = self.spec
        place, width = spec["opening"]
        alpha, m = spec["scales"][place], spec["widths"][width]
        looks = course(spec, alpha, m)
        end, grid = looks[-1], np.array(spec["grid"])
        across = 20 + 310 * (grid - grid[0]) / (grid[-1] - grid[0])

        def line(levels: np.ndarray, dash: str) -> str:
            points = " ".join(
                f"{x:.1f},{90 - 50 * y:.1f}"
                for x, y in zip(across, np.clip(levels, -1.6, 1.6), strict=True)
            )
            return frame.shape("polyline", points=points, fill="none", stroke="currentColor",
                               stroke_width=2, stroke_dasharray=dash)  # fmt: skip

        dots = [
            frame.shape(
                "circle",
                cx=float(20 + 310 * (x - grid[0]) / (grid[-1] - grid[0])),
                cy=90 - 50 * y,
                r=4,
                fill="none",
                stroke="currentColor",
            )
            for x, y in zip(spec["x"], spec["y"], strict=True)
        ]
        sentence = (
            f"At output scale {alpha:g}, with {m} units, after {end.step} steps the loss of the "
            f"network is {frame.number(end.losses[0], 4)}, that of its linearisation "
            f"{frame.number(end.losses[1], 4)}, and the kernel has moved by {end.drift:.0%}."
        )
        rows = [
            [f"{each.step:,}", *(frame.number(x, 4) for x in each.losses), f"{each.drift:.0%}"]
            for each in looks[:: max(1, (len(looks) - 1) // 10)]
        ]
        header = ["step", "loss, network", "loss, linearisation", "drift of the kernel"]
        alt = f"Seven points with the network (solid) and its linearisation (dashed). {sentence}"
        return (
            f"<p><strong>{frame.escaped(spec['question'])}</strong></p>"
            + frame.picture(350, 180, alt, line(end.line, "7 4"), line(end.net, "none"), *dots)
            + f"<p>{frame.escaped(sentence)} Solid: the network; dashed: its linearisation.</p>"
            + frame.table(header, rows, "The numbers as a table")
        )


def explorer(
    *,
    id: str = "dial",
    question: str = "When does a network leave its linearisation behind?",
    seed: int = 1,
    x: Sequence[float] = X,
    y: Sequence[float] = Y,
    scales: Sequence[float] = SCALES,
    widths: Sequence[int] = WIDTHS,
    opening: tuple[float, int] = (0.25, 64),
    steps: int = 400,
    every: int = 4,
) -> DialExplorer:
    """A tanh network of m units and its linearisation on the points `x`, `y`.

    F(x) = m^-1/2 sum v_j tanh(w_j x + b_j), w and b from N(0, 4), v from N(0, 1), drawn by `seed`;
    a narrower network is the first units of the widest. `scales` are the output scales alpha that
    the dial has, `opening` the scale and width it opens with; `steps` of gradient descent are
    shown every `every` steps. Source of the dial: Chizat, Oyallon & Bach 2019.

    Raises ValueError for points that do not pair up, for an opening that is not on the dials and
    for steps that are no multiple of `every`.
    """
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(f"wanted as many x as y, received {len(x)} and {len(y)}: pair them up")
    if opening[0] not in scales or opening[1] not in widths:
        raise ValueError(
            f"wanted an opening among scales {list(scales)} and widths {list(widths)}, received "
            f"{opening}: choose one of each"
        )
    if every < 1 or steps < every or steps % every:
        raise ValueError(
            f"wanted steps that are a multiple of every={every}, received {steps}: change one"
        )
    rng = seeds.numpy(seed, "units of the dial")
    w, b = (SPREAD * rng.standard_normal(max(widths)) for _ in range(2))
    v = rng.standard_normal(max(widths))
    reach = max(map(abs, x)) + 0.4
    spec = {
        "id": id,
        "question": question,
        "x": [float(each) for each in x],
        "y": [float(each) for each in y],
        "grid": np.linspace(-reach, reach, 77).round(4).tolist(),
        "scales": [float(each) for each in scales],
        "widths": [int(each) for each in widths],
        "opening": [list(scales).index(opening[0]), list(widths).index(opening[1])],
        "steps": int(steps),
        "every": int(every),
        **{name: part.round(6).tolist() for name, part in (("w", w), ("b", b), ("v", v))},
    }
    return DialExplorer(spec=spec)


def course(spec: dict, alpha: float, width: int) -> list[Look]:
    """Gradient descent at output scale `alpha` on the first `width` units, and its linearisation.

    The rate is n / |K_0|, Frobenius norm, for both. In float64.
    """
    w, b, v = (np.array(spec[name][:width]) for name in "wbv")
    x, y, grid = (np.array(spec[name]) for name in ("x", "y", "grid"))
    n, root = len(x), np.sqrt(width)

    def forward(at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        t = np.tanh(np.outer(at, w) + b)
        return t, v * (1 - t**2), t @ v / root

    def kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        (t, g, _), (s, h, _) = forward(one), forward(other)
        return (t @ s.T + g @ h.T * (1 + np.outer(one, other))) / width

    k_0, reach = kernel(x, x), kernel(grid, x)
    start, start_grid = forward(x)[2], forward(grid)[2]
    rate = n / np.linalg.norm(k_0)
    line, line_grid = np.zeros(n), np.zeros(len(grid))
    looks = []
    for step in range(spec["steps"] + 1):
        t, g, out = forward(x)
        f = alpha * (out - start)
        if step % spec["every"] == 0:
            drift = np.linalg.norm(kernel(x, x) - k_0) / np.linalg.norm(k_0)
            losses = float(np.mean((f - y) ** 2) / 2), float(np.mean((line - y) ** 2) / 2)
            net = alpha * (forward(grid)[2] - start_grid)
            looks.append(Look(step, net, line_grid.copy(), losses, float(drift)))
        r = rate / (alpha * n * root) * (f - y)
        v = v - r @ t
        w, b = w - (r * x) @ g, b - r @ g
        left = rate / n * (line - y)
        line, line_grid = line - k_0 @ left, line_grid - reach @ left
    return looks
