from __future__ import annotations

import pytest

from curation.clean.pii.shift import shifted, year


@pytest.mark.parametrize(
    ("value", "moved"),
    [
        ("March 3, 2019", "April 12, 2019"),
        ("3 March 2019", "12 April 2019"),
        ("3rd of March", "12th of April"),
        ("the 31st of december 2020", "the 9th of february 2021"),
        ("Dec. 31, 2020", "Feb. 9, 2021"),
        ("June 2018", "July 2018"),
        ("2019-03-03", "2019-04-12"),
        ("3/3/2019", "4/12/2019"),
        ("03/03/19", "04/12/19"),
        ("28.02.1991", "09.04.1991"),
        ("13-12-1985", "22-01-1986"),
    ],
)
def test_a_date_moves_in_its_own_form(value: str, moved: str) -> None:
    assert shifted(value, 40) == moved


@pytest.mark.parametrize("value", ["", "tomorrow", "99/99/2019", "March to April", "30 February 2019", "2019"])
def test_what_is_no_date_does_not_move(value: str) -> None:
    assert shifted(value, 40) is None


@pytest.mark.parametrize(
    ("value", "told"), [("March 3, 2019", "2019"), ("3/3/19", None), ("12.12.1899", "1899"), ("20190303", None)]
)
def test_the_year(value: str, told: str | None) -> None:
    assert year(value) == told
