from __future__ import annotations

import pytest

from curation.clean.pii.rules import addresses, envelopes
from tests.clean.pii.rules.marked import found, marks, plain

RULES = (*addresses.RULES, *envelopes.RULES)

FOUND = r"""
I'm at {ADDRESS:14 Maple Street}, the green door.
{ADDRESS:Flat 3, 17 Ashgrove Road}, {LOCATION:Bristol} {LOCATION:BS6 5NA}
my address is {ADDRESS:4820 W Thornbury Ave, Apt 12C}, {LOCATION:Tucson}, AZ {LOCATION:85705}
Send it to {ADDRESS:PO Box 1182}, {LOCATION:Flagstaff}.
mum is still at {ADDRESS:62 Station Rd}
{ADDRESS:1100 5th Ave #4B} is her place
im at {ADDRESS:44 cedar lane} come get me
i live at {ADDRESS:128 n willow st apt 2}
they moved to {ADDRESS:9 rue des Lilas}
{ADDRESS:Lindenstraße 14}, third floor
she has a flat at {ADDRESS:Rua do Sol 18}, of all places
the house on {ADDRESS:Whitethorn Avenue} is where I live
Send the parcel to {ADDRESS:2298 Rua da Alegria 43\nPenafiel\n, PT\n Portugal 81274} please
{ADDRESS:503 Old Mill Road\nCardiff\nCF10 2AB}
Ship it here: {ADDRESS:48 Rue Pasteur\n69007 Lyon\nFrance}
I lived in {ADDRESS:14 Lange Street\nWagga Wagga\n, NSW 2650}.
Now it is {ADDRESS:77 Boulevard Carnot\nMetz\n France 57000}
{ADDRESS:ul. Kwiatowa 87\n31-422 Kraków}
The refuge was at {ADDRESS:204 Hazel Ridge Drive}.
We're on {ADDRESS:Rural Route 4}, miles from anyone.
Mail: {ADDRESS:RR 2 Box 118}
Our place is {ADDRESS:Rose Cottage, Mill Lane}.
The house at {ADDRESS:forty-two Maple Drive} haunts me.
They live in {ADDRESS:Block C, Flat 12}.
She lives at {ADDRESS:6 Lakeview}.
my house on {ADDRESS:birch lane} got sold
"""

NOTHING = r"""
It's 10 minutes drive from here, 5 blocks down the street.
I bought 12 oak trees, we live next to a big road.
We drove down the road and took a left on the street.
The crash of 1929, the 1929 Wall Street crash, is in the book.
I'm 34, she's 41, it's a long way from here.
We added 48 seats as close as possible.
1. Open the file\n2. Read it\n3. Close it
Day 1\nWe went hiking.\nDay 2\nWe rested.
Ingredients: 2 cups flour\n3 eggs\n1 teaspoon salt
Table 3\nResults 2019\nMean 45.2
Step 2\nOpen Settings\nStep 3\nClick Save
we live on a dead end street, down the road on life's road
I moved house on 3 March and stayed at 7 PM.
"""


def lines(block: str) -> list[str]:
    return [line.replace(r"\n", "\n") for line in block.strip().splitlines()]


@pytest.mark.parametrize("sentence", lines(FOUND))
def test_streets_boxes_and_envelopes_are_found(sentence: str) -> None:
    assert found(plain(sentence), RULES) == marks(sentence)


@pytest.mark.parametrize("sentence", lines(NOTHING))
def test_distances_lists_and_tables_are_left_alone(sentence: str) -> None:
    assert found(sentence, RULES) == []


def test_an_address_stops_at_what_was_removed_before() -> None:
    # Removed data is two line feeds.
    assert found("503 Old Mill Road\n\nCardiff\nCF10 2AB", RULES) == [("ADDRESS", "503 Old Mill Road")]
