"""Recordings of our own: speech by espeak-ng, silence and noise by sox, laid out so that the truth is known."""

from __future__ import annotations

import shutil
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

RATE = 16_000
VOICES = ("en-us", "en-gb-scotland", "en-us+f3")
SENTENCES = (
    "when you feel that tired it helps to say it out loud to somebody you trust",
    "the first thing that I would do is to sit down and breathe for a minute",
    "nobody taught us how to stay with a feeling that we do not like",
    "you do not have to earn the right to rest at the end of a day",
    "I used to think that anger was the problem until I listened to it",
)

needs_sound = pytest.mark.skipif(
    not all(map(shutil.which, ("espeak-ng", "sox", "ffmpeg"))), reason="needs espeak-ng, sox and ffmpeg"
)

Samples = np.ndarray


def read_wav(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        assert file.getframerate() == RATE and file.getnchannels() == 1
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768


def write_wav(path: Path, samples: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
    return path


def sox(folder: Path, seconds: float, *effects: str) -> Samples:
    path = folder / "sox.wav"
    subprocess.run(
        ["sox", "-R", "-n", "-r", str(RATE), "-c", "1", "-b", "16", str(path), "trim", "0", str(seconds), *effects]
        if not effects or effects[0] != "synth"
        else [
            "sox",
            "-R",
            "-n",
            "-r",
            str(RATE),
            "-c",
            "1",
            "-b",
            "16",
            str(path),
            "synth",
            str(seconds),
            *effects[1:],
        ],
        check=True,
    )
    return read_wav(path)


def silence(folder: Path, seconds: float) -> Samples:
    return sox(folder, seconds)


def pink_noise(folder: Path, seconds: float) -> Samples:
    return sox(folder, seconds, "synth", "pinknoise", "vol", "0.05")


def white_noise(folder: Path, seconds: float) -> Samples:
    return sox(folder, seconds, "synth", "whitenoise", "vol", "0.1")


def tone(folder: Path, seconds: float) -> Samples:
    return sox(folder, seconds, "synth", "sine", "440", "vol", "0.3")


def speech(folder: Path, text: str, voice: str) -> Samples:
    """A sentence, without the silence that espeak-ng puts around it."""
    raw, path = folder / "raw.wav", folder / "speech.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", "160", "-w", str(raw), text], check=True)
    subprocess.run(["sox", str(raw), "-r", str(RATE), "-c", "1", "-b", "16", str(path)], check=True)
    samples = read_wav(path)
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    return samples[loud[0] : loud[-1] + 1]


def lay_out(folder: Path, parts: Sequence[Samples | tuple[str, str]]) -> tuple[Samples, list[tuple[float, float]]]:
    """Parts one after another, and where the spoken ones, pairs of text and voice, begin and end in seconds."""
    whole: list[Samples] = []
    spoken: list[tuple[float, float]] = []
    length = 0
    for part in parts:
        is_speech = isinstance(part, tuple)
        samples = speech(folder, *part) if isinstance(part, tuple) else part
        if is_speech:
            spoken.append((length / RATE, (length + len(samples)) / RATE))
        whole.append(samples)
        length += len(samples)
    return np.concatenate(whole), spoken


def encode(source: Path, target: Path) -> Path:
    """As sites keep recordings: opus in WebM or Ogg, AAC in MP4, by the end of the name."""
    codec = ["-c:a", "aac", "-b:a", "64k"] if target.suffix in (".m4a", ".mp4") else ["-c:a", "libopus", "-b:a", "48k"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(source), *codec, str(target)], check=True)
    return target
