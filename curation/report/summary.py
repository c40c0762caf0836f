"""Everything the report shows, as plain numbers, ids and names. No field may ever hold the text of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

VERSION = 1
"""Version of the document that `curate --json report` prints; raise it when a field changes its meaning."""

NoticeKind = Literal["licence", "accepted", "disabled", "unfinished", "preview", "unreadable"]


@dataclass(frozen=True)
class StepSummary:
    """What one step did with one source.

    Attributes:
        name: `raw` for the pull, else the step's name.
        stages: the stages that the step runs, in order.
        rows_in: rows that came in.
        rows_kept: rows that are left.
        reasons: rows dropped, by `stage/reason`.
        notes: the step's other counters.
        seconds: wall time of its latest run; None where no run is on record.
    """

    name: str
    stages: tuple[str, ...]
    rows_in: int
    rows_kept: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    seconds: float | None = None

    @property
    def rows_dropped(self) -> int:
        """Rows that came in and are not left."""
        return self.rows_in - self.rows_kept


@dataclass(frozen=True)
class SourceSummary:
    """One source: its rights, and its way through the steps.

    Attributes:
        name: its name in sources.yaml.
        kind: huggingface or files.
        persona: whose voice its rows teach.
        licence: what it is used under; None where nobody knows.
        revision: the commit, or for files the digest of their contents; None before the first pull.
        accepted_by: who vouched for its use although its licence is unknown or restricted.
        enabled: is it used at all?
        steps: the steps that are up to date, in order.
        unfinished: the steps that are not.
        personal_data: places replaced by scrub, by label.
        languages: rows left, by ISO 639-1 code; `unknown` where the language stage could not tell.
        emotions: turns of the rows left, by emotion label.
        arcs: `described`, `few_turns` and `not_tagged` rows; of those described the mean valence of `client.first`,
            `client.last`, `assistant.first` and `assistant.last`, and `recovered`, whose client's came back.
        empathy: turns by `MECHANISM.LEVEL`, where the project has a head.
        strategies: turns by `SIDE.LABEL`, likewise.
        voice: rows by what was read of them: `read`, `too_short`, `no_answer`, `language`, and of those read by
            tenths of their likeness, `likeness.0` to `likeness.9`; none where the project has no profile.
        risk: rows screened by `level.0` to `level.5` and `unscreened`, and by `flag.NAME`.
        waiting: rows that leave in no mix before a person has released them.
        released: rows that a person has, one by one or with their stratum.
    """

    name: str
    kind: str
    persona: str
    licence: str | None = None
    revision: str | None = None
    accepted_by: str | None = None
    enabled: bool = True
    steps: tuple[StepSummary, ...] = ()
    unfinished: tuple[str, ...] = ()
    personal_data: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    emotions: Mapping[str, int] = field(default_factory=dict)
    arcs: Mapping[str, float] = field(default_factory=dict)
    empathy: Mapping[str, int] = field(default_factory=dict)
    strategies: Mapping[str, int] = field(default_factory=dict)
    voice: Mapping[str, int] = field(default_factory=dict)
    risk: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    released: int = 0

    @property
    def rows_read(self) -> int:
        """Rows that its files held."""
        return self.steps[0].rows_in if self.steps else 0

    @property
    def rows_kept(self) -> int:
        """Rows left after the last step that is up to date."""
        return self.steps[-1].rows_kept if self.steps else 0

    @property
    def reasons(self) -> dict[str, int]:
        """Rows dropped on the whole way, by `stage/reason`."""
        return total(step.reasons for step in self.steps)


@dataclass(frozen=True)
class ExportedFile:
    """A file of an export. `rows` is None where the manifest does not say."""

    name: str
    bytes: int
    sha256: str
    rows: int | None = None


@dataclass(frozen=True)
class MixSummary:
    """The current export of one mix.

    Attributes:
        name: the mix.
        task: sft or dpo.
        key: the export's folder, named by everything that decided it.
        rows: rows exported.
        asked: rows asked for by source, where the recipe asks for so many.
        got: rows exported by source.
        personas: rows exported by persona.
        splits: rows exported by split.
        left_out: rows left out, by reason.
        licence: the most restrictive class among its sources.
        files: what was written.
        rows_asked: rows asked for in all, where the recipe says so.
    """

    name: str
    task: str
    key: str
    rows: int
    asked: Mapping[str, int] = field(default_factory=dict)
    got: Mapping[str, int] = field(default_factory=dict)
    personas: Mapping[str, int] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    licence: str | None = None
    files: tuple[ExportedFile, ...] = ()
    rows_asked: int | None = None


@dataclass(frozen=True)
class AdapterSummary:
    """One trained adapter. Losses are nats per trained token; of an adapter that learned from pairs, DPO's per pair.

    Attributes:
        name: its recipe and folder.
        mix: the mix it learned from.
        base: the model under it.
        revision: the base's commit, where it has one.
        steps: optimiser steps.
        rows: rows it learned from.
        trained_tokens: tokens it was trained on, in one pass over the rows.
        first_loss: mean loss of the first step.
        last_loss: mean loss of the last step.
        before: held-out loss of the base, by persona and under `all`.
        after: the same with the adapter.
        curve: the loss of each step, in order.
        scores: what its scorecard measured on held-out rows, for the base and for the adapter.
    """

    name: str
    mix: str
    base: str
    revision: str | None
    steps: int
    rows: int
    trained_tokens: int
    first_loss: float | None
    last_loss: float | None
    before: Mapping[str, float] = field(default_factory=dict)
    after: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[float, ...] = ()
    scores: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class EqSummary:
    """One domain of emotional ability over all rows.

    Attributes:
        name: its id in the taxonomy eq-domains.
        records: rows with a value, by who says it: human, judge or proxy.
        mean: of the values, in [0, 1], likewise.
        pairs: rows that have a proxy and people's ratings.
        correlation: of the two, Spearman's; None where nothing can be said of it yet.
        withheld: whether the proxy goes into no export.
        least: the correlation from which it would.
    """

    name: str
    records: Mapping[str, int] = field(default_factory=dict)
    mean: Mapping[str, float] = field(default_factory=dict)
    pairs: int = 0
    correlation: float | None = None
    withheld: bool = True
    least: float = 0.3


@dataclass(frozen=True)
class VoiceWindows:
    """How far a person's windows of one length are told from others'.

    Attributes:
        length: words of a window.
        auc: the chance that one of the person's is more like them than one of somebody else's.
        low: lower end of the interval of 95 %.
        high: upper end of it.
        same_kind: the same chance among windows that became text in the same way.
        own: the person's windows.
        recordings: they come from.
        others: others' windows.
        people: they come from.
        own_shares: of the person's windows, the share in each piece of the scale of likeness.
        others_shares: of others'.
    """

    length: int
    auc: float
    low: float
    high: float
    same_kind: float | None
    own: int
    recordings: int
    others: int
    people: int
    own_shares: tuple[float, ...]
    others_shares: tuple[float, ...]


@dataclass(frozen=True)
class VoiceSummary:
    """The profile of a voice: numbers and words of closed lists.

    Attributes:
        sources: it was learned from.
        windows: what it is worth, by length of window.
        measures: what was counted of the person, by its name.
        others: and of others.
        says_more: words that the person says more often.
        says_less: and less often.
        limits: what it cannot show, in words.
    """

    sources: tuple[str, ...]
    windows: tuple[VoiceWindows, ...]
    measures: Mapping[str, float | None]
    others: Mapping[str, float | None]
    says_more: tuple[str, ...] = ()
    says_less: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notice:
    """Something to know before trusting the numbers; `names` are the sources, models, mixes or adapters concerned."""

    kind: NoticeKind
    names: tuple[str, ...]


@dataclass(frozen=True)
class StageTotal:
    """One stage over all sources: rows that reached it, and those it dropped, by reason."""

    step: str
    stage: str
    rows_in: int
    reasons: Mapping[str, int]

    @property
    def rows_dropped(self) -> int:
        """Rows dropped by the stage."""
        return sum(self.reasons.values())

    @property
    def rows_kept(self) -> int:
        """Rows that went on."""
        return self.rows_in - self.rows_dropped


@dataclass(frozen=True)
class Summary:
    """The whole report of a project."""

    project: str
    sources: tuple[SourceSummary, ...] = ()
    mixes: tuple[MixSummary, ...] = ()
    adapters: tuple[AdapterSummary, ...] = ()
    eq: tuple[EqSummary, ...] = ()
    voice: VoiceSummary | None = None
    notices: tuple[Notice, ...] = ()
    last_run: str | None = None
    version: int = VERSION

    @property
    def rows_read(self) -> int:
        """Rows read over all sources."""
        return sum(source.rows_read for source in self.sources)

    @property
    def rows_kept(self) -> int:
        """Rows left over all sources."""
        return sum(source.rows_kept for source in self.sources)

    @property
    def reasons(self) -> dict[str, int]:
        """Rows dropped over all sources, by `stage/reason`."""
        return total(source.reasons for source in self.sources)

    @property
    def personal_data(self) -> dict[str, int]:
        """Places replaced over all sources, by label."""
        return total(source.personal_data for source in self.sources)

    @property
    def languages(self) -> dict[str, int]:
        """Rows left over all sources, by language."""
        return total(source.languages for source in self.sources)

    @property
    def emotions(self) -> dict[str, int]:
        """Turns over all sources, by emotion label."""
        return total(source.emotions for source in self.sources)

    @property
    def empathy(self) -> dict[str, int]:
        """Turns over all sources, by mechanism and level."""
        return total(source.empathy for source in self.sources)

    @property
    def strategies(self) -> dict[str, int]:
        """Turns over all sources, by side and label."""
        return total(source.strategies for source in self.sources)

    @property
    def risk(self) -> dict[str, int]:
        """Rows over all sources, by risk level and flag."""
        return total(source.risk for source in self.sources)

    @property
    def seconds(self) -> dict[str, float]:
        """Wall time of the latest runs, by step, in the order of the way."""
        found: dict[str, float] = {}
        for step in (step for source in self.sources for step in source.steps if step.seconds is not None):
            found[step.name] = found.get(step.name, 0.0) + (step.seconds or 0.0)
        return found

    def document(self) -> dict[str, Any]:
        """All of it as plain values, with the totals, for JSON."""
        totals = {
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "reasons": self.reasons,
            "personal_data": self.personal_data,
            "languages": self.languages,
            "emotions": self.emotions,
            "empathy": self.empathy,
            "strategies": self.strategies,
            "risk": self.risk,
            "seconds": self.seconds,
        }
        return {**asdict(self), "totals": totals}

    def stages(self) -> list[StageTotal]:
        """The way of all rows, stage by stage. Rows dropped under no stage's name are counted under the step's."""
        rows_in: dict[tuple[str, str], int] = {}
        reasons: dict[tuple[str, str], Counter[str]] = {}
        for step in (step for source in self.sources for step in source.steps):
            left = step.rows_in
            for stage, dropped in _by_stage(step).items():
                key = (step.name, stage)
                rows_in[key] = rows_in.get(key, 0) + left
                reasons.setdefault(key, Counter()).update(dropped)
                left -= sum(dropped.values())
        return [StageTotal(*key, rows_in[key], dict(reasons[key])) for key in rows_in]


def _by_stage(step: StepSummary) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {stage: {} for stage in step.stages or (step.name,)}
    last = next(reversed(found))
    for label, count in step.reasons.items():
        stage, slash, reason = label.partition("/")
        found[stage if slash and stage in found else last][reason if slash else label] = count
    return found


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counters added up without those that are zero, the largest first, then by name."""
    added: Counter[str] = Counter()
    for more in counts:
        added.update(more)
    return dict(ranked(+added))


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """A counter's items, the largest first, then by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
