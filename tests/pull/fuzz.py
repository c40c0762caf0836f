"""Rows and files as nobody should write them: a seeded generator for the fuzzing tests."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.core.adapter import Adapter, Document, OwnMarkers, Preference, Qa, Rows, Text, Turns, Unpaired

ADAPTERS: Mapping[str, tuple[Adapter, ...]] = {
    "turns": (
        Turns("turns", field=("m", "m2"), role_key=("role", "from"), content_key=("content", "value"), keep=("x",)),
        Turns("turns", field="m", reasoning_key="why", reasoning="x", merge_consecutive="reject", group="x.y"),
        Turns("turns", field="m", trim_trailing_user=False, min_turns=2, max_turns=4, system=("x", ("m2", "y"))),
    ),
    "qa": (
        Qa("qa", user="q", assistant="a", keep=("x", "m"), where={"x": ("en", None, 1, True)}),
        Qa("qa", user=("q", ("x.y", "y")), assistant=(("a", "m"),), history="h", reasoning=("x.z", "y"), group="y"),
    ),
    "text": (
        *(Text("text", m, field=("t", "q"), preamble="drop", reasoning="x") for m in ("chatml", "llama2")),
        *(Text("text", m, field="t", preamble="system", keep=("x",)) for m in ("human_assistant", "alpaca_sections")),
        Text("text", OwnMarkers(r"(?P<role>\w+): (?P<body>.*)"), field="t"),
    ),
    "preference": (
        Preference("preference", prompt=("q", "m"), chosen="a", rejected="b", score_chosen="x", score_rejected="y"),
        Preference("preference", chosen="a", rejected=("b", "m"), system_text="s", keep=("x",)),
    ),
    "unpaired": (
        Unpaired("unpaired", prompt="q", answer=("a", "m"), label=("x", "y"), reasoning="y"),
        Unpaired("unpaired", answer="m", label="y", good=("en",), group="x"),
    ),
    "rows": (
        Rows("rows", group_by="x", order_by="y", role="role", content=("a", "q"), keep=("h",)),
        Rows("rows", group_by=("x", "y"), role="role", content="a", distinct=("x", "a"), where={"y": "not null"}),
    ),
    "document": (Document("document", user_text="Write.", user="q", field=("t", "a"), system="x", reasoning="y"),),
}

NAMES = ("m", "m2", "q", "a", "b", "t", "h", "x", "y", "role")
ROLE_NAMES = ("user", "assistant", "system", "human", "gpt", "tool", "narrator", "", " User ", "therapist", "client")
MARKS = (
    "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>", "<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>",
    "<</SYS>>", "### Input:", "### Response:", "### Context", "### Odd heading:", "Human:", "\nAssistant: ", "<USER>:",
    "user: x", "assistant: y",
)  # fmt: skip
WORDS = (
    "hello", "", " ", "\n\n", "\u00a0", "\x00", "\ufeff", "\x1e", "\x1f", "\x1c", "\u2028", "é", "😀", "true", "1",
    "-1", "1e999", "NaN", "[]", "{}", "[[", '[{"role": "user", "content": "x"}]', '{"y": "z", "z": {"a": [1]}}',
    "[" * 300, '[["a", "b"]]', "null", "en", '"', ",", "\t", "\r\n", "0x1f", "٣", "x" * 3000,
)  # fmt: skip


class Fuzz:
    """Makes values, rows and files from a seed."""

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)

    def text(self) -> str:
        rng = self.rng
        if rng.random() < 0.001:
            return rng.choice(("x", "### ", "\n", "[", "é ", "Human: ")) * (224_000 // 2)
        if rng.random() < 0.6:
            return rng.choice(WORDS)
        return "".join(rng.choice((*WORDS[:12], *MARKS, "word ")) for _ in range(rng.randint(1, 12)))

    def value(self, depth: int = 0) -> Any:
        rng = self.rng
        kind = rng.random()
        if kind < 0.45 or depth > 4:
            return self.text()
        if kind < 0.65:
            return rng.choice(
                (None, True, False, 0, 1, -7, 2**63, 2**70, 1.5, 1e300, -0.0, "", [], {}, [None], [[]], [{}])
            )
        if kind < 0.72:
            return self.turns()
        if kind < 0.75:
            return [[self.text(), self.text()] for _ in range(rng.randint(0, 3))]
        if kind < 0.87:
            return [self.value(depth + 1) for _ in range(rng.randint(0, 4))]
        return {rng.choice((*NAMES, "content", "value", "from", "z", "é", "")): self.value(depth + 1) for _ in range(3)}

    def turns(self) -> Any:
        rng = self.rng
        names = rng.choice((("role", "content"), ("from", "value"), ("role", "value")))
        turns: list[Any] = []
        for place in range(rng.choice((0, 1, 2, 2, 3, 4, 6))):
            role: Any = ("user", "assistant")[place % 2] if rng.random() < 0.8 else rng.choice(ROLE_NAMES)
            text: Any = rng.choice(("hi", "yes", "so")) if rng.random() < 0.7 else self.text()
            if rng.random() < 0.08:
                text = rng.choice(([{"type": "text", "text": "p"}], [{"type": "image"}], {"x": 1}, 3, None, ["a", "b"]))
            turns.append({names[0]: role, names[1]: text, "why": rng.choice((None, "because", 4))})
        if turns and rng.random() < 0.05:
            turns[rng.randrange(len(turns))] = rng.choice((None, "turn", 4, [], {}))
        return turns if rng.random() < 0.9 else json.dumps(turns)

    def row(self) -> dict[str, Any]:
        """A row that any adapter could read, with some of its values replaced by others."""
        rng = self.rng
        plain = "".join(rng.choice(MARKS) + rng.choice(("hi ", "yes\n")) for _ in range(4))
        row = {
            "m": self.turns(), "m2": None, "q": "why", "a": rng.choice(("so", "no")), "b": "never", "t": plain,
            "h": [["a", "b"]], "x": rng.choice(("en", "1", 2, {"y": "z", "z": "w"})), "y": rng.randint(0, 3),
            "role": rng.choice(ROLE_NAMES),
        }  # fmt: skip
        for name in rng.sample(NAMES, rng.choice((0, 0, 1, 2, 4))):
            if rng.random() < 0.15:
                del row[name]
            else:
                row[name] = self.value()
        return row

    def rows(self) -> list[dict[str, Any]]:
        return [self.row() for _ in range(self.rng.choice((0, 1, 1, 2, 3, 6)))]

    def spoiled(self, data: bytes) -> bytes:
        """Bytes with an accident, half of the time."""
        rng = self.rng
        accident = rng.randrange(12)
        place = rng.randint(0, len(data))
        odd = rng.choice((b"\x00", b"\xff", b"\xed\xa0\x80", b"\r", b"\n", b'"', b"{", b"[" * 400, b"\xef\xbb\xbf"))
        if accident == 0:
            return data[:place]
        if accident == 1:
            return data[:place] + odd + data[place:]
        if accident == 2:
            return data[:place] + odd + data[place + len(odd) :]
        if accident == 3:
            return data.replace(b"\n", b"\r\n")
        if accident == 4:
            return b"\xef\xbb\xbf" + data
        return rng.choice((b"", b"\x00", b"\xff\xfe", rng.randbytes(40))) if accident == 5 else data

    def jsonl(self) -> bytes:
        lines = [json.dumps(row, ensure_ascii=self.rng.random() < 0.5) for row in self.rows()]
        lines += [json.dumps(self.value())] if self.rng.random() < 0.1 else []
        return self.spoiled("".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass"))

    def json(self) -> bytes:
        rows: list[Any] = self.rows()
        if self.rng.random() < 0.1:
            rows.append(self.value())
        return self.spoiled(json.dumps(rows if self.rng.random() < 0.97 else self.value()).encode())

    def csv(self, delimiter: str = ",") -> bytes:
        rng = self.rng
        stream = io.StringIO()
        names = [n for n in NAMES if rng.random() < 0.995]
        rng.shuffle(names)
        writer = csv.writer(stream, delimiter=delimiter, lineterminator=rng.choice(("\n", "\r\n")))
        writer.writerow(names)
        for row in self.rows():
            cells = [row.get(n) for n in names]
            cells = [json.dumps(c) if isinstance(c, (dict, list)) else c for c in cells]
            writer.writerow(cells if rng.random() < 0.95 else cells[:-1])
        return self.spoiled(stream.getvalue().encode("utf-8", "surrogatepass"))

    def table(self) -> pa.RecordBatch:
        """Columns of whatever types the values happen to have."""
        rows = self.rows()
        columns = {}
        for name in NAMES:
            if self.rng.random() < 0.01:
                continue
            values = [row.get(name) for row in rows]
            try:
                column = pa.array(values)
                # Inference from values of mixed depth can give an array that is none.
                column.validate()
            except (pa.ArrowException, OverflowError):
                texts = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
                column = pa.array(texts, pa.string())
            columns[name] = self._retyped(column)
        return pa.RecordBatch.from_pydict(columns)

    def _retyped(self, column: pa.Array) -> pa.Array:
        kinds: list[Any] = [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.binary()]
        if pa.types.is_list(column.type):
            kinds = [pa.large_list(column.type.value_type)]
        if self.rng.random() < 0.7 or not (pa.types.is_string(column.type) or pa.types.is_list(column.type)):
            return column
        try:
            other = column.cast(self.rng.choice(kinds))
            other.validate(full=True)
            return other
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return column

    def parquet(self) -> bytes:
        batch = self.table()
        stream = io.BytesIO()
        try:
            pq.write_table(pa.Table.from_batches([batch]), stream)
        except (pa.ArrowException, TypeError):
            return b""
        data = stream.getvalue()
        return self.spoiled(data) if self.rng.random() < 0.3 else data

    def file(self, suffix: str) -> bytes:
        makers: Mapping[str, Callable[[], bytes]] = {
            "jsonl": self.jsonl, "json": self.json, "csv": self.csv, "parquet": self.parquet,
            "tsv": lambda: self.csv("\t"),
        }  # fmt: skip
        return makers[suffix]()
