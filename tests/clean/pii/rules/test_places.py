from __future__ import annotations

import pytest

from curation.clean.pii.rules import places, postcodes
from tests.clean.pii.rules.marked import found, marks, plain

RULES = (*places.RULES, *postcodes.RULES)

FOUND = """
I grew up in {LOCATION:Duluth} and hated the winters.
We moved to {LOCATION:Chester-le-Street} when I was six.
my ex moved to {LOCATION:Reading} with the baby
I was born in {LOCATION:Gaborone}.
moved from {LOCATION:Nairobi} to {LOCATION:Dundee} at nineteen
Between {LOCATION:Leeds} and {LOCATION:Hull} I had two panic attacks.
the village is called {LOCATION:Little Wenham}
they live near {LOCATION:Lake Okeechobee}
I'm in {LOCATION:Cook County}, if that matters
i hate {LOCATION:manchester} in the rain
living in {LOCATION:boise} since the divorce
I fled {LOCATION:Mariupol} with two bags
I moved here from {LOCATION:Medellín}
the {LOCATION:Glasgow} flat was damp
{LOCATION:Hackney} is where I feel safe
We are from {LOCATION:Provo}, Utah.
my sister in {LOCATION:Charlotte} won't answer
we lived in {LOCATION:Penlarrick}, at the end of a lane
{LOCATION:New York}, {LOCATION:Los Angeles} and {LOCATION:Boston} wore me out
Our ZIP is {LOCATION:60614}.
postcode {LOCATION:M14 5TQ}
it happened at {LOCATION:51.50135, -0.14189} on the map
We scattered them off the pier at {LOCATION:Sopot}.
shes leaving for {LOCATION:grimsby} soon
a village outside {LOCATION:Oaxaca de Juárez}
"""

NOTHING = """
I moved from Ohio to Texas and nothing changed.
My mother is from Germany, my father from Iran, we live in Scotland now.
I love New England in autumn, the Midwest is lonely.
I'm living in Fear. He lives in Denial. I'm stuck in Limbo.
In May and June I always feel better.
In English class I never spoke. I speak Spanish at home.
Sometimes I go from Anger to Guilt in one second.
I was in Year 9, in Grade 11, in Episode 2 and Round 6.
Charlotte and Jackson called, and Madison told Austin's brother.
She got away from David, and Mary's routine went on.
i want to live in peace, in a nice house near the sea
i grew up in foster care and lived in fear
She goes to University next year, he wants to go to College.
Depression In Teens: What Parents Should Know
He watches Netflix, plays Fortnite and scrolls TikTok on Sunday in Lent.
I FEEL NOTHING IN THIS HOUSE AND NOBODY CARES
At Thanksgiving my Uncle drank, at Easter he did not.
The temperature in Celsius, the score in Chemistry, the comfort in Buddhism.
F32.1 and 300.4 were in the letter.
He was at Wits End for good.
"""


@pytest.mark.parametrize("sentence", FOUND.strip().splitlines())
def test_places_below_a_state_are_found(sentence: str) -> None:
    assert found(plain(sentence), RULES) == marks(sentence)


@pytest.mark.parametrize("sentence", NOTHING.strip().splitlines())
def test_states_countries_people_and_states_of_mind_are_left_alone(sentence: str) -> None:
    assert found(sentence, RULES) == []


def test_a_line_feed_ends_a_name() -> None:
    assert found("I live in New\n\nYork Minster road", RULES) != [("LOCATION", "New\n\nYork")]
    assert found("we drove to\nthe sea and Will\n\nDenver said", RULES) in ([], [("LOCATION", "Denver")])
