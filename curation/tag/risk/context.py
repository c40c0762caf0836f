"""What takes a finding of the risk screen back or lowers it: idiom, negation, question, teaching, fiction, the past.

What each of these looks like stands in `patterns/context.txt` and `patterns/idioms.txt`, under the names used here. All
texts here are lower-case with straight apostrophes; a decision is made within one sentence.
"""

from __future__ import annotations

import re

from curation.tag.risk.rules import Rule, cue

_SENTENCE = re.compile(r"[.!?;\n]+(?:\s|$)|\n|[.!?]{2,}")

ATTEMPTS = ("sh.attempt", "sh.kill-self", "sh.jump", "sh.overdose", "sh.taken", "sh.end-life")
"""What somebody who tells it of themselves has survived: it stays a level that a person sees."""


def blank(text: str) -> str:
    """The text with its figures of speech blanked out, as long as before."""
    return cue("idioms").sub(lambda found: "\x00" * len(found[0]), text)


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text start and end."""
    bounds, start = [], 0
    for stop in _SENTENCE.finditer(text):
        bounds.append((start, stop.end()))
        start = stop.end()
    return [*bounds, (start, len(text))] if start < len(text) or not bounds else bounds


def settle(rule: Rule, text: str, bounds: tuple[int, int], found: tuple[int, int], assistant: bool) -> tuple[int, str]:
    """What is left of a finding in its context.

    Args:
        rule: what was found.
        text: all of the text, folded and without its figures of speech.
        bounds: the sentence that holds the finding.
        found: where it stands.
        assistant: said by the one who answers, whose questions and teaching are no disclosure.

    Returns:
        The level, and what lowered it (empty where nothing did); level 0 carries no flag, and 1 only for the past.
    """
    if rule.firm:
        return rule.level, ""
    sentence, before = text[bounds[0] : bounds[1]], text[bounds[0] : found[0]]
    match, after = text[found[0] : found[1]], text[found[1] : found[1] + 8]
    framed = _framed(sentence, before, match, assistant)
    if framed:
        return 0 if framed == "fiction" else min(rule.level, 1), framed
    if _negated(text, before, match):
        return min(rule.level, 1), "negated"
    other = bool(_has("other", before + match))
    if rule.flag == "self_harm" and _has("done", match + after) and other and "myself" not in match:
        return min(rule.level, 1), "bereaved"
    if (_has("then", sentence) or _over(text)) and not _is_now(sentence):
        return _past(rule, match, bool(_has("me", before + match)), other)
    if rule.id in ("sh.kill-self", "sh.end-life", "sh.jump") and _has("tried", before):
        return 2, "attempt"
    return rule.level, ""


def _framed(sentence: str, before: str, match: str, assistant: bool) -> str:
    """Whether the sentence asks, teaches or tells a story rather than discloses; empty where it does not."""
    near = [*cue("subject").finditer(before)]
    nearest = near[-1][0] if near else ""
    asks = _has("question", sentence) and (nearest[:1] in ("y", "u", "") or "?" in sentence)
    if asks or "yourself" in match or (assistant and not nearest.startswith(("i", "m"))):
        return "question"
    if assistant:
        return "assistant"
    if _has("meant", before + match):
        return ""
    return next((one for one in ("taught", "fiction") if _has(one, sentence)), "")


def _negated(text: str, before: str, match: str) -> bool:
    """Is it denied in its clause, and the denial neither undone by a second one nor taken back?"""
    clause = before[max((stop.end() for stop in cue("clause").finditer(before)), default=0) :]
    negated = _has("negator", clause)
    if not negated or _has("anew", negated["gap"]) or _has("taken_back", text):
        return False
    return not _has("not_negated", clause[max(negated.start() - 10, 0) :] + match[:12])


def _past(rule: Rule, match: str, mine: bool, other: bool) -> tuple[int, str]:
    """What is left of something told as over: an attempt that the speaker survived stays for a person to see."""
    if mine and rule.id in ATTEMPTS and not (other and "self" in match and "myself" not in match):
        return 2, "past attempt"
    if mine and rule.flag == "self_harm" and rule.past > 1:
        return rule.past, "past"
    return min(rule.level, 1), "past" if mine or not other else "past of another"


def _over(text: str) -> bool:
    """Is the whole text told as over? A short text says once when it was."""
    return len(text) < 400 and bool(_has("then", text)) and not _is_now(text)


def _is_now(text: str) -> bool:
    return bool(_has("now", cue("calm").sub("", text)))


def _has(name: str, text: str) -> re.Match[str] | None:
    return cue(name).search(text)
