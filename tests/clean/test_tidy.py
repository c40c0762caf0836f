from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given

from curation.clean.tidy import tidy
from tests.clean.helpers import texts


@pytest.mark.parametrize(
    ("raw", "tidied"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00b\x1bc\x7fd\x85e", "abcd\ne"),
        ("202\u200b-555\u2060-0143\ufeff", "202-555-0143"),
        ("2\u200d0\u200c2", "202"),
        ("e\u0301", "é"),
        ("a\u00a0b\u3000c\u202fd", "a b c d"),
        ("one  \n\n\n\n\n two \t", "one\n\n\n two"),
        ("\n\n  lead", "lead"),
        ("a\ufffd\ufffd\ufffdb", "a\ufffdb"),
        ("\u202eabc\u202c", "abc"),
        ("hi\U000e0041\U000e0042", "hi"),
        ("👨\u200d👩\u200d👧 ❤️", "👨\u200d👩\u200d👧 ❤️"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क\u094d\u200dष", "क\u094d\u200dष"),
        ("1\ufe0f2", "12"),
    ],
)
def test_one_way_to_write(raw: str, tidied: str) -> None:
    assert tidy(pa.array([raw, None, raw])).to_pylist() == [tidied, None, tidied]


def test_half_surrogates_become_replacement_characters() -> None:
    broken = pa.array([b"ab\xed\xa0\x80cd", b"fine"]).cast(pa.binary())
    column = pa.Array.from_buffers(pa.string(), 2, broken.buffers())
    assert tidy(column).to_pylist() == ["ab\ufffdcd", "fine"]


@given(texts())
def test_tidying_again_changes_nothing(text: str) -> None:
    once = tidy(pa.array([text]))
    assert tidy(once).equals(once)
    (out,) = once.to_pylist()
    assert out == out.strip() and out == unicodedata.normalize("NFC", out)
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in out)
    assert "\n\n\n\n" not in out and " \n" not in out
