"""What `sources detect` found, as lines for a person and as plain values for a program."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from curation.methods.licences import asks_for_a_word
from curation.pull.detect import Detection, Proposal

_CLIP = 160
_CLIP_PLAIN = 2000


def lines(found: Detection) -> Iterator[str]:
    """What a person reads: rights, the proposals with the first one's examples, and what led to none."""
    if found.rights:
        yield from _rights(found.rights)
    if not found.proposals:
        yield f"none: no adapter is proposed for {found.place}"
    for number, proposal in enumerate(found.proposals, 1):
        yield f"{number}. score {proposal.score:.2f}: {proposal.why}"
        yield from _proposal(proposal, with_files=len(found.looked_at) > 1)
        if number == 1:
            for place, example in enumerate(proposal.trial.examples, 1):
                yield f"   example {place}"
                yield from ("     " + line for line in _example(example))
    if found.tied:
        yield "the first two fit equally well: a person has to choose"
    for note in found.notes:
        yield f"- {note}"


def _rights(rights: Mapping[str, Any]) -> Iterator[str]:
    gate = "gated: access needs a click or a token" if rights["gated"] else "open"
    yield f"{rights['id']} at {rights['revision'][:12]}, {gate}"
    kind = rights["licence_class"]
    yield f"licence: {rights['licence'] or 'none stated'} ({kind})"
    if asks_for_a_word(rights["licence"]):
        yield "  its rows leave in no mix before a person has set `accept` (or `licence`, where none is stated)"


def _proposal(proposal: Proposal, *, with_files: bool) -> Iterator[str]:
    text = yaml.safe_dump(
        {"adapter": proposal.declared}, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
    yield from ("   " + line for line in text.splitlines())
    rejects = ", ".join(f"{count} {reason}" for reason, count in proposal.trial.rejects.items())
    yield f"   {proposal.rows} rows looked at: {proposal.trial.records} records, rejected: {rejects or 'none'}"
    if with_files:
        yield f"   files: {', '.join(proposal.files[:8])}{' …' if len(proposal.files) > 8 else ''}"
    for warning in proposal.warnings:
        yield f"   ! {warning}"
    if proposal.unread:
        shown = [n or "(no name)" for n in proposal.unread[:12]]
        yield f"   not read: {', '.join(shown)}{' …' if len(proposal.unread) > 12 else ''}"


def _example(example: Mapping[str, Any]) -> Iterator[str]:
    for side in ("messages", "chosen", "rejected"):
        for turn in example.get(side, ()):
            where = "" if side == "messages" else f"{side} "
            if turn.get("reasoning"):
                yield f"{where}{turn['role']} (thinks): {clip(turn['reasoning'], _CLIP)}"
            yield f"{where}{turn['role']}: {clip(turn['content'], _CLIP)}"
    if "label" in example:
        yield f"label: {'good' if example['label'] else 'bad'}"
    if "meta" in example:
        yield "meta: " + ", ".join(f"{k} = {clip(v, 60)}" for k, v in example["meta"].items())


def clip(text: str, most: int) -> str:
    """A text in one line of at most `most` characters."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"


def document(found: Detection) -> dict[str, Any]:
    """The same for a program; the texts of the examples are cut."""
    plain = dataclasses.asdict(found)
    for proposal in plain["proposals"]:
        proposal["adapter"] = proposal.pop("declared")
        proposal["confirmed"] = proposal.pop("schema")
        for example in proposal["trial"]["examples"]:
            for side in ("messages", "chosen", "rejected"):
                for turn in example.get(side, ()):
                    turn["content"] = turn["content"][:_CLIP_PLAIN]
    return plain
