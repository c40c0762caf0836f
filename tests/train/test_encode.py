"""Encoding: no text becomes a control token, and exactly the marked turns are learned, their stop tokens included."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from curation.core.errors import ProjectError
from curation.core.model_files import ModelFiles, load_tokenizer
from curation.train.encode import TEMPLATES, Document, Encoder, Row, Turn
from tests.train import fuzz
from tests.train.fuzz import read_v7

V7 = """{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}[SYSTEM_PROMPT]{{ m.content }}[/SYSTEM_PROMPT]\
{% elif m.role == 'user' %}[INST]{{ m.content }}[/INST]\
{% else %}{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"""
CHATML = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}"""

nasty = st.lists(
    st.sampled_from(
        [
            *("<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "<pad>", "<unk>"),
            *("<SPECIAL_19>", "<|im_start|>", "<|im_end|>", "[", "/INST]", "<", "s>"),
            *("system\n", " ", "\n\n", "sad", "é", "😀", "\u200b"),
        ]
    )
    | st.text(max_size=8),
    max_size=8,
).map("".join)
turn = st.tuples(st.sampled_from(["system", "user", "assistant"]), nasty, st.booleans()).map(
    lambda t: Turn(t[0], t[1], t[2] and t[0] == "assistant")
)
conversation = st.lists(turn, min_size=1, max_size=8)


def encode_one(encoder: Encoder, turns: list[Turn]) -> Document:
    """One row, with a last turn that makes it trainable."""
    documents, counts = encoder.encode([Row("r", "assistant", (*turns, Turn("assistant", "x", True)))], 10**6, "drop")
    assert counts.rows_encoded == len(documents) == 1
    return documents[0]


def learned(document: Document) -> list[int]:
    return [i for i, trained in zip(document.ids, document.trained, strict=True) if trained]


@settings(max_examples=400, deadline=None)
@given(conversation)
def test_every_conversation_reads_back_as_it_was(encoder: Encoder, turns: list[Turn]) -> None:
    document = encode_one(encoder, turns)
    assert read_v7(encoder.tokenizer, document) == [*turns, Turn("assistant", "x", True)]


def test_fuzzed_conversations_read_back_as_they_were(encoder: Encoder, tiny: ModelFiles) -> None:
    count = 100_000 if os.environ.get("CURATE_TEST_PROFILE") == "laws" else 1_500
    chatml = Encoder(load_tokenizer(tiny), TEMPLATES["chatml"])
    rows = list(fuzz.conversations(count, seed=count))
    for coder, read in ((encoder, fuzz.read_v7), (chatml, fuzz.read_chatml)):
        documents, counts = coder.encode(rows, 10**6, "drop")
        assert counts.rows_encoded == len(documents) == count
        for row, document in zip(rows, documents, strict=True):
            assert read(coder.tokenizer, document) == list(row.turns)


@settings(max_examples=200, deadline=None)
@given(conversation)
def test_text_is_never_control_in_chatml_even_if_unmarked(sloppy: Encoder, turns: list[Turn]) -> None:
    ids = list(encode_one(sloppy, turns).ids)
    assert ids.count(20) == ids.count(21) == len(turns) + 1
    assert {i for i in ids if i < 32} == {20, 21}


@pytest.fixture(scope="module")
def sloppy(tiny: ModelFiles) -> Encoder:
    """ChatML on a tokenizer whose maker forgot to mark the ChatML tokens as special."""
    definition = json.loads(load_tokenizer(tiny).to_str())
    for token in definition["added_tokens"]:
        token["special"] = token["special"] and not token["content"].startswith("<|")
    return Encoder(Tokenizer.from_str(json.dumps(definition)), TEMPLATES["chatml"])


@pytest.mark.parametrize(("name", "jinja"), [("mistral-v7-tekken", V7), ("chatml", CHATML)])
def test_clean_rows_equal_the_published_template(
    tiny: ModelFiles, make_rows: Callable[..., list[Row]], name: str, jinja: str
) -> None:
    from transformers import PreTrainedTokenizerFast

    theirs = PreTrainedTokenizerFast.from_pretrained(tiny.folder, local_files_only=True)
    rows = make_rows(60)
    documents, _ = Encoder(load_tokenizer(tiny), TEMPLATES[name]).encode(rows, 10**6, "drop")
    for row, document in zip(rows, documents, strict=True):
        messages = [{"role": turn.role, "content": turn.content} for turn in row.turns]
        wanted = theirs.apply_chat_template(messages, chat_template=jinja, tokenize=True, return_dict=False)
        assert list(document.ids) == wanted


def test_an_empty_trained_turn_still_learns_to_stop(encoder: Encoder) -> None:
    turns = (Turn("user", "hello", False), Turn("assistant", "", True))
    documents, _ = encoder.encode([Row("r", "assistant", turns)], 100, "drop")
    assert learned(documents[0]) == [2]


def test_chatml_learns_the_stop_token_but_not_the_line_break(tiny: ModelFiles) -> None:
    document = encode_one(Encoder(load_tokenizer(tiny), TEMPLATES["chatml"]), [Turn("user", "hello", False)])
    x = load_tokenizer(tiny).token_to_id("x")
    assert learned(document) == [x, 21]
    assert document.trained[-1] == 0


def test_rows_are_conserved_under_both_policies(encoder: Encoder, make_rows: Callable[..., list[Row]]) -> None:
    rows = [*make_rows(80), Row("untrained", "client", (Turn("user", "hello", False), Turn("assistant", "hm", False)))]
    for policy in ("drop", "split"):
        documents, counts = encoder.encode(rows, 60, policy)
        assert counts.rows == 81 == counts.rows_encoded + counts.rows_untrained + counts.rows_overlong
        assert counts.rows_untrained == 1
        assert counts.documents == len(documents)
        assert counts.tokens == sum(map(len, documents))
        assert counts.trained_tokens == sum(sum(d.trained) for d in documents)
        assert max(map(len, documents)) <= 60
        assert len({d.row for d in documents}) == counts.rows_encoded


def test_split_pieces_are_whole_exchanges_under_the_rows_system_turn(encoder: Encoder) -> None:
    system = Turn("system", "be kind", False)
    exchanges = [(Turn("user", f"question {n}", False), Turn("assistant", f"answer {n}", True)) for n in range(9)]
    giant = (Turn("user", "long " * 80, False), Turn("assistant", "short", True))
    whole = (system, *(t for e in (*exchanges[:4], giant, *exchanges[4:]) for t in e))
    documents, counts = encoder.encode([Row("r", "assistant", whole)], 90, "split")
    pieces = [read_v7(encoder.tokenizer, d) for d in documents]
    assert [p[0] for p in pieces] == [system] * len(pieces)
    assert [t for p in pieces for t in p[1:]] == [t for e in exchanges for t in e]
    assert not any(exchanges[3][0] in p and exchanges[4][0] in p for p in pieces), "joined over a gap"
    assert [d.piece for d in documents] == list(range(len(documents)))
    assert (counts.rows_split, counts.exchanges_left_out, counts.rows_overlong) == (1, 1, 0)


def test_a_row_that_cannot_be_split_is_dropped_and_counted(encoder: Encoder) -> None:
    turns = (Turn("user", "long " * 80, False), Turn("assistant", "short", True))
    documents, counts = encoder.encode([Row("r", "assistant", turns)], 30, "split")
    assert (documents, counts.rows_overlong, counts.rows_encoded) == ([], 1, 0)


def test_reasoning_is_left_out_and_counted(encoder: Encoder) -> None:
    turns = (Turn("user", "hello", False), Turn("assistant", "hm", True, reasoned=True))
    assert encoder.encode([Row("r", "assistant", turns)], 100, "drop")[1].reasoning_left_out == 1


@pytest.mark.parametrize("bad", [Turn("user", "secret text", True), Turn("narrator", "secret text", False)])
def test_turns_that_make_no_sense_are_refused_without_their_text(encoder: Encoder, bad: Turn) -> None:
    with pytest.raises(ProjectError, match="row odd") as caught:
        encoder.encode([Row("odd", "assistant", (bad, Turn("assistant", "hm", True)))], 100, "drop")
    assert "secret" not in str(caught.value) and "narrator" not in str(caught.value)


def test_a_template_of_another_base_is_refused(tiny: ModelFiles) -> None:
    template = replace(TEMPLATES["chatml"], user=replace(TEMPLATES["chatml"].user, opening="<|user|>"))
    with pytest.raises(ProjectError, match=r"no control token <\|user\|>"):
        Encoder(load_tokenizer(tiny), template)


def test_the_templates_are_the_ones_that_mixes_and_adapters_were_made_with() -> None:
    # Another digest is another format: give the template a new name, and leave the old one as it is.
    assert {name: template.digest()[:16] for name, template in TEMPLATES.items()} == {
        "mistral-v7-tekken": "b80eae8b1c74132a",
        "chatml": "934eb317da5432bc",
    }


def test_no_row_is_given_a_system_turn(encoder: Encoder) -> None:
    document = encode_one(encoder, [Turn("user", "hello", False)])
    assert 17 not in document.ids


def test_the_template_digest_sees_every_field() -> None:
    template = TEMPLATES["chatml"]
    others = [replace(template, name="x"), replace(template, bos="<s>")]
    for role in ("system", "user", "assistant"):
        frame = getattr(template, role)
        others += [replace(template, **{role: replace(frame, **{f.name: "x"})}) for f in fields(frame)]
    assert len({t.digest() for t in (template, *others)}) == len(others) + 1
