"""The declaration of a scenario: what the shipped ones hold, and what is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pytest

from curation.core.errors import ProjectError
from curation.core.records import RECORD_SCHEMA
from curation.generate.scenario import HOLD_AT, Kind, Scenario, load, read
from curation.methods import screen
from tests.generate.conftest import SCENARIOS, copy_scenario


@pytest.fixture(scope="module")
def shipped() -> dict[str, Scenario]:
    return load(SCENARIOS)


def test_every_kind_of_difficulty_is_there_twice(shipped):
    kinds = Counter(s.kind for s in shipped.values())
    assert len(shipped) >= 32
    assert set(kinds) == set(get_args(Kind)) - {"other"} and min(kinds.values()) >= 2


def test_each_is_somebody_else(shipped):
    for field in ("title", "who", "voice", "goal", "history"):
        assert len({getattr(s, field) for s in shipped.values()}) == len(shipped)
    spoken = Counter(line for s in shipped.values() for line in {text for _, text in s.all_lines()})
    shared = {line for line, count in spoken.items() if count > 1 and len(line) > 40}
    assert not {line for line in shared if "stop here" not in line and "our time" not in line}


def test_crises_carry_a_risk_and_ask_openly(shipped):
    at_risk = {name for name, s in shipped.items() if s.safety.risk >= HOLD_AT}
    assert {
        n for n, s in shipped.items() if s.kind in ("suicidality_assessment", "crisis", "abuse_disclosure")
    } <= at_risk
    for name in at_risk:
        assert any("safety_check" in {*step.tries, *step.again} for step in shipped[name].steps), name


def test_nothing_in_them_must_not_exist(shipped):
    texts = [[{"role": "user", "content": t, "reasoning": None} for _, t in s.all_lines()] for s in shipped.values()]
    rows = [
        {f.name: None for f in RECORD_SCHEMA} | {"id": "a:1", "kind": "chat", "persona": "client", "messages": turns}
        for turns in texts
    ]
    assert not any(screen.flag(pa.Table.from_pylist(rows, schema=RECORD_SCHEMA)).to_pylist())


def test_no_line_diagnoses(shipped):
    words = ("depressive", "depression", "disorder", "bipolar", "schizo", "borderline", "narciss", "psychotic")
    for scenario in shipped.values():
        said = " ".join(text for _, text in scenario.all_lines()).lower()
        assert not [w for w in words if w in said], scenario.id


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("mm", "safety: {flags: [none], risk: 0", "safety: {risk: 0", "lacks the key 'flags'"),
        ("mm", "safety: {flags: [none]", "safety: {flags: []", "'flags' is empty"),
        ("mm", "safety: {flags: [none], risk: 0", "safety: {flags: [none], risk: 3", "'flags' says none"),
        ("mm", "needs: {trust: 6, after: [information]}", "needs: {trust: 6, after: [summary]}", "'needs' waits for"),
        ("mm", "id: mm\n", "id: other\n", "is called 'other'"),
        ("mm", "kind: silent_client", "kind: silent", "must be one of"),
        ("mm", "{wood}", "{stone}", "{stone}"),
        ("mm", "{wood}", "{", "stray brace"),
        ("mm", "  - id: quiet", "  - id: table", "two of one id"),
        ("mm", "silence:", "silents:", "no therapist move"),
        ("mm", "  least: 8", "  least: 80", ""),
    ],
)
def test_a_scenario_that_is_wrong_is_refused_with_its_place(tmp_path, name, old, new, says):
    path = copy_scenario(tmp_path, name, lambda text: text.replace(old, new))
    if not says:
        path.write_text(path.read_text().replace("turns: {least: 8, most: 30}", "turns: {least: 80, most: 30}"))
        says = "'least'"
    with pytest.raises(ProjectError) as error:
        read(path)
    assert says in str(error.value) and path.name in str(error.value)


def test_a_risk_needs_an_open_question_and_an_end_of_its_own(tmp_path):
    path = copy_scenario(tmp_path, "night-porter")
    whole = path.read_text("utf-8")
    start = whole.index("  early:")
    path.write_text(whole[:start] + whole[whole.index("  held:", start) :])
    with pytest.raises(ProjectError, match="lacks 'early'"):
        read(path)


def test_an_empty_folder_says_where_scenarios_come_from(tmp_path):
    with pytest.raises(ProjectError, match="no scenario"):
        load(Path(tmp_path))
