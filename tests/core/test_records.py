import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.core import records
from curation.core.errors import IntegrityError

KEY = b"k" * 32
turns = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(records.ROLES),
            "content": st.none() | st.text(),
            "reasoning": st.none() | st.text(),
        }
    ),
    max_size=4,
)


def test_a_record_validates_against_the_published_schema():
    jsonschema = pytest.importorskip("jsonschema")
    good = {
        "id": "a:0",
        "kind": "chat",
        "messages": [{"role": "user", "content": "x", "reasoning": None}],
        "persona": "client",
        "group": None,
    }
    jsonschema.validate(good, records.json_schema())
    for change in ({"kind": "talk"}, {"messages": [{"role": "bot"}]}, {"persona": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**good, **change}, records.json_schema())


def test_every_column_is_described_and_text_columns_exist():
    assert set(records.DESCRIPTIONS) == set(records.RECORD_SCHEMA.names)
    assert set(records.TEXT_COLUMNS) < set(records.RECORD_SCHEMA.names)


@given(st.lists(st.none() | turns, min_size=1, max_size=6), st.integers(0, 3))
def test_equal_values_have_equal_digests_whatever_the_buffers(rows, offset):
    plain = pa.array(rows, records.TURNS)
    padded = pa.array([[{"role": "user", "content": "pad", "reasoning": None}]] * offset + rows, records.TURNS)[offset:]
    chunked = pa.chunked_array([plain[:1], plain[1:]], records.TURNS)
    filtered = pa.array([r for row in rows for r in (None, row)], records.TURNS).take(
        pa.array(range(1, 2 * len(rows), 2))
    )
    digest = records.column_digest(plain)
    assert records.column_digest(padded) == digest
    assert records.column_digest(chunked) == digest
    assert records.column_digest(filtered) == digest


@given(st.lists(st.none() | turns, max_size=4), st.lists(st.none() | turns, max_size=4))
def test_different_values_have_different_digests(left, right):
    same = pa.array(left, records.TURNS).equals(pa.array(right, records.TURNS))
    digests = (
        records.column_digest(pa.array(left, records.TURNS)),
        records.column_digest(pa.array(right, records.TURNS)),
    )
    assert (digests[0] == digests[1]) == same


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, 3], pa.int64()),
        ([1.5, None], pa.float32()),
        ([True, None, False], pa.bool_()),
        (["a", None], pa.large_string()),
        ([b"a", None], pa.binary()),
        ([[1.0, 2.0], None], pa.list_(pa.float32(), 2)),
        ([None, None], pa.null()),
        (["a", "b", "a"], pa.dictionary(pa.int32(), pa.string())),
    ],
)
def test_digests_of_other_types(values, kind):
    array = pa.array(values, kind)
    assert records.column_digest(array) == records.column_digest(pa.concat_arrays([array, array])[len(array) :])
    assert records.column_digest(array) != records.column_digest(array[:-1])


def test_null_and_empty_differ():
    assert records.column_digest(pa.array([None], pa.string())) != records.column_digest(pa.array([""]))


def test_ids_do_not_depend_on_the_order_of_a_file_and_number_identical_rows():
    rows = [("x", "1"), ("y", "2"), ("x", "3"), ("x", "1"), ("z", "4")]

    def ids(order):
        mixed = [rows[i] for i in order]
        hashes = records.identity(KEY, [text.encode() for text, _ in mixed])
        made = records.number_occurrences("s", hashes, lambda row: mixed[row][1].encode())
        assert len(set(made)) == len(rows)
        return sorted(zip(made, mixed, strict=True))

    orders = [random.Random(seed).sample(range(5), 5) for seed in range(20)]
    assert len({str(ids(order)) for order in orders}) == 1
    assert [i for i, _ in ids(range(5)) if i.endswith(("-2", "-3"))] == [
        i for i, (text, _) in ids(range(5)) if text == "x"
    ][1:]


def test_ids_tell_nothing_without_the_key():
    one, other = (records.identity(key, [b"text"])[0] for key in (KEY, b"o" * 32))
    assert one != other
    assert len(one) == 16


def test_many_keyed_values_are_the_numbers_of_each():
    values = ["", "a", "é\ud800", *(str(n) for n in range(50))]
    numbers = records.keyed_numbers(KEY, "rank", values)
    assert [f"{a:016x}{b:016x}" for a, b in numbers.tolist()] == [records.keyed(KEY, "rank", v) for v in values]
    assert records.keyed_numbers(KEY, "rank", []).shape == (0, 2)


def test_keyed_values_of_different_purposes_cannot_be_linked():
    assert records.keyed(KEY, "group", "x") != records.keyed(KEY, "duplicate", "x")


def test_newer_records_than_this_curate_are_refused():
    with pytest.raises(IntegrityError, match="upgrade curate"):
        records.migrate(pa.table({"id": ["a"]}), records.RECORD_VERSION + 1)


def test_parts_are_named_by_the_first_digits():
    assert records.prefix_of("my-source:0123456789abcdef-2", 2) == "01"
    assert records.source_of("my-source:0123456789abcdef-2") == "my-source"
