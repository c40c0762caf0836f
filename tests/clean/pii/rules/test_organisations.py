from __future__ import annotations

import pytest

from curation.clean.pii.rules import organisations
from tests.clean.pii.rules.marked import found, marks, plain

FOUND = """
I was admitted to {FACILITY:St. Brendan's Hospital} twice.
She's an inpatient at {FACILITY:Cedar Hollow Recovery Center}.
He teaches at {FACILITY:Oakridge High School}.
my kids go to {FACILITY:Thornfield Primary}
They sent me to {FACILITY:HMP Wandsworth}.
I'm on {FACILITY:Willow Ward} for now
we were married at {FACILITY:Holy Trinity Church}
I did 28 days at {FACILITY:Harbor Light}.
I start chemo at {FACILITY:Dana Farber} Monday
she was discharged from {FACILITY:Fairview}
I go to {FACILITY:Beth Shalom Synagogue} on Fridays
he was at {FACILITY:riverside hospital} for a week
I work at {ORG:Brightwell Logistics} nights.
She got hired by {ORG:Deloitte}.
my manager at {ORG:Tesco} keeps changing my rota
i started at {ORG:mcdonalds} to pay for it
I quit {ORG:Amazon} last week
They let me go from {ORG:Pinnacle Insurance Group}.
I'm doing my masters at the {ORG:University of Leeds}.
I play for {ORG:Harrow Town FC}.
an engineer at {ORG:Solvex}, ten years
my dad's firm, {ORG:Lowther & Sons}, went under
our union, {ORG:Local 338}, did nothing
works for {ORG:Transport for London}
He was a pilot with {ORG:Delta}.
he signed with {ORG:Meyer & Hahn GmbH} and left
the invoice came from {ORG:Ferrand Dufour S.A.} again
They kept me at {FACILITY:Royal Free} for a month.
the psych unit at {FACILITY:st vincents} was cold
i went to {FACILITY:kingsway high} back then
After the shelter, {FACILITY:Magnolia House}, I slept.
I've been at {ORG:Quillfeather} nine years.
I just joined {ORG:Zentrova}.
I quit {ORG:Veridian Systems} in a rage.
I founded {ORG:Pebble & Pine}.
i work at {ORG:dunmore poultry} on the line
Nobody thanked me at {ORG:Orrin Valley Dairies} all year.
"""

NOTHING = """
She works in sales, he works from home.
I go to church, but I don't go to therapy. The hospital called the school.
Mindfulness-Based Stress Reduction, Dialectical Behavior Therapy, Internal Family Systems.
Borderline Personality Disorder and Major Depressive Disorder run in my family.
The Beck Depression Inventory, the Hamilton Rating Scale, the Edinburgh Postnatal Depression Scale.
AA meets every Monday, NA on Thursdays, Alcoholics Anonymous saved him.
He was in the Army and then in the Navy.
She's a Nurse Practitioner at the VA.
We had dinner at McDonald's and I ordered it from Amazon.
I looked on Wikipedia and on Google.
The Benefits of Eating Organic Foods
Balancing Your Financial Life and Achieving Inner Peace
Mental Health Services should be funded better.
I take Lexapro in the morning and Seroquel at night.
I'm from Michigan, he is from Brazil, he works with children.
I study Nursing and Law at night.
MY MOTHER NEVER CALLS ME AND I HATE IT
i go to school near my house and work at night
Anger with Grief, from Guilt to Shame
I stayed at Sarah Miller's for weeks.
Dear Therapist, Thank You for Everything.
i work at night and i quit smoking
"""


@pytest.mark.parametrize("sentence", FOUND.strip().splitlines())
def test_named_facilities_and_employers_are_found(sentence: str) -> None:
    assert found(plain(sentence), organisations.RULES) == marks(sentence)


@pytest.mark.parametrize("sentence", NOTHING.strip().splitlines())
def test_kinds_therapies_scales_and_brands_are_left_alone(sentence: str) -> None:
    assert found(sentence, organisations.RULES) == []
