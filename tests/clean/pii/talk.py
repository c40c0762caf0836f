"""Made-up therapy talk with its entities marked: to train small models on, to compare searches with, to time them on.

The same seed gives the same texts. Nothing is drawn from the word lists of the rules.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import NamedTuple


class Told(NamedTuple):
    """A text and its entities as (start, end, label), in the labels of OntoNotes."""

    text: str
    entities: tuple[tuple[int, int, str], ...]


_SLOTS = {
    "PERSON": "{F} {L}|{F}|Dr. {L}|Mrs. {L}|{F}",
    "GPE": "{C}",
    "ORG": "{B} {K}",
    "FAC": "{B} {H}",
}
_WORDS = {
    "F": "Anna Ben Carla David Elena Farid Greta Hugo Ines Jonas Kira Lukas Mona Nils Olga Paul Rosa Samir Tara Viktor"
    " Wendy Yusuf Zoe Amara Bruno Chloe Dario Edith Felix Gina Harold Ivy",
    "L": "Abbot Brenner Castillo Dorn Ellery Fenwick Garrow Holt Imani Jarvis Keller Lindqvist Moreau Novak Okafor"
    " Pellham Quill Rossi Sandoval Tanaka Ullman Varnholt Weller Yates Zimmer",
    "C": "Tolbury Brackwater Grimsdale Pellworth Ashcombe Larkfield Northaven Estermouth Quarrel Oakmere Rotterdam"
    " Leeds Toledo Geneva Perth Lyon Bergen",
    "B": "Fernhollow Brightwell Larkspur Stonegate Riverbend Halcyon Northwind Greymont",
    "K": "Logistics Foods Insurance Partners Software Motors",
    "H": "Hospital Clinic School Library Prison Airport",
    "M": "January February March April May June July August September October November December",
    "N": "two three four five six seven nine ten twelve",
    "W": "mother father sister brother husband wife boss neighbour friend daughter son aunt",
    "E": "sad angry tired ashamed numb afraid guilty lonely restless empty calm hopeful stuck worried",
    "T": "work dinner church practice lunch class bedtime breakfast therapy",
    "V": "sleep eat cry talk breathe focus leave listen rest argue decide cope",
}
_PLAIN = (
    "I feel {E} and {E} whenever I think about {T}.",
    "It has been {N} weeks since I could {V} without feeling {E}.",
    "What would it be like for you to {V} before {T}?",
    "My {W} says that I should {V} more, but I am too {E}.",
    "I hear how {E} you are, and that makes sense to me.",
    "After {T} I just sit there, and I do not want to {V}.",
    "Sometimes my {W} gets {E}, and then we do not {V} for {N} days.",
    "Could you say a little more about feeling {E}?",
    "i dont know why i cant {V} like everyone else",
    "We could try a small step this week, such as going to {T} even when you feel {E}.",
    "The doctor raised it to {N} pills, and I still do not {V}.",
    "I was {E} at {T} and told nobody; my {W} would not understand anyway.",
    "You said that you felt {E} during {T}. How strong is it now, from one to ten?",
    "It is hard to {V} when everybody around me seems so {E}...",
    "Maybe I am not {E}, maybe I am only {E} of being {E}.",
)
_SHORT = ("Thank you.", "I see.", "ok", "Yes, exactly.", "I don't know.", "Go on.", "Hmm.", "How does that feel?")
_TELLING = (
    "My {W} <PERSON> does not {V} any more.",
    "I told <PERSON> about it, and <PERSON> only laughed.",
    "<PERSON> drove me to <GPE> after {T}.",
    "We moved from <GPE> to <GPE> when I was {N}.",
    "I have worked at <ORG> for {N} years.",
    "They took <PERSON> to <FAC> last night.",
    "My therapist, <PERSON>, thinks that <GPE> is too far.",
    "Hello, my name is <PERSON> and I feel {E}.",
    "At <ORG> nobody knows that I go to <FAC>.",
    "<PERSON> and <PERSON> left <GPE> without a word.",
    "It was on {M} {D}, 20{D}, that <PERSON> called me.",
)
_NUMBERED = (
    "You can call me on 202-555-01{D} after {T}.",
    "Write to {f}.{l}@mail.example.org when you can {V}.",
    "My page is https://example.org/u/{f}{D}?tab=2 and my {W} reads it.",
    "The card 4111 1111 1111 1111 was charged at {T}.",
    "My social is 219-09-43{D}, they wanted it again.",
    "They logged in from 192.0.2.1{D} at night.",
    "I am @{f}_{l}{D} there, my {W} follows me.",
    "Ring +44 20 7946 09{D} and ask for my {W}.",
    "Transfer it to DE89 3704 0044 0532 0130 00 before {T}.",
    "My phone number is (202) 555-01{D}, room 4{D}, ask for my {W}.",
)
_MARK = re.compile(r"<(\w+)>|\{(\w)\}")


class Talk:
    """An endless source of talk."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._words = {slot: words.split() for slot, words in _WORDS.items()}

    def plain(self) -> Told:
        """A sentence without personal data, or hardly any."""
        return self._filled(self._rng.choice(_PLAIN))

    def telling(self) -> Told:
        """A sentence with names of people, places, bodies."""
        return self._filled(self._rng.choice(_TELLING))

    def numbered(self) -> Told:
        """A sentence with an address or a number of a person."""
        return self._filled(self._rng.choice(_NUMBERED))

    def message(self, share: float) -> Told:
        """One turn of a conversation, in which a share of the sentences tells who somebody is."""
        if self._rng.random() < 0.2:
            return Told(self._rng.choice(_SHORT), ())
        said = [
            self._rng.choice((self.telling, self.telling, self.numbered))()
            if self._rng.random() < share
            else self.plain()
            for _ in range(self._rng.randint(1, 4))
        ]
        return _joined(said)

    def _filled(self, template: str) -> Told:
        parts: list[str] = []
        found: list[tuple[int, int, str]] = []
        last = length = 0
        for mark in _MARK.finditer(template):
            value = self._value(mark[2]) if mark[2] else self._entity(mark[1])
            parts += [template[last : mark.start()], value]
            start = length + mark.start() - last
            length, last = start + len(value), mark.end()
            if mark[1]:
                found.append((start, length, mark[1]))
        return Told("".join([*parts, template[last:]]), tuple(found))

    def _entity(self, label: str) -> str:
        return re.sub(r"\{(\w)\}", lambda m: self._value(m[1]), self._rng.choice(_SLOTS[label].split("|")))

    def _value(self, slot: str) -> str:
        if slot == "D":
            return str(self._rng.randint(10, 29))
        word = self._rng.choice(self._words[slot.upper()])
        return word.lower() if slot.islower() else word


def _joined(said: Sequence[Told]) -> Told:
    text, found = "", []
    for one in said:
        text += " " if text else ""
        found += [(start + len(text), end + len(text), label) for start, end, label in one.entities]
        text += one.text
    return Told(text, tuple(found))


def chat(count: int, seed: int = 1) -> list[str]:
    """Messages of chats: a fifth of them stock phrases, and in every twelfth sentence personal data."""
    talk = Talk(seed)
    return [talk.message(0.08).text for _ in range(count)]


def dense(count: int, seed: int = 2) -> list[str]:
    """Sentences that all hold personal data, two of three names and one a number or an address."""
    talk = Talk(seed)
    return [(talk.numbered if number % 3 == 2 else talk.telling)().text for number in range(count)]
