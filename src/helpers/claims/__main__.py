"""`python -m helpers.claims [id ...]`: measure claims, resuming where a run stopped."""

import argparse
import hashlib
import os
from pathlib import Path

from helpers import cifar, claims

SOURCES = Path(__file__).parent.parent


def main() -> None:
    """Measure the named claims, or all of them, and print one line each."""
    parser = argparse.ArgumentParser(prog="python -m helpers.claims", description=main.__doc__)
    parser.add_argument("ids", nargs="*", help="claims to measure (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--store", type=Path, default=Path(".cache/claims"), help="finished seeds")
    arguments = parser.parse_args()
    try:
        chosen = [claims.find(name) for name in arguments.ids] or claims.ledger()
    except ValueError as unknown:
        parser.error(str(unknown))
    for claim in chosen:
        if claim.needs_dogs and not os.environ.get("HELPERS_DATA"):
            print(f"{claim.id}: left as it was; set HELPERS_DATA to the folder with CIFAR-10")
            continue
        # Finished seeds are only reused by the very code and for the very data they came from.
        store = arguments.store / _fingerprint(cifar.provenance() if claim.needs_dogs else "")
        result = claims.measure_and_write(claim, store=store, jobs=arguments.jobs)
        found = "; ".join(f"{name} {value}" for name, value in result.intervals().items())
        print(f"{claim.id}: {result.verdict} ({found})")


def _fingerprint(data: str) -> str:
    digest = hashlib.sha256(data.encode())
    for path in sorted(SOURCES.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    main()
