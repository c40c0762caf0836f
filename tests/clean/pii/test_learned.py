"""The small model beside the rules: what it sees, what it adds, and that it can be fitted again."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("presidio_analyzer")

from curation.clean.pii.find import find
from curation.clean.pii.learned import tagger, train
from curation.clean.pii.learned.tokens import codes, tables, tokenise
from curation.clean.pii.score import Sample

TEXTS = [
    "Zdravka rang about her brother, Oluwadamilare, who lives in Tadcaster.",
    "",
    "the plan: sleep, eat, walk, repeat",
    "I nursed at St Columcille's for years.\nSeen with Ms Quillington-Achebe on Ward 9.",
    "é\ud83d café 😀 Ｗide",
]


def test_words_numbers_and_signs() -> None:
    text = "Dr. O'Brien's cat-flap, 07700 900123!\nJosé"
    tokens = tokenise(codes(text), *tables())
    said = [text[a:b] for a, b in zip(tokens.start, tokens.end, strict=True)]
    assert said == ["Dr", ".", "O'Brien", "cat", "-", "flap", ",", "07700", "900123", "!", "José"]
    assert tokens.owns[2] and tokens.glued[4] and not tokens.glued[3]
    assert tokens.line[-1] > tokens.line[0]
    assert tokens.hash[-1] == tokenise(codes("jose"), *tables()).hash[0]


def test_a_text_is_read_alike_whatever_stands_beside_it() -> None:
    alone = [tagger.search([text])[0] for text in TEXTS]
    assert tagger.search(TEXTS) == alone
    assert tagger.search(TEXTS[::-1]) == alone[::-1]
    assert any(alone)
    assert tagger.search([]) == []


def test_it_adds_to_the_rules_and_renames_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    both = find(TEXTS[:4], 0.35)
    monkeypatch.setattr(tagger, "search", lambda texts: [[] for _ in texts])
    from curation.clean.pii import levels

    levels._made.cache_clear()
    try:
        rules = find(TEXTS[:4], 0.35)
    finally:
        levels._made.cache_clear()
    for more, fewer in zip(both, rules, strict=True):
        for one in fewer:
            assert any(o.start <= one.start and one.end <= o.end and o.label == one.label for o in more)


@pytest.mark.parametrize(
    "text",
    ["Call 116 123 or 988 tonight.", "scored ninety-one on it", "AUDIT was 31", "January was hard", "Ketamine helps"],
)
def test_what_is_known_to_all_is_nobodys(text: str) -> None:
    assert tagger.search([text]) == [[]]


@pytest.mark.slow
def test_the_same_texts_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(train, "MODELS", 1)
    samples = [Sample(f"my friend {name} rang", [(10, 10 + len(name), "PERSON")]) for name in ("Ama", "Bea", "Cy")] * 9
    first, again = (tagger.packed(train.fit(samples)) for _ in range(2))
    assert first == again
    learned = tagger.unpacked(first)
    assert [one.label for one in tagger.found_with(["my friend Dov rang"], learned)[0]] == ["PERSON"]


def test_a_text_with_a_gap_keeps_its_other_marks() -> None:
    sample = Sample("Ama met Bea in Leeds", [(0, 3, "PERSON"), (8, 11, "PERSON"), (15, 20, "LOCATION")])
    for seed in range(8):
        for made in train.with_gaps([sample], seed):
            assert {made.text[a:b] for a, b, _ in made.spans} <= {"Ama", "Bea", "Leeds"}
            assert "\n\n" in made.text
