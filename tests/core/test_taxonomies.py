from pathlib import Path

import pytest

from curation.core import taxonomies
from curation.core.errors import ProjectError

FOLDER = Path(__file__).parents[2] / "schemas" / "taxonomies"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_set_loads_and_names_source_and_licence(name):
    found = taxonomies.load(name)
    assert found.labels and len(set(found.ids)) == len(found.ids)
    assert "definition" in found.source or "worded" in found.source, "say whose words the definitions are"
    assert found.licence in ("Apache-2.0", "CC-BY-4.0")
    for label in found.labels:
        assert label.definition.endswith(".") and label.label
    assert name in (FOLDER / f"{name}.yaml").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_no_manual_is_quoted_or_leant_on(name):
    text = (FOLDER / f"{name}.yaml").read_text("utf-8").lower()
    for word in ("dsm-", "dsm ", "pdm-2", "icd-", "msceit", "teique", "c-ssrs"):
        assert word not in text


def test_the_emotions_stand_on_the_coarser_sets_as_the_data_groups_them():
    known = taxonomies.families("goemotions28")
    assert known["sadness"] == {"sadness"}
    assert known["ekman7.sadness"] == {"sadness", "disappointment", "embarrassment", "grief", "remorse"}
    assert known["ekman7.anger"] == {"anger", "annoyance", "disapproval"}
    assert known["sentiment3.ambiguous"] == {"realization", "surprise", "curiosity", "confusion"}
    assert len(known["sentiment3.positive"]) == 12 and len(known["sentiment3.negative"]) == 11
    everything = [label for name, labels in known.items() if name.startswith("ekman7.") for label in labels]
    assert sorted(everything) == sorted(taxonomies.load("goemotions28").ids)


def test_defences_have_seven_levels():
    assert {label.level for label in taxonomies.load("defence-mechanisms").labels} == set(range(1, 8))


def test_an_unknown_set_is_named_with_the_nearest():
    with pytest.raises(ProjectError) as caught:
        taxonomies.load("big-fife")
    assert caught.value.fix == "did you mean 'big-five'?"


@pytest.mark.parametrize(
    ("labels", "where", "what"),
    [
        ("  - {id: a, label: a, definition: One.}\n  - {id: a, label: a, definition: Two.}\n", "x.yaml:7", "twice"),
        ("  - {id: a, label: a, definition: One., parent: jot}\n", "x.yaml:6", "jot"),
        ("  - {id: a, label: a, defintion: One.}\n", "x.yaml:6", "defintion"),
        ("  - {id: a, label: a}\n", "x.yaml:6", "definition"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path, monkeypatch, labels, where, what):
    folder = tmp_path / "schemas" / "taxonomies"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_text("taxonomy: x\ntitle: t\nsource: s\nlicence: MIT\nlabels:\n" + labels)
    monkeypatch.setattr(taxonomies, "declarations", lambda: tmp_path)
    taxonomies.load.cache_clear()
    try:
        with pytest.raises(ProjectError) as caught:
            taxonomies.load("x")
    finally:
        taxonomies.load.cache_clear()
    assert caught.value.where == where and what in caught.value.what
