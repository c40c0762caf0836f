import dataclasses

from curation.core import stage
from curation.core.plan import changes, plan
from curation.core.store import View
from tests.core.small import SHOUT, TWINS, raw_table, step
from tests.core.test_store import WORDS


def states(nodes):
    return [node.state for node in nodes]


def test_before_the_first_run_everything_is_to_do(store, engine, context):
    nodes = plan(engine, raw_table(store, WORDS), [step(SHOUT), step(TWINS)], context)
    assert states(nodes) == ["stale", "waiting"]
    assert nodes[0].why == ("never run",)
    assert nodes[0].rows == len(WORDS)


def test_after_a_run_nothing_is_to_do_and_a_change_is_named(store, engine, context):
    raw = raw_table(store, WORDS)
    view = View((raw,))
    first = engine.run(step(SHOUT), view, context)
    engine.run(step(TWINS), View((first,)), context)
    assert states(plan(engine, raw, [step(SHOUT), step(TWINS)], context)) == ["fresh", "fresh"]
    nodes = plan(engine, raw, [step(SHOUT, minimum=5), step(TWINS)], context)
    assert states(nodes) == ["stale", "waiting"]
    assert nodes[0].why == ("test_shout.minimum: 2 -> 5",)
    more = plan(engine, raw_table(store, [*WORDS, "one more"]), [step(SHOUT)], context)
    assert more[0].why == ("its rows changed",)
    assert 0 < more[0].rows < len(WORDS)


def test_an_upgraded_library_is_named_before_a_run(store, engine, context, monkeypatch):
    needs = dataclasses.replace(SHOUT, libraries=("pyarrow",))
    monkeypatch.setitem(stage.REGISTRY, SHOUT.name, needs)  # a worker finds a stage by its name
    raw = raw_table(store, WORDS)
    engine.run(step(needs), View((raw,)), context)
    now = stage.library_version("pyarrow")
    monkeypatch.setattr(stage, "library_version", lambda name: "99.0")
    (node,) = plan(engine, raw, [step(needs)], context)
    assert node.why == (f"pyarrow {now} -> 99.0",)
    assert node.rows == len(WORDS)


def test_changes_are_told_in_words():
    old = [
        {"stage": "a", "version": 1, "spec": {"x": 1}, "libraries": {}, "models": {"m": "1"}},
        {"stage": "gone", "version": 1, "spec": {}, "libraries": {}, "models": {}},
    ]
    new = [
        {"stage": "a", "version": 2, "spec": {"x": 1, "y": None}, "libraries": {"l": "3"}, "models": {"m": "2"}},
        {"stage": "b", "version": 1, "spec": {}, "libraries": {}, "models": {}},
    ]
    assert changes(old, new) == [
        "a: version 1 -> 2",
        "l absent -> 3",
        "m 1 -> 2",
        "b: new stage",
        "gone: stage removed",
    ]


def test_a_long_list_of_a_spec_is_counted_and_a_stage_that_is_not_touched_is_fresh(store, engine, context, monkeypatch):
    old = [{"stage": "a", "version": 1, "spec": {"x": []}, "libraries": {}, "models": {}}]
    assert changes(old, [{**old[0], "spec": {"x": ["word" * 10] * 3}}]) == ["a.x: [] -> 3 of them"]
    raw = raw_table(store, WORDS)
    deaf = dataclasses.replace(SHOUT, narrow=lambda spec, source, parts: dataclasses.replace(spec, fail_at=""))
    monkeypatch.setitem(stage.REGISTRY, SHOUT.name, deaf)
    engine.run(step(deaf), View((raw,)), context)
    assert states(plan(engine, raw, [step(deaf, fail_at="nowhere")], context)) == ["fresh"]
