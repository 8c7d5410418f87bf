"""Write the README's figure, and its table of verdicts between the two markers.

`--check` only compares the table.
"""

import re
import sys
from pathlib import Path

from helpers import claims, plots, stored

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
FIGURE = ROOT / "book" / "_static" / "main-figure.png"
TABLE = re.compile(r"(<!-- claims -->\n).*?(<!-- /claims -->)", re.DOTALL)


def with_table(text):
    """Return the README's text with the table as the ledger has it now."""
    if not TABLE.search(text):
        raise SystemExit("README.md has lost its markers <!-- claims --> and <!-- /claims -->")
    return TABLE.sub(lambda m: f"{m[1]}{claims.markdown_table()}\n{m[2]}", text)


def main():
    text = README.read_text()
    if "--check" in sys.argv:
        sys.exit(with_table(text) != text and "README.md: run `python tools/readme.py`")
    README.write_text(with_table(text))
    panels = plots.census(stored.load("01-census"))
    panels[0].figure.savefig(FIGURE, dpi=120, transparent=False, facecolor="white", metadata={})


if __name__ == "__main__":
    main()
