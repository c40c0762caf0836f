"""Persons by mechanism: how forms, families, strangers and lower case are told from words."""

from __future__ import annotations

import pytest

from curation.clean.pii.rules import people
from curation.clean.pii.rules.looks import looks
from tests.clean.pii.rules.marked import found, marks, plain

FOUND = """
Patient: {PERSON:ADEBAYO, FOLAKE}
Name: {PERSON:Szczepan Wójcik}
Assigned clinician: {PERSON:B. Haasbroek}
Seen by: {PERSON:Ottoline Frayne}
Next of kin: {PERSON:Duarte, Ana} (sister)
We had dinner with the {PERSON:Hendersons} next door.
the {PERSON:Adeyemi} family moved in
They placed her with foster carers, the {PERSON:Mbokanis}, in spring.
You're right, {PERSON:Oyelaran}.
{PERSON:Oyelaran}, can you hear me?
{PERSON:Oyelaran} never rings me.
{PERSON:Lindgren} apologises for everything.
Then {PERSON:Xolani} slammed the door.
{PERSON:Tosh Olsen} lives next door.
{PERSON:Amber}, put the phone down.
{PERSON:June} keeps texting me.
We agreed that {PERSON:June} would pick him up.
{PERSON:Rose} and {PERSON:Hunter} have been friends for years.
She mentioned that {PERSON:Hope} hasn't called.
{PERSON:Hope} won't answer my calls anymore.
{PERSON:Summer} hasn't called since the weekend.
{PERSON:Grace} to call the school on Monday.
- {PERSON:Hope}: no show, ring her
preferred name: {PERSON:Sky}
what if {PERSON:joy} doesnt want us there
ugh {PERSON:mark} from work keeps emailing
and {PERSON:will} keeps asking about it
a girl named {PERSON:grace} in my class
i think {PERSON:hope} told the teacher
we stayed with the {PERSON:okafors} for a year
the {PERSON:murphys} next door are loud
The {PERSON:Bakshis} paid for our flights.
my only mate here is {PERSON:piotr}
so {PERSON:jas} and {PERSON:tanisha} both went
thank you {PERSON:farida}
he said {PERSON:mia} is lying
me & {PERSON:josh} split
{PERSON:Amaka}, {PERSON:Uche} and {PERSON:Nnamdi} came for dinner.
Let {PERSON:Ottoline} decide.
Pt {PERSON:Kaplan, Ines} seen for review.
{PERSON:Kaplan, Ines} attended on time.
You mentioned the moment {PERSON:Jun-ho} closed the door.
Mother ({PERSON:Xolani}) remains distant.
{PERSON:rob} said he'd leave me
i told {PERSON:rob} everything
me and {PERSON:rob} broke up
{PERSON:mark}'s mum is ill
my sister in law {PERSON:joy} is kind
he moved in with {PERSON:april} already
people say {PERSON:arjun} was troubled
"""

NOTHING = """
Murphy's law again.
Hope doesn't pay the rent.
Summer won't fix this.
joy doesnt last
- Patience: the art of waiting
the bill keeps going up
my friend legit laughed
my therapist is kind
the lakers are my team
Patient: Reports low mood.
Client: Absolutely.
The Beatles came on and we danced.
I took Benadryl last night.
I use my Garmin every day.
We play Warhammer on Fridays.
Homework is hard.
Letters still come for him.
Mantras can help.
She struggles with Misophonia and noise.
In June I feel better. June was hard.
handled it with grace
in the end hope left me
my dog Luna died
Bella, our cat, is ill.
a puppy called Max
"""


@pytest.mark.parametrize("sentence", FOUND.strip().split("\n"))
def test_persons_are_found(sentence: str) -> None:
    assert found(plain(sentence), people.RULES) == marks(sentence)


@pytest.mark.parametrize("sentence", NOTHING.strip().split("\n"))
def test_words_medicines_things_and_pets_are_no_persons(sentence: str) -> None:
    assert found(sentence, people.RULES) == []


def test_a_job_behind_a_closing_is_no_signature() -> None:
    assert found("Best,\nClinical Psychologist", people.RULES) == []


def test_names_that_no_list_has_look_like_names() -> None:
    names = [looks(word) for word in ("oyelaran", "lindqvist", "mbokani", "jesenko")]
    plain_words = [looks(word) for word in ("dissociation", "closure", "homework", "gaslighting")]
    assert min(names) > max(plain_words)
