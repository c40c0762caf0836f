from __future__ import annotations

import pyarrow as pa
import pytest

from curation.methods.language import identify

KNOWN = [
    ("en", "I've been really anxious lately and can't sleep at night."),
    ("de", "Ich kann nachts nicht schlafen und mache mir viele Sorgen um meine Mutter."),
    ("fr", "Je ne dors plus depuis que mon père est mort."),
    ("es", "No puedo dormir por la noche y me preocupa mi familia."),
    ("pt", "Estou me sentindo muito cansado hoje."),
    ("nl", "Ik kan 's nachts niet slapen."),
    ("ru", "Я очень устал сегодня."),
    ("zh", "我今天很累，晚上睡不着。"),
    ("ja", "今日はとても疲れています。"),
    ("ar", "أنا متعب جدا اليوم ولا أستطيع النوم."),
    ("hi", "आज मैं बहुत थका हुआ हूँ।"),
]
UNKNOWN = [
    "",
    "ok",
    "lol yes",
    "12345 678",
    "😀😀😀😀",
    "[EMAIL_1] [PHONE_2]",
    "https://example.com/this/is/a/path",
    "...",
    KNOWN[0][1] + " " + KNOWN[1][1],
    KNOWN[2][1] + "\n" + KNOWN[0][1] + "\n" + KNOWN[0][1],
]


@pytest.mark.parametrize(("code", "text"), KNOWN)
def test_languages(code: str, text: str) -> None:
    assert identify(pa.array([text, f"{text} [EMAIL_1] https://example.com/index"])).to_pylist() == [code, code]


@pytest.mark.parametrize("text", UNKNOWN)
def test_it_says_when_it_cannot_tell(text: str) -> None:
    assert identify(pa.array([text])).to_pylist() == [None]


def test_a_foreign_word_does_not_make_a_text_mixed() -> None:
    text = "My grandmother always called it Weltschmerz, and today I finally understood what she had meant by that."
    assert identify(pa.array([text])).to_pylist() == ["en"]


def test_the_same_whatever_stands_beside_it() -> None:
    texts = [text for _, text in KNOWN] + UNKNOWN
    whole = identify(pa.array([*texts, None])).to_pylist()
    assert whole == [*(identify(pa.array([t])).to_pylist()[0] for t in texts), None]
    assert identify(pa.array(texts[::-1])).to_pylist() == whole[-2::-1]
    assert identify(pa.array(["a. " * 400_000])).to_pylist() == [None]
