"""The data card: what is in an export, under which rights, and what not to expect of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from curation.export.decontaminate import TOO_MUCH
from curation.methods.licences import severity

LIMITS = (
    "Personal data is found by patterns and recognisers, which miss some and replace too much elsewhere.",
    "Language and emotion tags come from small models (preview quality); emotion labels say what the person who seeks "
    "help expresses, and are no diagnosis.",
    "A source's licence is what its card or the project's `sources.yaml` says; whether the source had the right to "
    "say so was not checked.",
    "Near-duplicates are found by the words they share: a paraphrase or a translation of a text may be there, also "
    "across the split.",
    "Rows stand by source, then id: shuffle them for training.",
)
_SHAPES = {
    "sft": "`messages` is an optional system turn, then `user` and `assistant` in strict turn. `train` marks the turns "
    "to learn; the JSON lines hold roles and texts only.",
    "dpo": "`prompt` ends with `user`; `chosen` and `rejected` are one `assistant` turn each.",
}


def card(manifest: Mapping[str, Any]) -> str:
    """The README of an export as Markdown, made of its manifest alone."""
    recipe, rows = manifest["recipe"], manifest["rows"]
    parts = [
        "---\n" + yaml.safe_dump(_front(manifest), sort_keys=True, allow_unicode=True) + "---",
        f"# {manifest['mix']}",
        f"{recipe['task'].upper()} mix of {rows['selected']:,} rows ({rows['train']:,} train, {rows['validation']:,} "
        f"validation) out of {rows['seen']:,} seen. {_SHAPES[recipe['task']]}",
        "## Composition",
        _composition(manifest),
        "Voices: " + _counted(manifest["personas"]) + ". Languages: " + _counted(manifest["languages"]) + ".",
        "## Voices",
        _voices(recipe["personas"]),
        "## Left out",
        _left_out(manifest["sources"]),
        "## Test questions",
        _tests(manifest["benchmarks"]),
        "## Licences",
        _licences(manifest),
        "## Risk",
        _risk(manifest["risk"]),
        "## People",
        _people(manifest["people"]),
        "## Personal data",
        _personal(manifest["sources"]),
        "## Split",
        "Rows that share a group, a text or a near-duplicate, directly or over other rows, are on one side. Sides come "
        "from a keyed hash "
        "and are the same in every mix of the project.",
        "## Known limits",
        "\n".join(f"- {limit}" for limit in LIMITS),
    ]
    return "\n\n".join(parts) + "\n"


def _front(manifest: Mapping[str, Any]) -> dict[str, Any]:
    licences = sorted({s["licence"] for s in manifest["sources"].values() if s["selected"]})
    spoken = sorted(code for code in manifest["languages"] if code != "unknown")
    sides = [side for side in ("train", "validation") if manifest["rows"][side]]
    data_files = [{"split": side, "path": f"{side}.parquet"} for side in sides]
    front: dict[str, Any] = {
        "license": licences[0].lower() if len(licences) == 1 else "other",
        "configs": [{"config_name": "default", "data_files": data_files}],
    }
    return {**front, "language": spoken} if spoken else front


def _composition(manifest: Mapping[str, Any]) -> str:
    total = max(manifest["rows"]["selected"], 1)
    lines = []
    for name, source in manifest["sources"].items():
        asked = f"{source['asked']:,}" if source["asked"] is not None else "all"
        lines.append(
            (
                name,
                source["revision"] or "",
                f"{source['seen']:,}",
                asked,
                f"{source['selected']:,}",
                f"{source['selected'] / total:.1%}",
            )
        )
    return _table(("source", "revision", "seen", "asked", "taken", "share"), lines)


def _voices(personas: Mapping[str, Any]) -> str:
    lines = []
    for name, persona in sorted(personas.items()):
        text = f"- **{name}**: " + (
            f"system prompt “{_plain(persona['system'])}”" if persona["system"] else "no system prompt of the recipe"
        )
        text += "".join(f" + “{_plain(sentence)}”" for sentence in persona["details"])
        if persona["opening"]:
            text += f"; where it speaks first, the other side opens, untrained, with “{_plain(persona['opening'])}”"
        lines.append(text)
    return "\n".join(lines)


def _left_out(sources: Mapping[str, Any]) -> str:
    lines = [
        (name, reason, f"{count:,}") for name, source in sources.items() for reason, count in source["left_out"].items()
    ]
    return _table(("source", "reason", "rows"), lines) if lines else "Nothing."


def _tests(benchmarks: Mapping[str, Any]) -> str:
    if not benchmarks:
        return "This mix was compared with no benchmark."
    lines = [
        (name, f"{b['items']:,}", f"{b['given']:,}", f"{b['given'] / max(b['items'], 1):.1%}", f"{b['rows']:,}")
        for name, b in benchmarks.items()
    ]
    above = [_plain(name) for name, b in benchmarks.items() if b["given"] > TOO_MUCH * b["items"]]
    warning = (
        f"**The material gave away more than {TOO_MUCH:.0%} of {', '.join(above)}**: what else of the same origin is "
        "in this mix may help there, so results on it do not compare with those of models trained on other data."
    )
    return (
        "Left out are rows whose user says more than half of a test item's words, in runs of eight (the rule of "
        "Tülu 3). A paraphrase is not found.\n\n"
        + _table(("benchmark", "items", "given away", "share", "rows left out"), lines)
        + (f"\n\n{warning}" if above else "")
    )


def _licences(manifest: Mapping[str, Any]) -> str:
    lines = [
        (
            name,
            s["licence"],
            s["licence_class"],
            f"{s['selected']:,}",
            _accepted(s),
        )
        for name, s in manifest["sources"].items()
    ]
    return (
        f"The most restrictive class decides what may be done with the whole: **{manifest['licence_class']}**"
        f"{_binding(manifest['sources'])}.\n\n" + _table(("source", "licence", "class", "rows", "accepted"), lines)
    )


def _risk(risk: Mapping[str, Any]) -> str:
    held = f"Rows of level {risk['hold_at']} and above" + (
        f", and rows flagged {', '.join(risk['hold_flags'])}," if risk["hold_flags"] else ""
    )
    text = (
        f"{held} are in this mix only where a person has released them: {risk['released']:,} are. Rows in languages "
        f"that the screen has no rules for are {'held, too' if risk['hold_unscreened'] else '**not screened**'}. The "
        "screen is a search by rules: it is no diagnosis, and what is obliquely said it misses."
    )
    lines = [
        (s["source"], str(s["level"]), s["flag"] or "any", f"{s['rows']:,}", f"{s['sample']:,}", str(s["harmful"]),
         f"{s['at_most']:.1%}", s["by"], s["reason"])
        for s in risk["strata"]
    ]  # fmt: skip
    head = ("source", "level", "flag", "released unread", "read", "harmful", "at most (95 %)", "by", "reason")
    return text + ("\n\nReleased after a sample was read:\n\n" + _table(head, lines) if lines else "")


def _people(people: Mapping[str, int]) -> str:
    said = (
        ("approved", "approved as they are"),
        ("edited", "approved as people edited them"),
        ("preferences", "compared by people, answer with answer"),
        ("preferences_turned", "of these, with the answer as the better one that its source calls the worse"),
        ("emotions", "with emotions that people corrected or confirmed"),
    )
    lines = [f"- {people[name]:,} rows {what}" for name, what in said if people[name]]
    return "\n".join(lines) or "Nobody has looked at single rows of this mix for it."


def _accepted(source: Mapping[str, Any]) -> str:
    if not source["accept"]:
        return ""
    said = f"accepted by {source['accept']['by']}: {source['accept']['reason']}"
    stated = source["stated_licence"]
    return said if stated == source["licence"] else f"{said} (stated licence: {stated or 'none'})"


def _binding(sources: Mapping[str, Mapping[str, Any]]) -> str:
    """The licences that make the whole what it is."""
    used = {s["licence"] for s in sources.values() if s["selected"]}
    most = max(map(severity, used), default=0)
    return f" ({_plain(', '.join(sorted(name for name in used if severity(name) == most)))})" if used else ""


def _personal(sources: Mapping[str, Any]) -> str:
    lines: list[tuple[str, ...]] = []
    for name, source in sources.items():
        replaced = source["personal_data"]
        if replaced is None:
            lines.append((name, "not recorded", ""))
        lines += [(name, kind, f"{count:,}") for kind, count in (replaced or {}).items()]
    return (
        "What was found and replaced in the rows of this mix.\n\n" + _table(("source", "kind", "spans"), lines)
        if lines
        else "Nothing was found and replaced in the rows of this mix."
    )


def _table(head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    rows = [head, tuple("---" for _ in head), *lines]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{_plain(name)} {count:,}" for name, count in counts.items()) or "none"


def _plain(text: str) -> str:
    """Text that is neither a new cell, a new line nor HTML."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("|", "\\|")
