"""The home of faster-whisper: from a recording to words with times.

Where somebody speaks is found first; a recording in which nobody does is never decoded, for models hear words in
silence. The stretches of speech are joined to clips of at most half a minute, and the same clips are given to the
batched path (GPU) and to the sequential one (CPU).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from curation.core import files
from curation.core.errors import MissingError, require
from curation.pull.media.marks import tidy
from curation.pull.media.segments import Segment, Word, mean_confidence
from curation.pull.media.troubles import Trouble

VERSION = 1
"""Raise it whenever the same recording and model can give another transcript."""

RATE = 16_000
CLIP_S = 28.0
"""No clip is longer: the model sees 30 seconds, and what is beyond would be lost with a warning."""
PAD_MS, SILENCE_MS = 100, 500
GPU_BATCH = 16
MOST_REPETITION, LEAST_LIKELY, NO_SPEECH = 2.4, -1.0, 0.6
"""Whisper's own thresholds: text that compresses better repeats itself; words less likely than this were guessed."""
TEMPERATURES = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
"""Tried in turn, until what comes out passes the thresholds."""
MOST_TOKENS = 220
"""Nobody says more in a clip; a model that says more repeats itself."""
CHECKED_S = 30.0
"""So much of a recording decides its language."""

_FRAMES_S = 100

Region = tuple[float, float]


@dataclass(frozen=True)
class Heard:
    """What a recording holds.

    Attributes:
        duration_ms: its length.
        regions: where somebody speaks, in seconds.
        language: declared, or detected.
        probability: of the detected language; None where it was declared or the model knows one only.
        segments: what was said.
        again: clips that were decoded again because they failed the thresholds.
    """

    duration_ms: int
    regions: tuple[Region, ...]
    language: str | None
    probability: float | None
    segments: tuple[Segment, ...]
    again: int = 0


class Listener(Protocol):
    """Whatever turns recordings into words."""

    fingerprint: str
    """Everything that decides the words: model, version, parameters."""

    def hear(self, path: Path, language: str | None) -> Heard:
        """What is said in a recording."""


def decode(path: Path) -> Any:
    """The sound of any container as 16 kHz mono samples.

    Raises:
        Trouble: it is no recording, or damaged.
    """
    from faster_whisper.audio import decode_audio

    try:
        return decode_audio(str(path), sampling_rate=RATE)
    except MemoryError:
        raise
    except Exception:  # PyAV raises dozens of kinds, and IndexError where there is no sound at all
        raise Trouble("broken_media") from None


def speech_regions(samples: Any) -> tuple[Region, ...]:
    """Where somebody speaks, in seconds, by the detector that comes with faster-whisper; no network, one core."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=SILENCE_MS, speech_pad_ms=0, min_speech_duration_ms=200,
                         max_speech_duration_s=CLIP_S - 2 * PAD_MS / 1000)  # fmt: skip
    found = get_speech_timestamps(samples, options, sampling_rate=RATE)
    return tuple((round(each["start"] / RATE, 3), round(each["end"] / RATE, 3)) for each in found)


def clips(regions: Sequence[Region], length_s: float) -> list[Region]:
    """Regions with a little around them, joined to clips that the model can see whole."""
    found: list[Region] = []
    pad = PAD_MS / 1000
    for start, end in ((max(0.0, a - pad), min(length_s, b + pad)) for a, b in regions):
        if found and end - found[-1][0] <= CLIP_S:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


class Whisper:
    """A model that lies in a folder, as CTranslate2 keeps it."""

    def __init__(self, folder: Path, *, device: str = "auto") -> None:
        require("voice", "faster_whisper")
        missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (folder / name).is_file()]
        if missing:
            raise MissingError(
                f"there is no speech model in this folder: '{missing[0]}' is missing",
                where=str(folder),
                fix="bring one, pinned: hf download Systran/faster-whisper-small --revision COMMIT --local-dir FOLDER",
            )
        import ctranslate2
        from faster_whisper import WhisperModel

        logging.getLogger("faster_whisper").setLevel(logging.ERROR)
        self.on_gpu = device != "cpu" and ctranslate2.get_cuda_device_count() > 0
        self._model = WhisperModel(
            str(folder), device="cuda" if self.on_gpu else "cpu", local_files_only=True,
            compute_type="float16" if self.on_gpu else "default",
        )  # fmt: skip
        self.fingerprint = fingerprint(folder)

    def hear(self, path: Path, language: str | None) -> Heard:
        """What is said in a recording.

        Raises:
            Trouble: it cannot be decoded.
        """
        samples = decode(path)
        length = round(len(samples) / RATE * 1000)
        regions = speech_regions(samples)
        if not regions:
            return Heard(length, (), language, None, ())
        probability = None
        if language is None:
            language, probability = self._language(samples, regions)
        wanted = clips(regions, len(samples) / RATE)
        again = 0
        if self.on_gpu:
            found, again = self._batched(samples, wanted, language)
        else:
            found = self._sequential(samples, wanted, language)
        return Heard(length, regions, language, probability, tuple(_segments(found, wanted, length)), again)

    def _language(self, samples: Any, regions: Sequence[Region]) -> tuple[str, float | None]:
        if not self._model.model.is_multilingual:
            return "en", None
        import numpy as np

        spoken = np.concatenate([samples[int(a * RATE) : int(b * RATE)] for a, b in regions])
        language, probability, _ = self._model.detect_language(spoken[: int(CHECKED_S * RATE)], vad_filter=False)
        return str(language), float(probability)

    def _sequential(self, samples: Any, wanted: Sequence[Region], language: str | None) -> list[Any]:
        found, _ = self._model.transcribe(
            samples,
            language=language,
            word_timestamps=True,
            condition_on_previous_text=False,
            clip_timestamps=[place for clip in wanted for place in clip],
            temperature=TEMPERATURES,
            max_new_tokens=MOST_TOKENS,
        )
        return list(found)

    def _batched(self, samples: Any, wanted: Sequence[Region], language: str | None) -> tuple[list[Any], int]:
        """All clips side by side; those that fail the thresholds, which this path ignores, once more one by one."""
        from faster_whisper import BatchedInferencePipeline

        found, _ = BatchedInferencePipeline(self._model).transcribe(
            samples,
            language=language,
            word_timestamps=True,
            without_timestamps=False,
            clip_timestamps=[{"start": start, "end": end} for start, end in wanted],
            batch_size=GPU_BATCH,
            max_new_tokens=MOST_TOKENS,
        )
        kept: list[Any] = []
        failed: set[Region] = set()
        for segment in found:
            clip = _clip_of(segment, wanted)
            if clip is not None and fails(segment):
                failed.add(clip)
            kept.append((clip, segment))
        result = [segment for clip, segment in kept if clip not in failed]
        if failed:
            result += self._sequential(samples, sorted(failed), language)
        return sorted(result, key=lambda segment: float(segment.start)), len(failed)


def fails(segment: Any) -> bool:
    """Did a segment come out so repetitive or so unlikely that it has to be decoded again?"""
    silent = segment.no_speech_prob > NO_SPEECH and segment.avg_logprob < LEAST_LIKELY
    return not silent and (segment.compression_ratio > MOST_REPETITION or segment.avg_logprob < LEAST_LIKELY)


def _segments(found: Sequence[Any], wanted: Sequence[Region], length: int) -> Iterator[Segment]:
    """What was heard, none of it outside the clip that it was heard in: models are wrong about times, too."""
    for each in found:
        text = tidy(each.text)
        if not text:
            continue
        clip = _clip_of(each, wanted) or (0.0, length / 1000)
        words = []
        for word in each.words or ():
            if spoken := tidy(word.word):
                begins = _ms(word.start, clip)
                words.append(Word(begins, max(begins, _ms(word.end, clip)), spoken, round(float(word.probability), 4)))
        start = _ms(each.start, clip)
        yield Segment(start, max(start, _ms(each.end, clip)), text, words=tuple(words),
                      confidence=mean_confidence(words), no_speech=round(float(each.no_speech_prob), 4))  # fmt: skip


def _clip_of(segment: Any, wanted: Sequence[Region]) -> Region | None:
    """The clip in which the window of a segment began; the model's own times may lie anywhere."""
    seek = segment.seek / _FRAMES_S
    return next((clip for clip in wanted if clip[0] - 0.02 <= seek < clip[1]), None)


def _ms(seconds: float, clip: Region) -> int:
    return round(min(max(float(seconds), clip[0]), clip[1]) * 1000)


def fingerprint(folder: Path) -> str:
    """Everything that decides what a model hears; not the device, for what a GPU heard is not heard again without."""
    facts = {
        "version": VERSION,
        "library": version("faster-whisper"),
        "files": {p.name: files.sha256_file(p) for p in sorted(folder.iterdir()) if p.suffix in (".bin", ".json")},
        "clips": [CLIP_S, PAD_MS, SILENCE_MS],
    }
    return files.digest(facts)
