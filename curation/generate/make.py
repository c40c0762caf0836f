"""Make the rows of a source of scenarios, and publish them for `pull` to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import orjson

from curation.core import made
from curation.core.errors import ProjectError
from curation.core.project import Project
from curation.core.sources import KnowledgeSource, MadeSource, ScenarioSource, YoutubeSource
from curation.generate.mind import RESISTANCE
from curation.generate.scenario import Scenario, read
from curation.generate.template import Turn, dialogue

Say = Callable[[str], None]


def make(project: Project, name: str, source: MadeSource, say: Say) -> None:
    """Make the rows of a source of any such kind. Hold `project.writing()` around it.

    Raises:
        CurateError: as `dialogues`, `knowledge.make` and `interviews.make`; nothing is published then.
    """
    if isinstance(source, KnowledgeSource):
        from curation.generate import knowledge

        knowledge.make(project, name, source, say)
    elif isinstance(source, YoutubeSource):
        from curation.generate import interviews

        interviews.make(project, name, source, say)
    else:
        dialogues(project, name, source, say)


def dialogues(project: Project, name: str, source: ScenarioSource, say: Say) -> None:
    """Make every dialogue of a source. Hold `project.writing()` around it.

    Raises:
        ProjectError: a scenario is wrong, or an endpoint gave no dialogue that is of use.
        GateError, RetryError: as the endpoint's client; replies so far are kept, nothing is published.
    """
    decided = made.revision(project, name, source)
    scenarios = [read(path) for path in made.material(project, name, source).values()]
    rejected: Counter[str] = Counter()
    dialogues: dict[str, list[tuple[int, Sequence[Turn]]]] = {}
    if source.endpoint:
        from curation.generate.endpoint import play

        dialogues, rejected = play(project, name, source, scenarios, say)
    else:
        for scenario in scenarios:
            dialogues[scenario.id] = [
                (v, dialogue(scenario, seed=source.seed, variation=v)) for v in range(1, source.variations + 1)
            ]
    found = sum(map(len, dialogues.values()))
    if rejected and found <= rejected.total():
        raise ProjectError(
            f"{rejected.total()} of {found + rejected.total()} dialogues of '{name}' were of no use "
            f"({', '.join(f'{reason} {n}' for reason, n in sorted(rejected.items()))}); nothing was published",
            where=f"[endpoints.{source.endpoint}]",
            fix="try another model, or raise its max_tokens",
        )
    rows = {
        f"{s.id}.yaml": b"".join(row(s, v, source.seed, t) for v, t in dialogues[s.id])
        for s in scenarios
        if dialogues[s.id]
    }
    made.publish(project, name, decided, rows, {"dialogues": found, "rejected": dict(sorted(rejected.items()))})
    say(
        f"{name}: {found} dialogues of {len(rows)} scenarios made ({source.synthetic})"
        + (f", {rejected.total()} rejected" if rejected else "")
    )


def row(scenario: Scenario, variation: int, seed: int, turns: Sequence[Turn]) -> bytes:
    """One made row as a JSON line.

    What belongs to the turns of one side stands in their order, joined by spaces.
    """
    client = [t for t in turns if t.role == "user"]
    prompts = [t.prompt for t in turns if t.prompt]
    # The search for personal data takes words joined by "_" for handles, and digits, spoken ones, too, for telephones.
    document = {
        "messages": [{"role": t.role, "content": t.content} for t in turns],
        "scenario": scenario.id,
        "variation": variation,
        "seed": seed,
        "moves": _plainly(t.move for t in turns if t.role == "assistant"),
        "emotions": _plainly(t.emotion for t in client),
        "resistance": " ".join(RESISTANCE[t.resistance or 0] for t in client),
        "told": " ".join(t.told for t in client if t.told) or None,
        "risk_level": scenario.safety.risk,
        "flags": _plainly(scenario.safety.flags),
        # Who speaks, for the prompt of whoever learns to play this client.
        "who": scenario.who,
        "voice": scenario.voice,
        "model": " ".join(sorted({t.model for t in turns if t.model})) or None,
        "prompt": made_of(prompts) if prompts else None,
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def _plainly(names: Iterable[str | None]) -> str:
    return " ".join(name.replace("_", "-") if name else "none" for name in names)


def made_of(prompts: Sequence[str]) -> str:
    """One digest, 16 hex digits, of the digests of all requests of a dialogue."""
    from curation.core import files

    return files.digest(list(prompts))[:16]
