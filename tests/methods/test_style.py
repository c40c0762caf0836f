"""A voice: told from others on words that were held out, whatever the topic and whoever wrote it down."""

from __future__ import annotations

import csv
import functools
import random
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from curation.methods.style import tokens
from curation.methods.style.delta import cut, frequencies
from curation.methods.style.measures import measures, mtld
from curation.methods.style.separation import Side, Spread, auc, measure
from curation.methods.style.voice import Passage, Voice, learn
from curation.methods.style.words import VOCABULARY
from tests.methods.authors import author, by_hand, by_machine, speak

PEOPLE = 8


def passages(seed: int, kind: str = "manual", items: int = 10, words: int = 600, name: str = "") -> list[Passage]:
    who = author(seed)
    write = {"manual": by_hand, "auto": by_machine}[kind]
    return [
        Passage(name or f"author {seed}", f"{seed} item {n}", kind, write(speak(who, words, 1000 * seed + n)))
        for n in range(items)
    ]


def others(kind: str = "manual", but: int = 0) -> list[Passage]:
    return [p for seed in range(PEOPLE + 1) if seed != but for p in passages(seed, kind, items=3)]


@pytest.fixture(scope="module")
def voice() -> Voice:
    """Of author 0, heard in five recordings of either kind, beside eight others."""
    own = [*passages(0, "manual", items=5), *passages(0, "auto", items=10)[5:]]
    return learn(own, [*others("manual"), *others("auto")])


def likeness(voice: Voice, text: str) -> float:
    found = voice.read(text)
    assert found is not None
    return found.likeness


def test_a_person_is_told_from_others_on_words_that_were_held_out(voice: Voice) -> None:
    assert list(voice.separation) == [250, 100, 50]
    values = [found.auc for found in voice.separation.values()]
    assert values[0] > 0.95 and values == sorted(values, reverse=True), "a longer text tells more"
    for found in voice.separation.values():
        assert found.low < found.auc < found.high or found.auc > 0.999
        assert found.same_kind is not None and abs(found.same_kind - found.auc) < 0.05
        assert not found.limits()


def test_whoever_has_no_habits_of_their_own_is_not_told_from_others() -> None:
    """The number must not come out high by itself: here the person's words are dealt like everybody's."""
    same = author(3)
    said = [Passage(f"a{i}", f"a{i}", "manual", speak(same, 600, 77_000 + i)) for i in range(40)]
    own = [Passage("p", p.group, p.kind, p.text) for p in said[:10]]
    found = learn(own, said[10:]).separation[100]
    assert found.low < 0.5 < found.high and 0.35 < found.auc < 0.65


def test_own_words_that_were_not_learned_lie_in_the_middle_and_others_below(voice: Voice) -> None:
    own = [likeness(voice, speak(author(0), 400, 9_000 + n)) for n in range(20)]
    strange = [likeness(voice, speak(author(50 + n), 400, 9_100 + n)) for n in range(20)]
    assert 0.25 < np.mean(own) < 0.9
    assert np.mean(strange) < 0.1, "people whom nobody has heard before are told, too"


def test_a_mix_of_two_sounds_less_like_either() -> None:
    for first, second in ((0, 1), (1, 0)):
        voice = learn(passages(first), others(but=first))
        own, mixed = [], []
        for n in range(12):
            one, two = (speak(author(seed), 250, 5_000 + n) for seed in (first, second))
            own.append(likeness(voice, speak(author(first), 500, 6_000 + n)))
            mixed.append(likeness(voice, f"{one} {two}"))
        assert np.mean(mixed) < np.mean(own) - 0.1


def test_the_topic_does_not_count(voice: Voice) -> None:
    """Another topic's words change nothing: only their number does, and that is the same."""
    here, there = (speak(author(0), 300, 5, topics) for topics in (["garden", "river"], ["spreadsheet", "invoice"]))
    assert here != there
    one, two = voice.read(here), voice.read(there)
    assert one == two


def test_who_wrote_it_down_leaves_the_order_as_it_was(voice: Voice) -> None:
    texts = [(seed, speak(author(seed), 600, 8_000 + seed)) for seed in (0, 2, 5, 60, 61)]
    orders = []
    for write in (by_hand, by_machine):
        scores = {seed: voice.read(write(text)) for seed, text in texts}
        orders.append(sorted(scores, key=lambda seed: -scores[seed].similarity))  # type: ignore[union-attr]
    assert orders[0] == orders[1] and orders[0][0] == 0


def test_the_voice_is_not_that_of_the_captioner() -> None:
    """All of the person by machine, all others by hand: told as well as before, not better."""
    apart = learn(passages(0, "auto"), others("manual")).separation[250]
    same = learn(passages(0, "auto"), others("auto")).separation[250]
    assert abs(apart.auc - same.auc) < 0.03
    assert apart.same_kind is None and apart.limits() == ("no_others_of_the_same_kind",)


def test_it_says_when_too_few_were_heard() -> None:
    own = [Passage("p", "one day", "manual", p.text) for p in passages(0)]
    few = [p for p in others() if p.author in ("author 1", "author 2")]
    assert learn(own, [*few, *few]).separation[50].limits() == ("few_recordings", "few_others")
    assert learn(own, few[:1]).delta == {}
    assert learn([], others()).delta == {}


def test_a_short_text_has_no_number(voice: Voice) -> None:
    assert voice.read("") is None
    assert voice.read(speak(author(0), 49, 1)) is None
    found = voice.read(speak(author(0), 60, 1))
    assert found is not None and found.length == 50


def test_the_order_of_passages_decides_nothing(voice: Voice) -> None:
    own = [*passages(0, "manual", items=5), *passages(0, "auto", items=10)[5:]]
    rest = [*others("manual"), *others("auto")]
    random.Random(1).shuffle(own)
    random.Random(2).shuffle(rest)
    assert learn(own, rest).separation == voice.separation


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't know, I’m gonna go.", "i do not know i am going to go"),
        ("i dont know im going to go", "i do not know i am going to go"),
        ("Um, it's kinda well-known, uh, OK?", "it is kind of well known"),
        ("She can't; they won't. You're right!", "she can not they will not you are right"),
        ("Ann's mother's", "ann mother"),
        ("", ""),
    ],
)
def test_words_have_one_spelling(text: str, words: str) -> None:
    assert tokens.plain(tokens.spoken(text)) == words.split()


def test_windows_use_every_word() -> None:
    words = [str(n) for n in range(799)]
    found = cut(words, 250)
    assert [len(window) for window in found] == [266, 266, 267]
    assert [word for window in found for word in window] == words
    assert cut(words[:249], 250) == []


def test_pairs_of_words_count_as_one_habit() -> None:
    found = frequencies("you know i mean it".split())
    assert found[VOCABULARY.index("you know")] == pytest.approx((1 / 5) ** 0.5)
    assert found[VOCABULARY.index("i mean")] > 0 and found[VOCABULARY.index("kind of")] == 0


def test_the_area_under_the_curve_is_the_share_of_pairs_that_are_won() -> None:
    deal = np.random.default_rng(5)
    own, rest = np.round(deal.normal(1, 1, 40), 1), np.round(deal.normal(0, 1, 60), 1)
    pairs = [(a > b) + (a == b) / 2 for a in own for b in rest]
    assert auc(own, rest) == pytest.approx(np.mean(pairs))
    found = measure(Side(own, ("a",) * 20 + ("b",) * 20, ("k",) * 40), Side(rest, ("c",) * 60, ("k",) * 60))
    assert found.auc == pytest.approx(np.mean(pairs), abs=1e-6)


def test_windows_of_one_recording_are_no_independent_witnesses() -> None:
    """The interval is wide where the same windows come from few recordings."""
    deal = np.random.default_rng(6)
    day = np.repeat(deal.normal(0.8, 1, 6), 50)
    own, rest = day + deal.normal(0, 0.1, 300), deal.normal(0, 1, 300)
    people = tuple(str(i % 50) for i in range(300))
    clustered = measure(
        Side(own, tuple(str(i // 50) for i in range(300)), ("k",) * 300), Side(rest, people, ("k",) * 300)
    )
    free = measure(Side(own, tuple(map(str, range(300))), ("k",) * 300), Side(rest, people, ("k",) * 300))
    assert clustered.high - clustered.low > 2 * (free.high - free.low)


def test_shares_below_a_score() -> None:
    found = Spread.of(Side(np.arange(1001.0), ("u",) * 1001, ("k",) * 1001))
    assert [found.below(x) for x in (-1, 250.0, 505.0, 2000)] == [0, 0.25, pytest.approx(0.505), 1]
    assert sum(found.histogram(0, 1000)) == pytest.approx(1)
    assert Spread.of(Side(np.full(9, 3.0), ("u",) * 9, ("k",) * 9)).below(3) == 0.5


def test_a_profile_counts_what_it_says() -> None:
    said = (
        "Well, you know, I think it's hard. I don't know, um, maybe you feel really sad about it? It makes sense, of "
        "course. No wonder we are tired!"
    )
    found = measures([said])
    assert found.words == 28
    counts = {name: round(getattr(found, name) * found.words / 100) for name in (
        "fillers", "negations", "contractions", "first_person", "second_person", "together", "emotion_words",
        "validation")}  # fmt: skip
    assert counts == {
        "fillers": 1, "negations": 2, "contractions": 2, "first_person": 2, "second_person": 2, "together": 1,
        "emotion_words": 3, "validation": 2,
    }  # fmt: skip
    assert found.discourse_markers == pytest.approx(100 * 3 / 28, abs=0.01), "well, you know, of course"
    assert found.hedges == pytest.approx(100 * 2 / 28, abs=0.01), "I think, maybe"
    assert (found.questions, found.sentence_words, found.mtld) == (0.25, 7.0, None)


def test_sentences_are_counted_only_where_somebody_punctuated() -> None:
    found = measures([by_machine(speak(author(0), 200, 1))])
    assert (found.sentence_words, found.questions, found.punctuated) == (None, None, 0.0)
    both = measures([by_machine(speak(author(0), 200, 1)), speak(author(0), 200, 2)])
    assert both.punctuated == 0.5 and both.sentence_words is not None and 6 < both.sentence_words < 18
    assert measures([]).words == 0


def test_lexical_diversity_by_hand() -> None:
    """Of "a b a b …" a stretch ends after three words of which two differ; of words that never repeat there is none."""
    assert mtld(["a", "b"] * 60) == 3.0
    assert mtld([str(n) for n in range(120)]) == 120
    assert mtld(["a"] * 99) is None


# ----------------------------------------------------------------------------------- real people, on the same questions


@functools.cache
def counsellors(shared: Path) -> dict[str, list[Passage]]:
    """Answers of therapists to the same strangers' questions (CounselChat, MIT), by therapist.

    Of those who wrote five hundred words or more, in English.
    """
    path = shared / "data" / "counsel_chat" / "counsel_chat_dev_half.csv"
    if not path.is_file():
        pytest.skip("no CounselChat here")
    found: dict[str, dict[str, Passage]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            text = re.sub(r"<[^>]+>", " ", row["answerText"] or "")
            found[row["therapistURL"]][text] = Passage(row["therapistURL"], row["questionID"], "written", text)
    return {who: list(said.values()) for who, said in found.items() if _is_english(" ".join(said))}


def _is_english(text: str) -> bool:
    words = tokens.spoken(text)
    return len(words) >= 500 and sum(word in VOCABULARY for word in words[:500]) > 200


def length(said: list[Passage]) -> int:
    return sum(len(tokens.spoken(p.text)) for p in said)


def test_real_people_who_answer_the_same_questions_are_told_apart(shared: Path) -> None:
    people = counsellors(shared)
    most = sorted(people, key=lambda who: (-length(people[who]), who))
    for who in most[:3]:
        rest = [p for other in people if other != who for p in people[other]]
        found = learn(people[who], rest).separation
        assert found[250].low > 0.85 and found[100].low > 0.8 and found[50].low > 0.65
        assert found[250].others.units > 40 and not found[250].limits()


def test_a_mix_of_two_real_people_sounds_less_like_either(shared: Path) -> None:
    people = counsellors(shared)
    first, second = sorted(people, key=lambda who: (-length(people[who]), who))[:2]
    rest = [p for who in people if who not in (first, second) for p in people[who]]
    for one, two in ((first, second), (second, first)):
        texts = {who: [w for p in people[who][1::2] for w in tokens.spoken(p.text)] for who in (one, two)}
        voice = learn(people[one][::2], rest)
        halves = {
            who: [" ".join(words[i : i + 125]) for i in range(0, len(words) - 125, 125)] for who, words in texts.items()
        }
        own = [likeness(voice, f"{a} {b}") for a, b in zip(halves[one][::2], halves[one][1::2], strict=False)]
        mixed = [likeness(voice, f"{a} {b}") for a, b in zip(halves[one], halves[two], strict=False)]
        strange = [likeness(voice, f"{a} {b}") for a, b in zip(halves[two][::2], halves[two][1::2], strict=False)]
        assert np.mean(strange) < np.mean(mixed) < np.mean(own) - 0.1
