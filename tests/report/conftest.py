from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from curation.report.summary import (
    AdapterSummary,
    EqSummary,
    ExportedFile,
    MixSummary,
    Notice,
    SourceSummary,
    StepSummary,
    Summary,
    VoiceSummary,
    VoiceWindows,
)

STAGES = ("normalise", "language", "screen", "text_digest", "scrub")


def _source(name: str, read: int, scale: int = 1, **more: object) -> SourceSummary:
    """A source on which every step dropped something; all counts add up."""
    pulled = read - 3 * scale
    cleaned = pulled - 41 * scale
    unique = cleaned - 200 * scale
    steps = (
        StepSummary("raw", ("pull",), read, pulled, {"pull/unknown_role": 2 * scale, "pull/no_text": scale}, {}, 4.2),
        StepSummary(
            "records",
            STAGES,
            pulled,
            cleaned,
            {"normalise/empty": 12 * scale, "normalise/too_short": 28 * scale, "screen/minor": scale},
            {"scrub.EMAIL": 17 * scale, "scrub.PHONE": 41 * scale, "normalise.turns_merged": 5},
            38.0,
        ),
        StepSummary("exact_dup", ("exact_dup",), cleaned, unique, {"exact_dup/exact": 200 * scale}, {}, 0.8),
        StepSummary("emotion", ("emotion",), unique, unique, {}, {}, 95.5),
    )
    facts: dict[str, object] = {
        "kind": "huggingface",
        "persona": "assistant",
        "licence": "cc-by-4.0",
        "revision": "3f9a1b2c4d5e6f708192a3b4c5d6e7f801234567",
        "steps": steps,
        "personal_data": {"EMAIL": 17 * scale, "PHONE": 41 * scale, "PERSON": 812 * scale, "URL": 9},
        "languages": {"en": unique - 60 * scale, "es": 50 * scale, "unknown": 10 * scale},
        "emotions": {
            "sadness": 900 * scale,
            "caring": 1200 * scale,
            "nervousness": 300,
            "gratitude": 80,
            "joy": 12,
            "curiosity": 640,
            "disappointment": 77,
            "approval": 410,
        },
        "arcs": {
            "described": 40 * scale,
            "few_turns": 900,
            "recovered": 22,
            "client.first": -0.41,
            "client.last": -0.1,
            "assistant.first": 0.12,
            "assistant.last": 0.38,
        },
        "empathy": {"explorations.0": 500, "explorations.1": 20, "explorations.2": 90 * scale},
        "voice": {"read": 30 * scale, "too_short": 12, "likeness.0": 24 * scale, "likeness.6": 6 * scale},
        "strategies": {"support.question": 70, "support.reflection": 33, "client.change": 9},
        "risk": {"level.0": 700 * scale, "level.1": 40, "level.3": 12, "unscreened": 9, "flag.self_harm": 11},
        "waiting": 17,
        "released": 4,
    }
    return SourceSummary(name, **{**facts, **more})  # type: ignore[arg-type]


def _adapter(name: str = "pixel-tiny") -> AdapterSummary:
    curve = tuple(5.2 * math.exp(-step / 70) + 3.1 + 0.18 * math.sin(step * 1.7) for step in range(240))
    return AdapterSummary(
        name,
        "assistant-sft",
        "tiny-mistral",
        None,
        240,
        3088,
        412_345,
        curve[0],
        curve[-1],
        {"all": 8.31, "assistant": 8.2, "client": 8.5},
        {"all": 3.4, "assistant": 3.3, "client": 3.9},
        curve,
    )


def _mix(name: str = "assistant-sft") -> MixSummary:
    return MixSummary(
        name,
        "sft",
        "9c1185a5c5e9fc54612808977ee8f548b2258d31",
        3250,
        asked={"counseling": 2000, "empathetic": 1000, "scenarios": 500},
        got={"counseling": 2000, "empathetic": 1000, "scenarios": 250},
        personas={"assistant": 2600, "client": 650},
        splits={"train": 3088, "validation": 162},
        left_out={"no_trained_turn": 22, "not_selected": 1204, "risk_unreleased": 3},
        licence="share-alike",
        files=(
            ExportedFile("train.parquet", 2_345_678, "ab" * 32, 3088),
            ExportedFile("validation.parquet", 98_765, "cd" * 32, 162),
            ExportedFile("train.jsonl", 5_345_678, "ef" * 32),
        ),
    )


@pytest.fixture
def summary() -> Summary:
    """A project with everything in it."""
    return Summary(
        "pixel",
        sources=(
            _source("counseling", 3512),
            _source("empathetic", 24_850, 7, licence="cc-by-nc-4.0", persona="neutral"),
            _source("scenarios", 700, kind="files", persona="client", licence="mit"),
            _source("forum", 5200, 4, licence="other", accepted_by="R. Meyer"),
            SourceSummary("playlist", "files", "assistant", None, None, None, False),
            SourceSummary("fresh", "huggingface", "neutral", None, None, None, True, (), ("raw", "records")),
        ),
        mixes=(_mix(), MixSummary("pairs-dpo", "dpo", "77aa", 60, {}, {"preferences": 60}, {"neutral": 60})),
        adapters=(_adapter(),),
        eq=(
            EqSummary(
                "emotional_awareness", {"human": 60, "proxy": 900}, {"human": 0.4, "proxy": 0.5}, 55, 0.51, False
            ),
            EqSummary("empathy_recognition", {"proxy": 1}, {"proxy": 0.2}),
            EqSummary("emotional_regulation", {"judge": 9, "proxy": 4}, {"judge": 0.7, "proxy": 1.0}, 12, -0.08, True),
            EqSummary("social_cognition"),
            EqSummary("interpersonal_skills", {"proxy": 40}, {"proxy": 0.31}),
        ),
        voice=VoiceSummary(
            ("playlist",),
            (
                VoiceWindows(250, 0.987, 0.951, 0.999, 0.981, 120, 40, 300, 31, (0.0, 0.1, 0.4, 0.5), (0.7, 0.3, 0, 0)),
                VoiceWindows(50, 0.84, 0.8, 0.88, None, 600, 40, 900, 31, (0.1, 0.2, 0.3, 0.4), (0.4, 0.3, 0.2, 0.1)),
            ),
            {"words": 30_000, "hedges": 1.25, "questions": None},
            {"words": 90_000, "hedges": 0.5, "questions": 0.1},
            ("maybe", "you know"),
            ("however",),
            ("nobody else's words became text in the same way",),
        ),
        notices=(
            Notice("licence", ("fresh",)),
            Notice("accepted", ("forum",)),
            Notice("disabled", ("playlist",)),
            Notice("unfinished", ("fresh",)),
            Notice("preview", ("tiny",)),
        ),
        last_run="2026-11-03T14:02:11+00:00",
    )


@pytest.fixture
def make_source() -> Callable[..., SourceSummary]:
    return _source


@pytest.fixture
def make_mix() -> Callable[..., MixSummary]:
    return _mix


@pytest.fixture
def make_adapter() -> Callable[..., AdapterSummary]:
    return _adapter
