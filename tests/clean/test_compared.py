import pyarrow as pa

from curation.clean import compared
from curation.clean.pii import audit
from curation.clean.pii.audit import Replaced
from tests.clean.helpers import chat, record, table, turn


def said(*records, **more):
    return compared.texts(table(list(records)), **more).to_pylist()


def test_user_and_assistant_turns_count_and_nothing_else():
    turns = [turn("system", "be kind"), turn("user", "a", "thought"), turn("assistant", "b"), turn("tool", "{}")]
    meta = [{"key": "k", "value": "v"}]
    assert said(record(0, turns, meta=meta), record(1, [turn("system", "x")]), record(2, [])) == [
        "a\nb\n\n",
        "\n\n",
        "\n\n",
    ]


def test_a_preference_is_prompt_and_both_answers():
    pair = {"kind": "preference", "chosen": [turn("assistant", "c")], "rejected": [turn("assistant", "r")]}
    assert said(record(0, [turn("user", "p")], **pair)) == ["p\nc\nr"]


def test_kinds_and_labels_are_kept_apart():
    rows = [
        chat(0, "a"),
        record(1, [], kind="preference"),
        *(record(i, [], kind="unpaired", label=label) for i, label in enumerate((None, False, True), start=2)),
        chat(5, "b", label=True),
    ]
    found = compared.kinds(table(rows)).tolist()
    assert found[0] == found[5] == 0 and len(set(found)) == 5


def test_placeholders_of_any_number_and_hashes_are_bare_labels():
    one, other, third, plain = said(
        chat(0, "I met [PERSON_1] in [LOCATION_12]."),
        chat(1, "I met [PERSON_3] in [LOCATION_1]."),
        chat(2, "I met [PERSON:0123456789abcdef] in [LOCATION:fedcba9876543210]."),
        chat(3, "I met [person_1] in [1] [sic] [PERSON]."),
    )
    assert one == other == third and "PERSON" in one and "_" not in one and "0123" not in third
    assert plain.startswith("I met [person_1] in [1] [sic] [PERSON].")


def test_surrogates_become_labels_where_the_audit_says_they_stand():
    def place(column, turn_, text, made_up, label, action="surrogate"):
        start = text.index(made_up)
        return Replaced(
            column, turn_, 0, 1, start, start + len(made_up), label, None, "r", 1.0, "e", action, made_up, "h"
        )

    texts = ["I am Änne Böll 🙂, call 555-0101.", "Änne Böll, born 3 May 1980, is in [ORG_1]."]
    other = ["I am Tom Li 🙂, call 555-0199.", "Tom Li, born 9 June 1975, is in [ORG_7]."]
    rows = table(
        [
            record(i, [turn("system", "s"), turn("user", t[0]), turn("assistant", t[1])])
            for i, t in enumerate((texts, other))
        ]
    )

    def entries(said, name, phone, date, org):
        return [
            place("messages", 1, said[0], phone, "PHONE"),
            place("messages", 1, said[0], name, "PERSON"),
            place("messages", 2, said[1], name, "PERSON"),
            place("messages", 2, said[1], date, "DATE", "shift"),
            place("messages", 2, said[1], org, "ORG", "placeholder"),
        ]

    told = audit.column(
        {
            0: entries(texts, "Änne Böll", "555-0101", "3 May 1980", "[ORG_1]"),
            1: entries(other, "Tom Li", "555-0199", "9 June 1975", "[ORG_7]"),
        },
        2,
    )
    one, two = compared.texts(rows.append_column("pii", told)).to_pylist()
    assert one == two
    assert " ".join(one.split()) == "I am PERSON 🙂, call PHONE . PERSON , born DATE , is in ORG ."
    # Entries about what is not compared move nothing.
    meta = audit.column(
        {0: [place("meta", 0, "Tom", "Tom", "PERSON"), place("messages.reasoning", 1, "Tom", "Tom", "PERSON")]}, 2
    )
    assert (
        compared.texts(rows.append_column("pii", meta)).to_pylist()
        == compared.texts(rows.append_column("pii", audit.column({}, 2))).to_pylist()
    )


def test_boilerplate_is_left_out_the_longest_passage_first():
    assert said(
        chat(0, "I am a bot. I am a bot, not a doctor. Hi", "ok"),
        boilerplate=("I am a bot", "I am a bot, not a doctor.", ""),
    )[0].split() == [".", "Hi", "ok"]


def test_how_similar_the_answers_of_a_preference_are():
    def pair(i, chosen, rejected):
        return record(
            i,
            [turn("user", "p")],
            kind="preference",
            chosen=[turn("assistant", chosen)],
            rejected=[turn("assistant", rejected)],
        )

    rows = table(
        [
            pair(0, "one two three four", "one two three four"),
            chat(1, "a"),
            pair(2, "one two three four", "one two three five"),
            pair(3, "a b c", "x y z"),
            pair(4, "", ""),
        ]
    )
    found = compared.answers(rows).to_pylist()
    assert [None if f is None else round(f, 3) for f in found] == [1.0, None, 0.333, 0.0, 0.0]
    assert compared.answers(table([])).to_pylist() == []
    assert pa.types.is_float32(compared.answers(table([])).type)
