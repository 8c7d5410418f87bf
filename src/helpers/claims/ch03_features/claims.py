"""The claims of chapter 03, in the book's order."""

from helpers.claims.ch03_features import dog_claims, span_claims, theory_claims

CLAIMS = [*span_claims.CLAIMS, *dog_claims.CLAIMS, *theory_claims.CLAIMS]
