"""Names in the lines of a form, "Assigned clinician: …", the surname first or last, and names of whole families."""

from __future__ import annotations

from curation.clean.pii.rules import cues
from curation.clean.pii.rules.capitals import LIKELY, POSSIBLE, SURE, Person, wordish
from curation.clean.pii.rules.gazetteer import key, towns
from curation.clean.pii.rules.known import PUBLIC
from curation.clean.pii.rules.lines import Line
from curation.clean.pii.rules.looks import common, looks
from curation.clean.pii.rules.names import FIRST, HARD, LAST, PLAIN, TOWN, gazetteer
from curation.clean.pii.rules.public import SINGLE

_SPEAKERS = cues.CLINICIANS | cues.CLIENTS | cues.KIN | frozenset("interviewer pt caller speaker student".split())
_LABELS = _SPEAKERS | cues.COMPANIONS | frozenset(
    """
    name names surname forename forenames firstname lastname fullname author contact kin attn witness signed signature
    participant respondent resident member assessor facilitator provider prescriber clinician caseholder referrer cl
    beneficiary applicant claimant defendant attending keyworker counselee supervisee coach head deputy lead owner
    holder cardholder payee recipient sender passenger guest tenant
    """.split()
)  # fmt: skip
_DONE_BY = frozenset("seen written signed completed reviewed referred assessed prepared dictated taken".split())
_FAMILY = frozenset("family household twins brothers sisters boys girls kids clan residence siblings".split())
_SET_OFF = frozenset([",", "with", "to", "from", "by", "invited", "visited", "and"])
_ON = frozenset(
    "are were have had came come went go live lived moved invited said next across from who at and on".split()
)


def field(line: Line, first: int) -> Person | None:
    """The name behind a label and a colon: 'Patient: OKAFOR, NGOZI', 'Next of kin: Ana Duarte'."""
    if line.low(first - 1) != ":" or line.lows[first] in cues.TITLES:
        return None
    label = line.low(first - 2)
    if label not in _LABELS and not (label == "by" and line.low(first - 3) in _DONE_BY):
        return None
    end = _run(line, first)
    if end == first:
        return None
    turned = _forename(line, end)
    if not turned and label in _SPEAKERS and not _ends(line, first, end):
        return None  # what somebody says
    role = "clinician" if label in cues.CLINICIANS else "client" if label in cues.CLIENTS or label == "pt" else None
    return Person(first, (turned or end) - 1, SURE if turned or end - first > 1 else LIKELY, role)


NOTED = cues.CLIENTS | {"pt", "cl", "re"}
_REPORTED = cues.REPORTED | {"seen", "(", "dob"}


def surname_first(line: Line, first: int) -> Person | None:
    """'OKAFOR, Ngozi' anywhere."""
    if line.shouts or len(line.words[first]) < 3 or (line.low(first + 1) != "," and line.words[first][1:].islower()):
        return None
    if not _named(line, first):
        return None
    end = _run(line, first)
    capitals = line.words[first].isupper()
    turned = _forename(line, end, noted=not capitals) if end > first else 0
    listed = turned and line.kinds[end + 1] & FIRST and not line.kinds[end + 1] & PLAIN
    if not capitals:
        noted = line.low(first - 1) in NOTED or (line.opens[first] and line.low(turned) in _REPORTED)
        listed = listed and noted and line.kinds[first] & LAST and not line.kinds[end + 1] & (TOWN | HARD)
    return Person(first, turned - 1, LIKELY, None) if listed else None


def _run(line: Line, first: int) -> int:
    """The end of a run of words that may all be names; `first` where there is none."""
    end = first
    while end < len(line) and end - first < 5 and (end == first or line.near(end)):
        if (
            (line.low(end) == "." and end > first and line.initial(end - 1))
            or (line.initial(end) and line.words[end] != "I")
            or (line.lows[end] in cues.PARTICLES and line.cap(end + 1))
            or (line.caps[end] and _named(line, end))
        ):
            end += 1
        else:
            break
    return end


def _named(line: Line, at: int) -> bool:
    kind, low = line.kinds[at], line.lows[at]
    if kind & (PLAIN | HARD) and not kind & (FIRST | LAST):
        return False
    return bool(kind & (FIRST | LAST)) or (
        low not in PUBLIC and low not in SINGLE and not wordish(low) and len(low) > 1
    )


def _forename(line: Line, comma: int, noted: bool = False) -> int:
    """The end of the first names behind a surname and a comma; 0 if there are none."""
    if line.low(comma) != "," or not line.cap(comma + 1):
        return 0
    end = _run(line, comma + 1)
    return end if end > comma + 1 and (noted or _stops(line, end)) else 0


def _ends(line: Line, first: int, end: int) -> bool:
    if not _stops(line, end):
        return False
    known = line.kinds[first] & (FIRST | LAST) and not line.kinds[first] & PLAIN
    return end == len(line) or bool(known) or (end - first > 1 and looks(line.lows[first]) > -0.2)


def _stops(line: Line, end: int) -> bool:
    """Whether no sentence goes on there."""
    sign, after = line.low(end), line.low(end + 1)
    if sign == "," and after.isalpha() and not line.cap(end + 1):
        return False
    return not sign.isalpha() or line.cap(end)


def family(line: Line, first: int) -> Person | None:
    """'the Hendersons', 'the Adeyemi family'."""
    if line.low(first - 1) not in ("the", "other", "whole", "entire") or line.titled or line.shouts:
        return None
    word, low = line.words[first], line.lows[first]
    if len(low) < 4 or not word[1:].islower() or line.kinds[first] & (PLAIN | HARD) or low in PUBLIC or low in SINGLE:
        return None
    after = line.low(first + 1)
    if after in _FAMILY:
        known = line.kinds[first] & (FIRST | LAST)
        fits = bool(known) or (looks(low) > 0 and not wordish(low))
        return Person(first, first, LIKELY if known else POSSIBLE, None) if fits else None
    if low[-1] != "s" or line.owns[first] or key(low) in towns().towns or key(low) in towns().wide:
        return None
    singles = [low[:-1], *([low[:-2]] if low.endswith("es") else [])]
    kinds = [gazetteer().kind(one) for one in singles]
    if any(kind & LAST and not kind & (PLAIN | HARD | TOWN) for kind in kinds):
        return Person(first, first, LIKELY, None) if _open(line, first + 1) else None
    if any(kinds) or wordish(singles[0]) or looks(singles[0]) < 0.2:
        return None
    acts = after in _ON or (looks(singles[0]) > 0.3 and (after in cues.DO_SAY or after in _PAID))
    return Person(first, first, POSSIBLE, None) if acts or line.low(first - 2) in _SET_OFF else None


_PAID = frozenset("paid raised fed hosted adopted fostered rented owned own sold bought offered".split())


def plural(low: str) -> bool:
    """Whether a word in lower case is the plural of a family name and of nothing else: "adeyemis"."""
    one, lists = low[:-1], gazetteer()
    if len(low) < 5 or low[-1:] != "s" or lists.kind(low) or not lists.kind(one) & LAST or common(low):
        return False
    return not lists.kind(one) & (PLAIN | HARD | TOWN) and looks(one) > -0.1 and not wordish(one)


def lower_family(line: Line, at: int) -> Person | None:
    """'with the adeyemis', 'the murphys next door'."""
    fits = line.low(at - 1) == "the" and not line.owns[at]
    met = line.low(at - 2) in _SET_OFF or line.low(at + 1) in _ON or line.low(at + 1) == "next"
    return Person(at, at, POSSIBLE, None) if fits and met and plural(line.lows[at]) else None


def _open(line: Line, at: int) -> bool:
    """Whether no noun follows, which the word would belong to."""
    low = line.low(at)
    kind = line.kinds[at] if at < len(line) else 0
    return (
        not low.isalpha()
        or (not line.cap(at) and bool(kind & HARD))
        or low in _ON | _PAID | cues.DO_SAY
        or low.endswith(("ed", "ly"))
    )
