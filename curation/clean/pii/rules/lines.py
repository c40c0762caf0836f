"""A line of text as words in parallel lists, which is what rules look at: left and right are one step away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.rules.names import FIRST, HARD, PLAIN, Gazetteer

UPPER = "".join(c for c in map(chr, range(0x41, 0x250)) if c.isupper())
"""Capital letters of the Latin blocks."""

_TOKEN = re.compile(r"[^\W\d_]+(?:['’\-‑][^\W\d_]+)*|\d+|[^\w\s]|_")
# Given names of Korea and China in two syllables; prefixes of English words are none.
_SYLLABLE = r"(?:[bcdfghjklmnpqrstwxyz]|ch|sh|zh|hw|gw|kw|hy|ky|my|by|ny|ts)?[aeiou]{1,3}(?:ng|n|m|k|l|p|t|h|r)?"
_SYLLABLES = re.compile(rf"(?!(?:re|co|de|un|bi|no|in|go)-){_SYLLABLE}-{_SYLLABLE}")
GIVEN = frozenset("jun sun min ha won eun young so yu".split())
"""First syllables of given names of Korea that are words of English, too."""

_ENDING = re.compile(r"['’](?:s|S|ll|d)$")
_OPENERS = frozenset('.!?…:;"“”‘(*-–—•>#|~')
SHORTENED = frozenset({"dr", "mr", "mrs", "ms", "mx", "prof", "rev", "fr", "sgt", "capt", "lt", "st", "supt", "no"})


class Line:
    """The tokens of one line: words, numbers and single signs.

    Attributes:
        words: as written, without a final 's, 'll, 'd.
        lows: the same in lower case, with straight apostrophes.
        starts: offsets in the text.
        ends: offsets behind the words.
        kinds: what the lists say of each, see `names`.
        caps: whether it begins with a capital letter.
        owns: whether it ended in 's.
        opens: whether it begins a sentence, a clause behind a colon, or a quotation.
        shouts: whether the line is written in capitals.
        titled: whether most words of the line begin with a capital, as in a heading.
    """

    __slots__ = ("caps", "ends", "kinds", "lows", "opens", "owns", "shouts", "starts", "titled", "words")

    def __init__(self, text: str, offset: int, lists: Gazetteer) -> None:
        self.words: list[str] = []
        self.lows: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.owns: list[bool] = []
        for match in _TOKEN.finditer(text):
            word = match[0]
            start, end = match.span()
            low = word.lower()
            owned = False
            if not word.isalpha():
                low = low.replace("’", "'").replace("‑", "-")
                cut = _ENDING.search(word)
                if cut is not None:
                    owned = cut[0][1:] in "sS"
                    end = start + cut.start()
                    word, low = word[: cut.start()], low[: cut.start()]
            self.owns.append(owned)
            self.words.append(word)
            self.lows.append(low)
            self.starts.append(start + offset)
            self.ends.append(end + offset)
        self.caps = [word[0].isupper() for word in self.words]
        known = lists.kinds
        self.kinds = [
            (known[low] if low in known else self._kind(word, low, lists))
            for word, low in zip(self.words, self.lows, strict=True)
        ]
        self.opens = list(self._openings())
        letters = [word for word in self.words if word[0].isalpha() and word != "I"]
        self.shouts = len(letters) > 2 and sum(word.isupper() for word in letters) > 0.7 * len(letters)
        long = [word for word in letters if len(word) > 3]
        self.titled = len(long) > 3 and sum(word[0].isupper() for word in long) > 0.7 * len(long)

    def __len__(self) -> int:
        return len(self.words)

    def low(self, place: int) -> str:
        """The word in lower case at any place; "" beyond the ends."""
        return self.lows[place] if 0 <= place < len(self.lows) else ""

    def cap(self, place: int) -> bool:
        """Whether there is a word with a capital letter at any place."""
        return 0 <= place < len(self.caps) and self.caps[place]

    def near(self, place: int) -> bool:
        """Whether at most two blanks part the word from the one before."""
        return 0 < place < len(self.starts) and self.starts[place] - self.ends[place - 1] <= 2

    def initial(self, place: int) -> bool:
        """Whether a single capital letter stands there: "K." or "K"."""
        return self.cap(place) and len(self.words[place]) == 1

    def _kind(self, word: str, low: str, lists: Gazetteer) -> int:
        kind = lists.kind(low)
        if kind or low.isalpha() or not low[0].isalpha():
            return kind
        if low.endswith(("n't", "'ve", "'re")):
            return PLAIN | HARD
        if "'" in low:  # I'm
            return lists.kind(low.split("'")[0]) & (PLAIN | HARD)
        parts = [lists.kind(part) for part in low.split("-")]
        if all(part[:1].isupper() for part in word.replace("‑", "-").split("-")):  # Anne-Marie, Al-Sayed
            return (parts[0] | parts[-1]) & (~(PLAIN | HARD) if not parts[-1] & PLAIN else PLAIN | HARD)
        if len(parts) == 2 and word[0].isupper() and low[: low.find("-")] in GIVEN and not parts[1] & HARD:
            return FIRST if _SYLLABLES.fullmatch(low) else 0  # Jun-ho, which June is not
        if len(parts) == 2 and word[0].isupper() and not any(part & (PLAIN | HARD) for part in parts):
            return FIRST if _SYLLABLES.fullmatch(low) else 0  # Ji-woo
        return parts[-1] & (PLAIN | HARD)  # ex-husband

    def _openings(self) -> Iterator[bool]:
        opens = True
        for place, low in enumerate(self.lows):
            yield opens
            if low == "." and place and (self.lows[place - 1] in SHORTENED or self.initial(place - 1)):
                opens = False
            elif not low[0].isalnum():
                opens = opens or low in _OPENERS or ord(low[0]) > 0x2000
            else:
                opens = False
