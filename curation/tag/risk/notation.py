"""How the patterns of the risk screen are written down, and what they become: `patterns/README.md` says it in words.

A file is sections; a section is a name, what it is, and phrases, each a regular expression in a shorter hand. Whatever
is wrong in a file is said with its line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from curation.core.errors import IntegrityError

FOLDER = Path(__file__).with_name("patterns")

_HEADER = re.compile(r"\[([a-z][a-z_.-]*)\] (\S.*)")
_NEW, _MORE = 2, 6
"""Blanks before a phrase, and before the lines it goes on in."""

_PARTS = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])+\]|[()|]")
"""What is read at once in an expression, so that signs which are escaped or in a set of characters are left alone."""
_CLASS = re.compile(r"\{([a-z_]+)\}")


@dataclass
class Phrase:
    """One phrase as it is written, and the line of its file it starts in."""

    text: str
    line: int


@dataclass
class Section:
    """What a file says under one header.

    Attributes:
        file: its name.
        line: that of the header.
        name: what stands in the brackets.
        about: what stands behind them.
        phrases: in order.
        examples: sentences that the phrases below them find.
    """

    file: str
    line: int
    name: str
    about: str
    phrases: list[Phrase] = field(default_factory=list)
    examples: list[Phrase] = field(default_factory=list)


def read(path: Path) -> list[Section]:
    """The sections of a file.

    Raises:
        IntegrityError: a line is none of those that a file is made of.
    """
    made: list[Section] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text, blanks = line.strip(), len(line) - len(line.lstrip())
        if not text or text.startswith("#"):
            continue
        if header := _HEADER.fullmatch(line):
            made.append(Section(path.name, number, header[1], header[2]))
        elif not made or blanks not in (_NEW, _MORE) or (blanks == _MORE and not made[-1].phrases):
            raise broken(
                path.name,
                number,
                "this line is no header, comment, phrase or part of one",
                "a header is '[name] what it is'; a phrase stands 2 blanks in, and goes on 6 blanks in",
            )
        elif text.startswith("e.g. "):
            made[-1].examples.append(Phrase(text.removeprefix("e.g. "), number))
        elif blanks == _NEW:
            made[-1].phrases.append(Phrase(text, number))
        else:
            made[-1].phrases[-1].text += text if text.startswith("|") else f" {text}"
    return made


def classes(path: Path) -> dict[str, str]:
    """Classes of words by name: of each its words, separated by `|`. A class may hold those above it."""
    known: dict[str, str] = {}
    for section in read(path):
        known[section.name] = words(section, known)
    return known


def words(section: Section, known: Mapping[str, str]) -> str:
    """The words of a section that is a list of them, separated by `|`."""
    made = [Phrase(word, one.line) for one in section.phrases for word in one.text.split(" | ")]
    # Read in brackets, for a class that is one of the words joins them.
    return "|".join(_expression(f"({one.text})", section, one.line, known)[3:-1] for one in made)


def phrases(section: Section, known: Mapping[str, str]) -> list[Phrase]:
    """The phrases of a section as regular expressions."""
    return [Phrase(_phrase(one, section, known), one.line) for one in section.phrases]


def _phrase(one: Phrase, section: Section, known: Mapping[str, str]) -> str:
    """A phrase starts and ends at the edge of a word, but for where a `~` stands."""
    start = "" if one.text.startswith("~") else r"\b"
    end = "" if one.text.endswith("~") else r"\b"
    return start + _expression(one.text.strip("~"), section, one.line, known) + end


def _expression(text: str, section: Section, line: int, known: Mapping[str, str]) -> str:
    """The regular expression of a text: brackets only group, and classes are filled in.

    Raises:
        IntegrityError: a bracket is left over, alternatives stand outside any, or a class is not known.
    """
    depth = 0

    def group(part: re.Match[str]) -> str:
        nonlocal depth
        depth += {"(": 1, ")": -1}.get(part[0], 0)
        if depth < 0:
            raise broken(section.file, line, f"a bracket closes in [{section.name}] that none opens")
        if part[0] == "|" and not depth:
            raise broken(
                section.file,
                line,
                f"two phrases in one line of [{section.name}]",
                "one a line, or brackets around both",
            )
        return "(?:" if part[0] == "(" and text[part.end() : part.end() + 1] != "?" else part[0]

    def fill(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise broken(
                section.file, line, f"there is no class of words {found[0]}", f"known here: {', '.join(known)}"
            )
        # One among others needs no brackets of its own.
        among = made[: found.start()].endswith(("(?:", "|")) and made[found.end() :].startswith((")", "|"))
        return known[found[1]] if among else f"(?:{known[found[1]]})"

    made = _PARTS.sub(group, text)
    if depth:
        raise broken(section.file, line, f"a bracket opens in [{section.name}] and does not close")
    return _CLASS.sub(fill, made)


def broken(file: str, line: int, what: str, fix: str | None = None) -> IntegrityError:
    """The error of a line."""
    return IntegrityError(what, where=f"{FOLDER / file}:{line}", fix=fix)
