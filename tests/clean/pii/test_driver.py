"""Our driver of Presidio's recognisers finds what stock Presidio finds with them.

Compared is what `AnalyzerEngine.analyze` returns, through `BatchAnalyzerEngine`: after context words, threshold and the
removal of duplicates within an entity; before labels and overlaps between entities, which are ours.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

pytest.importorskip("presidio_analyzer")

from curation.clean.pii import pipeline as pipelines
from curation.clean.pii.driver import Driver
from curation.clean.pii.patterns import recognisers
from tests.clean.pii import talk
from tests.clean.pii.peer import Found, Peer

THRESHOLD = 0.01

PIECES = [
    *("a@x.com", "b.c+d@mail.example.co.uk", "@jane_doe", "@a@b.social", "u/some_one", "name#1234", "#", "@"),
    *("http://", "http\u017f://x.org/a", "HTTPS://X.ORG?q=1", "www.", "\u212aelly.com", "\u017fad.com", "/p?q=1"),
    *("sad.my", "4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004", "GB29NWBK60161331926819"),
    *("DE89 3704 0044 0532 0130 00", "202-555-0143", "+44 20 7946 0958", "(202) 555-0143", "2025550143"),
    *("0176 12345678", "\u0662\u0660\u0662-\u0665\u0665\u0665-\u0660\u0661\u0664\u0663", "219-09-4321", "219094321"),
    *("912-70-1234", "AB 12 34 56 C", "ab123456c", "192.0.2.1", "fe80::1", "::", "2001:db8::8a2e:370:7334"),
    *("00:1B:44:11:3A:B7", "0012.3456.789A", "123e4567-e89b-42d3-a456-426614174000"),
    *("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "20\u200b2-555\u200b-0143", "bob\u200b@x.com", "\u202e202-555-0143"),
    *("\u05e9\u05dc\u05d5\u05dd ", "\u0645\u0631\u062d\u0628\u0627", "J\u043ehn ", "\ud7ff", "😀", "\u00df", "\u0130"),
    *("12345", "1.5", "7", "0", "9", "77777777", "a", "Z", " ", "  ", "\n", "\t", "\u00a0", "[EMAIL_1]"),
    *(".", ":", "-", "/", "(", ")", ",", " my card is ", " social security number ", " ssn ", " cards ", " I called "),
    *(" telephone numbers: ", " mac address ", " wallet ", " iban ", " ip "),
]


def fuzzed(count: int, seed: int) -> list[str]:
    """Pieces in a row, and single characters around the digits, the ends of the alphabet and what folds to ASCII."""
    rng = random.Random(seed)
    codes = (range(33, 127), range(48, 59), (0x17F, 0x212A, 0x200B, 0x5D0, 0x660, 0xFF11))
    return [
        "".join(rng.choices(PIECES, k=rng.randint(1, 9)))
        if number % 4
        else "".join(chr(rng.choice(rng.choice(codes))) for _ in range(rng.randint(8, 40)))
        for number in range(count)
    ]


def sentences(count: int) -> list[str]:
    """Talk, half of it with personal data in every sentence."""
    return talk.chat(count // 2, seed=11) + talk.dense(count - count // 2, seed=12)


def differences(texts: list[str], folder: Path | None) -> tuple[int, int]:
    """In how many texts the findings differ, and how many findings there are."""
    model = pipelines.load(str(folder), "spacy:test") if folder else None
    hits = Driver(recognisers(), model).search(texts, THRESHOLD)
    ours: list[set[Found]] = [{(h.start, h.end, h.entity, round(h.score, 4)) for h in there} for there in hits]
    stock = Peer(folder).findings(texts, batch=64, threshold=THRESHOLD)
    return sum(a != b for a, b in zip(ours, stock, strict=True)), sum(map(len, stock))


def test_patterns_find_what_stock_presidio_finds() -> None:
    wrong, found = differences(fuzzed(600, 1) + sentences(200), None)
    assert wrong == 0 and found > 400


def test_with_a_model_they_find_what_stock_presidio_finds(pipeline: Path) -> None:
    wrong, found = differences(fuzzed(300, 2) + sentences(200), pipeline)
    assert wrong == 0 and found > 400


@pytest.mark.slow
@pytest.mark.parametrize("model", [False, True])
def test_equality_at_full_length(model: bool, pipeline: Path) -> None:
    wrong, found = differences(fuzzed(6000, 3) + sentences(2000), pipeline if model else None)
    assert wrong == 0 and found > 5000


def test_context_words_count_where_the_pipeline_knows_lemmas(pipeline: Path) -> None:
    text = "the cards were 219-09-4321, and my ssn 219-09-4321"
    with_lemmas = Driver(recognisers(), pipelines.load(str(pipeline), "spacy:test")).search([text], THRESHOLD)[0]
    without = Driver(recognisers()).search([text], THRESHOLD)[0]
    scores = [[h.score for h in hits if h.entity == "US_SSN"] for hits in (with_lemmas, without)]
    assert scores[0][1] > scores[1][1] and len(scores[0]) == len(scores[1]) == 2
