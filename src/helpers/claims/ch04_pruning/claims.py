"""The claims of chapter 04, in the book's order."""

from helpers.claims.ch04_pruning import (
    built_claims,
    node_claims,
    referee,
    referee_wide,
    search_claims,
    tangle_claims,
    ticket_claims,
)

CLAIMS = [
    *built_claims.CLAIMS,
    *search_claims.CLAIMS,
    *ticket_claims.CLAIMS,
    *node_claims.CLAIMS,
    *tangle_claims.CLAIMS,
    referee.CLAIM,
    referee_wide.CLAIM,
]
