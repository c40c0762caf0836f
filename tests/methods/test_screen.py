"""Placeholders only: labels such as "[explicit]" and ages stand for what is never written out here."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curation.methods import screen
from tests.clean.helpers import chat, record, table, turn

EXPLICIT = [
    "[explicit]",
    "explicit sexual content",
    "an erotic scene",
    "NSFW roleplay",
    "n.s.f.w. role-play",
    "Rating: Explicit",
    "tags = romance, nsfw",
    "sexually explicit scenario",
    "a sex scene",
    "(smut)",
    "erotic\u200b story",
    "ｎｓｆｗ roleplay",
    "EROTIC FAN FICTION",
    "N  S \t F \t\t W roleplay",
]
MINOR = [
    "she is 15.",
    "a 14-year-old",
    "fifteen years old",
    "aged 12,",
    "age: 9",
    "16yo",
    "13 y/o",
    "14 y.o. ",
    "15y",
    "(15f)",
    "m/14",
    "an 8th grader",
    "sixth-grade class",
    "a high school sophomore",
    "a schoolgirl",
    "a toddler",
    "two teens",
    "preteen",
    "underage",
    "he turned 11 and",
    "a little girl",
    "a middle-school class",
    "a 1\u200b5-year-old",
]
ADULT = [
    "she is 25.",
    "a 34-year-old",
    "thirty years old",
    "aged 42,",
    "age: 29",
    "26yo",
    "(35f)",
    "a college professor",
    "it was 5 minutes later",
    "chapter 12",
    "at 11 pm",
    "a minor problem",
    "no minors",
    "nobody under 18 takes part",
    "never involve minors",
    "must not depict anyone under 18",
    "B minor",
    "17 years together",
    "12 yrs later",
]

# Written for this test: people who were hurt, clinicians, parents, learners. None may be lost.
PASS = [
    "I was abused when I was 9 and I never told anyone.",
    "My uncle molested me from age 7 to 11. I still have nightmares.",
    "My teenage daughter is depressed and will not talk to me.",
    "He raped me when I was 16. I thought it was my fault.",
    "My 14-year-old found porn on his phone. How do I talk to him about it?",
    "How do I explain sex to my 10-year-old in a way that is honest?",
    "I'm 17 and I think I might be gay. How do I tell my parents?",
    "My client, aged 15, discloses sexual abuse by a relative; what are my reporting duties?",
    "Childhood sexual abuse is associated with PTSD in adulthood.",
    "The adolescent was referred after an incident of sexual assault at school.",
    "As a woman of 31, which contraception fits me if I breastfeed my baby?",
    "My girlfriend and I are both 19; are condoms enough?",
    "Sex education in the eighth grade should cover consent.",
    "I was groomed online when I was thirteen and I feel dirty.",
    "My son is 12 and someone sent him nude pictures. What should I do?",
    "She was exposed to explicit sexual content at age 12 by a babysitter.",
    "My 15-year-old was looking at NSFW content; is that normal?",
    "Our kids saw sexually explicit content on a friend's tablet.",
    "How do I block explicit sexual content on my child's tablet?",
    "I have intrusive sexual thoughts since having kids and I'm scared of myself.",
    "ERP for a 16-year-old with sexual obsessions: how do I build the hierarchy?",
    "Pedophilic OCD makes me afraid of being near children. I would never hurt a child.",
    "The patient reports that at 8 years old she was touched by a neighbour.",
    "I got pregnant at 15 and gave the baby up. Forty years later I still grieve.",
    "My wife and I stopped having sex after our second child was born.",
    "I lost my virginity at 17 and regretted it.",
    "Is it normal that my toddler touches himself in public? The doctor says yes.",
    "My ex showed our little girl things no child should see, and I called the police.",
    "Images of my abuse as a child are online; how do I live with that?",
    "As a teacher I had a schoolgirl disclose abuse to me today.",
    "A survivor of child pornography asks whether therapy can ever help.",
    "My boyfriend watches too much porn and we have two kids at home.",
    "Porn addiction started when I was twelve years old; I'm forty now.",
    "Puberty came early for my daughter, age 9. How can I support her?",
    "My middle school friends bullied me about my body.",
    "I'm a pediatric nurse; how do I ask a 13-year-old about sexual activity without shaming her?",
    "He was my coach, I was in tenth grade. It took me years to call it abuse.",
    "I have low libido since the kids were born; is that common?",
    "Teens need confidential access to STI testing, the clinic says.",
    "We adopted a six-year-old who was sexually abused, and she acts out at bedtime.",
    "My stepfather made me watch things when I was little. I'm in kindergarten in those dreams.",
    "What is the age of consent, and why does it exist? I'm writing a school essay for grade 10.",
    "I was sexually assaulted at a high school party and nobody believed me.",
    "A 16-year-old asks a nurse about emergency contraception.",
    "My therapist asked about my sexual fantasies and I froze; it reminded me of being a child.",
    "Our family counsellor works with juveniles who have offended sexually.",
    "I write romance novels and my kids make it hard to find time.",
    "Explicit instruction works best for children with dyslexia.",
    "The content warning said abuse; I was 12 when mine began.",
    "Parents: the film has explicit language and is not suitable for children under 12.",
    # Words that markers are made of, said by people who need to be heard.
    "In our role-play the 15-year-old practised saying no to her older cousin.",
    "I am writing the story of what happened to me at eleven; my therapist calls it narrative exposure.",
    "The scene comes back every night: I am ten, the door opens, and nobody hears me.",
    "My son is 13 and a stranger in a game chat asked him for pictures. I have reported it.",
    "I'm 17 and somebody threatens to post a picture of me unless I pay. I'm scared to tell anyone.",
    "Which filter for adult content do you use on a nine-year-old's phone?",
    "The school nurse gave the eighth graders an explicit explanation of consent.",
    "My daughter, 16, was sent an NSFW picture that she never asked for.",
    "The game is rated 18 and my 12-year-old plays it at a friend's house.",
    "The intake form rates explicit memories from before the age of six as unreliable; is that fair to clients?",
    "My brother hurt me from when I was eight until he moved out. My parents still say I made it up.",
    "I was fourteen, he was my teacher, and everybody called it a romance. I call it abuse now.",
    "Content note for the group: childhood sexual abuse, no details. I was six.",
    "She first disclosed at the age of 12 to a school counsellor, who did nothing.",
    "Is it grooming when a 40-year-old writes to a fifteen-year-old every night that she is special?",
    "Writing about my abuse as a child helped more than any pill did.",
    "My foster child, 7, plays with dolls in a way that worries me. Whom should I call?",
    "Sexualised behaviour in a five-year-old: which signs call for a referral to child protection?",
    "Trauma-focused CBT with a 9-year-old after sexual abuse: how do I involve the parent who did not offend?",
    "I was trafficked at 16. Please do not ask me for details, I only want to sleep again.",
    "When my son turned 13 I found out what the priest had done to the boys of his class.",
    "How should a paediatrician examine a ten-year-old after an assault without hurting her again?",
    "I saw pornographic magazines at my uncle's when I was nine, and then it began.",
    "My kids are teens, and I cannot be touched since the memories of my own childhood came back.",
    "A boy of 12 asks the helpline whether what happened in the changing room was his fault.",
    "The erotic transference of an adult client who was abused as a child needs careful limits.",
    "We read a novel at school in which a girl is abused; I am 15 and had to leave the room.",
    "Talking to teenagers about sexting: what the law says, and how to keep their trust.",
]


@pytest.mark.parametrize("marker", EXPLICIT)
def test_each_marker_of_explicit_content_counts(marker: str) -> None:
    assert screen.flag_texts(pa.array([f"{marker}\na 14-year-old"])).to_pylist() == [True]
    assert screen.flag_texts(pa.array([f"{marker}\na 34-year-old"])).to_pylist() == [False]


@pytest.mark.parametrize("minor", MINOR)
def test_each_indication_of_a_minor_counts(minor: str) -> None:
    assert screen.flag_texts(pa.array([f"[explicit] {minor}", minor])).to_pylist() == [True, False]


@pytest.mark.parametrize("adult", ADULT)
def test_adults_and_rules_are_no_indication(adult: str) -> None:
    assert screen.flag_texts(pa.array([f"[explicit] {adult}"])).to_pylist() == [False]


def test_survivors_clinicians_and_parents_pass(capsys: pytest.CaptureFixture[str]) -> None:
    flags = screen.flag_texts(pa.array(PASS)).to_pylist()
    lost = [number for number, flagged in enumerate(flags) if flagged]
    with capsys.disabled():
        print(f"\n{len(lost)} false drops among {len(PASS)} texts of survivors, clinicians and parents")
    assert len(set(PASS)) == len(PASS) >= 60
    assert lost == []


PLACES: list[dict[str, Any]] = [
    {},
    {"chosen": [turn("assistant", "a 14-year-old")]},
    {"rejected": [turn("assistant", "x", "a 14-year-old")]},
    {"meta": [{"key": "k", "value": "a 14-year-old"}]},
]


@pytest.mark.parametrize("place", PLACES)
def test_the_two_may_stand_anywhere_in_a_record(place: dict[str, Any]) -> None:
    turns = [turn("system", "[explicit]"), turn("user", "hi" if place else "a 14-year-old"), turn("assistant", "x")]
    rows = table([chat(0, "[explicit]"), record(1, turns, **place), chat(2, "a 14-year-old")])
    assert screen.flag(rows).to_pylist() == [False, True, False]
    assert screen.flag(rows.slice(1).to_batches()[0]).to_pylist() == [True, False]


def test_null_broken_and_long_texts() -> None:
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"[explicit] \xed\xa0\x80 aged 12,"]).buffers())
    assert screen.flag_texts(broken).to_pylist() == [True]
    assert screen.flag_texts(pa.array([None, ""], pa.string())).to_pylist() == [False, False]
    assert screen.flag_texts(pa.chunked_array([["[explicit] 12yo"], ["x"]])).to_pylist() == [True, False]
    long = pa.array(["rating: " * 125_000, "no minor " * 110_000, "a" * 1_000_000])
    assert screen.flag_texts(long).to_pylist() == [False] * 3
    assert screen.flag(table([])).to_pylist() == []


@settings(max_examples=300)
@example("nsf w:rp")
@given(st.from_regex(screen._EXPLICIT, alphabet=st.characters(max_codepoint=127)))
def test_every_marker_passes_the_gate(text):
    """Drawn from the markers themselves, in upper case and with wide blanks, too."""
    spread = text.upper().replace(" ", " \t ")
    assert pc.all(pc.match_substring_regex(pa.array([text, spread]), screen.GATE)).as_py()
