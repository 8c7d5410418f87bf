"""Draw the book's logo, favicon and social card: a dog made of network nodes.

`python tools/art.py` writes them into book/_static; run it again after changing the drawing.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

STATIC = Path(__file__).resolve().parent.parent / "book" / "_static"
INK, EDGE, PAPER = "#1f5f8b", "#7aa6c2", "#fbfaf7"

# A dog's head from the front, in a 100 x 100 box with y downwards.
NODES = {
    "left ear tip": (14, 62), "left ear": (20, 26), "brow left": (38, 18), "brow right": (62, 18),
    "right ear": (80, 26), "right ear tip": (86, 62), "eye left": (37, 42), "eye right": (63, 42),
    "cheek left": (33, 66), "cheek right": (67, 66), "nose": (50, 66), "chin": (50, 90),
}  # fmt: skip
EDGES = [
    ("left ear tip", "left ear"), ("left ear", "brow left"), ("brow left", "brow right"),
    ("brow right", "right ear"), ("right ear", "right ear tip"), ("brow left", "eye left"),
    ("brow right", "eye right"), ("left ear tip", "eye left"), ("right ear tip", "eye right"),
    ("left ear", "eye left"), ("right ear", "eye right"), ("eye left", "cheek left"),
    ("eye right", "cheek right"), ("eye left", "nose"), ("eye right", "nose"),
    ("cheek left", "nose"), ("cheek right", "nose"), ("cheek left", "chin"),
    ("cheek right", "chin"), ("nose", "chin"),
]  # fmt: skip
SIZE = {"nose": 8, "eye left": 5.5, "eye right": 5.5}


def svg():
    """Return the drawing as an SVG string; colours are fixed and hold on light and dark."""
    lines = [
        f'<line x1="{NODES[a][0]}" y1="{NODES[a][1]}" x2="{NODES[b][0]}" y2="{NODES[b][1]}"/>'
        for a, b in EDGES
    ]
    dots = [f'<circle cx="{x}" cy="{y}" r="{SIZE.get(n, 4)}"/>' for n, (x, y) in NODES.items()]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="6 8 88 92" width="176" height="184" '
        'role="img">\n<title>A dog drawn as a network of nodes</title>\n'
        f'<g stroke="{EDGE}" stroke-width="2">{"".join(lines)}</g>\n'
        f'<g fill="#3d8bbd">{"".join(dots)}</g>\n</svg>\n'
    )


def social_card(path):
    """Write the 1200 x 630 picture that a link to the book shows."""
    figure = plt.figure(figsize=(12, 6.3), dpi=100, facecolor=PAPER)
    ax = figure.add_axes([0.03, 0.12, 0.36, 0.76], aspect="equal")
    for a, b in EDGES:
        ax.plot(*zip(NODES[a], NODES[b], strict=True), color=EDGE, lw=4, zorder=1)
    for name, (x, y) in NODES.items():
        ax.scatter(x, y, s=SIZE.get(name, 4) ** 2 * 22, color=INK, zorder=2)
    ax.set(xlim=(4, 96), ylim=(98, 8))
    ax.axis("off")
    figure.text(0.42, 0.52, "Is the Dog\nAlready There?", size=54, weight="bold", color="#222222")
    figure.text(0.42, 0.30, "Lottery tickets, tangent spaces,\nand what a random network contains",
                size=24, color="#444444")  # fmt: skip
    figure.savefig(path, metadata={"Software": None})


if __name__ == "__main__":
    STATIC.mkdir(parents=True, exist_ok=True)
    for name in ("logo.svg", "favicon.svg"):
        (STATIC / name).write_text(svg())
    social_card(STATIC / "social-card.png")
