"""The unconditional rule: explicit sexual content with an indication of a minor exists nowhere in a project.

A record is flagged when a marker of explicit content and an indication of a minor stand in it, wherever they
stand. Speaking about sex, abuse or its images is no marker: survivors' accounts, clinical texts, parents' worries
and sex education must pass. So markers are what labels or announces explicit content (a tag, a rating, the naming
of a scene or a role-play), and this first form does not find explicit content that nothing labels as such.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.methods.texts import Texts, one_array, valid_utf8

VERSION = 2
"""Raise it with every change of a pattern: what was let in under an older rule has to be looked at again."""

_FORM = (
    r"(?:scenes?|stor(?:y|ies)|role[ -]?plays?|rp|erp|fiction|fan ?fic(?:tion)?s?|tales?|novels?|chapters?"
    r"|scripts?|chats?|bots?|narratives?|dialogues?|encounters?|writing|mode|prompts?|scenarios?|content)"
)
_SEEN = (
    r"(?:expos\w+ to|found|finds?|finding|saw|sees?|seen|seeing|watch\w*|view\w*|access\w*|brows\w*|discover\w*"
    r"|search\w* (?:for|up)|sent|receiv\w*|stumbl\w* (?:on|upon|across|onto|over)|look\w* (?:at|for|up)"
    r"|block\w*|filter\w*|report\w*)"
)
_NEGATED = r"(?:no|nobody|none|not|never|without|nor|non|any|forbid\w*|prohibit\w*|exclud\w*)"

# Removed before explicit markers are looked for: somebody came across such content and says so.
_MENTION = rf"\b{_SEEN}(?: [\w'-]+){{0,4}} (?:explicit sexual|sexually explicit|nsfw|erotic) content"
# Removed before indications of a minor are looked for: rules that keep minors out name them, too.
_RULE = (
    rf"\b{_NEGATED}[ -](?:[\w'-]+ ){{0,4}}(?:minors?|under-?aged?|under (?:the age of )?(?:18|eighteen)"
    r"|child(?:ren)?|kids?|teen(?:ager)?s?)\b"
)

_EXPLICIT = "|".join(
    (
        r"[\[(<{]\s*(?:explicit|nsfw|r-?18g?|xxx|erotica|smut|adult content)\s*[\])>}]",
        r"(?m:^\W*(?:nsfw|r-?18g?|xxx)\W*$)",
        r"\b(?:rating|rated|tags?|genres?|content|categor(?:y|ies)|warnings?)\s*[:=][^\n]{0,120}"
        r"\b(?:explicit|nsfw|erotic\w*|smut|xxx|r-?18g?|hentai|lemon)\b",
        rf"\bn[\W_]?s[\W_]?f[\W_]?w[\W_]{{1,3}}{_FORM}\b",
        rf"\b(?:erotic|smutty|lewd|pornographic|porn|hentai)[ -]{_FORM}\b",
        rf"\bexplicit(?:ly)?,? (?:sexual|erotic|adult|sex)[ -]{_FORM}\b",
        rf"\bsexually explicit[ -]{_FORM}\b",
        r"\b(?:explicit|steamy|graphic) (?:sex )?(?:scenes?|role[ -]?plays?|rp)\b",
        r"\bsex(?:ual)?[ -](?:scenes?|role[ -]?plays?|rp)\b",
        r"\b(?:writ(?:e|ing|es)|wrote|continue|generate)(?: [\w'-]+){0,3} (?:erotica|smut)\b",
        r"\b(?:lolicon|shotacon|toddlercon)\b",
    )
)

GATE = (
    r"(?i)explicit|n[\W_]*s[\W_]*f[\W_]*w|18|xxx|erotic|smut|adult\s|hentai|lemon|lewd|porn|steamy|graphic\s|sex"
    r"|lolicon|shotacon|toddlercon"
)
"""Every plain-ASCII text with an explicit marker matches this; a test draws such texts from the markers themselves."""

_TEENS = r"(?:[1-9]|1[0-7])"
_WORDS = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|seventeen)"
)
_ORDINALS = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)"
_MINOR = "|".join(
    (
        # Stated ages: "15 years old", "15-year-old", "15yo", "15 y/o", "aged 15", "age: 15", "she's 15,", "15f".
        rf"\b(?:{_TEENS}|{_WORDS})(?:[ -]?(?:and a half|1/2|½))?[ -]{{0,2}}(?:years?|yrs?\.?)[ -]{{0,2}}olds?\b",
        rf"\b{_TEENS}(?: ?(?:y/o|y\.o|yo)|y)\b",
        rf"\bage[ds]?(?: of| is| was|[:=])? ?(?:only |just )?(?:{_TEENS}|{_WORDS})(?:[^\w%.:]|[.:]\D|[.:]?$)",
        rf"\b(?:i am|i'?m|she is|she'?s|he is|he'?s|they are|they'?re|who is|who'?s|you are|you'?re"
        rf"|turned|turning|turns|was|were) (?:only |just |barely |still |about |almost |nearly )?(?:{_TEENS}|{_WORDS})"
        r"(?:[.,;!?)]|$| (?:and|but|now|when|then)\b)",
        r"\b1[0-7] ?/? ?[fm]\b|\b[fm] ?/? ?1[0-7]\b",
        r"\bunder ?-?aged?\b|\b(?:under|below|not yet) (?:the age of )?(?:18|eighteen)\b",
        # School years.
        rf"\b(?:(?:[1-9]|1[0-2])(?:st|nd|rd|th)|{_ORDINALS})[ -]grade(?:rs?)?\b|\bgrade (?:[1-9]|1[0-2])\b",
        r"\b(?:elementary|primary|middle|grade|junior high)[ -]school\w*|\bpre-?school\w*|\bkindergart\w+",
        r"\bhigh[ -]?school(?:ers?|[ -](?:students?|girls?|boys?|freshm[ae]n|sophomores?|juniors?|seniors?))\b",
        r"\bschool ?-?(?:girl|boy|child|kid)\w*",
        # Words for children.
        r"\b(?:child(?:ren)?|kids?|toddlers?|infants?|pre-?teens?|tweens?|teens?|teen-?age(?:d|rs?)?|adolescents?"
        r"|pre-?pubescent|juveniles?|(?:little|young) (?:girls?|boys?)|lolis?|shotas?|lolicon|shotacon|toddlercon)\b",
        r"\bminors\b|\ba minor(?:[.,;:!?)]|$| (?:girl|boy|child|who|and|is|was|in)\b)",
    )
)

# Invisible characters and soft hyphens between the letters must not hide a word from the rule.
_HIDDEN = (
    r"[\x{00AD}\x{034F}\x{061C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FE00}-\x{FE0F}"
    r"\x{FEFF}\x{E0000}-\x{E0FFF}]"
)


def flag(batch: pa.RecordBatch | pa.Table) -> pa.BooleanArray:
    """Tell which records must not exist.

    Args:
        batch: records; `messages`, `chosen`, `rejected` and `meta` are read, reasoning included.

    Returns:
        One value a row, never null.
    """
    texts = Texts.of(batch)
    explicit = texts.any(_explicit(texts.values), batch.num_rows)
    if not explicit.any():
        return pa.array(explicit)
    # Few records have an explicit marker; only their texts are searched for the other half of the rule.
    return pa.array(explicit & texts.any(_minor(texts.values, pa.array(explicit[texts.rows])), batch.num_rows))


def flag_texts(array: pa.Array | pa.ChunkedArray) -> pa.BooleanArray:
    """Tell the same of single texts, each looked at alone.

    Args:
        array: strings; null is not flagged.

    Returns:
        One value a text, never null.
    """
    texts = one_array(array)
    explicit = _explicit(texts)
    return pc.and_(explicit, _minor(texts, explicit))


def _explicit(texts: pa.Array) -> pa.BooleanArray:
    # A gate first: what has none of the words in it needs no further look, and that is nearly everything.
    gate = pc.fill_null(pc.or_(pc.match_substring_regex(texts, GATE), pc.invert(pc.string_is_ascii(texts))), False)
    return _within(texts, gate, lambda folded: pc.match_substring_regex(_blank(folded, _MENTION), _EXPLICIT))


def _minor(texts: pa.Array, where: pa.BooleanArray) -> pa.BooleanArray:
    return _within(texts, where, lambda folded: pc.match_substring_regex(_blank(folded, _RULE), _MINOR))


def _within(texts: pa.Array, where: pa.BooleanArray, test: Callable[[pa.Array], pa.BooleanArray]) -> pa.BooleanArray:
    """A test of folded texts, made only where it matters and false elsewhere."""
    marks = np.zeros(len(texts), np.bool_)
    marks[where.to_numpy(zero_copy_only=False)] = test(_fold(texts.filter(where))).to_numpy(zero_copy_only=False)
    return pa.array(marks)


def _fold(texts: pa.Array) -> pa.Array:
    """Texts in the one spelling that the patterns are written for. RE2 throughout: time linear in the text."""
    texts = pc.utf8_lower(valid_utf8(texts))
    wide = pc.fill_null(pc.invert(pc.string_is_ascii(texts)), False)
    if wide.true_count:
        plain = pc.replace_substring_regex(pc.utf8_normalize(texts.filter(wide), "NFKC"), _HIDDEN, "")
        texts = pc.replace_with_mask(texts, wide, pc.replace_substring(plain, "’", "'"))
    return _blank(texts, r"[ \t\x{A0}]{2,}|[\t\x{A0}]")


def _blank(texts: pa.Array, pattern: str) -> pa.Array:
    """Texts with a blank for every match. To look costs a third of to replace, and most texts have none."""
    held = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    if not held.true_count:
        return texts
    return pc.replace_with_mask(texts, held, pc.replace_substring_regex(texts.filter(held), pattern, " "))
