"""Write the README's figure, and between the two markers the answer and the counts of verdicts.

`--check` only compares what stands between the markers.
"""

import re
import sys
from pathlib import Path

from helpers import claims, plots, results

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
FIGURE = ROOT / "book" / "_static" / "main-figure.png"
ANSWER = re.compile(r"(<!-- claims -->\n).*?(<!-- /claims -->)", re.DOTALL)


def with_answer(text):
    """Return the README's text with the answer as the ledger has it now."""
    if not ANSWER.search(text):
        raise SystemExit("README.md has lost its markers <!-- claims --> and <!-- /claims -->")
    return ANSWER.sub(lambda m: f"{m[1]}{claims.answer_markdown()}\n{m[2]}", text)


def main():
    text = README.read_text()
    if "--check" in sys.argv:
        sys.exit(with_answer(text) != text and "README.md: run `python tools/readme.py`")
    README.write_text(with_answer(text))
    counts = results.load("01-census").query("quantity == 'functions'")
    ax = plots.axes(figsize=(7.2, 5.4))
    labels = {"xlabel": "weights and biases, M", "ylabel": "functions expressed (of 256)"}
    plots.curves(counts, "weights", "reading", ax=ax, **labels)
    ax.figure.savefig(FIGURE, dpi=120, transparent=False, facecolor="white", metadata={})


if __name__ == "__main__":
    main()
