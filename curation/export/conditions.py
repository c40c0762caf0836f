"""What must hold before a mix leaves, besides the licences: use, scrubbing, what is left of personal data, risk.

Each condition is asked of every source; what does not hold is refused, all of it in one message, unless the recipe has
an override that names it with a person and a reason. The unconditional screen is no condition: nothing overrides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from curation.core.declare import doc
from curation.core.errors import GateError
from curation.core.store import View
from curation.export.gates import Right

Gate = Literal["use", "scrub", "residual", "risk"]
Residual = Callable[[Mapping[str, View]], Mapping[str, float]]
"""(views) -> for each source the share of its rows in which a second search still finds something."""

LEVELS = ("patterns", "rules", "model")
_MOST = 3
"""So many refusals are told in full; the others are counted, for an error is read in a terminal."""


@dataclass(frozen=True)
class Gates:
    """What must hold before a mix leaves."""

    use: tuple[Literal["commercial", "published"], ...] = doc(
        "what it is for: commercial refuses non-commercial licences; published (the data, or a model that learned from "
        "it, is given to others) refuses unknown ones, accepted or not",
        default=(),
    )
    scrub: Literal["patterns", "rules", "model"] = doc(
        "personal data was searched for at least so thoroughly: model stands for the levels that ask a model",
        default="rules",
    )
    residual: float | None = doc(
        "largest share of a source's rows in which a second search may still find something; it costs another pass",
        default=None,
    )
    risk: Literal["leave_out", "refuse"] = doc(
        "rows at risk that nobody has released: leave them out, or refuse the mix as long as there are any",
        default="leave_out",
    )

    def __post_init__(self) -> None:
        """Check the range."""
        if self.residual is not None and not 0 <= self.residual < 1:
            raise ValueError("'residual' must be from 0 to below 1")


@dataclass(frozen=True)
class Override:
    """A person's word that something leaves although a condition does not hold; the card prints it."""

    gate: Gate = doc("the condition")
    by: str = doc("who decided: a person, not a team")
    reason: str = doc("why")
    source: str | None = doc("for this source; by default for all", default=None)

    def __post_init__(self) -> None:
        """Refuse empty words."""
        for name in ("by", "reason"):
            if not getattr(self, name).strip():
                raise ValueError(f"'{name}' must say something")


@dataclass(frozen=True)
class Refusal:
    """A condition that does not hold for a source."""

    gate: Gate
    source: str
    what: str
    fix: str


def refusals(gates: Gates, views: Mapping[str, View], rights: Mapping[str, Right]) -> Iterator[Refusal]:
    """The conditions that cost no work on rows, and do not hold."""
    for name, right in rights.items():
        if "commercial" in gates.use and right.kind == "non-commercial":
            yield Refusal("use", name, f"{right.licence} allows no commercial use", "leave it out of the recipe")
        if "published" in gates.use and right.kind == "unknown":
            yield Refusal("use", name, f"{right.licence} is no licence to publish", "ask its owner, or leave it out")
    for name, view in views.items():
        level = scrubbed(view)
        if level is None:
            yield Refusal("scrub", name, "was not scrubbed", f"curate clean {name}")
        elif LEVELS.index(_kind(level)) < LEVELS.index(gates.scrub):
            fix = f"set level in [stages.scrub] to {gates.scrub} or stronger, then: curate clean {name}"
            yield Refusal("scrub", name, f"was scrubbed at the level {level}, below {gates.scrub}", fix)


def refused_rows(gates: Gates, waiting: Mapping[str, int], left: Mapping[str, float] | None) -> Iterator[Refusal]:
    """The conditions on rows that do not hold.

    Args:
        gates: the conditions.
        waiting: by source, rows at risk that nobody has released.
        left: by source, the share of rows in which a second search still finds something; None where nobody asked.
    """
    if gates.risk == "refuse":
        for name, count in waiting.items():
            yield Refusal("risk", name, f"{count:,} rows at risk wait for a person", f"curate review stratum {name}")
    if gates.residual is not None:
        for name, share in (left or {}).items():
            if share > gates.residual:
                what = f"a second search finds something in {share:.1%} of the rows, above {gates.residual:.1%}"
                yield Refusal("residual", name, what, f"curate scrub residual {name}")


def scrubbed(view: View) -> str | None:
    """The level at which the rows of a source were scrubbed; None where they were not."""
    for table in view.tables:
        for stage in table.manifest["ingredients"] or ():
            if isinstance(stage, Mapping) and stage.get("stage") == "scrub":
                return str(stage["models"]["level"])
    return None


def _kind(level: str) -> str:
    return level if level in LEVELS else "model"


def settle(mix: str, found: list[Refusal], overrides: tuple[Override, ...]) -> list[dict[str, Any]]:
    """Refuse what no override covers; returns every override with what it let pass, for the card.

    Raises:
        GateError: names what does not hold and what would have to change.
    """
    used: list[dict[str, Any]] = [
        {"gate": o.gate, "source": o.source, "by": o.by, "reason": o.reason, "passed": []} for o in overrides
    ]
    standing = []
    for refusal in found:
        for override, entry in zip(overrides, used, strict=True):
            if override.gate == refusal.gate and override.source in (None, refusal.source):
                entry["passed"].append(f"{refusal.source}: {refusal.what}")
                break
        else:
            standing.append(refusal)
    if standing:
        shown = "; ".join(f"{r.gate}: '{r.source}': {r.what}" for r in standing[:_MOST])
        more = f"; and {len(standing) - _MOST} more" if len(standing) > _MOST else ""
        fixes = "; ".join(dict.fromkeys(r.fix for r in standing[:_MOST]))
        raise GateError(
            f"the mix '{mix}' may not leave: {shown}{more}",
            where="exports/mixes",
            fix=f"{fixes}; or a person decides otherwise: overrides: [{{gate: {standing[0].gate}, source: "
            f"{standing[0].source}, by: …, reason: …}}]",
        )
    return used
