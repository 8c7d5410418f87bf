"""`python -m helpers.claims [id ...]`: measure claims, resuming where a run stopped."""

import argparse
import os
from pathlib import Path

from helpers import claims
from helpers.claims import cards, entries
from helpers.data import cifar
from helpers.keys import key


def main() -> None:
    """Measure the named claims, or all of them, and print one line each."""
    parser = argparse.ArgumentParser(prog="python -m helpers.claims", description=main.__doc__)
    parser.add_argument("ids", nargs="*", help="claims or chapters, 02 say (default: all)")
    parser.add_argument("--judge", action="store_true", help="judge stored rows, measure nothing")
    parser.add_argument("--missing", action="store_true", help="only what has no entry yet")
    parser.add_argument("--retire", action="store_true", help="move the entries to the history")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--store", type=Path, default=Path(".cache/claims"), help="finished seeds")
    arguments = parser.parse_args()
    if arguments.retire:
        for name in arguments.ids:
            entries.retire(name)
        return
    try:
        chosen = [claim for name in arguments.ids for claim in _named(name)] or claims.ledger()
    except ValueError as unknown:
        parser.error(str(unknown))
    if arguments.missing:
        chosen = [claim for claim in chosen if entries.current(claim) is None]
    for claim in chosen:
        if arguments.judge:
            entries.judge_stored(claim)
            print(f"{claim.id}: {cards.headline(claim)}")
            continue
        if claim.needs_dogs and not os.environ.get("HELPERS_DATA"):
            print(f"{claim.id}: left as it was; set HELPERS_DATA to the folder with CIFAR-10")
            continue
        # The sweep's keys know the code that a finished seed came from; photos are files.
        store = arguments.store / (key(cifar.provenance()) if claim.needs_dogs else "digits")
        result = claims.measure_and_write(claim, store=store, jobs=arguments.jobs)
        found = "; ".join(f"{name} {value}" for name, value in result.intervals().items())
        print(f"{claim.id}: {cards.headline(claim)} ({found})")


def _named(name: str) -> list[claims.Claim]:
    """The claims of a chapter, or the one with this id."""
    chapter = [claim for claim in claims.ledger() if claim.chapter == name]
    return chapter or [claims.find(name)]


if __name__ == "__main__":
    main()
