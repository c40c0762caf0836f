"""The stage `voice`: null without a profile, one number a record with one, whatever stands beside the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.methods.style.measures import measures
from curation.methods.style.profile import Profile
from curation.methods.style.voice import Passage, learn
from curation.tag.taggers import ModelFolder
from curation.tag.voice import VoiceSpec, voice
from tests.clean import helpers as h
from tests.methods.authors import author, speak
from tests.tag.test_heads import tags


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> VoiceSpec:
    own = [Passage("p", f"item {n}", "manual", speak(author(0), 500, n)) for n in range(10)]
    others = [Passage(f"a{n}", f"a{n}", "manual", speak(author(n), 900, 100 + n)) for n in range(1, 9)]
    path = tmp_path_factory.mktemp("voices") / "voice.json"
    counted = measures(["well"]), measures(["so"])
    Profile(("talks",), {"manual": 5000}, {"others": 8}, *counted, learn(own, others)).write(path)
    return VoiceSpec(file=ModelFolder.of(path))


def rows() -> list[h.Record]:
    said = speak(author(0), 300, 7_000)
    return [
        h.record(0, [h.turn("user", speak(author(5), 300, 1)), h.turn("assistant", said)]),
        h.record(1, [h.turn("user", said), h.turn("assistant", speak(author(5), 300, 2))]),
        h.record(2, [h.turn("user", said), h.turn("assistant", "Hm.")]),
        h.record(3, [h.turn("user", said)]),
        h.record(4, [h.turn("user", "x"), h.turn("assistant", said)], language="de"),
        h.record(5, [h.turn("user", "x")], kind="preference", chosen=[h.turn("assistant", said)],
                 rejected=[h.turn("assistant", "No.")]),
    ]  # fmt: skip


def test_without_a_profile_the_column_is_null_and_the_reason_counted() -> None:
    found, notes = tags(voice, VoiceSpec(), h.table(rows()))
    assert found == [None] * 6 and notes == {"voice.no_profile": 6}


def test_the_answering_side_is_read_and_what_is_not_says_why(spec: VoiceSpec) -> None:
    found, notes = tags(voice, spec, h.table(rows()))
    own, other, short, silent, german, pair = found
    assert own["likeness"] > 0.1 > other["likeness"] and own["others"] > other["others"]
    assert -1 <= other["similarity"] < own["similarity"] <= 1 and own["length"] == 250 and own["missing"] is None
    assert [tag["missing"] for tag in (short, silent, german)] == ["too_short", "no_answer", "language"]
    assert all(tag["likeness"] is None for tag in (short, silent, german))
    assert pair == own, "of a pair the better answer is read"
    assert notes["voice.read"] == 3 and notes["voice.too_short"] == notes["voice.language"] == 1
    assert sum(n for name, n in notes.items() if ".likeness." in name) == 3


def test_a_record_has_its_number_whatever_stands_beside_it(spec: VoiceSpec) -> None:
    whole, _ = tags(voice, spec, h.table(rows()))
    assert tags(voice, spec, h.table(rows()), batch_rows=1)[0] == whole
    assert tags(voice, spec, h.table(rows()[::-1]))[0][::-1] == whole


def test_another_profile_is_another_key(spec: VoiceSpec, tmp_path: Path) -> None:
    path = tmp_path / "voice.json"
    path.write_bytes(b"{}")
    keys = [voice.ingredients(each)["models"] for each in (VoiceSpec(), spec, VoiceSpec(file=ModelFolder.of(path)))]
    assert keys[0] == {} and len({str(key) for key in keys}) == 3
