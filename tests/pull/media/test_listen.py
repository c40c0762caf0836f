"""Where somebody speaks, against layouts that we know; and what the real faster-whisper makes of a random model."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("faster_whisper")

from curation.core.errors import MissingError
from curation.pull.media import listen
from curation.pull.media.listen import CLIP_S, Whisper, clips, decode, fails, speech_regions
from curation.pull.media.troubles import Trouble
from tests.pull.media import sounds

pytestmark = pytest.mark.usefixtures("short_words")

NEAR_S = 0.3


@sounds.needs_sound
@pytest.mark.parametrize(
    "number", [0, 4, 5, *(pytest.param(n, marks=pytest.mark.slow) for n in range(12) if n not in (0, 4, 5))]
)
def test_speech_is_found_where_it_is(number: int, tmp_path: Path) -> None:
    # The three that are never left out have every voice, container and gap between them.
    voice = sounds.VOICES[number % 3]
    texts = itertools.islice(itertools.cycle(sounds.SENTENCES), number, number + 2 + number % 2)
    gap = (sounds.silence, sounds.pink_noise)[number % 2]
    parts: list = [sounds.silence(tmp_path, 1.0 + 0.3 * (number % 4))]
    for text in texts:
        parts += [(text, voice), gap(tmp_path, 2.0 + 0.5 * (number % 3))]
    samples, truth = sounds.lay_out(tmp_path, parts)
    source = sounds.write_wav(tmp_path / "whole.wav", samples)
    kept = sounds.encode(source, tmp_path / f"whole{('.webm', '.m4a', '.ogg')[number % 3]}")
    found = speech_regions(decode(kept))
    assert len(found) == len(truth)
    for (start, end), (begins, ends) in zip(truth, found, strict=True):
        assert abs(start - begins) <= NEAR_S and abs(end - ends) <= NEAR_S


@sounds.needs_sound
@pytest.mark.parametrize(
    "kind", [*("silence", "tone"), *(pytest.param(n, marks=pytest.mark.slow) for n in ("pink_noise", "white_noise"))]
)
def test_where_nobody_speaks_nothing_is_heard(kind: str, tmp_path: Path, whisper: Path) -> None:
    path = sounds.write_wav(tmp_path / "nothing.wav", getattr(sounds, kind)(tmp_path, 20))
    heard = Whisper(whisper).hear(path, None)
    assert heard.regions == () and heard.segments == () and abs(heard.duration_ms - 20_000) < 50


@sounds.needs_sound
def test_every_word_lies_in_the_recording_and_the_same_is_heard_again(tmp_path: Path, whisper: Path) -> None:
    samples, truth = sounds.lay_out(
        tmp_path,
        [sounds.silence(tmp_path, 2), (sounds.SENTENCES[0], "en-us"), sounds.silence(tmp_path, 30),
         (sounds.SENTENCES[1], "en-us"), sounds.silence(tmp_path, 1)],
    )  # fmt: skip
    path = sounds.encode(sounds.write_wav(tmp_path / "a.wav", samples), tmp_path / "a.webm")
    model = Whisper(whisper)
    heard = model.hear(path, "en")
    assert heard.segments and heard.language == "en" and heard.probability is None
    for segment in heard.segments:
        assert 0 <= segment.start_ms <= segment.end_ms <= heard.duration_ms
        assert any(start - 0.4 <= segment.start_ms / 1000 <= end + 0.4 for start, end in truth)
        assert segment.no_speech is not None and segment.text.strip() == segment.text
    assert model.hear(path, "en") == heard


@sounds.needs_sound
def test_the_batched_path_hears_the_clips_it_is_given_and_decodes_bad_ones_again(tmp_path: Path, whisper: Path) -> None:
    """On a GPU this is the path; the code is the same on a processor."""
    samples, _ = sounds.lay_out(
        tmp_path,
        [(sounds.SENTENCES[0], "en-us"), sounds.silence(tmp_path, 30), (sounds.SENTENCES[1], "en-us")],
    )
    model = Whisper(whisper)
    wanted = clips(speech_regions(samples), len(samples) / sounds.RATE)
    assert len(wanted) == 2
    found, again = model._batched(samples, wanted, "en")
    assert found and again == 2  # what a random model says is unlikely, so both fail the thresholds
    assert [s.start for s in found] == sorted(s.start for s in found)


def test_thresholds_ask_for_another_try_but_not_where_nobody_speaks() -> None:
    def segment(repetition: float, likely: float, silent: float) -> SimpleNamespace:
        return SimpleNamespace(compression_ratio=repetition, avg_logprob=likely, no_speech_prob=silent)

    assert not fails(segment(1.5, -0.3, 0.1))
    assert fails(segment(9.0, -0.3, 0.1))
    assert fails(segment(1.5, -1.4, 0.1))
    assert not fails(segment(1.5, -1.4, 0.9))


def test_no_clip_is_longer_than_what_the_model_sees() -> None:
    regions = [(float(s), s + 7.5) for s in range(0, 200, 9)]
    joined = clips(regions, 400.0)
    assert all(end - start <= CLIP_S for start, end in joined)
    assert [r for c in joined for r in regions if c[0] <= r[0] and r[1] <= c[1]] == regions
    assert clips([(5.0, 10.0)], 10.0) == [(4.9, 10.0)]
    assert clips([], 3.0) == []


@pytest.mark.parametrize("data", [b"", b"<html>no</html>", b"RIFF\x00\x00\x00\x00WAVEfmt "])
def test_what_is_no_recording_is_a_trouble_of_its_own_class(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(Trouble) as caught:
        decode(tmp_path / "x")
    assert caught.value.kind == "broken_media"


def test_a_folder_without_a_model_says_how_to_bring_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"model\.bin") as caught:
        Whisper(tmp_path)
    assert "--revision" in (caught.value.fix or "")


def test_another_model_has_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"1")
    one = listen.fingerprint(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"2")
    assert listen.fingerprint(tmp_path) != one
    assert np.isscalar(listen.RATE)
