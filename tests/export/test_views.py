import pyarrow as pa
import pytest
from export_stand import SCHEMA, pair, record, turns
from hypothesis import given
from hypothesis import strategies as st

from curation.export.recipe import MixRecipe, Persona
from curation.export.views import REASONS, render, shape

CLIENT = Persona(
    system="You are a client.",
    opening="Hello, what brings you here?",
    details=("You feel {emotions}.", "You speak {language}."),
)


def recipe(task="sft", **personas):
    return MixRecipe(
        mix="m", task=task, personas={"assistant": Persona(), "client": CLIENT, "neutral": Persona(), **personas}
    )


def table(*rows, **types):
    schema = SCHEMA
    for name, kind in types.items():
        schema = schema.append(pa.field(name, kind))
    return pa.Table.from_pylist([{c: r.get(c) for c in schema.names} for r in rows], schema=schema)


def shown(row, how=None, **types):
    return render(table(row, **types), how or recipe()).to_pylist()[0]


def said(messages):
    return [(m["role"], m["content"], m["train"]) for m in messages]


def why(row, how=None):
    code = shape(table(row), how or recipe()).reason[0]
    return REASONS[code] if code >= 0 else None


def test_assistant_turns_are_trained_and_the_records_own_system_turn_stays():
    row = record("a", 1, messages=turns("s: Be kind.", "u: I am sad.", "a: Tell me more.", "u: No.", "a: Fine."))
    made = shown(row, recipe(assistant=Persona(system="Not this one.")))
    assert said(made["messages"]) == [
        ("system", "Be kind.", False),
        ("user", "I am sad.", False),
        ("assistant", "Tell me more.", True),
        ("user", "No.", False),
        ("assistant", "Fine.", True),
    ]
    assert made["n_turns"] == 4


def test_a_personas_system_prompt_is_set_where_there_is_none():
    made = shown(record("a", 1), recipe(assistant=Persona(system="Listen.")))
    assert said(made["messages"])[0] == ("system", "Listen.", False)


def test_client_view_of_a_session_that_the_client_begins():
    row = record(
        "a",
        1,
        persona="client",
        messages=turns(
            "s: You are a therapist.", "u: I came because I must.", "a: Who says so?", "u: My wife.", "a: And you?"
        ),
    )
    assert said(shown(row)["messages"]) == [
        ("system", "You are a client. You speak English.", False),
        ("user", "Hello, what brings you here?", False),
        ("assistant", "I came because I must.", True),
        ("user", "Who says so?", False),
        ("assistant", "My wife.", True),
    ]


def test_without_an_opening_the_clients_first_turn_is_left_out():
    row = record(
        "a", 1, persona="client", messages=turns("u: I must.", "a: Who says so?", "u: My wife.", "a: And you?")
    )
    how = recipe(client=Persona(system="Client."))
    assert said(shown(row, how)["messages"]) == [
        ("system", "Client.", False),
        ("user", "Who says so?", False),
        ("assistant", "My wife.", True),
    ]
    lone = record("a", 2, persona="client", messages=turns("u: I must.", "a: Who says so?"))
    assert why(lone, how) == "no_trained_turn"


def test_client_view_of_a_session_that_the_therapist_begins():
    row = record("a", 1, persona="client", messages=turns("a: Hello.", "u: Hm.", "a: Cold out there?"))
    assert said(shown(row)["messages"])[1:] == [("user", "Hello.", False), ("assistant", "Hm.", True)]


def test_only_what_is_trained_keeps_its_reasoning():
    row = record("a", 1, messages=turns("u: One.", "a: Two.", "u: Three.", "a: Four."))
    for turn in row["messages"]:
        turn["reasoning"] = "because " + turn["content"]
    assert [m["reasoning"] for m in shown(row)["messages"]] == [None, "because Two.", None, "because Four."]
    assert [m["reasoning"] for m in shown(row | {"persona": "client"})["messages"]] == [
        None,
        None,
        "because One.",
        None,
        "because Three.",
    ]
    assert shape(table(row, record("a", 2)), recipe()).reasoned.tolist() == [True, False]


def test_details_come_from_the_tags_of_the_persons_own_turns():
    tag = pa.struct(
        [
            ("model", pa.string()),
            (
                "turns",
                pa.list_(pa.struct([("labels", pa.list_(pa.string())), ("probabilities", pa.list_(pa.float32()))])),
            ),
        ]
    )
    feel = [["fear", "neutral"], ["caring"], ["fear", "anger", "deep_shame"], None]
    row = record(
        "a",
        1,
        persona="client",
        language=None,
        messages=turns("u: One.", "a: Two.", "u: Three.", "a: Four."),
        emotion={"model": "m", "turns": [{"labels": x, "probabilities": None} for x in feel]},
    )
    made = shown(row, emotion=tag)
    assert made["messages"][0]["content"] == "You are a client. You feel fear, anger, deep shame."
    assert made["emotion"] == ["fear", "anger", "deep_shame"]
    untagged = shown(row | {"emotion": None}, emotion=tag)
    assert untagged["messages"][0]["content"] == "You are a client." and untagged["emotion"] == []


def test_preference_becomes_prompt_and_two_answers():
    made = shown(pair("a", 1, messages=turns("s: Be brief.", "u: Hi.", "a: Hello.", "u: Help.")), recipe("dpo"))
    assert made["prompt"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Help."},
    ]
    assert made["chosen"] == [{"role": "assistant", "content": "good 1"}]
    assert made["rejected"] == [{"role": "assistant", "content": "bad 1"}]


@pytest.mark.parametrize("voice", ["u", "a"])
def test_preference_of_a_client_teaches_the_voice_of_the_answer(voice):
    other = {"u": "a", "a": "u"}[voice]
    row = pair(
        "a",
        1,
        persona="client",
        messages=turns(f"{voice}: It hurts.", f"{other}: Where?"),
        chosen=turns(f"{voice}: Leave it."),
        rejected=turns(f"{voice}: In my knee, thank you."),
    )
    made = shown(row, recipe("dpo"))
    assert [(m["role"], m["content"]) for m in made["prompt"]] == [
        ("system", "You are a client. You speak English."),
        ("user", "Hello, what brings you here?"),
        ("assistant", "It hurts."),
        ("user", "Where?"),
    ]
    assert made["chosen"] == [{"role": "assistant", "content": "Leave it."}]
    assert made["rejected"] == [{"role": "assistant", "content": "In my knee, thank you."}]


def test_of_a_preference_taken_as_sft_only_the_answer_is_trained():
    row = pair("a", 1, messages=turns("u: Hi.", "a: Hello.", "u: Help."))
    assert [m["train"] for m in shown(row)["messages"]] == [False, False, False, True]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (record("a", 1, messages=turns("u: Hi.", "t: {}", "a: Hello.")), "tool_turn"),
        (record("a", 1, messages=turns("u: Hi.", "u: There.", "a: Hello.")), "not_alternating"),
        (record("a", 1, messages=turns("u: Hi.", "s: Be kind.", "a: Hello.")), "not_alternating"),
        (record("a", 1, messages=turns("s: Be kind.", "u: Hi.")), "no_trained_turn"),
        (record("a", 1, messages=turns("a: Hello.", "u: Hi.")), "no_trained_turn"),
        (record("a", 1, messages=[]), "no_trained_turn"),
        (record("a", 1, messages=turns("u: ", "a: Hello.")), "empty_turn"),
        (record("a", 1, messages=turns("u: Hi.", "a: Hello.")), None),
    ],
)
def test_why_a_conversation_cannot_be_shown(row, reason):
    assert why(row) == reason


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"chosen": turns("a: One.", "u: Two.", "a: Three.")}, "answer_not_one_turn"),
        ({"rejected": []}, "answer_not_one_turn"),
        ({"rejected": None}, "answer_not_one_turn"),
        ({"rejected": turns("u: bad")}, "answer_not_one_turn"),
        ({"rejected": turns("a: good 1")}, "equal_answers"),
        ({"messages": []}, "no_trained_turn"),
        ({"messages": turns("u: Hi.", "a: Hello.")}, "not_alternating"),
        ({}, None),
    ],
)
def test_why_a_preference_cannot_be_shown(more, reason):
    assert why(pair("a", 1, **more), recipe("dpo")) == reason


TURN = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant", "tool"]),
        "content": st.sampled_from(["", "x", "é☃", "a\nb"]),
        "reasoning": st.sampled_from([None, "", "since"]),
    }
)
SAID = st.lists(TURN, max_size=6)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["chat", "preference"]),
            "persona": st.sampled_from(["assistant", "client", "neutral"]),
            "messages": SAID,
            "chosen": st.none() | SAID,
            "rejected": st.none() | SAID,
        }
    ),
    max_size=8,
)


@given(ROWS, st.sampled_from(["sft", "dpo"]), st.booleans(), st.booleans())
def test_every_view_is_what_trainers_ask_for(rows, task, prompted, opened):
    voice = Persona(system="S" if prompted else None, opening="O" if opened else None)
    how = recipe(task, assistant=voice, client=voice, neutral=voice)
    rows = [record("a", n, **row) for n, row in enumerate(rows) if task == "sft" or row["kind"] == "preference"]
    whole = table(*rows)
    found = shape(whole, how)
    good = [n for n, code in enumerate(found.reason) if code < 0]
    made = render(whole.take(pa.array(good, pa.int64())), how).to_pylist()
    for n, view in zip(good, made, strict=True):
        messages = view["messages"] if task == "sft" else view["prompt"] + view["chosen"]
        roles = [m["role"] for m in messages if m["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2) and roles and len(messages) - len(roles) <= 1
        assert view["n_turns"] == len(roles) == found.turns[n]
        assert all(m["content"] for m in messages if m["role"] != "system")
        one = render(whole.slice(n, 1), how).to_pylist()[0]
        assert one == view
        if task == "sft":
            trained = [m for m in messages if m["train"]]
            assert trained and all(m["role"] == "assistant" for m in trained)
            assert all(m["reasoning"] is None for m in messages if not m["train"])
            mine = {t["content"] for t in (rows[n]["messages"] + (rows[n]["chosen"] or []))}
            assert {m["content"] for m in trained} <= mine
