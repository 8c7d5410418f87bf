"""How the book writes numbers: `.31 [.28, .34]`, as precisely as the interval is narrow."""

import math


def places(low: float | int, high: float | int) -> int:
    """Decimals that an interval from `low` to `high` can bear: its half width to one digit.

    2 for `.28` to `.34`, 3 for `.313` to `.317`, 0 for 85 to 105; 3 for an interval without width
    or without an end.
    """
    half = (high - low) / 2
    if not math.isfinite(half) or half <= 0:
        return 3
    return min(6, max(0, math.ceil(-math.log10(half))))


def number(value: float | int, places: int = 2) -> str:
    """`.57`, `−1.20`, `12,345`: a proper minus sign, and no zero before the point."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):,.{places}f}"
    bare = text[1:] if text.startswith("0.") else text
    return ("−" if value < 0 and float(text.replace(",", "")) else "") + bare


def interval(estimate: float | int, low: float | int, high: float | int) -> str:
    """An estimate with its interval, all three to the same number of decimals."""
    told = [number(each, places(low, high)) for each in (estimate, low, high)]
    return "{} [{}, {}]".format(*told)
