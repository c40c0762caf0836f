"""What a therapist can do with a turn, what it usually does to trust, and a rule that hears which one a text is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

Move = Literal[
    "open_question",
    "closed_question",
    "reflection",
    "validation",
    "silence",
    "summary",
    "information",
    "limit",
    "repair",
    "safety_check",
    "advice",
    "reassurance",
    "interpretation",
    "confrontation",
]
"""Therapist moves, after the behaviour codes of motivational interviewing and the strategies of emotional support,
with four that a course on difficult clients needs names for: `silence` leaves room, `limit` says what the frame is,
`repair` owns a misstep, `safety_check` asks openly about danger."""

MOVES: tuple[Move, ...] = get_args(Move)

USUAL: Mapping[Move, int] = {
    "open_question": 1,
    "closed_question": -1,
    "reflection": 2,
    "validation": 1,
    "silence": 1,
    "summary": 1,
    "information": 0,
    "limit": 1,
    "repair": 2,
    "safety_check": 1,
    "advice": -2,
    "reassurance": -2,
    "interpretation": -1,
    "confrontation": -2,
}
"""What each move does to trust where a scenario says nothing else. A construction of ours, no measurement: a person in
a scenario is made by what differs from it."""

_HEARD: tuple[tuple[Move, str], ...] = (
    ("safety_check", r"\b(suicid\w*|kill(ing)? yourself|end(ing)? (your|it all|your own) ?(life)?|hurt(ing)? yourself"
     r"|not (want|wanting) to (be alive|live)|harm(ing)? (yourself|someone|anyone)|are you safe|feel safe|dying)\b"),
    ("repair", r"\b(i('m| am) sorry|i got (that|it|this) wrong|i went too fast|my mistake|i apologi[sz]e"
     r"|i missed that)\b"),
    ("limit", r"\b(i (can't|cannot|won't|don't) (do|give|meet|promise|answer|keep|be)\b|in here we"
     r"|what i can (do|offer))"),
    ("advice", r"\b(you (should|ought to|need to|must|could try)|why don't you|have you (tried|considered|thought of)"
     r"|my advice|try to\b|what if you)\b"),
    ("reassurance", r"\b(it will (all )?be (fine|ok|okay|all right|alright)|don't worry|i'm sure (it|you|they|he|she)"
     r"|everything will|no need to)\b"),
    ("confrontation", r"\b(you (said|told me) .* but\b|that doesn't add up|be honest|come on)\b"),
    ("summary", r"\b(let me see if i have|to sum up|so far you|what i have heard)\b"),
    ("reflection", r"^(so\b|it sounds|sounds like|it seems|you('re| are)?\b|there('s| is) a part|part of you"
     r"|a bit like)"),
    ("validation", r"\b(makes sense|understandable|that (took|takes)|i can see why|anyone would|thank you for)\b"),
    ("silence", r"^[\s.…()]*((pause|silence|nods|waits)[\s.…()]*)?$"
     r"|\b(take your time|no (rush|hurry)|we can just sit)\b"),
)  # fmt: skip

_OPEN = re.compile(r"\b(what|how|where|who|when|tell me|which)\b", re.IGNORECASE)
_PATTERNS = [(move, re.compile(pattern, re.IGNORECASE)) for move, pattern in _HEARD]


def heard(text: str) -> Move:
    """Which move a therapist's text most likely is, by patterns: rough, made for practice and for tests of gates.

    English only. What no pattern fits is an open question where it asks what or how, a closed one where it only asks,
    and information otherwise.
    """
    text = text.strip()
    for move, pattern in _PATTERNS:
        if pattern.search(text) and not (move == "reflection" and text.endswith("?") and _OPEN.match(text)):
            return move
    if "?" in text:
        return "open_question" if _OPEN.search(text) else "closed_question"
    return "information"
