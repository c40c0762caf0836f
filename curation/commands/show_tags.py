"""What the taggers found in a row, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from curation.methods import hold


def _emotion(tag: Mapping[str, Any]) -> list[str]:
    labels = [", ".join(turn["labels"] or []) or "-" for turn in tag["turns"]]
    return [f"emotion ({tag['model']}): " + " | ".join(labels)]


def _arc(tag: Mapping[str, Any]) -> list[str]:
    if tag["missing"]:
        return [f"arc: none ({tag['missing']})"]
    return [
        f"arc of {side}: valence {found['first']:+.2f} to {found['last']:+.2f} in {found['turns']} turns"
        for side in ("client", "assistant")
        if (found := tag[side]) is not None and found["first"] is not None
    ]


def _empathy(tag: Mapping[str, Any]) -> list[str]:
    said = [
        " ".join(f"{name} {found['level']}" for name, found in turn.items() if name != "missing" and found) or "-"
        for turn in tag["turns"]
    ]
    return [f"empathy ({tag['model']}): " + " | ".join(said)]


def _strategies(tag: Mapping[str, Any]) -> list[str]:
    said = [", ".join(found["label"] for found in turn.values() if found and found["label"]) for turn in tag["turns"]]
    return [f"strategies ({', '.join(tag['models'])}): " + " | ".join(each or "-" for each in said)]


def _eq(tag: Mapping[str, Any]) -> list[str]:
    said = [
        f"  {domain.replace('_', ' ')} {found['value']:.2f} (by {found['method']}, on {found['n_evidence']})"
        for domain, found in tag.items()
        if found is not None and found["value"] is not None
    ]
    return ["eq:", *said] if said else ["eq: nothing can be said"]


def _risk(tag: Mapping[str, Any]) -> list[str]:
    held = f" (by {tag['by']})" if tag["by"] else ""
    spans = [
        f"  {span['column']} turn {span['turn']}, {span['start']}-{span['end']}: {span['rule']}, level {span['level']}"
        + (f", lowered: {span['lowered']}" if span["lowered"] else "")
        for span in tag["spans"] or []
    ]
    return [hold.told(tag) + held, *spans]


TAGS: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "emotion": _emotion,
    "arc": _arc,
    "empathy": _empathy,
    "strategies": _strategies,
    "eq": _eq,
    "risk": _risk,
}
"""The lines of each column that a tagger wrote."""
