"""The five sentences on the front page stand on ledger rows and fall with them."""

import html

import pytest

from helpers import claims
from helpers.claims import entries, front, told


def test_every_sentence_rests_on_claims_of_the_ledger():
    known = {claim.id for claim in claims.ledger()}
    assert len(front.ANSWER) == 5
    for sentence in front.ANSWER:
        assert sentence.rests_on, sentence.lead
        assert set(sentence.rests_on) <= known
        assert told.named([sentence.says]) <= set(sentence.rests_on)


def test_every_mark_leads_to_its_card_and_says_the_verdict():
    page = claims.answer().data
    for sentence in front.ANSWER:
        for claim_id in sentence.rests_on:
            word = claims.verdict(claims.find(claim_id))
            assert f'href="scoreboard.html#claim-{claim_id}"' in page
            assert f'aria-label="{claim_id}: {word}"' in page
    assert "{" not in page


@pytest.mark.parametrize(
    "claim_id", [name for sentence in front.ANSWER for name in sentence.rests_on]
)
def test_a_sentence_fails_when_a_row_it_rests_on_moves(claim_id, monkeypatch):
    true = entries.verdict
    wanted = next(s.rests_on[claim_id] for s in front.ANSWER if claim_id in s.rests_on)
    other = "refuted" if wanted == "supported" else "supported"
    moved = {claim_id: other}
    monkeypatch.setattr(entries, "verdict", lambda claim: moved.get(claim.id) or true(claim))
    with pytest.raises(ValueError, match=f"wanted {claim_id} {wanted}, received {other}"):
        claims.answer()


PARAGRAPHS = ("expressible", "learnable", "found", "refute")


def test_the_answer_s_page_says_of_each_sentence_all_four_and_shows_its_rows():
    page = claims.answer_page().data
    assert "{" not in page
    for sentence in front.ANSWER:
        texts = [getattr(sentence, name) for name in PARAGRAPHS]
        assert all(texts)
        assert told.named(texts) <= {*sentence.rests_on, *sentence.also}
        assert told.missing([sentence.says, *texts]) == []
        for claim_id in sentence.rests_on:
            assert html.escape(claims.find(claim_id).sentence) in page
            assert f'href="scoreboard.html#claim-{claim_id}"' in page


@pytest.mark.parametrize("claim_id", [name for each in front.ANSWER for name in each.also])
def test_the_page_fails_when_a_row_of_its_paragraphs_moves(claim_id, monkeypatch):
    true = entries.verdict
    wanted = next(s.also[claim_id] for s in front.ANSWER if claim_id in s.also)
    moved = {claim_id: "refuted" if wanted != "refuted" else "supported"}
    monkeypatch.setattr(entries, "verdict", lambda claim: moved.get(claim.id) or true(claim))
    with pytest.raises(ValueError, match=f"wanted {claim_id} {wanted}, received"):
        claims.answer_page()
