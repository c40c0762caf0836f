"""Five domains of emotional ability: what rules say of them, what people and judges say, and whether the two agree.

The stage `eq` computes proxies. People's ratings are laid over them where they are used, as a release is over a risk,
so that a new answer recomputes no table: a person's word counts before a judge's, a judge's before a proxy. A proxy
that does not go with people's ratings is withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.core.annotations import Annotations, Answer
from curation.core.store import View
from curation.methods.texts import one_array

Method = Literal["human", "judge", "proxy"]

DOMAINS = (
    "emotional_awareness",
    "empathy_recognition",
    "emotional_regulation",
    "social_cognition",
    "interpersonal_skills",
)
"""The ids of the taxonomy `eq-domains`."""

DOMAIN = pa.struct(
    [
        ("value", pa.float32()),
        ("n_evidence", pa.int32()),
        ("method", pa.string()),
        ("instrument", pa.string()),
        ("version", pa.int32()),
    ]
)
EQ = pa.struct([(name, DOMAIN) for name in DOMAINS])
"""The column `eq`: of each domain a value in [0, 1], null where nothing can be said, never 0 for it; on how many turns
or ratings it stands; who says it (human, judge or proxy), and by which instrument of ours in which version."""

JUDGE = "judge"
"""The data set of answers that an endpoint gave; whatever asks for people's answers leaves it out."""

QUESTIONS: Mapping[str, tuple[str, int, int]] = {
    **{name: (name, 0, 4) for name in DOMAINS},
    "attunement": ("emotional_awareness", 1, 5),
    "validation": ("empathy_recognition", 1, 5),
    "exploration": ("empathy_recognition", 1, 5),
    "autonomy": ("interpersonal_skills", 1, 5),
    "boundaries": ("interpersonal_skills", 1, 5),
}
"""What people or judges are asked about a record, with the domain it tells of, and its least and greatest rating."""

VERSION = 1
"""Of the questions' scale and how they are put together."""

LEAST = 0.3
"""Spearman correlation with people's ratings below which a proxy is withheld."""

PAIRS = 10
"""With fewer rated records nothing is known of a proxy."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rating:
    """What was answered about one domain of one record."""

    value: float
    n_evidence: int
    method: Method

    def document(self) -> dict[str, Any]:
        """As a value of `DOMAIN`."""
        return {**vars(self), "instrument": "rubric eq", "version": VERSION}


@dataclass(frozen=True)
class Check:
    """How a proxy goes with people.

    Attributes:
        pairs: records that have both.
        correlation: Spearman's; None below `PAIRS`, or where one side is the same for all.
    """

    pairs: int = 0
    correlation: float | None = None

    @property
    def withheld(self) -> bool:
        """Does the proxy stay at home? A proxy that nobody has checked does, too."""
        return self.correlation is None or self.correlation < LEAST


@dataclass
class Domain:
    """One domain over many records, for the report.

    Attributes:
        records: with a value, by method.
        mean: of the values, by method.
        check: of the proxy.
    """

    records: dict[str, int] = field(default_factory=dict)
    mean: dict[str, float] = field(default_factory=dict)
    check: Check = field(default_factory=Check)


def ratings(answers: Iterable[Answer]) -> dict[tuple[str, str], Rating]:
    """By (record, domain) the mean of what people answered; where nobody did, of what judges did."""
    said: dict[tuple[str, str], dict[Method, list[float]]] = {}
    for one in answers:
        if one.question not in QUESTIONS or one.status != "submitted":
            continue
        domain, low, high = QUESTIONS[one.question]
        if isinstance(one.value, bool) or not isinstance(one.value, (int, float)) or not low <= one.value <= high:
            continue
        method: Method = "judge" if one.dataset == JUDGE else "human"
        said.setdefault((one.record, domain), {}).setdefault(method, []).append((one.value - low) / (high - low))
    found = {}
    for key, by_method in said.items():
        best: Method = "human" if "human" in by_method else "judge"
        found[key] = Rating(float(np.mean(by_method[best])), len(by_method[best]), best)
    return found


def summarise(views: Iterable[View], said: Annotations) -> dict[str, Domain]:
    """Each domain over the rows of some sources, a person's word before a judge's before a proxy's."""
    rated = ratings(said.current())
    values: dict[str, dict[str, list[float]]] = {name: {} for name in DOMAINS}
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in DOMAINS}
    for view in views:
        for table in view.batches(["eq"]) if "eq" in view.columns else ():
            ids = table.column("id").to_pylist()
            column = one_array(table.column("eq"))
            for name in DOMAINS:
                proxies = column.field(name).field("value").to_pylist()
                for record, proxy in zip(ids, proxies, strict=True):
                    rating = rated.get((record, name))
                    if rating is not None:
                        values[name].setdefault(rating.method, []).append(rating.value)
                        if rating.method == "human" and proxy is not None:
                            pairs[name].append((proxy, rating.value))
                    elif proxy is not None:
                        values[name].setdefault("proxy", []).append(proxy)
    return {
        name: Domain(
            {method: len(found) for method, found in values[name].items()},
            {method: float(np.mean(found)) for method, found in values[name].items()},
            check(pairs[name]),
        )
        for name in DOMAINS
    }


def check(pairs: list[tuple[float, float]]) -> Check:
    """Hold a proxy against people, from (proxy, rating) of each record that has both."""
    if len(pairs) < PAIRS:
        return Check(len(pairs))
    proxy, rating = (_ranks(np.array(side, np.float64)) for side in zip(*pairs, strict=True))
    if proxy.std() == 0 or rating.std() == 0:
        return Check(len(pairs))
    return Check(len(pairs), float(np.corrcoef(proxy, rating)[0, 1]))


def _ranks(values: Floats) -> Floats:
    """Places in order; equals share the mean of theirs."""
    _, which, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    mean: Floats = (last - (count - 1) / 2)[which]
    return mean
