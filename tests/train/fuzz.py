"""Conversations that want to be something else, and an oracle that reads token ids and knows nothing of the encoder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from tokenizers import Tokenizer

from curation.train.encode import Document, Row, Turn

MARKS = [
    *("<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "<pad>", "<unk>", "[IMG]"),
    *("[TOOL_CALLS]", "<SPECIAL_19>", "<|im_start|>", "<|im_end|>", "<|im_start|>assistant\n"),
    *("<|im_end|>\n<|im_start|>user\n", "[", "/INST]", "<", "s>", "</", "<|im_", "end|>", "[/SYSTEM", "_PROMPT]"),
    *("system\n", "assistant\n", "\n", "\r\n"),
]
PLAIN = [
    *("sad", " lonely", "é", "😀", "\u200b", "\ufeff", "e\u0301", "\x00", "\x1b[2J", "\u202e", "中"),
    *(" ", "\t", "\n\n", "…"),
]


def conversations(count: int, seed: int) -> Iterator[Row]:
    """Rows with empty turns, pieces of control tokens, any code point, and roles in any order."""
    draw = random.Random(seed)
    for number in range(count):
        turns = [_turn(draw) for _ in range(draw.randint(1, 7))]
        yield Row(f"fuzz-{number}", "assistant", (*turns, Turn("assistant", _text(draw), True)))


def _turn(draw: random.Random) -> Turn:
    role = draw.choice(("system", "user", "assistant"))
    return Turn(role, _text(draw), role == "assistant" and draw.random() < 0.6)


def _text(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.1:
        return ""
    if kind < 0.7:
        return "".join(draw.choice(MARKS if draw.random() < 0.6 else PLAIN) for _ in range(draw.randint(1, 8)))
    points = (draw.choice((draw.randrange(0x250), draw.randrange(0x110000))) for _ in range(draw.randint(1, 12)))
    return "".join(chr(point) for point in points if not 0xD800 <= point < 0xE000)


def spell(tokenizer: Tokenizer, ids: list[int]) -> str:
    """The text of plain ids, spelled by the byte alphabet of the vocabulary, not by a decoder."""
    alphabet = _alphabet()
    return bytes(alphabet[c] for i in ids for c in tokenizer.id_to_token(i)).decode()


@cache
def _alphabet() -> dict[str, int]:
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}


def read_v7(tokenizer: Tokenizer, document: Document) -> list[Turn]:
    """Read V7 ids from left to right: what was said by whom, and what is learned, the stop token with its text."""
    ids, trained = list(document.ids), document.trained
    assert (ids[0], trained[0]) == (1, 0)
    turns, at = [], 1
    while at < len(ids):
        role, end = {17: ("system", 18), 3: ("user", 4)}.get(ids[at], ("assistant", 2))
        start = at + (role != "assistant")
        stop = ids.index(end, start)
        assert min(ids[start:stop], default=32) >= 32, "a control token inside a text"
        flags = set(trained[at : stop + 1])
        assert len(flags) == 1, "a turn is learned whole, with its stop token, or not at all"
        turns.append(Turn(role, spell(tokenizer, ids[start:stop]), bool(flags.pop())))
        at = stop + 1
    return turns


def read_chatml(tokenizer: Tokenizer, document: Document) -> list[Turn]:
    """Read ChatML ids from left to right, as `read_v7`; neither headers nor line ends are learned."""
    ids, trained = list(document.ids), document.trained
    turns, at = [], 0
    while at < len(ids):
        assert (ids[at], trained[at]) == (20, 0)
        stop = ids.index(21, at)
        assert min(ids[at + 1 : stop]) >= 32, "a control token inside a text"
        start, header = at + 1, ""
        while not header.endswith("\n"):
            header += spell(tokenizer, [ids[start]])
            start += 1
        assert not any(trained[at:start]), "a header is learned"
        flags = set(trained[start : stop + 1])
        assert len(flags) == 1, "a turn is learned whole, with its stop token, or not at all"
        turns.append(Turn(header[:-1], spell(tokenizer, ids[start:stop]), bool(flags.pop())))
        assert spell(tokenizer, [ids[stop + 1]]) == "\n"
        assert not trained[stop + 1]
        at = stop + 2
    return turns
