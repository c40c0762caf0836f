"""The data card: what is in an export, under which rights, and what not to expect of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from curation.export.decontaminate import TOO_MUCH
from curation.export.split import SIDES
from curation.export.tally import shortages
from curation.methods.licences import severity

LIMITS = (
    "Personal data is found by patterns and recognisers, which miss some and replace too much elsewhere.",
    "Language and emotion tags come from small models (preview quality); emotion labels say what the person who seeks "
    "help expresses, and are no diagnosis.",
    "A source's licence is what its card or the project's `sources.yaml` says; whether the source had the right to "
    "say so was not checked.",
    "Near-duplicates are found by the words they share: a paraphrase or a translation of a text may be there, also "
    "across the split.",
    "Rows stand by source, then id: shuffle them for training, or sort them by phase and `at`.",
)
_SHAPES = {
    "sft": "`messages` is an optional system turn, then `user` and `assistant` in strict turn. `train` marks the turns "
    "to learn; the JSON lines hold roles and texts only.",
    "dpo": "`prompt` ends with `user`; `chosen` and `rejected` are one `assistant` turn each. Rows with a `rule` are "
    "synthetic pairs: that rule made them of a conversation, and no person compared the answers.",
}


def card(manifest: Mapping[str, Any]) -> str:
    """The README of an export as Markdown, made of its manifest alone."""
    recipe, rows = manifest["recipe"], manifest["rows"]
    held = "".join(f", {rows[side]:,} {side}" for side in SIDES[1:])
    parts = [
        "---\n" + yaml.safe_dump(_front(manifest), sort_keys=True, allow_unicode=True) + "---",
        f"# {manifest['mix']}",
        f"{recipe['task'].upper()} mix of {rows['selected']:,} rows ({rows['train']:,} train{held}) out of "
        f"{rows['seen']:,} seen. {_SHAPES[recipe['task']]}" + _again(rows["repeats"]),
        "## Composition",
        _composition(manifest),
        "Voices: " + _counted(manifest["personas"]) + ". Languages: " + _counted(manifest["languages"]) + ".",
        "## Amounts",
        _amounts(manifest),
        "## Voices",
        _voices(recipe["personas"]),
        "## Left out",
        _left_out(manifest["sources"]),
        "## Test questions",
        _tests(manifest["benchmarks"]),
        "## Licences",
        _licences(manifest),
        "## Conditions and overrides",
        _conditions(manifest),
        "## Risk",
        _risk(manifest["risk"]),
        "## People",
        _people(manifest["people"]),
        "## Personal data",
        _personal(manifest["sources"]),
        "## Split",
        _split(manifest["split"]),
        "## Known limits",
        "\n".join(f"- {limit}" for limit in LIMITS),
    ]
    return "\n\n".join(parts) + "\n"


def licences(manifest: Mapping[str, Any]) -> str:
    """The file LICENSES: under which licence the rows of every source are here, and where they came from."""
    lines = [
        f"The rows of this export are under the licences of their sources; the most restrictive class is "
        f"{manifest['licence_class']}. Each row names its source and licence.",
    ]
    for name, source in manifest["sources"].items():
        if source["selected"]:
            origin = f"{source['id']} at {source['revision']}" if source["id"] else "files of the project"
            text = (
                f"{name}: {source['licence']} ({source['licence_class']}), {source['selected']} rows\n  from {origin}"
            )
            text += f"\n  {_accepted(source)}" if source["accept"] else ""
            if given := source.get("permission"):
                text += f"\n  by permission of {given['by']} ({given['reference']}), scope: {given['scope']}"
            lines.append(text)
    return "\n\n".join(lines) + "\n"


def _front(manifest: Mapping[str, Any]) -> dict[str, Any]:
    licences = sorted({s["licence"] for s in manifest["sources"].values() if s["selected"]})
    spoken = sorted(code for code in manifest["languages"] if code != "unknown")
    sides = [side for side in SIDES if manifest["rows"][side]]
    data_files = [{"split": side, "path": f"{side}.parquet"} for side in sides]
    front: dict[str, Any] = {
        "license": licences[0].lower() if len(licences) == 1 else "other",
        "configs": [{"config_name": "default", "data_files": data_files}],
    }
    return {**front, "language": spoken} if spoken else front


def _composition(manifest: Mapping[str, Any]) -> str:
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
                f"{source['repeats']:,}",
                f"{source['share']:.1%}",
            )
        )
    lines += [(name, "", f"({why})", "", "0", "0", "0.0%") for name, why in manifest["missing"].items()]
    return _table(("source", "revision", "seen", "asked", "taken", "repeats", "share"), lines)


def _again(repeats: int) -> str:
    return f" {repeats:,} rows are there again, which `epoch` tells." if repeats else ""


def _amounts(manifest: Mapping[str, Any]) -> str:
    amounts, counted = manifest["amounts"], manifest["tokenizer"]
    how = "Counted are rows of the training side."
    if amounts["unit"] == "tokens":
        which = "tokens that are learned" if amounts["counted"] == "supervised" else "tokens"
        how = f"Counted are {which} of the training side, {_counter(counted)}."
    lines = [
        (name, _asked(p["asked"]), f"{p['got']:,}", _part(p["share_asked"]), _part(p["share_got"]))
        for name, p in amounts["portions"].items()
    ]
    text = how + "\n\n" + _table(("portion", "asked", "got", "share asked", "share got"), lines)
    short = [f"- {_plain(line)}" for line in shortages(amounts)]
    text += "\n\n" + ("Shortages:\n\n" + "\n".join(short) if short else "Nothing is short.")
    spoken = [
        (name, _asked(v["asked"]), f"{v['got']:,}", f"{v['share_got']:.1%}") for name, v in amounts["voices"].items()
    ]
    text += "\n\n" + _table(("voice", "asked", "got", "share got"), spoken)
    if len(amounts["phases"]) > 1:
        by_phase = [
            (phase, name, _asked(p["asked"]), f"{p['got']:,}")
            for phase, facts in amounts["phases"].items()
            for name, p in facts["portions"].items()
        ]
        text += "\n\n" + _table(("phase", "portion", "asked", "got"), by_phase)
    return text


def _counter(facts: Mapping[str, Any]) -> str:
    if "estimate" in facts:
        absent = f" ({_plain(facts['wanted'])} was not at hand)" if facts["wanted"] else ""
        return f"**estimated** at {facts['estimate']} a word{absent}"
    template = f"the template {facts['template']}" if facts["template"] else "no template"
    return f"with the tokenizer of {_plain(facts['tokenizer'])} and {template}"


def _asked(amount: int | None) -> str:
    return "all" if amount is None else f"{amount:,}"


def _part(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"


def _split(split: Mapping[str, Any]) -> str:
    shared = ", ".join(f"{name} {count:,}" for name, count in split["leakage"].items())
    return (
        "Rows that share a group, a prompt, a text or a near-duplicate, directly or over other rows, are on one side. "
        "Sides come from a keyed hash and are the same in every mix of the project with the same shares. Held-out rows "
        f"that share something with a trained one: {shared}. Rows whose own group would be held out, and that are "
        f"trained because something joins it with one of another side: {split['joined']:,}."
    )


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
    text = (
        f"The most restrictive class decides what may be done with the whole: **{manifest['licence_class']}**"
        f"{_binding(manifest['sources'])}.\n\n" + _table(("source", "licence", "class", "rows", "accepted"), lines)
    )
    given = [
        (name, p["by"], p["reference"], p["scope"], p["others"])
        for name, s in manifest["sources"].items()
        if (p := s.get("permission"))
    ]
    if not given:
        return text
    head = ("source", "by", "reference", "scope", "other people heard")
    return (
        f"{text}\n\nPermissions of people who speak in recordings. They are for what was said and for nothing else: "
        f"not for cloning a voice, nor for a model that goes by a person's name.\n\n{_table(head, given)}"
    )


def _conditions(manifest: Mapping[str, Any]) -> str:
    gates = manifest["recipe"]["gates"]
    use = " and ".join(gates["use"]) or "neither commercial nor published"
    limit = "not measured" if gates["residual"] is None else f"at most {gates['residual']:.1%} of a source's rows"
    text = (
        f"Made for a use that is {use}. Personal data was searched for at the level {gates['scrub']} or a stronger "
        f"one; what a second search still finds: {limit}."
    )
    lines = [
        (o["gate"], o["source"] or "all", "; ".join(o["passed"]) or "nothing: it was not needed", o["by"], o["reason"])
        for o in manifest["overrides"]
    ]
    head = ("gate", "source", "let pass", "by", "reason")
    return text + "\n\n" + (_table(head, lines) if lines else "Nothing was overridden.")


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
