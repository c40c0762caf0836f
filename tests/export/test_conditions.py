"""Each gate refuses a planted case with what would have to change, and lets its mended twin pass."""

import dataclasses

import pytest
from export_stand import make_project, publish, record, risk

from curation.core.annotations import Annotations, Answer
from curation.core.errors import GateError, ProjectError
from curation.export.export import export
from curation.export.recipe import Gates, MixRecipe, Override, load

ACCEPT = {"licence": "cc-by-nc-4.0", "by": "Ada", "reason": "research"}


def recipe(gates=None, *overrides):
    return MixRecipe(mix="m", task="sft", gates=gates or Gates(), overrides=overrides)


def stand(folder, facts=None, **how):
    rows = {name: [record(name, n) for n in range(6)] for name in ("bad", "good")}
    project = make_project(folder, {"bad": facts or {}, "good": {}})
    return project, {"bad": publish(project, "bad", rows["bad"], **how), "good": publish(project, "good", rows["good"])}


def refused(project, views, asked, gate, *words, **more):
    """The gate refuses, names the source and what to do, and nothing is written; an override lets it pass, in words."""
    with pytest.raises(GateError) as caught:
        export(project, asked, views, **more)
    error = caught.value
    assert error.exit_code == 5 and len(error.lines()) <= 6
    assert f"{gate}: 'bad'" in error.what and "'good'" not in error.what
    assert all(word in error.what + (error.fix or "") for word in words)
    assert not (project.data / "exports" / "m").exists()
    other = "risk" if gate != "risk" else "use"
    for wrong in (Override(other, "Ada", "x"), Override(gate, "Ada", "x", source="good")):
        with pytest.raises(GateError):
            export(project, dataclasses.replace(asked, overrides=(wrong,)), views, **more)
    word = Override(gate, "Ada <a@b>", "decided on 3 May | twice", source="bad")
    passed = export(project, dataclasses.replace(asked, overrides=(word,)), views, **more)
    card = (passed.folder / "README.md").read_text()
    assert "Ada &lt;a@b&gt;" in card and "decided on 3 May \\| twice" in card and f"| {gate} | bad | bad: " in card


@pytest.mark.parametrize(
    ("use", "licence", "words"),
    [("commercial", "cc-by-nc-4.0", "no commercial"), ("published", "by letter", "publish")],
)
def test_a_licence_that_does_not_allow_the_declared_use(tmp_path, use, licence, words):
    facts = {"licence": "cc-by-nc-4.0", "accept": {**ACCEPT, "licence": licence}}
    project, views = stand(tmp_path, facts)
    refused(project, views, recipe(Gates(use=(use,))), "use", words)
    assert export(project, recipe(), views).new
    mended = make_project(tmp_path, {"bad": {"licence": "mit"}, "good": {}})
    assert export(mended, recipe(Gates(use=(use,))), views).new


@pytest.mark.parametrize(
    ("level", "wanted", "words"),
    [(None, "rules", "not scrubbed"), ("patterns", "rules", "level patterns"), ("rules", "model", "level rules")],
)
def test_rows_that_were_scrubbed_too_little(tmp_path, level, wanted, words):
    project, views = stand(tmp_path, scrub=level)
    views["good"] = publish(project, "good", [record("good", 1)], scrub="spacy:en_core_web_sm")
    refused(project, views, recipe(Gates(scrub=wanted)), "scrub", words, "curate clean bad")
    again = {**views, "bad": publish(project, "bad", [record("bad", 1)], scrub="spacy:en_core_web_sm")}
    assert export(project, recipe(Gates(scrub=wanted)), again).new


def test_scrubbing_by_rules_is_asked_for_by_default(tmp_path):
    project, views = stand(tmp_path, scrub="patterns")
    with pytest.raises(GateError, match="scrub"):
        export(project, recipe(), views)


def test_personal_data_that_a_second_search_still_finds(tmp_path):
    project, views = stand(tmp_path)
    asked = recipe(Gates(residual=0.02))
    refused(project, views, asked, "residual", "5.0%", "2.0%", residual=lambda of: {"bad": 0.05, "good": 0.02})
    mended = dataclasses.replace(asked, seed=3)
    assert export(project, mended, views, residual=lambda of: dict.fromkeys(of, 0.0)).new
    with pytest.raises(ProjectError):
        export(project, dataclasses.replace(asked, seed=4), views)


def test_rows_at_risk_that_nobody_released(tmp_path):
    project, views = stand(tmp_path)
    row = record("bad", "risky", risk=risk(4))
    views["bad"] = publish(project, "bad", [record("bad", 1), row])
    refused(project, views, recipe(Gates(risk="refuse")), "risk", "1 rows at risk")
    # By default they stay behind, and the mix leaves without them.
    assert export(project, recipe(), views).manifest["sources"]["bad"]["left_out"] == {"risk_unreleased": 1}
    Annotations(project.root / "annotations").add([Answer(row["id"], "risk", "release", "ada")])
    assert export(project, recipe(Gates(risk="refuse")), views).manifest["sources"]["bad"]["selected"] == 2


def test_an_override_that_was_not_needed_is_printed_too(tmp_path):
    project, views = stand(tmp_path)
    made = export(project, recipe(None, Override("scrub", "Ada", "in case")), views)
    assert "nothing: it was not needed" in (made.folder / "README.md").read_text()
    assert made.manifest["overrides"] == [
        {"gate": "scrub", "source": None, "by": "Ada", "reason": "in case", "passed": []}
    ]


def test_nothing_overrides_the_screen(tmp_path, planted):
    project, _ = stand(tmp_path)
    folder = project.root / "exports" / "mixes"
    folder.mkdir(parents=True)
    (folder / "m.yaml").write_text("mix: m\ntask: sft\noverrides:\n  - {gate: screen, by: Ada, reason: so}\n")
    with pytest.raises(ProjectError, match="gate"):
        load(project)
    (folder / "m.yaml").write_text("mix: m\ntask: sft\noverrides:\n  - {gate: scrub, by: ' ', reason: so}\n")
    with pytest.raises(ProjectError, match="'by'"):
        load(project)
