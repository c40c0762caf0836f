"""The way from turns to one text and back."""

from hypothesis import given
from hypothesis import strategies as st

from curation.core.records import ROLES
from curation.review.flatten import Transcript, flatten, read_edited, same_turns

PIECES = st.sampled_from(
    [
        "[2 user]",
        "\\[1 assistant]",
        "\\\\[3 tool]",
        "[chosen 1 assistant]",
        "\n",
        "\n\n",
        " ",
        "a",
        "ß",
        "🙂",
        "[x]",
        "\\",
    ]
)
TEXT = st.one_of(st.lists(PIECES, max_size=9).map("".join), st.text(max_size=30))
TURNS = st.lists(st.fixed_dictionaries({"role": st.sampled_from(ROLES), "content": TEXT}), min_size=1, max_size=4)


@given(TURNS, TURNS)
def test_what_is_flattened_is_taken_apart_again(messages, chosen):
    row = {"messages": messages, "chosen": chosen, "rejected": None}
    found = Transcript.of(flatten(row))
    assert [(p.column, p.turn, p.role, p.content) for p in found.parts] == [
        (column, n, turn["role"], turn["content"])
        for column in ("messages", "chosen")
        for n, turn in enumerate(row[column])
    ]


@given(TURNS, st.data())
def test_a_span_finds_its_turn(messages, data):
    found = Transcript.of(flatten({"messages": messages}))
    turn = data.draw(st.integers(0, len(messages) - 1))
    content = messages[turn]["content"]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    part = found.part("messages", turn)
    low, high = part.outside(start), part.outside(end)
    marked = found.mark([{"start": low, "end": high, "label": "x"}])
    if start == end:
        assert marked == []
        return
    assert marked == [{"column": "messages", "turn": turn, "start": start, "end": end, "label": "x"}]
    if "\\" not in content:
        assert found.text[low:high] == content[start:end]


def test_a_span_over_turns_is_parted_and_loses_the_lines_between():
    found = Transcript.of(
        flatten({"messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]})
    )
    assert found.mark([{"start": 0, "end": len(found.text), "label": "x"}]) == [
        {"column": "messages", "turn": 0, "start": 0, "end": 3, "label": "x"},
        {"column": "messages", "turn": 1, "start": 0, "end": 3, "label": "x"},
    ]
    assert found.mark([{"start": 0, "end": 4, "label": "x"}]) == []


@given(st.lists(st.fixed_dictionaries({"role": st.sampled_from(ROLES), "content": TEXT}), min_size=1, max_size=4))
def test_a_text_that_nobody_edited_says_the_same(messages):
    read = read_edited(flatten({"messages": messages}))
    if any(not turn["content"].strip() for turn in messages):
        return
    assert read is not None and same_turns(read, messages)


def test_what_has_no_turns_cannot_be_read():
    assert read_edited("just words") is None
    assert read_edited("") is None
    assert read_edited("before\n[1 user]\nhi") is None
    assert read_edited("[1 user]\n\n[2 assistant]\nhi") is None
    assert read_edited("[1 user] \nhi\n[2 assistant]\nho\n") == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "ho"},
    ]
