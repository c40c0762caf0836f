from __future__ import annotations

import pytest

from curation.clean.pii.rules import dates
from tests.clean.pii.rules.marked import found, marks, plain

FOUND = """
The wedding was on {DATE:June 14, 2019}.
She died {DATE:3 March 2020}.
my hearing on {DATE:12/04/2023} got moved
DOB {DATE:1987-09-23}
he left on the {DATE:3rd of May}
I've been sober since {DATE:October 2021}.
we lost her in {DATE:November}
since {DATE:october} nothing tastes
it happened {DATE:Feb 11th}
relapsed on {DATE:9/3}, again
born {DATE:04.07.1992}
Admitted {DATE:Jan 5}, discharged {DATE:Jan 19}.
{DATE:July the 19th} would have been his birthday
our anniversary is the {DATE:twenty-first of June}
seen {DATE:1/9/24}, {DATE:1/16/24} and {DATE:1/23/24}
her due date is the week of {DATE:Sept. 8}
My grandmother is {AGE:93} years old.
he's {AGE:ninety-four} and still drives
aged {AGE:97}, lives alone
a {AGE:92}-year-old man presenting with confusion
my great aunt lived to {AGE:102}
Client ({AGE:93}) lives with her daughter.
Patient is a {AGE:90} y/o widow.
The woman across the hall was {AGE:96}, a retired seamstress.
Great-uncle Tobias is {AGE:98} and still rude.
Old Wilhelmina ({AGE:97}) taught me chess.
I'm {AGE:91}, and I have outlived everybody.
Oma's {AGE:ninety-third} birthday is a mess.
Pt: {AGE:94}F, lives alone.
"""

NOTHING = """
In 1998 I was twelve, in 2016 I was happy.
My session is Tuesday at 4:30 pm, on Monday I work.
We talked for ninety minutes and I still didn't say it.
It took 95 minutes, he drove at 95 mph, she weighs 92 kg.
There is a 90% chance, I'm in the 95th percentile.
I am 45 years old and I've been married 22 years.
About 100 people came, a hundred times I asked him.
The summer of 2016, last winter, this spring, Christmas.
May I ask something? I may march, let it be august.
In May and June I always feel better, every year.
PHQ-9 went from 21 to 8, GAD-7 was 14/21.
I read 1/3 of the book, 2/5 stars, 9/10 would do it again.
BP 120/80, take 2 pills a day for 14 days, 0.5 mg.
The first of many, the second of two, 24/7, 9 to 5.
From 1990-1995 he served. Version 3.2.1 crashed at 12:45:10.
September 11 was on the news. We had people over on the 4th of July.
The DSM-5 lists 309.81, the ICD-10 has F43.10.
it was three weeks ago, or two months
The temperature was 97, my score is 95 and the bus was 94.
Her heart rate was 98, it was 101 today.
"""


@pytest.mark.parametrize("sentence", FOUND.strip().splitlines())
def test_dates_finer_than_a_year_and_ages_above_89_are_found(sentence: str) -> None:
    assert found(plain(sentence), dates.RULES) == marks(sentence)


@pytest.mark.parametrize("sentence", NOTHING.strip().splitlines())
def test_years_weekdays_counts_and_doses_are_left_alone(sentence: str) -> None:
    assert found(sentence, dates.RULES) == []
