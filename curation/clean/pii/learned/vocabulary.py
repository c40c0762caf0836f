"""What is known of a word before any text: how common it is in English, and which of the rules' lists hold it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from curation.clean.pii.english import english
from curation.clean.pii.learned.tokens import Hashes, hashed
from curation.clean.pii.rules import cues, kinds, known, names, public
from curation.clean.pii.rules.gazetteer import towns

Bits = npt.NDArray[np.uint32]

(
    COMMON, ENGLISH, RARE, PROPER, FIRST, LAST, PLAIN, HARD, DOUBLE, MONTH, USUAL, TOWN, SURE_TOWN, TOWN_PART, WIDE,
    PUBLIC, KIN, TITLE, JOB, PLACE, HOUSE, BODY, STREET, FIGURE, APP, MIND, EPONYM, DOES, PLACING,
    ACCOUNT, CALLING,
) = (1 << bit for bit in range(31))  # fmt: skip
"""What a word may be; one word may be several. The first three are how common it is in lower case, and one at most."""

_STREETS = frozenset(
    """street st str road rd avenue ave lane ln drive dr boulevard blvd court ct close terrace crescent grove gardens
    row mews parade square sq way place walk rise hill view drive circle loop trail parkway pkwy highway hwy alley
    wynd brae quay wharf esplanade vale yard rue via calle""".split()
)

_ACCOUNTS = frozenset(
    """handle handles username usernames user account accounts gamertag gamertags screenname screen nickname
    alias login logged online server servers forum forums subreddit guild clan chat dm dms follow follows
    followed following follower followers unfollowed profile post posts posted posting stream streams
    streaming comment comments tweets tweeted banned blog snap insta ig fb psn xbox steam discord twitch
    tumblr tiktok reddit twitter telegram skype kik venmo bluesky mastodon threads livejournal letterboxd
    strava finsta wattpad soundcloud viber wechat matrix moderator mod mods""".split()
)
_CALLS = frozenset(
    """call calls called calling callback ring rings rang ringing phone phones phoned telephone tel mobile mob
    cell landline number numbers dial dialled dialed fax pager text texts texted texting voicemail extension
    ext line sms contact reach whatsapp digits sim hotline""".split()
)


class Vocabulary(NamedTuple):
    """Open-addressed: the place of a hash is its low bits, or the next free one.

    Attributes:
        hashes: 0 where nothing is.
        bits: what the word is.
    """

    hashes: Hashes
    bits: Bits


@functools.cache
def vocabulary() -> Vocabulary:
    """Read all lists, once in a process."""
    told = dict(english())

    def add(words: Iterable[str], bit: int) -> None:
        for word in words:
            low = names.fold(word.casefold().replace("’", "'"))
            told[low] = told.get(low, 0) | bit

    lists = names.gazetteer()
    bits = (
        (names.FIRST, FIRST), (names.LAST, LAST), (names.PLAIN, PLAIN), (names.HARD, HARD), (names.THING, DOUBLE),
        (names.ACT, DOUBLE), (names.MONTH, MONTH), (names.TOWN, DOUBLE), (names.CITY, DOUBLE),
    )  # fmt: skip
    for word, kind in lists.kinds.items():
        for theirs, ours in bits:
            if kind & theirs:
                told[word] = told.get(word, 0) | ours
    places = towns()
    add(lists.usual, USUAL)
    add((town for town in places.towns if " " not in town), TOWN)
    add((town for town in places.sure if " " not in town), SURE_TOWN)
    add((part for town in places.towns if " " in town for part in town.split()), TOWN_PART)
    add((part for wide in places.wide for part in wide.split()), WIDE)
    add(known.PUBLIC, PUBLIC)
    add(cues.KIN, KIN)
    add(cues.TITLES, TITLE)
    add(cues.CLINICIANS | cues.COMPANIONS | cues.CLIENTS, JOB)
    add(cues.PLACE_NOUNS, PLACE)
    add(kinds.FACILITIES, HOUSE)
    add(kinds.ORGANISATIONS, BODY)
    add(_STREETS, STREET)
    add(public.SINGLE | public.FAMILY, FIGURE)
    add(known.APPS, APP)
    add(known.STATES_OF_MIND, MIND)
    add(cues.EPONYMS, EPONYM)
    add(cues.DO_SAY | cues.TALK, DOES)
    add(cues.PLACED | cues.GOING, PLACING)
    add(_ACCOUNTS, ACCOUNT)
    add(_CALLS, CALLING)
    size = 1 << (2 * len(told)).bit_length()
    table = Vocabulary(np.zeros(size, np.uint64), np.zeros(size, np.uint32))
    _fill(table, np.array([hashed(word) for word in told], np.uint64), np.array(list(told.values()), np.uint32))
    return table


@numba.njit(cache=True, nogil=True)
def _fill(table: Vocabulary, hashes: Hashes, bits: Bits) -> None:
    mask = np.uint64(len(table.hashes) - 1)
    for index in range(len(hashes)):
        place = hashes[index] & mask
        while table.hashes[place] != 0:
            place = (place + np.uint64(1)) & mask
        table.hashes[place] = hashes[index]
        table.bits[place] = bits[index]


@numba.njit(cache=True, nogil=True)
def look_up(table: Vocabulary, hashes: Hashes) -> Bits:
    """What each word is; 0 for a word that no list has."""
    mask = np.uint64(len(table.hashes) - 1)
    found = np.zeros(len(hashes), np.uint32)
    for index in range(len(hashes)):
        place = hashes[index] & mask
        while table.hashes[place] != 0:
            if table.hashes[place] == hashes[index]:
                found[index] = table.bits[place]
                break
            place = (place + np.uint64(1)) & mask
    return found
