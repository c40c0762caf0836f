"""Planted canaries: made-up personal data in every column, pushed through a project's own settings of scrub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curation.clean.pii.entries import words
from curation.core.engine import run_batches
from curation.core.records import RECORD_SCHEMA
from curation.core.stage import Call, Context, Step

# Nobody's data: numbers and hosts set aside for examples, names and places made up. What stands in braces must go.
SENTENCES: Mapping[str, tuple[str, ...]] = {
    "ADDRESS": (
        "I have lived at {14 Larkspur} Lane since the divorce.",
        "They sent the letter to {2207 West Pellham} Avenue, Apt {3B}.",
        "My new address is {81 Brackwater} Road and nobody knows it.",
        "She waited outside {9 Old Quarrel} Street all night.",
    ),
    "AGE": (
        "My grandfather is {93} years old and still drives.",
        "I turned {91} last week and nobody called.",
        "She is a {97}-year-old woman living on her own.",
        "He died at the age of {102} in his sleep.",
    ),
    "DATE": (
        "It happened on {March 14}, 2021 after work.",
        "My son was born on {03/11/1998} and I was alone.",
        "The hearing is on the {3rd of September} and I am scared.",
        "I stopped drinking on {2019-06-02} for good.",
    ),
    "EMAIL": (
        "You can write to {tess.varnholt@mail.example} any time.",
        "He reads my mails at {b_quill77@post.example.org} in secret.",
        "My address there was {nadia+group@example.net} back then.",
        "Send it to {o.fenwick@clinic.example.com}, please.",
    ),
    "FACILITY": (
        "I was admitted to {Brackwater} General Hospital for two weeks.",
        "My daughter goes to {Tolbury} Elementary School now.",
        "We met at the {Fernhollow} Counseling Center downtown.",
        "He served four years in {Grimsdale} Correctional Facility.",
    ),
    "FINANCIAL": (
        "They charged my card {4111 1111 1111 1111} twice.",
        "She took the money from {DE89 3704 0044 0532 0130 00} without asking.",
        "My sort code is {20-00-00} and the account is {55779911}.",
        "He used {5500 0000 0000 0004} for his bets.",
    ),
    "HANDLE": (
        "I post as {@tess_varnholt} and he follows me.",
        "My username is {quill_77} on that forum.",
        "She found me as {u/fenhollow_9} there.",
        "Add me, I am {tess#4821} there.",
    ),
    "ID": (
        "My social is {219-09-4321} and it was stolen.",
        "The case number is {DV-2021-004417} if you need it.",
        "My MRN is {00482913} at that place.",
        "They noted my passport number {X48213377} at the border.",
    ),
    "IP": (
        "He logged in from {192.0.2.146} at night.",
        "The threats came from {198.51.100.23} every time.",
        "It said {2001:db8::8a2e:370:7334} had signed in.",
        "My own is {203.0.113.9} and that is in the log.",
    ),
    "LOCATION": (
        "I grew up in {Chattanooga} and never left.",
        "We moved from {Eindhoven} to start again.",
        "He lives in {Springfield}, Illinois with his new wife.",
        "I can see the whole of {Wolverhampton} from my bed.",
    ),
    "ORG": (
        "I have worked at {Varnholt} Logistics Inc. for nine years.",
        "My boss at {Pellham & Quill} LLP shouts at me.",
        "I study at the University of {Brackwater} now.",
        "He was fired from {Tolbury} Motors Ltd. in spring.",
    ),
    "PERSON": (
        "My sister {Margaret Varnholt} does not talk to me.",
        "my husband {Kevin} drinks again",
        "I told Dr. {Fenwick} that I cannot sleep.",
        "Hi, my name is {Natalie} and I feel lost.",
        "Then {Joseph} and {Rebecca} left without a word.",
        "My therapist, {Danielle Quill}, says the same.",
    ),
    "PHONE": (
        "Call me on {202-555-0143} after six.",
        "My number is {(202) 555-0187} if he asks.",
        "Ring {+44 20 7946 0958} and ask for me.",
        "Text {2025550119} when you are there.",
    ),
    "URL": (
        "My page is {https://example.com/users/tess?tab=2} and he reads it.",
        "It is all on {www.varnholt-diary.example.org} now.",
        "I wrote it on {example.net/blog/quill} last year.",
        "See {http://example.org/~fenwick/letters} for what he said.",
    ),
}

_BRACES = re.compile(r"\{([^{}]*)\}")
_COLUMNS = ("messages", "reasoning", "chosen", "rejected", "meta")
_FILLER = "I do not know what to do about it."


@dataclass(frozen=True)
class Planted:
    """How the canaries of a label fared."""

    planted: int
    found: int


def plant(call: Call, key: bytes) -> dict[str, Planted]:
    """Push every canary through scrub, each in a record of its own and the columns by turns.

    A canary counts as found when none of what has to go stands in its record any more, or the record was dropped.

    Args:
        call: scrub as the project runs it; entries for one source or conversation do not apply.
        key: the project key.

    Returns:
        By label.
    """
    canaries = [(label, text) for label, texts in SENTENCES.items() for text in texts]
    records = [_record(number, text) for number, (_, text) in enumerate(canaries)]
    step = Step("canaries", (Call(call.stage, call.stage.narrow(call.spec, "canary", ())),))
    table = pa.Table.from_pylist(records, schema=RECORD_SCHEMA)
    kept, _, _ = run_batches(step, table, Context(key, "canary"), len(records))
    left = {row.pop("id"): " ".join(f" {' '.join(words(text))} " for text in _texts(row)) for row in kept.to_pylist()}
    result: dict[str, Planted] = {}
    for record, (label, text) in zip(records, canaries, strict=True):
        stands = any(f" {' '.join(words(value))} " in left.get(record["id"], "") for value in _BRACES.findall(text))
        before = result.get(label, Planted(0, 0))
        result[label] = Planted(before.planted + 1, before.found + (not stands))
    return result


def _record(number: int, text: str) -> dict[str, Any]:
    said = _BRACES.sub(r"\1", text)
    place = _COLUMNS[number % len(_COLUMNS)]

    def turn(role: str, column: str) -> dict[str, Any]:
        return {"role": role, "content": said if column == place else _FILLER, "reasoning": None}

    answer = {**turn("assistant", ""), "reasoning": said if place == "reasoning" else None}
    return {
        "id": f"canary:{number:016x}",
        "kind": "preference",
        "messages": [turn("user", "messages"), answer],
        "chosen": [turn("assistant", "chosen")],
        "rejected": [turn("assistant", "rejected")],
        "persona": "neutral",
        "language": "en",
        "meta": [{"key": "note", "value": said}] if place == "meta" else None,
    }


def _texts(value: Any) -> Iterator[str]:
    """Every string in the text columns of a row; what the audit says of it is no text."""
    for column in ("messages", "chosen", "rejected"):
        for turn in value[column] or ():
            yield from (text for text in (turn["content"], turn["reasoning"]) if text)
    yield from (pair["value"] for pair in value["meta"] or () if pair["value"])
