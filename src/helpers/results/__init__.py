"""Results of long runs: small CSV files with their provenance, shipped with the package."""

from helpers.results.store import RESULTS, load, provenance, save, write

__all__ = ["RESULTS", "load", "provenance", "save", "write"]
