"""Spans that point at the quoted words, and sentences that make no card."""

import hashlib
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent))  # the tests are no package
import material

from curation.core.sources import KNOWLEDGE_TOPICS
from curation.generate.cards import cards
from curation.generate.page import Page
from curation.generate.reader import pages
from curation.generate.sentences import mend, sentences, squash, words


def found(kind, data):
    read = list(pages(kind, data, 100))
    refused = Counter()
    made = list(cards(read, "work", "0" * 64, KNOWLEDGE_TOPICS, set(), refused))
    return {page.number: page for page in read}, made, refused


def of_prose(*paragraphs):
    text = "\n\n".join(paragraphs)
    starts = [text.index(paragraph) for paragraph in paragraphs]
    page = Page(1, text, tuple((s, s + len(p)) for s, p in zip(starts, paragraphs, strict=True)))
    refused = Counter()
    return [card.claim for card in cards([page], "work", "0" * 64, KNOWLEDGE_TOPICS, set(), refused)], dict(refused)


@pytest.mark.parametrize(
    ("kind", "data", "claims"),
    [
        ("pdf", material.PDF, 6),
        ("markdown", material.MARKDOWN.encode(), 1),
        ("html", material.HTML.encode(), 2),
    ],
)
def test_page_and_span_point_at_the_quoted_words(kind, data, claims):
    page, made, _ = found(kind, data)
    assert len(made) == claims
    for card in made:
        quote = page[card.page].text[card.start : card.end]
        assert hashlib.sha256(quote.encode()).hexdigest() == card.quote_sha256
        assert squash(quote) == squash(card.claim)
        assert card.chunk[0] <= card.start < card.end <= card.chunk[1]
        assert card.claim[0].isupper() and card.claim.endswith(".") and "\n" not in card.claim


def test_words_broken_at_the_end_of_a_line_are_mended_in_the_claim_only():
    page, made, _ = found("pdf", material.PDF)
    (first,) = [card for card in made if "believed" in card.claim]
    assert "be-\nlieved" in page[first.page].text[first.start : first.end]
    (other,) = [card for card in made if "kindness" in card.claim]
    assert "self-control" in other.claim and "self-\ncontrol" in page[other.page].text[other.start : other.end]


def test_contents_headings_running_titles_references_and_anecdotes_make_no_card():
    _, made, refused = found("pdf", material.PDF)
    text = " ".join(card.claim for card in made)
    for word in ("Contents", "Short Guide", "Marlow", "references", "once saw", "Figure", "Defences"):
        assert word not in text
    assert refused["first_person"] == 1


def test_tables_scripts_hidden_text_menus_and_references_of_markup_make_no_card():
    for kind, data in (("markdown", material.MARKDOWN), ("html", material.HTML)):
        page, made, _ = found(kind, data.encode())
        assert "Denial" not in " ".join(card.claim for card in made) and "table cell" not in str(made)
    assert "Denial" not in str(page), "what is hidden is not even stored"


def test_topics_come_from_the_taxonomies_terms():
    _, made, _ = found("pdf", material.PDF)
    assert {card.topic.id for card in made if card.topic} == {
        "attachment4.preoccupied",
        "big-five.neuroticism",
        "clinical-interview.silence",
        "defence-mechanisms.intellectualisation",
        "defence-mechanisms.self-observation",
    }


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("This shows that silence is of use to people who need time.", "leans_on_another"),
        ("Silence in this sense is of use to people who need some time.", "leans_on_another"),
        ("Silence helps people.", "too_short"),
        ("What is silence to people who have never had any of it?", "not_a_claim"),
        ("I have learned that silence is of use to people who need time.", "first_person"),
        ("Silence is of use, as the next chapter shows, to people who need time.", "about_the_text"),
        ("Silence is something that you will learn to use in your own work.", "about_the_text"),
        ("Silence Is A Heading Of A Chapter In A Book Here.", "not_prose"),
        ("Marlow, A. B., Silence and its uses in the hour of need.", "not_a_claim"),
        ("D. Preserve all that is said of silence in the text at hand.", "not_a_claim"),
        ("Silence (as some say is of use to people who need time.", "unbalanced"),
        ("Silence is of use " + "and of use " * 40 + "to people.", "too_long"),
    ],
)
def test_why_a_sentence_makes_no_card(sentence, reason):
    assert of_prose(sentence) == ([], {reason: 1})


@pytest.mark.parametrize(
    "sentence",
    [
        "Some feelings (e.g., shame and envy) are seldom named by those who have them.",
        "People who sleep badly often sit at the table a while before they go to bed.",
        "Dr. Marlow held that silence is of use to people who need some time.",
    ],
)
def test_what_only_looks_like_a_reference_is_a_claim(sentence):
    assert of_prose(sentence) == ([sentence], {})


def test_a_sentence_that_leans_joins_the_one_before_it():
    first, second = "Silence is a tool that helpers learn to use.", "It gives people time."
    assert of_prose(f"{first} {second}")[0] == [f"{first} {second}"]
    third = "Reassurance is a tool that helpers learn not to use."
    assert of_prose(f"{first} {third}")[0] == [first, third]


def test_a_paragraph_may_begin_with_an_abbreviation():
    second = "Dr. Marlow held that silence is of use to people who need some time."
    assert of_prose("Reassurance is a tool that helpers learn not to use.", second)[0][1] == second


def test_a_claim_that_comes_again_is_one_card():
    once = "Silence is a tool that helpers learn to use."
    assert of_prose(once, once) == ([once], {"repeated": 1})


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Dr. Marlow wrote it. It is short.", ["Dr. Marlow wrote it.", "It is short."]),
        (
            "It was so.\n\nDr. Marlow wrote it. J. Marlow read it.",
            ["It was so.", "Dr. Marlow wrote it.", "J. Marlow read it."],
        ),
        ("It holds (e.g. Here) for most. So it goes.", ["It holds (e.g. Here) for most.", "So it goes."]),
        ("A mean of 3.5 Points is high. Next.", ["A mean of 3.5 Points is high.", "Next."]),
        ("It ends here.12 The next begins.", ["It ends here.", "The next begins."]),
        ("goes on from the page before. It ends here. And this one has no", ["It ends here."]),
        ("He said “it is.” Then he left.", ["He said “it is.”", "Then he left."]),
    ],
)
def test_whole_sentences(text, whole):
    assert [text[a:b] for a, b in sentences(text, 0, len(text))] == whole


@pytest.mark.parametrize(
    ("quote", "known", "mended"),
    [
        ("com-\nfortable", "", "comfortable"),
        ("self-\ncontrol", "", "self-control"),
        ("well-\nbeing", "wellbeing", "wellbeing"),
        ("short-\nterm", "", "short-term"),
        ("dual-\nprocess", "dual-process", "dual-process"),
        ("Marlow-\nSmith", "", "Marlow-Smith"),
        ("ﬁrst of\u00ad\nten", "", "first often"),
        ("a\n b", "", "a b"),
    ],
)
def test_hyphens_of_lines_and_of_words(quote, known, mended):
    assert mend(quote, words(known)) == mended


_WORDS = st.lists(
    st.text("abcdefgh-éﬁ’", min_size=1, max_size=9).filter(lambda w: w[0] not in "-’" and w[-1] not in "-’"),
    min_size=9,
    max_size=14,
)
_GAPS = st.sampled_from([" ", "\n", "  ", "-\n", " \n "])


@given(st.lists(st.tuples(_WORDS, st.lists(_GAPS, min_size=13, max_size=13)), min_size=1, max_size=4), st.data())
def test_every_span_holds_its_claim_whatever_the_lines(spoken, data):
    paragraphs = []
    for said, gaps in spoken:
        body = "".join(w + g for w, g in zip(said, [*gaps[: len(said) - 1], "."], strict=True))
        paragraphs.append("A" + body)
    text = "\n\n".join(paragraphs)
    spans, start = [], 0
    for paragraph in paragraphs:
        spans.append((start, start + len(paragraph)))
        start += len(paragraph) + 2
    for card in cards([Page(1, text, tuple(spans))], "w", "0" * 64, KNOWLEDGE_TOPICS, set(), Counter()):
        quote = text[card.start : card.end]
        assert hashlib.sha256(quote.encode()).hexdigest() == card.quote_sha256
        assert squash(quote) == squash(card.claim)
        assert card.claim == " ".join(card.claim.split())


@given(st.text(max_size=300))
def test_any_text_gives_sentences_that_lie_in_it(text):
    last = 0
    for start, end in sentences(text, 0, len(text)):
        assert last <= start < end <= len(text) and text[start:end] == text[start:end].strip()
        last = end


@given(st.text(max_size=200))
def test_mending_any_text_loses_no_letter(text):
    assert squash(mend(text)) == squash(text)


@pytest.mark.parametrize("unit", ["a", "a. ", ". ", ".\n", "A-\n", "\n", " ", "-", "A. B. ", "(", "A" + "." * 9])
def test_hostile_pages_take_no_longer_than_their_length(unit):
    """Anything that is not linear in them would run into the time limit of the tests."""
    text = "A" + unit * (300_000 // len(unit)) + " end."
    page = Page(1, text, ((0, len(text)),))
    assert list(cards([page], "w", "0" * 64, KNOWLEDGE_TOPICS, set(), Counter())) == []
