"""The claims of chapter 05, in the book's order."""

from helpers.claims.ch05_tangent import dog_claims, kernel_claims, single_claims, span_claims

CLAIMS = [
    *span_claims.CLAIMS,
    *single_claims.CLAIMS,
    *kernel_claims.CLAIMS,
    *dog_claims.CLAIMS,
]
