"""Messages to token ids and labels, segment by segment, so that no text can ever become a control token.

A rendered template is one string, and a tokenizer turns every `[/INST]` in it into the control token, whoever
wrote it. Here the control tokens are placed by id and the text between them is encoded by a tokenizer that does
not know them.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from curation.core.errors import IntegrityError, ProjectError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# The label of a token that is read but not learned; torch and transformers use the same number.
IGNORED = -100
BATCH = 512
"""Rows whose texts are given to the tokenizer at once."""


class Turn(NamedTuple):
    """One message of a row: whether the model learns to say it, and whether it came with reasoning."""

    role: str
    content: str
    train: bool
    reasoned: bool = False


class Row(NamedTuple):
    """One row of a mix, as the trainer sees it."""

    id: str
    persona: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Frame:
    """What stands around the text of one role: a control token and plain text on either side, each may be empty."""

    opening: str = ""
    header: str = ""
    closing: str = ""
    trailer: str = ""


@dataclass(frozen=True)
class Template:
    """A chat template without a language: frames by role. `closing` of the assistant's frame is the stop token."""

    name: str
    bos: str
    system: Frame
    user: Frame
    assistant: Frame

    def control_tokens(self) -> set[str]:
        """Every control token the template places."""
        frames = (self.system, self.user, self.assistant)
        return {self.bos, *(f.opening for f in frames), *(f.closing for f in frames)} - {""}

    def digest(self) -> str:
        """The sha256 over everything the template decides."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


TEMPLATES = {
    template.name: template
    for template in (
        # Mistral's own format since the Tekken tokenizer, V7. Its published Jinja text adds a system prompt with
        # today's date to rows without one; this one never does, or the same row would be another one tomorrow.
        Template(
            name="mistral-v7-tekken",
            bos="<s>",
            system=Frame(opening="[SYSTEM_PROMPT]", closing="[/SYSTEM_PROMPT]"),
            user=Frame(opening="[INST]", closing="[/INST]"),
            assistant=Frame(closing="</s>"),
        ),
        # The published ChatML text has no <s>.
        Template(
            name="chatml",
            bos="",
            system=Frame("<|im_start|>", "system\n", "<|im_end|>", "\n"),
            user=Frame("<|im_start|>", "user\n", "<|im_end|>", "\n"),
            assistant=Frame("<|im_start|>", "assistant\n", "<|im_end|>", "\n"),
        ),
    )
}


@dataclass(frozen=True)
class Tokens:
    """Token ids and, for each, 1 where it is learned and 0 where it is only read."""

    ids: array[int]
    trained: bytes

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Document(Tokens):
    """What is packed: a row, or one piece of a split row."""

    row: str
    persona: str
    piece: int

    @property
    def content(self) -> bytes:
        """A digest of what it says and what of that is learned, whatever its row is called."""
        return hashlib.blake2b(self.trained + self.ids.tobytes(), digest_size=16).digest()


@dataclass
class Counts:
    """What became of the rows: rows = rows_encoded + rows_untrained + rows_overlong.

    Attributes:
        rows_untrained: rows without a turn to learn.
        rows_overlong: rows above the length, dropped; under `split`, those of which no piece was left.
        rows_split: encoded rows that are more than one document or lost an exchange.
        exchanges_left_out: exchanges of split rows that are too long alone or in a piece without a trained turn.
        reasoning_left_out: turns of encoded rows whose reasoning was left out, for the templates have no place for it.
    """

    rows: int = 0
    rows_encoded: int = 0
    rows_untrained: int = 0
    rows_overlong: int = 0
    rows_split: int = 0
    exchanges_left_out: int = 0
    reasoning_left_out: int = 0
    documents: int = 0
    tokens: int = 0
    trained_tokens: int = 0


@dataclass
class Encoder:
    """Encodes rows for one base.

    Args:
        tokenizer: the base's tokenizer, untouched.
        template: the base's template.

    Raises:
        ProjectError: the tokenizer lacks a control token of the template.
    """

    tokenizer: Tokenizer
    template: Template
    _text: Tokenizer = field(init=False, repr=False)
    _control: frozenset[int] = field(init=False, repr=False)
    bos: Tokens = field(init=False, repr=False)
    _around: dict[str, tuple[Tokens, Tokens]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        added = self.tokenizer.get_added_tokens_decoder()
        absent = self.template.control_tokens() - {token.content for token in added.values()}
        if absent:
            raise ProjectError(
                f"the tokenizer of the base has no control token {min(absent)}",
                where=f"template {self.template.name}",
                fix="choose the template that this base was made with",
            )
        names = self.template.control_tokens()
        self._control = frozenset(i for i, token in added.items() if token.special or token.content in names)
        self._text = _without(self.tokenizer, self._control)
        self.bos = self.join([self._token(self.template.bos, 0)])
        self._around = {
            role: self._frame(frame, role == "assistant")
            for role, frame in (
                ("system", self.template.system),
                ("user", self.template.user),
                ("assistant", self.template.assistant),
            )
        }

    @property
    def begins(self) -> int:
        """How many tokens of an assistant's turn stand before its text."""
        return len(self._around["assistant"][0])

    def encode(
        self, rows: Iterable[Row], max_tokens: int, overlong: Literal["drop", "split"]
    ) -> tuple[list[Document], Counts]:
        """Encode rows into documents of at most `max_tokens` tokens.

        Rows without a trained turn are left out and counted. A row that is too long is left out (`drop`), or cut
        before a turn that is not the assistant's (`split`), each piece beginning with the row's system turns.

        Raises:
            ProjectError: a turn to learn that is not the assistant's, or an unknown role.
            IntegrityError: the tokenizer makes a control token from plain text.
        """
        counts, documents = Counts(), []
        source = iter(rows)
        while batch := list(islice(source, BATCH)):
            for row, turns in zip(batch, self.turns(batch), strict=True):
                made = self._documents(row, turns, max_tokens, overlong, counts)
                documents += made
                counts.rows += 1
                counts.documents += len(made)
                counts.tokens += sum(map(len, made))
                counts.trained_tokens += sum(sum(document.trained) for document in made)
        return documents, counts

    def _documents(
        self, row: Row, turns: list[Tokens], max_tokens: int, overlong: str, counts: Counts
    ) -> list[Document]:
        whole = self.join([self.bos, *turns])
        if not any(whole.trained):
            counts.rows_untrained += 1
            return []
        pieces = [whole]
        if len(whole) > max_tokens:
            pieces, left_out = self._split(row, turns, max_tokens) if overlong == "split" else ([], 0)
            if not pieces:
                counts.rows_overlong += 1
                return []
            counts.rows_split += 1
            counts.exchanges_left_out += left_out
        counts.rows_encoded += 1
        counts.reasoning_left_out += sum(turn.reasoned for turn in row.turns)
        return [Document(p.ids, p.trained, row.id, row.persona, number) for number, p in enumerate(pieces)]

    def _split(self, row: Row, turns: list[Tokens], max_tokens: int) -> tuple[list[Tokens], int]:
        roles = [turn.role for turn in row.turns]
        start = next((i for i, role in enumerate(roles) if role != "system"), len(roles))
        head = self.join([self.bos, *turns[:start]])
        exchanges: list[list[Tokens]] = []
        for i in range(start, len(turns)):
            if i == start or (roles[i] != "assistant" and roles[i - 1] == "assistant"):
                exchanges.append([])
            exchanges[-1].append(turns[i])
        pieces: list[list[Tokens]] = [[]]
        left_out, room = 0, max_tokens - len(head)
        for exchange in map(self.join, exchanges):
            if len(exchange) > room:
                # What follows must not look as if it answered what came before the gap.
                left_out += 1
                pieces.append([])
            elif sum(map(len, pieces[-1])) + len(exchange) > room:
                pieces.append([exchange])
            else:
                pieces[-1].append(exchange)
        kept = []
        for piece in pieces:
            whole = self.join([head, *piece])
            if any(whole.trained):
                kept.append(whole)
            else:
                left_out += len(piece)
        return kept, left_out

    def turns(self, rows: Sequence[Row]) -> Iterator[list[Tokens]]:
        """The tokens of each turn of each row, whatever their length.

        Raises:
            ProjectError: a turn to learn that is not the assistant's, or an unknown role.
            IntegrityError: the tokenizer makes a control token from plain text.
        """
        texts = iter(self._encode_texts([turn.content for row in rows for turn in row.turns]))
        for row in rows:
            tokens = []
            for turn in row.turns:
                if turn.role not in self._around:
                    raise ProjectError("a turn has a role that no template knows", where=f"row {row.id}")
                if turn.train and turn.role != "assistant":
                    raise ProjectError(
                        "a turn is marked to be learned that is not the assistant's",
                        where=f"row {row.id}",
                        fix="turn the roles round in the mix: the voice to be learned is always the assistant",
                    )
                ids = next(texts)
                if not self._control.isdisjoint(ids):
                    raise IntegrityError("the tokenizer makes a control token from plain text", where=f"row {row.id}")
                before, after = self._around[turn.role]
                text = Tokens(array("i", ids), bytes([turn.train]) * len(ids))
                tokens.append(self.join([before, text, after if turn.train else unlearned(after)]))
            yield tokens

    def _encode_texts(self, texts: list[str]) -> list[list[int]]:
        return [found.ids for found in self._text.encode_batch_fast(texts, add_special_tokens=False)]

    def _frame(self, frame: Frame, learns: bool) -> tuple[Tokens, Tokens]:
        before = [self._token(frame.opening, 0), self._plain(frame.header)]
        after = [self._token(frame.closing, int(learns)), self._plain(frame.trailer)]
        return self.join(before), self.join(after)

    def _token(self, name: str, trained: int) -> Tokens:
        number = self.tokenizer.token_to_id(name)
        ids = array("i", [] if number is None else [number])
        return Tokens(ids, bytes([trained]) * len(ids))

    def _plain(self, text: str) -> Tokens:
        return unlearned(Tokens(array("i", self._encode_texts([text])[0]), b""))

    @staticmethod
    def join(parts: Sequence[Tokens]) -> Tokens:
        """One after the other."""
        ids = array("i")
        for part in parts:
            ids.extend(part.ids)
        return Tokens(ids, b"".join(part.trained for part in parts))


def unlearned(tokens: Tokens) -> Tokens:
    """The same tokens, read only."""
    return Tokens(tokens.ids, bytes(len(tokens.ids)))


def _without(tokenizer: Tokenizer, control: frozenset[int]) -> Tokenizer:
    from tokenizers import Tokenizer

    # Taken out of the definition rather than switched off: `encode_special_tokens` spares added tokens that a
    # finetune forgot to mark as special, which is how many ChatML bases come.
    definition = json.loads(tokenizer.to_str())
    definition["added_tokens"] = [t for t in definition["added_tokens"] if t["id"] not in control]
    definition["post_processor"] = None
    definition["truncation"] = None
    definition["padding"] = None
    return Tokenizer.from_str(json.dumps(definition))
