from __future__ import annotations

import pyarrow as pa
from hypothesis import given

from curation.clean.language import language
from tests.clean import helpers as h
from tests.clean.helpers import chat, record, table, turn

GERMAN = "Ich kann nachts nicht schlafen und mache mir viele Sorgen."
ENGLISH = "I cannot sleep at night and I worry all the time."


def test_what_people_say_counts() -> None:
    rows = table(
        [
            chat(0, GERMAN, "Das klingt sehr anstrengend für Sie."),
            chat(1, ENGLISH, "That sounds exhausting."),
            record(
                2,
                [
                    turn("system", "You are a helpful assistant who answers all questions kindly. " * 5),
                    turn("user", GERMAN),
                    turn("tool", '{"result": "some English text that a tool returned"}' * 5),
                ],
            ),
            chat(3, GERMAN, ENGLISH),
            chat(4, "ok", "ok"),
            record(5, []),
        ]
    )
    kept, _, notes = h.run(language, rows)
    assert kept.column("language").to_pylist() == ["de", "en", "de", None, None, None]
    assert notes == {"language.unknown": 3}


@given(h.records([GERMAN, ENGLISH], most=10))
def test_laws(rows: pa.Table) -> None:
    h.conserved(language, rows)
    h.same_in_any_batch_and_order(language, rows)
    h.again_changes_nothing(language, rows)
