"""Telephone numbers that anybody may be given: crisis lines and helplines are no personal data."""

from __future__ import annotations

from collections.abc import Iterator

# By country calling code, in national digits. Emergency numbers and short codes (988, 911, 112, 116 123, 741741 …) have
# fewer than the seven digits that make a finding; the European ones are listed for those who write them with a country
# code.
_EUROPEAN = "112 116000 116006 116111 116117 116123"
_HELP = {
    "1": "8002738255 8007842433 8006624357 8007997233 8006564673 8004224453 8664887386 8663319474 8777264727"
    " 8775658860 8773306366 8009506264 8009312237 8002221222 8334564566 8006686868 8662773553",
    "33": f"{_EUROPEAN} 3114 3919",
    "44": f"{_EUROPEAN} 08001111 08082000247 08000684141 0800585858 03003047000 03001233393 08088084994 08085002222",
    "49": f"{_EUROPEAN} 116016 08001110111 08001110222 08001110333 08001110550 08000116016 08002255530",
    "61": "131114 1300659467 1800551800 1300224636 1800737732 1300789978",
    "64": "1737 0800543354 0508828865 0800376633",
    "91": "14416 18005990019",
    "353": f"{_EUROPEAN} 1800247247 1800804848 1800666666",
}


def _forms(code: str, number: str) -> Iterator[str]:
    national = number.removeprefix("0")
    yield from (number, code + national, "00" + code + national, code + "0" + national)


HELPLINES = frozenset(form for code, numbers in _HELP.items() for n in numbers.split() for form in _forms(code, n))
"""Digits of numbers that are kept, with and without the ways to dial the country."""


def is_helpline(number: str) -> bool:
    """Whether the digits of a telephone number, however written, are those of a helpline."""
    return "".join(c for c in number if c.isdecimal()) in HELPLINES
