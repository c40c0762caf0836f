"""The rules of the risk screen, read from `patterns/` once a process: what is looked for, and what stands around it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from curation.core.errors import IntegrityError
from curation.tag.risk import notation
from curation.tag.risk.notation import FOLDER, Section, broken

FILES = ("self_harm", "harm_to_others", "abuse", "psychosis", "eating_disorder", "substance")
"""Where rules are, one file a theme."""
FLAGS = ("self_harm", "harm_to_others", "abuse_disclosure", "minor", "psychosis", "eating_disorder", "substance")

_NUMBER = re.compile(r"(level|past) ([1-5])")


@dataclass(frozen=True)
class Rule:
    """One thing to look for.

    Attributes:
        id: its name in tables; a change of what it finds is a new version of the stage.
        level: what it is worth when nothing in the context lowers it.
        flag: what it is about.
        pattern: for lower-case text with straight apostrophes, in what RE2 and `re` read alike.
        firm: what stands before it or around it takes nothing back: no negation, frame or time lowers it.
        past: level it keeps when it is told as over; by default 1.
        examples: sentences that it finds.
    """

    id: str
    level: int
    flag: str
    pattern: str
    firm: bool = False
    past: int = 1
    examples: tuple[str, ...] = ()

    @functools.cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern as `re` reads it."""
        try:
            return re.compile(self.pattern, re.ASCII)
        except re.error:
            raise mend(self) from None


@functools.cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order of the files.

    Raises:
        IntegrityError: a line of a file is broken.
    """
    made: dict[str, Rule] = {}
    for section in _sections(*FILES):
        if section.name in made:
            raise broken(section.file, section.line, f"there is a second rule [{section.name}]", "give it another id")
        made[section.name] = _rule(section)
    return tuple(made.values())


@functools.cache
def minor() -> Rule:
    """The rule that says who is in danger is under age; it counts only beside another."""
    (section,) = _sections("minor")
    return _rule(section)


@functools.cache
def cue(name: str) -> re.Pattern[str]:
    """What stands under a name in `context.txt` or `idioms.txt`: its phrases, or its words, each a whole one."""
    section = {one.name: one for one in _sections("context", "idioms")}[name]
    words = section.about == "words"
    pattern = rf"\b(?:{notation.words(section, _classes())})\b" if words else _pattern(section)
    try:
        return re.compile(pattern)
    except re.error as error:
        raise _nearest(section, re.compile, str(error)) from None


def mend(rule: Rule) -> IntegrityError:
    """The error that names the line of a rule which RE2 or `re` cannot read."""
    (section,) = (one for one in _sections(*FILES, "minor") if one.name == rule.id)

    def both(pattern: str) -> None:
        re.compile(pattern, re.ASCII)
        pc.match_substring_regex(pa.array([""]), pattern)

    return _nearest(section, both, "too many phrases for one expression")


def _nearest(section: Section, read: Callable[[str], object], otherwise: str) -> IntegrityError:
    """The error of the first phrase of a section that cannot be read; of the section where each can."""
    for phrase in notation.phrases(section, _classes()) if section.about != "words" else ():
        try:
            read(phrase.text)
        except (re.error, pa.ArrowInvalid) as error:
            return broken(section.file, phrase.line, f"no regular expression in [{section.name}]: {error}")
    return broken(section.file, section.line, f"no regular expression in [{section.name}]: {otherwise}")


@functools.cache
def _classes() -> Mapping[str, str]:
    return notation.classes(FOLDER / "words.txt")


def _sections(*files: str) -> list[Section]:
    return [section for file in files for section in _read(file)]


@functools.cache
def _read(file: str) -> list[Section]:
    return notation.read(FOLDER / f"{file}.txt")


def _pattern(section: Section) -> str:
    return "|".join(one.text for one in notation.phrases(section, _classes()))


def _rule(section: Section) -> Rule:
    """A rule from its header, `[id] flag, level N`, and where it is so `firm` and `past N`."""
    flag, *rest = section.about.split(", ")
    numbers = {found[1]: int(found[2]) for one in rest if (found := _NUMBER.fullmatch(one))}
    if flag not in FLAGS or "level" not in numbers or len(numbers) + ("firm" in rest) != len(rest):
        raise broken(
            section.file,
            section.line,
            f"the header of [{section.name}] does not say what the rule is worth",
            "write '[id] flag, level N', then ', firm' or ', past N' where it is so",
        )
    if not section.phrases:
        raise broken(section.file, section.line, f"[{section.name}] looks for nothing", "write a phrase below it")
    return Rule(
        section.name,
        numbers["level"],
        flag,
        _pattern(section),
        "firm" in rest,
        numbers.get("past", 1),
        tuple(one.text for one in section.examples),
    )
