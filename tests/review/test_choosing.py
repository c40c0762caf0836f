"""Which records people see first, and which they do not see."""

from dataclasses import replace

import pytest

from curation.core.annotations import Annotations, Answer
from curation.core.errors import GateError
from curation.core.project import RiskSettings
from curation.methods.duplicate import DUPLICATE
from curation.methods.tasks import Quotas
from curation.review import items, push
from curation.review.choosing import Known, choose
from curation.review.lines import Lines
from curation.tag.emotion import EMOTION
from tests.export.export_stand import make_project, pair, publish, record, risk, turns
from tests.review.annotators import TASKS

KEY = b"k" * 32
TASK = replace(TASKS["emotion"], rows=3, by="random")
TYPES = {"duplicate": DUPLICATE, "emotion": EMOTION}


def known(**more):
    return Known(
        **{
            "key": KEY,
            "settings": RiskSettings(),
            "released": frozenset(),
            "shown": frozenset(),
            "disputed": {},
            "forgotten": lambda record: False,
            **more,
        }
    )


def views(tmp_path, rows, *, digits=0):
    sources = {r["id"].partition(":")[0] for r in rows}
    project = make_project(tmp_path, {name: {} for name in sources})
    return {
        name: publish(project, name, [r for r in rows if r["id"].startswith(f"{name}:")], digits=digits, types=TYPES)
        for name in sources
    }


def chosen(tmp_path, rows, task=TASK, *, digits=0, **more):
    return [one.id for one in choose(views(tmp_path, rows, digits=digits), task, known(**more))]


def felt(*probabilities):
    """A tag of two turns: the first, of the user, with these probabilities of the first labels."""
    whole = [*probabilities, *[0.0] * (28 - len(probabilities))]
    said = {"labels": [], "probabilities": whole, "evidence": []}
    other = {"labels": [], "probabilities": [0.5] * 28, "evidence": []}
    return {"model": "m", "quality": "q", "turns": [said, other]}


def near(cluster):
    return {"words": 9, "cluster": cluster, "near": []}


def test_the_lot_is_the_same_for_everybody_and_however_tables_are_cut(tmp_path):
    rows = [record("a", n) for n in range(20)]
    first = chosen(tmp_path / "1", rows)
    assert len(first) == 3
    assert chosen(tmp_path / "2", list(reversed(rows)), digits=1) == first
    assert chosen(tmp_path / "3", rows, key=b"x" * 32) != first


def test_doubt_comes_first_and_only_that_of_the_person_counts(tmp_path):
    rows = [record("a", n, emotion=felt(p)) for n, p in enumerate((0.95, 0.52, 0.02, 0.7))]
    assert chosen(tmp_path, rows, replace(TASK, by="uncertainty"))[:2] == [rows[1]["id"], rows[3]["id"]]


def test_dispute_danger_and_variety_come_first(tmp_path):
    rows = [record("a", n) for n in range(6)]
    disputed = {rows[4]["id"]: 1.0, rows[2]["id"]: 0.5}
    found = chosen(tmp_path / "1", rows, replace(TASK, by="disagreement"), disputed=disputed)
    assert found[:2] == [rows[4]["id"], rows[2]["id"]]
    held = [record("a", n, risk=risk(n)) for n in range(6)]
    found = chosen(tmp_path / "2", held, replace(TASKS["risk"], rows=9))
    assert found == [held[n]["id"] for n in (5, 4, 3, 2)]
    same = [record("a", n, messages=turns(f"u: the same words {n}", "a: yes")) for n in range(8)]
    other = [
        record("a", f"o{n}", messages=turns(text, "a: yes")) for n, text in enumerate(("u: snow falls", "u: bread"))
    ]
    found = chosen(tmp_path / "3", [*same, *other], replace(TASK, by="diversity"))
    assert {one["id"] for one in other} < set(found)


def test_rows_that_wait_are_shown_by_their_own_task_alone(tmp_path):
    rows = [record("a", 0), record("a", 1, risk=risk(3)), record("a", 2, risk=risk(None))]
    assert chosen(tmp_path / "1", rows) == [rows[0]["id"]]
    assert set(chosen(tmp_path / "2", rows, TASKS["risk"])) == {rows[1]["id"], rows[2]["id"]}
    assert set(chosen(tmp_path / "3", rows, released=frozenset({rows[1]["id"]}))) == {rows[0]["id"], rows[1]["id"]}
    assert len(chosen(tmp_path / "4", rows, TASKS["clinical"])) == 3


def test_of_a_cluster_one_is_shown_and_what_is_shown_counts(tmp_path):
    rows = [record("a", n, duplicate=near("a:c1" if n < 5 else None)) for n in range(8)]
    wide = replace(TASK, rows=20)
    assert len(chosen(tmp_path / "1", rows, wide)) == 4
    shown = frozenset({rows[2]["id"]})
    found = chosen(tmp_path / "2", rows, wide, shown=shown)
    assert set(found) == {r["id"] for r in rows[5:]}
    assert len(chosen(tmp_path / "3", rows, replace(TASK, rows=3), shown=frozenset(r["id"] for r in rows[5:]))) == 0


def test_quotas_kinds_and_withdrawn_rows(tmp_path):
    rows = [record("a", n, persona="client") for n in range(5)]
    rows += [record("b", n) for n in range(5)] + [pair("b", f"p{n}") for n in range(3)]
    wide = replace(TASK, rows=20, most=Quotas(source=2))
    found = chosen(tmp_path / "1", rows, wide)
    assert sorted(i[0] for i in found) == ["a", "a", "b", "b"]
    assert len(chosen(tmp_path / "2", rows, replace(wide, most=Quotas(persona=1)))) == 2
    assert len(chosen(tmp_path / "3", rows, replace(TASKS["preference"], rows=9))) == 3
    gone = {rows[0]["id"]}
    assert len(chosen(tmp_path / "4", rows, replace(TASK, rows=99), forgotten=lambda r: r in gone)) == 9


def test_unscrubbed_rows_go_to_nobody(tmp_path):
    found = views(tmp_path, [record("a", 1)])
    from curation.core.project import Project

    with pytest.raises(GateError, match="not scrubbed"):
        push.push(
            Lines(tmp_path / "x.jsonl"), Project.open(tmp_path), TASK, "", found, Annotations(tmp_path / "annotations")
        )
    assert not (tmp_path / "x.jsonl").exists()


def test_the_blind_share_and_the_lot_of_sides():
    ids = [f"a:{n:016x}" for n in range(2000)]
    blind = sum(items.is_blind(KEY, replace(TASK, blind=0.1), i) for i in ids)
    assert 150 < blind < 250
    assert not any(items.is_blind(KEY, replace(TASK, blind=0.0), i) for i in ids)
    assert all(items.is_blind(KEY, replace(TASK, blind=1.0), i) for i in ids)
    assert 900 < sum(items.drawn(KEY, TASKS["preference"], i) == "ab" for i in ids) < 1100


def test_answers_tell_what_is_disputed(tmp_path):
    from curation.methods.standing import disputed

    notes = Annotations(tmp_path)
    shown = {"shown": True, "same": False}
    notes.add(
        [
            Answer("a:1", "decision", "approve", "p-1", "sft"),
            Answer("a:1", "decision", "reject", "p-2", "sft"),
            Answer("a:2", "decision", "approve", "p-1", "sft"),
            Answer("a:2", "decision", "approve", "p-2", "sft"),
            Answer("a:3", "emotions", ["joy"], "p-1", "emotion", about=shown),
        ]
    )
    assert disputed(notes) == {"a:1": 1.0, "a:2": 0.0, "a:3": 1.0}
