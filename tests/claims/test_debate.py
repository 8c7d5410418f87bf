"""The debate is the book's map: claims and moves of the argument, tested both ways."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from helpers import claims
from helpers.claims import debate, entries, told

ROOT = Path(__file__).parents[2]
each_move = pytest.mark.parametrize("move", debate.MOVES, ids=lambda move: move.id)


def test_every_claim_of_the_ledger_hangs_on_a_move():
    assert debate.unplaced() == [], "\n".join(debate.unplaced())


@each_move
def test_every_move_has_a_claim_or_says_why_not(move):
    assert bool(move.claims) != bool(move.unmeasured)
    known = {claim.id for claim in claims.ledger()}
    chapters = {claim.chapter for claim in claims.ledger()}
    gone = [name for name in move.claims if name[:2] in chapters and name not in known]
    assert gone == [], "no such claims: take them out, or put their successors in"
    assert len(set(move.claims)) == len(move.claims)
    if move.claims:
        assert all((move.decides, move.other, move.mind)), "a number, the other side, our mind"


@each_move
def test_what_is_said_of_a_move_supposes_the_verdicts_that_stand(move):
    assert [line for line in debate.stale() if line.startswith(f"{move.id}:")] == []


@each_move
def test_whoever_quotes_a_row_says_which_verdict_the_words_suppose(move):
    assert told.named(move.texts()) <= set(move.rests_on)
    assert told.missing(move.texts()) == []


def test_moves_have_addresses_and_come_from_the_thread():
    ids = [move.id for move in debate.MOVES]
    assert len(set(ids)) == len(ids)
    assert all(move.link.startswith("https://www.lesswrong.com/posts/") for move in debate.MOVES)
    assert [m.part for m in debate.MOVES] == sorted(
        (m.part for m in debate.MOVES), key=list(debate.PARTS).index
    )


def test_a_claim_that_hangs_nowhere_is_named_with_where_its_neighbours_hang(monkeypatch):
    new = replace(claims.find("05-dog-share"), id="05-new")
    monkeypatch.setattr(debate, "ledger", lambda: [*claims.ledger(), new])
    (line,) = debate.unplaced()
    assert line.startswith("05-new hangs on no move: put its id into `claims` of one in")
    assert f"(others of {new.place[0]!r} hang on " in line


def test_a_move_is_named_when_a_verdict_that_it_supposes_moves(monkeypatch):
    true = entries.verdict
    moved = {"04-one-mask": "supported"}
    monkeypatch.setattr(entries, "verdict", lambda claim: moved.get(claim.id) or true(claim))
    assert debate.stale() == [
        "many: written for 04-one-mask refuted, which is supported now: read the move again"
    ]


def test_the_page_shows_every_part_and_every_verdict_in_words_with_a_way_to_its_card():
    text = (ROOT / "book" / "the-debate.md").read_text()
    shown = re.findall(r'claims\.argument\("(\w+)"\)', text)
    assert shown == list(debate.PARTS)
    assert re.findall(r"^## (.+)$", text, re.M)[: len(shown)] == list(debate.PARTS.values())
    page = "".join(claims.argument(part).data for part in shown)
    for move in debate.MOVES:
        assert f'id="move-{move.id}"' in page
    for claim in claims.ledger():
        assert f'href="scoreboard.html#claim-{claim.id}"' in page
        assert f" {claims.verdict(claim)}</span>" in page
    assert "{" not in page


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="wanted one of post, first, second, third, elsewhere"):
        claims.argument("fourth")
