"""The query language of the search box (Elasticsearch's `simple_query_string`), and its way to SQLite's FTS5.

`+` and, `|` or, `-` not, `"…"` a phrase, `word*` a prefix, `word~2` a word up to two letters away, `"…"~3` a phrase
with gaps, `( )` precedence; a backslash takes the next character literally. Words side by side must all occur. Nothing
that a person types is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .words import has_word, spaced, whole

_TOKEN = re.compile(
    r"""(?P<phrase>"(?:\\.|[^"\\])*"(?:~(?P<slop>\d+))?)"""
    r"|(?P<sign>[+|()])|(?P<minus>-)"
    r"""|(?P<word>(?:\\.|[^\s"+|()\\])+)""",
    re.DOTALL,
)
_DEPTH = 60  # parentheses deeper than this are read as if they were closed


@dataclass(frozen=True)
class Term:
    """A word or a phrase.

    Attributes:
        text: as it was typed, escapes resolved.
        prefix: words that begin so count, too.
        away: how many letters a word may differ, or how many words may stand between those of a phrase.
        phrase: it stood in quotation marks.
    """

    text: str
    prefix: bool = False
    away: int = 0
    phrase: bool = False


@dataclass(frozen=True)
class Not:
    """What must not occur."""

    part: Node


@dataclass(frozen=True)
class Both:
    """Parts that must all occur."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    """Parts of which one is enough."""

    parts: tuple[Node, ...]


Node = Term | Not | Both | Either


def parse(query: str) -> Node | None:
    """Read a query; None where it holds no word at all."""
    return _Reader(query).everything()


class _Reader:
    def __init__(self, query: str) -> None:
        self.tokens = [(m.lastgroup or "", m) for m in _TOKEN.finditer(query)]
        self.at = 0
        self.depth = 0

    def everything(self) -> Node | None:
        parts = []
        while self.at < len(self.tokens):
            parts.append(self.either())
            self.at += 1  # a parenthesis that nothing opened
        return _joined(Both, parts)

    def sign(self) -> str:
        if self.at >= len(self.tokens):
            return "end"
        kind, found = self.tokens[self.at]
        return found.group() if kind == "sign" else ""

    def either(self) -> Node | None:
        parts = [self.both()]
        while self.sign() == "|":
            self.at += 1
            parts.append(self.both())
        return _joined(Either, parts)

    def both(self) -> Node | None:
        parts: list[Node | None] = []
        while self.sign() not in ("|", ")", "end"):
            if self.sign() == "+":
                self.at += 1
            else:
                parts.append(self.one())
        return _joined(Both, parts)

    def one(self) -> Node | None:
        negated = False
        while self.at < len(self.tokens) and self.tokens[self.at][0] == "minus":
            negated = not negated
            self.at += 1
        if self.sign() in ("|", ")", "+", "end"):
            return None
        if self.sign() == "(":
            part = self.nested()
        else:
            part = _term(*self.tokens[self.at])
            self.at += 1
        return Not(part) if part is not None and negated else part

    def nested(self) -> Node | None:
        self.at += 1
        if self.depth >= _DEPTH:
            return None
        self.depth += 1
        part = self.either()
        self.depth -= 1
        if self.sign() == ")":
            self.at += 1
        return part


def _joined(kind: type[Both] | type[Either], parts: Iterable[Node | None]) -> Node | None:
    left = [part for part in parts if part is not None]
    if not left:
        return None
    return left[0] if len(left) == 1 else kind(tuple(left))


def _term(kind: str, found: re.Match[str]) -> Term | None:
    typed = found.group()
    if kind in ("phrase", "slop"):
        text = _literal(typed[1 : typed.rindex('"')])
        return Term(text, away=int(found["slop"] or 0), phrase=True) if has_word(text) else None
    away = 0
    if fuzzy := re.search(r"(?<!\\)~(\d*)$", typed):
        typed, away = typed[: fuzzy.start()], min(int(fuzzy[1] or 2), 2)
    prefix = typed.endswith("*") and not typed.endswith("\\*")
    text = _literal(typed.rstrip("*") if prefix else typed)
    return Term(text, prefix=prefix, away=away) if has_word(text) else None


def _literal(typed: str) -> str:
    return re.sub(r"\\(.)", r"\1", typed, flags=re.DOTALL)


def to_match(node: Node, similar: Callable[[str, int], list[str]]) -> str | None:
    """The expression for FTS5's MATCH; None for what MATCH cannot say (that something is absent, and nothing more).

    Args:
        node: the query.
        similar: the words of the index at most so many letters away from one.
    """
    if isinstance(node, Term):
        return _quoted(node, similar)
    if isinstance(node, Not):
        return None
    if isinstance(node, Either):
        parts = [to_match(part, similar) for part in node.parts]
        return None if None in parts else "(" + " OR ".join(p for p in parts if p) + ")"
    wanted = [to_match(part, similar) for part in node.parts if not isinstance(part, Not)]
    unwanted = [to_match(part.part, similar) for part in node.parts if isinstance(part, Not)]
    if not wanted or None in wanted or None in unwanted:
        return None
    text = "(" + " AND ".join(p for p in wanted if p) + ")"
    return f"({text} NOT ({' OR '.join(p for p in unwanted if p)}))" if unwanted else text


def _quoted(term: Term, similar: Callable[[str, int], list[str]]) -> str:
    text = spaced(term.text.replace('"', " "))
    if term.phrase and term.away:
        words = " ".join(f'"{word}"' for word in text.split() if has_word(word))
        return f"NEAR({words}, {term.away})"
    if term.away and not term.phrase:
        words_near = similar(whole(term.text).lower(), term.away) or [term.text]
        return "(" + " OR ".join('"' + spaced(word.replace('"', " ")) + '"' for word in words_near) + ")"
    return f'"{text}"' + ("*" if term.prefix else "")


def distance_at_most(a: str, b: str, most: int) -> bool:
    """Whether `most` insertions, deletions and replacements of letters make one word of the other."""
    if abs(len(a) - len(b)) > most:
        return False
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
        if min(row) > most:
            return False
    return row[-1] <= most
