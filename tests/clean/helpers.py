"""Records for the tests of cleaning, and the laws that every stage keeps."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

from curation.core.engine import run_batches
from curation.core.records import KINDS, RECORD_SCHEMA, ROLES
from curation.core.stage import Call, Context, Stage, Step

CONTEXT = Context(b"k" * 32, "demo")

Record = dict[str, Any]


def fewer(cases: int) -> settings:
    """For what takes long: so many cases in the fast suite, as many as anywhere at full length."""
    full = settings.get_profile("laws").max_examples
    return settings(max_examples=full if settings.default.max_examples == full else cases)


def turn(role: str | None, content: str | None, reasoning: str | None = None) -> dict[str, Any]:
    return {"role": role, "content": content, "reasoning": reasoning}


def record(number: int, messages: list[Any], **more: Any) -> Record:
    empty = {
        "kind": "chat",
        "chosen": None,
        "rejected": None,
        "label": None,
        "persona": "assistant",
        "language": None,
        "licence": None,
        "group": None,
        "synthetic": None,
        "meta": None,
    }
    return {**empty, "id": f"demo:{number:016x}", "messages": messages, **more}


def chat(number: int, user: str, assistant: str = "I hear you.", **more: Any) -> Record:
    return record(number, [turn("user", user), turn("assistant", assistant)], **more)


def table(records: Sequence[Record]) -> pa.Table:
    return pa.Table.from_pylist(list(records), schema=RECORD_SCHEMA)


def run(
    stages: Stage | Sequence[Stage], rows: pa.Table, batch_rows: int = 1000, **specs: Any
) -> tuple[pa.Table, pa.Table, dict[str, int]]:
    stages = [stages] if isinstance(stages, Stage) else stages
    step = Step("test", tuple(Call(s, specs.get(s.name, s.spec())) for s in stages))
    return run_batches(step, rows, CONTEXT, batch_rows)


def texts(pieces: Sequence[str] = ()) -> st.SearchStrategy[str]:
    """Text with what trips cleaners: blanks, controls, invisible characters, and the given pieces."""
    awkward = [
        "\r\n",
        "\n\n\n\n",
        "\u00a0",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\x00",
        " \n",
        "e\u0301",
        "👨\u200d👩",
        "\ufffd",
        "[EMAIL_1]",
        "\ufe0f",
        "\u202e",
        "\t",
        " ",
    ]
    part = st.one_of(st.text(max_size=12), st.sampled_from([*awkward, *pieces]))
    return st.lists(part, max_size=6).map("".join)


def records(pieces: Sequence[str] = (), most: int = 6) -> st.SearchStrategy[pa.Table]:
    one = texts(pieces)
    turns = st.lists(
        st.builds(
            turn, st.sampled_from([*ROLES, "user", "assistant", "other"]) | st.none(), one | st.none(), one | st.none()
        ),
        max_size=5,
    )
    pairs = st.lists(
        st.fixed_dictionaries({"key": st.sampled_from(["topic", "url"]), "value": one | st.none()}), max_size=2
    )
    rows = st.builds(
        lambda **fields: fields,
        kind=st.sampled_from(KINDS),
        messages=turns,
        chosen=turns | st.none(),
        rejected=turns | st.none(),
        label=st.booleans() | st.none(),
        meta=pairs | st.none(),
    )
    return st.lists(rows, max_size=most).map(
        lambda found: table([record(i, fields.pop("messages"), **fields) for i, fields in enumerate(found)])
    )


def conserved(stages: Stage | Sequence[Stage], rows: pa.Table) -> None:
    kept, dropped, _ = run(stages, rows)
    ids = [*kept.column("id").to_pylist(), *dropped.column("id").to_pylist()]
    assert sorted(ids) == sorted(rows.column("id").to_pylist())
    assert all(dropped.column("reason").to_pylist())


def same_in_any_batch_and_order(
    stages: Stage | Sequence[Stage], rows: pa.Table, sizes: Sequence[int] = (1, 7, 64)
) -> None:
    whole = run(stages, rows)
    for size in sizes:
        part = run(stages, rows, size)
        assert part[0].equals(whole[0]), size
        assert part[1].equals(whole[1]), size
        assert part[2] == whole[2], size
    order = list(range(len(rows)))
    random.Random(7).shuffle(order)
    mixed = run(stages, rows.take(pa.array(order, pa.int64())))
    assert mixed[0].sort_by("id").equals(whole[0].sort_by("id"))
    assert mixed[1].equals(whole[1])
    assert mixed[2] == whole[2]


def again_changes_nothing(
    stages: Stage | Sequence[Stage], rows: pa.Table, but: Sequence[str] = (), **specs: Any
) -> None:
    """Columns in `but` tell what was done, not what is there."""
    once, _, _ = run(stages, rows, **specs)
    laid = _over(rows, once)
    twice, dropped, _ = run(stages, laid, **specs)
    assert not len(dropped)
    assert twice.drop_columns(list(but)).equals(once.drop_columns(list(but)))


def _over(rows: pa.Table, kept: pa.Table) -> pa.Table:
    by_id = {r["id"]: r for r in rows.to_pylist()}
    return table(
        [{**by_id[r["id"]], **{k: v for k, v in r.items() if k in RECORD_SCHEMA.names}} for r in kept.to_pylist()]
    )


def strings(value: Any) -> list[str]:
    """Every string in nested values."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [s for item in value.values() for s in strings(item)]
    return [s for item in value for s in strings(item)] if isinstance(value, list) else []
