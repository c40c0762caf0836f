"""Levels with a model: what they find, what they refuse, and that nothing is fetched."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import shutil
import socket
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("presidio_analyzer")

from curation.clean.pii import levels
from curation.clean.pii.find import Search, find
from curation.clean.scrub import ScrubSpec, scrub
from curation.core import files
from curation.core.errors import MissingError, ProjectError, UsageError
from tests.clean import helpers as h
from tests.clean.pii.test_driver import PIECES, fuzzed
from tests.laws.projects import Made, chat, make_project, write_jsonl

GOLD = Path(__file__).parents[1] / "gold" / "scrub_dev.jsonl"
ONLY_A_MODEL = "I saw the Lantern there."  # a word to the rules, a name to these models


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from tests.clean.pii.classifiers import train

    return train(tmp_path_factory.mktemp("classifier") / "tiny")


@pytest.fixture(params=["spacy", "transformers"])
def level(request: pytest.FixtureRequest) -> str:
    return f"{request.param}:{request.getfixturevalue('pipeline' if request.param == 'spacy' else 'classifier')}"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def covered(texts: list[str], level: str) -> list[set[int]]:
    """For each text the places of letters and digits that lie in a finding."""
    return [
        {place for one in there for place in range(one.start, one.end) if text[place].isalnum()}
        for text, there in zip(texts, find(texts, 0.35, level=level), strict=True)
    ]


def test_a_model_finds_less_of_nothing_and_more_of_names(level: str, no_network: None) -> None:
    texts = [json.loads(line)["text"] for line in GOLD.read_text(encoding="utf-8").splitlines()]
    texts = [*texts[:: 9 if level.startswith("transformers") else 3], *fuzzed(60, 5), ONLY_A_MODEL]
    rules, more = covered(texts, "rules"), covered(texts, level)
    assert [i for i, (a, b) in enumerate(zip(rules, more, strict=True)) if not a <= b] == []
    assert len(more[-1]) > len(rules[-1])


def test_public_figures_and_numbers_of_help_lines_stay(pipeline: Path) -> None:
    text = "Hello, my name is Barack Obama, haha. Call 1-800-273-8255."
    assert find(["I read Sigmund Freud. Call 1-800-273-8255."], 0.35, level=f"spacy:{pipeline}") == find(
        ["I read Sigmund Freud. Call 1-800-273-8255."], 0.35
    )
    assert all(one.label != "PHONE" for one in find([text], 0.35, level=f"spacy:{pipeline}")[0])


@settings(max_examples=12)
@given(
    st.lists(st.sampled_from([*PIECES, "Xylia Vorn ", "my sister Emily ", " left Snorburg "]), max_size=7).map("".join)
)
def test_what_is_replaced_leaves_a_model_nothing_to_find(pipeline: Path, text: str) -> None:
    level = f"spacy:{pipeline}"
    (spans,) = find([text], 0.35, level=level)
    parts, last = [], 0
    for number, span in enumerate(spans):
        assert span.start >= last and span.end > span.start
        parts += [text[last : span.start], f"[{span.label}_{number + 1}]"]
        last = span.end
    assert find(["".join([*parts, text[last:]])], 0.35, level=level) == [()]


def test_rows_in_other_languages_are_kept_back(pipeline: Path, classifier: Path) -> None:
    rows = h.table([h.chat(i, "hello", language=code) for i, code in enumerate(["en", "de", "ga", None])])
    for level, gone in ((f"spacy:{pipeline}", 2), (f"transformers:{classifier}", 1)):
        kept, dropped, _ = h.run(scrub, rows, scrub=ScrubSpec(level=level))
        assert len(kept) == 4 - gone and dropped.column("reason").to_pylist() == ["language"] * gone


def test_the_key_knows_the_bytes_of_a_model_and_not_where_it_lies(pipeline: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(pipeline, tmp_path / pipeline.name))
    here, there = (scrub.ingredients(ScrubSpec(level=f"spacy:{folder}")) for folder in (pipeline, copy))
    assert here == there and str(tmp_path) not in json.dumps(there) and str(pipeline) not in json.dumps(here)
    assert here != scrub.ingredients(ScrubSpec()) != scrub.ingredients(ScrubSpec(level="patterns"))
    weights = next(copy.rglob("ner/model"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert here != scrub.ingredients(ScrubSpec(level=f"spacy:{copy}"))


def test_the_key_knows_the_recognisers() -> None:
    from curation.clean.pii.patterns import recognisers

    parts = [
        [
            one.recogniser.name,
            one.label,
            one.gate,
            [[p.name, p.regex, p.score] for p in getattr(one.recogniser, "patterns", ())],
            one.recogniser.context,
            [getattr(one.recogniser, name, None) for name in ("leniency", "supported_regions")],
        ]
        for one in recognisers()
    ]
    assert files.digest(parts)[:16] == levels.RECOGNISERS, "write the new digest into levels.py"


@pytest.mark.parametrize(
    ("level", "mend"),
    [
        ("spacy:xx_not_installed_lg", "python -m spacy download xx_not_installed_lg"),
        ("spacy:./no/such/folder", "give a folder or a package"),
        (f"transformers:some/model@{'a' * 40}", f"hf download some/model --revision {'a' * 40}"),
        ("transformers:no-such-folder", "give a folder or a hub id"),
        ("gliner:no-such-folder", "pip install 'gliner"),
    ],
)
def test_a_missing_model_is_an_error_with_the_command(level: str, mend: str, no_network: None) -> None:
    if level.startswith("gliner") and importlib.util.find_spec("gliner"):
        mend = "hf download"
    with pytest.raises(MissingError) as caught:
        Search(level)
    assert mend in str(caught.value) and caught.value.exit_code == 6


def test_a_model_from_the_hub_needs_a_commit_and_no_pickles(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="pinned"):
        Search("transformers:some/model")
    (tmp_path / "config.json").write_text('{"architectures": ["BertForTokenClassification"]}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ProjectError, match="pickles"):
        Search(f"transformers:{tmp_path}")
    with pytest.raises(UsageError, match="no level"):
        Search("stanza:x")


def test_a_pipeline_that_finds_no_persons_is_refused(tmp_path: Path) -> None:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "blank")
    with pytest.raises(MissingError, match="no 'ner' among its 1 components"):
        Search(f"spacy:{tmp_path / 'blank'}")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "Springfield"}])
    nlp.to_disk(tmp_path / "places")
    with pytest.raises(MissingError, match="no label"):
        Search(f"spacy:{tmp_path / 'places'}")
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Nobody Such"}])
    nlp.to_disk(tmp_path / "nobody")
    with pytest.raises(MissingError, match="a person in 0 of 4"):
        Search(f"spacy:{tmp_path / 'nobody'}")


def test_a_pipeline_that_cannot_be_read_is_an_error(pipeline: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(pipeline, tmp_path / "broken"))
    (broken / "ner" / "model").write_bytes(b"no model")
    with pytest.raises(Exception, match="cannot be read") as caught:
        Search(f"spacy:{broken}")
    assert getattr(caught.value, "exit_code", 0) == 4


def test_only_what_is_used_of_a_pipeline_is_loaded(pipeline: Path, tmp_path: Path) -> None:
    import spacy

    from curation.clean.pii import pipeline as pipelines

    nlp = spacy.load(pipeline)
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "lemmas")
    nlp.remove_pipe("lemmatizer")
    nlp.to_disk(tmp_path / "names")
    with_lemmas, names = (pipelines.load(str(tmp_path / name), "spacy:x") for name in ("lemmas", "names"))
    assert with_lemmas._nlp.pipe_names == ["lemmatizer", "ner"] and with_lemmas._not_for_entities == ["lemmatizer"]
    assert names._nlp.pipe_names == ["ner"] and not names.lemmatises


@pytest.fixture
def made(pipeline: Path, tmp_path: Path) -> Made:
    """A project whose chats name someone that only a model finds, and a pipeline inside it."""
    made = make_project(tmp_path / "project", chats=20)
    shutil.copytree(pipeline, made.root / "models" / "names")
    rows = [chat(i) for i in range(20)]
    rows[3]["conversations"][0]["value"] = ONLY_A_MODEL
    write_jsonl(made.root / "chats.jsonl", rows)
    return made


def test_a_trained_pipeline_cleans_a_project(made: Made) -> None:
    settings = made.root / "curate.toml"
    before = settings.read_text()
    settings.write_text(f'{before}\n[stages.scrub]\nlevel = "spacy:models/names"\n')
    made.run("clean", "chats")
    parts = [pa.parquet.read_table(path) for path in (made.root / "data" / "tables").rglob("*.parquet")]
    audit = [
        one for part in parts if "pii" in part.column_names for row in part["pii"].to_pylist() for one in row or ()
    ]
    assert {"SpacyRecognizer"} == {one["recogniser"] for one in audit} and {one["engine"] for one in audit} == {
        "spacy:names"
    }
    written = b"".join(path.read_bytes() for path in (made.root / "data" / "tables").rglob("*.json"))
    assert b"Lantern" not in written and str(made.root).encode() not in written
    assert not any("Lantern" in str(part.to_pylist()) for part in parts)
    assert made.json("status", "chats")["sources"]["chats"][0]["state"] == "fresh"
    settings.write_text(f'{before}\n[stages.scrub]\nlevel = "spacy:en_core_not_here"\n')
    assert "python -m spacy download en_core_not_here" in made.fails(6, "clean", "chats")


def test_findings_do_not_follow_the_batch(pipeline: Path) -> None:
    search = Search(f"spacy:{pipeline}")
    texts = [json.loads(line)["text"] for line in GOLD.read_text(encoding="utf-8").splitlines()[:20]]
    assert search.find(texts) == [search.find([text])[0] for text in texts]


def test_fields_left_to_the_fingerprints_are_named() -> None:
    assert [f.name for f in dataclasses.fields(ScrubSpec) if not f.metadata.get("key", True)] == ["level"]
