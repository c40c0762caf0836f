from __future__ import annotations

import pytest

from curation.clean.pii.helplines import HELPLINES, is_helpline
from curation.clean.pii.rules import identifiers
from tests.clean.pii.rules.marked import found, marks, plain

FOUND = """
write to {EMAIL:jonas dot veld at gmail dot com} tonight
send it to {EMAIL:priya_r (at) outlook (dot) com} please
it's {EMAIL:m.okafor at yahoo dot co dot uk}, all lower case
for the form: {EMAIL:first.last [at] clinic [dot] org}
her address is {EMAIL:lou underscore 77 at hotmail dot com} she says
text {PHONE:555-0134}, that is the house
number is {PHONE:555 0166 ext 9}, ask for the porter
my mobile is {PHONE:07700 900 123}
it's {PHONE:oh seven seven double oh, nine hundred, one two three}
my new number is {PHONE:five five five, zero one nine eight}
{PHONE:+353 1 555 0123} is my sister's landline
my insta is {HANDLE:jo_91} if you want to see
my tiktok's {HANDLE:emmacooks22} but I deleted everything
my username on the forum is {HANDLE:quietstorm}.
on discord I'm {HANDLE:wolfie_2207}
they call me {HANDLE:night_heron} on the server
find me on twitch as {HANDLE:slowburn_tv}
his snap is {HANDLE:bigmike-77}
you'll see {HANDLE:coldtea42} in the chat, that's me
user name {HANDLE:t.j.rivers} same password for everything
pay me on cash app, {HANDLE:$larkandbell}
see {URL:lenadraws.substack.com} if you care
my blog is {URL:oakandash.example}
MRN: {ID:00482913}
Case no. {ID:23-CV-01877} is still open
my NHS number is {ID:943 476 5919}
Member number {ID:W2231 88907}
license plate {ID:7ABC123}, I wrote it on my hand
NI number is {ID:QQ 12 34 56 C}
crime reference {ID:CRN/4471823/25} they said
my green card number {ID:SRC2190050001}
DL# {ID:F255-9921-4472}
VIN {ID:1HGCM82633A004352}
inmate number {ID:A48291}
sort code {FINANCIAL:20-45-53}, account {FINANCIAL:73829104}
S/C {FINANCIAL:40-12-76} A/C {FINANCIAL:12345678}
he emptied the account, number {FINANCIAL:00418823}, in one night
account no. {FINANCIAL:5529 0043 1}
routing {FINANCIAL:021000021} and account {FINANCIAL:483920115}
the card ending in {FINANCIAL:4417} is his
the last four digits are {FINANCIAL:9921}
eth {FINANCIAL:0x71C7656EC7ab88b098defB751B7401B5f6d8976F}
her twitter handle ({HANDLE:vexedviolet})
my insta is {HANDLE:softmoth}
I'm {HANDLE:quietfern} on reddit
my debit card (ending {FINANCIAL:5512})
pay into {FINANCIAL:20-45-12 88213340}
btc {FINANCIAL:1BoatSLRHtKNngkdXEobR76b53LETtpyT}
he drives a van, {ID:LB12 QZR}
my number's {PHONE:202 - 555 - 0171}
call {PHONE:extension 4412}
{PHONE:0-1-3-1, 4-9-6, 0-double-8-1}, ask for Dad
try {PHONE:07700 nine hundred 318}, the key sticks
it says {PHONE:1-555-NEW-BATH} on the van
his mobile, the one ending {PHONE:0377}, is off
Landline is {PHONE:960 482}, evenings
the uncle in Lund, {PHONE:070-174 06 12}, speaks English
user elm_3 wrote it; {HANDLE:mod_birch} rang the police
our chat was me ({HANDLE:tea.moth.lady}) and him
Skype has him as {HANDLE:live:danil.pear}, still
add me, {HANDLE:m4rshlight}, or not
on tumblr i was {HANDLE:lampsalt} and we never met
in the server he goes by {HANDLE:pantryghost}, I know it
{HANDLE:bluehazmat}'s last post was about being tired
EA ID's {HANDLE:WideOma}, we play on Sundays
My Xbox handle, {HANDLE:Captain Naps 12}, is on the wreath
the user {HANDLE:maybe-later-3} logged in at four
CALL:{PHONE:04111 1111 1111 1111}@A0
follow me, {HANDLE:quietharbour.91}, or not
she tweets as {HANDLE:SorryNotSybil} these days
transit {FINANCIAL:04512}, branch code {FINANCIAL:632005}
"""

NOTHING = """
Call 988 or text HOME to 741741 if it gets bad again.
Samaritans are on 116 123, ring 999 or 112 in an emergency.
ring Childline on 0800 1111, it is free
the lifeline, call 1-800-273-8255, never closes
Diagnosis: F32.1, then F41.1 and Z63.0.
My case is complicated and my file is thick.
PHQ-9 17, GAD-7 14, BDI-II 29.
sertraline 50 mg, lorazepam 0.5 mg, vitamin B12
Case 1: a woman in her 30s. Case 2: a man in his 40s.
My card was declined, my PIN forgotten.
The account is empty, I account for 50 people.
On Instagram everyone is happy.
my username is private and my password is long
5-4-3-2-1 is a grounding exercise, 4-7-8 is breathing
one two three four five, breathe, six seven eight
Breathe in for four, hold for seven, out for eight.
I'm at 70 percent. I'll be there at seven dot on the dot.
we stayed at home and he said dot dot dot
he drove at 95 and called 3 times in 10 minutes
Order 66 was a joke, booking 2 rooms for 2021 was not.
if user_name == "x": return get_data(user_name)
covid19 and windows10 were both a nightmare
Between 2015 and 2018 I was in and out.
Reach out to 5 friends in 10 days.
my insurance covers 20 sessions a year
my insta is private, my facebook was deactivated
1-800-SUICIDE and 1-800-273-TALK are lines for everybody
Landline? Lifeline is 13 11 14, and the number is 741741.
my phone died at 0900
i am on reddit everyday and posting is exhausting
I posted on YouTube, as LinkedIn is for work
she was well-known online and he was hard-hearted on discord
"""


@pytest.mark.parametrize("sentence", FOUND.strip().splitlines())
def test_what_a_cue_or_a_disguise_tells_is_found(sentence: str) -> None:
    assert found(plain(sentence), identifiers.RULES) == marks(sentence)


@pytest.mark.parametrize("sentence", NOTHING.strip().splitlines())
def test_codes_crisis_lines_and_counts_are_left_alone(sentence: str) -> None:
    assert found(sentence, identifiers.RULES) == []


def test_a_telephone_number_never_ends_inside_a_longer_run_of_digits() -> None:
    text = "call 0411 1111 1111 1112 1111 1111 1111 now"
    assert [one for one in found(text, identifiers.RULES) if one[0] == "PHONE"] == []


def test_characters_that_nobody_sees_hide_nothing() -> None:
    text = "call 07700\u200b 900\u200b 123 or write to ana\u00ad@example\u200b.org"
    assert [label for label, _ in found(text, identifiers.RULES)] == ["PHONE", "EMAIL"]


def test_a_state_before_its_zip_is_no_cue() -> None:
    assert found("Boise, ID 83702", identifiers.RULES) == []
    assert found("his ID 83702", identifiers.RULES) == [("ID", "83702")]


@pytest.mark.parametrize("number", ["1-800-273-8255", "+1 (800) 273-8255", "0800 1111", "+44 800 1111", "13 11 14"])
def test_helplines_however_they_are_written(number: str) -> None:
    assert is_helpline(number)


def test_an_ordinary_number_is_no_helpline() -> None:
    assert not is_helpline("202-555-0143")
    assert all(number.isdecimal() for number in HELPLINES)
