import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.core import declare, sources
from curation.core.errors import CurateError, ProjectError


@dataclass(frozen=True)
class Inner:
    kind: Literal["inner"]
    size: int = 3


@dataclass(frozen=True)
class Other:
    kind: Literal["other"]
    name: str


@dataclass(frozen=True)
class Outer:
    one: str
    share: float = 0.5
    on: bool = True
    names: str | tuple[str, ...] = ()
    either: Inner | Other | None = None
    table: Mapping[str, int] = dataclasses.field(default_factory=dict)


def bind(text, cls=Outer):
    return declare.bind(cls, declare.parse_yaml(text, "f.yaml"))


def test_a_document_becomes_a_frozen_dataclass():
    made = bind("one: x\nshare: 1\nnames: [a, b]\neither: {kind: other, name: n}\ntable: {a: 1}\n")
    assert made == Outer("x", 1.0, True, ("a", "b"), Other("other", "n"), {"a": 1})


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("one: x\nshar: 1\n", 2, "did you mean 'share'"),
        ("share: 1\n", 1, "'one' is missing"),
        ("one: x\nshare: much\n", 2, "must be a number"),
        ("one: x\non: 1\n", 2, "must be true or false"),
        ("one: 3\n", 1, "must be text"),
        ("one: x\ntable:\n  a: b\n", 3, "must be a whole number"),
        ("one: x\neither:\n  kind: iner\n", 3, "did you mean 'inner'"),
        ("one: x\neither:\n  name: y\n", 2, "has no 'kind'"),
        ("one: x\neither:\n  kind: inner\n  size: true\n", 4, "must be a whole number"),
        ("one: x\none: y\n", 2, "appears twice"),
        ("- a\n- b\n", 1, "must be a mapping"),
        ("one: [x\n", 2, "not well-formed"),
        ("one: !!python/object:os.system x\n", 1, ""),
        ("? {a: b}\n: c\n", 1, "plain text"),
    ],
)
def test_mistakes_are_named_with_file_and_line(text, line, says):
    with pytest.raises(ProjectError) as caught:
        bind(text)
    message = str(caught.value)
    assert says in message
    assert f"f.yaml:{line}" in message or not says
    assert len(message.splitlines()) <= 6


def test_an_alias_bomb_is_refused_in_bounded_time():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(ProjectError, match="too many values"):
        declare.parse_yaml(bomb, "bomb.yaml")


def test_dates_stay_text_and_secrets_are_refused():
    assert bind("one: 2024-01-01\n").one == "2024-01-01"
    with pytest.raises(ProjectError, match="looks like a secret") as caught:
        bind("one: hf_" + "a1B2" * 9 + "\n")
    assert "a1B2" not in str(caught.value)


def test_toml_places_name_the_line(tmp_path):
    path = tmp_path / "curate.toml"
    path.write_text("workers = 2\n\n[stages.scrub]\nmin_score = 'x'\n")
    document = declare.load(path)
    assert document.place(("stages", "scrub", "min_score")) == "curate.toml:4"
    path.write_text("workers = \n")
    with pytest.raises(ProjectError, match="not well-formed TOML"):
        declare.load(path)


@given(st.text(max_size=200))
def test_any_text_is_a_document_or_an_error(text):
    for parse in (declare.parse_yaml, declare.parse_toml):
        try:
            declare.bind(Outer, parse(text, "f"))
        except CurateError as error:
            assert error.exit_code == 3


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_an_error(data):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.yaml"
        path.write_bytes(data)
        try:
            declare.load(path)
        except CurateError as error:
            assert error.exit_code == 3


def test_the_schema_accepts_what_the_loader_accepts():
    jsonschema = pytest.importorskip("jsonschema")
    schema = declare.json_schema(sources.Sources, "sources.yaml")
    good = {
        "sources": {"a": {"kind": "files", "path": "x.csv", "adapter": {"kind": "qa", "user": ["q"], "assistant": "a"}}}
    }
    jsonschema.validate(good, schema)
    declare.bind(sources.Sources, declare.Document(good))
    good["sources"]["a"]["pth"] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(good, schema)


@pytest.mark.parametrize("name", ["a b", "a/b", "../x", "", "ä", "x" * 61])
def test_source_names_are_safe_in_paths_and_ids(name):
    with pytest.raises(ProjectError, match="source name"):
        declare.bind(
            sources.Sources,
            declare.Document(
                {
                    "sources": {
                        name: {"kind": "files", "path": "x", "adapter": {"kind": "qa", "user": "q", "assistant": "a"}}
                    }
                }
            ),
        )
