"""One way to write every character: what looks the same is the same, and nothing hides."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.methods.texts import valid_utf8

# Characters that draw nothing. ZWNJ and ZWJ (U+200C, U+200D) are not here, for scripts and emoji need them; nor
# are variation selectors. Tag characters (U+E0000..) go: they can carry a whole hidden text.
_INVISIBLE = (
    r"[\x{00AD}\x{034F}\x{061C}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{200B}\x{200E}\x{200F}"
    r"\x{202A}-\x{202E}\x{2060}-\x{206F}\x{2800}\x{3164}\x{FEFF}\x{FFA0}\x{FFF9}-\x{FFFB}"
    r"\x{1D173}-\x{1D17A}\x{E0000}-\x{E0FFF}]"
)
_CONTROL = r"[\x00-\x08\x0E-\x1F\x7F-\x{84}\x{86}-\x{9F}]"
# Beside a Latin letter, a digit, a sign or a space a joiner does nothing but hide what stands there.
_PLAIN = r"[\p{Latin}\p{Nd}\p{P}\p{Sc}+=<>|~^`\s]"
_JOINER = r"[\x{200C}\x{200D}\x{FE00}-\x{FE0F}]+"

STEPS: tuple[tuple[str, str], ...] = (
    (r"\r\n?|[\x0B\x0C\x{85}\x{2028}\x{2029}]", "\n"),
    (f"{_CONTROL}|{_INVISIBLE}", ""),
    (f"({_PLAIN}){_JOINER}", r"\1"),
    (rf"[\x{{200C}}\x{{200D}}]+({_PLAIN})", r"\1"),
    (r"\p{Zs}", " "),
    (r"\x{FFFD}{2,}", "�"),
    (r"[ \t]+\n", "\n"),
    (r"\n{4,}", "\n\n\n"),
    (r"^\s+|\s+$", ""),
)
"""RE2 patterns and their replacements, applied in this order. Runs of the replacement character tell no more
than one does; at most two blank lines stand between two lines."""

_ROUNDS = 8


def tidy(texts: pa.Array) -> pa.StringArray:
    """Write texts in one way: NFC (Unicode Standard Annex 15), LF, plain spaces, no invisible characters.

    Bytes that are no UTF-8, half surrogates among them, become U+FFFD. Tidying tidied text changes nothing.

    Args:
        texts: strings of any length; null stays null.

    Returns:
        As many strings.
    """
    texts = valid_utf8(texts)
    distinct = texts.dictionary_encode()
    values = distinct.dictionary
    todo = np.arange(len(values))
    # Removing a character can bring together what the next round composes or trims; almost always two rounds do.
    pending = values
    for _ in range(_ROUNDS):
        done = _round(pending)
        changed = pc.not_equal(done, pending).to_numpy(zero_copy_only=False)
        if not changed.any():
            break
        mask = np.zeros(len(values), bool)
        mask[todo[changed]] = True
        pending = done.filter(pa.array(changed))
        values = pc.replace_with_mask(values, pa.array(mask), pending)
        todo = todo[changed]
    return values.take(distinct.indices)


def _round(texts: pa.StringArray) -> pa.StringArray:
    texts = pc.utf8_normalize(texts, "NFC")
    for pattern, replacement in STEPS:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return pc.utf8_normalize(texts, "NFC")
