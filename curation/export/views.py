"""A record as the model that learns from it will see it: whose turns are trained, and whose roles are turned round.

In every view a conversation is an optional system turn, then `user` and `assistant` in strict turn, beginning with
`user` and ending with `assistant`. The trained voice always speaks as `assistant`:

- `assistant`, `neutral`: roles stay. A record's own system turn stays; the persona's is set where there is none.
- `client`: user and assistant change places, and the persona's system prompt takes the place of the record's own,
  which was written for the other side.
- Where the trained voice speaks first, the persona's `opening` is put before it as an untrained `user` turn; without
  an opening the first turn is left out. A last turn of the other side is left out: nothing is learnt from it.
- Of a preference record only the answer is trained. Its answer is the voice it teaches, so for a client the roles
  are turned round where the source has the answer said by `user`, and stay where it is said by `assistant`.

All of it is index arithmetic over the flattened turns; no row is touched in Python but for its system prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import PERSONAS, ROLES, TURNS
from curation.export.count import Counter
from curation.export.recipe import META, MixRecipe, Persona
from curation.export.tags import emotion_labels, system_prompt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SYSTEM, USER, ASSISTANT, TOOL = (ROLES.index(role) for role in ("system", "user", "assistant", "tool"))

MESSAGE = pa.struct(
    [("role", pa.string()), ("content", pa.string()), ("reasoning", pa.string()), ("train", pa.bool_())]
)
SAID = pa.struct([("role", pa.string()), ("content", pa.string())])

COLUMNS = ("kind", "persona", "language", "messages", "chosen", "rejected", "emotion")
"""The columns of a view of a source that a view of a record is made of."""

REASONS = ("tool_turn", "not_alternating", "answer_not_one_turn", "equal_answers", "empty_turn", "no_trained_turn")
"""Why a record cannot be shown, in the order in which it is asked."""


@dataclass(frozen=True)
class Shape:
    """Which turns of each of n records are shown, and how. Index arrays point into the flattened turns.

    Attributes:
        flat: all messages, then all chosen turns: role codes, contents and reasonings.
        index: int64 (t,), the place in `flat` of each turn, record by record.
        row: int64 (t,), its record.
        place: int64 (t,), its place in its record.
        code: int64 (t,), its role code after roles are turned round.
        low, high: int64 (n,), the turns shown: from low up to, not including, high.
        own_system, opening: bool (n,), keep the record's system turn; put the persona's opening first.
        trained: bool (t,), shown and trained.
        reason: int64 (n,), place in `REASONS` of why the record cannot be shown, -1 where it can.
    """

    flat: _Flat
    index: Ints
    row: Ints
    place: Ints
    code: Ints
    low: Ints
    high: Ints
    own_system: Flags
    opening: Flags
    trained: Flags
    reason: Ints

    @property
    def turns(self) -> Ints:
        """How many turns each of n records shows, the system turn not counted."""
        return np.asarray(np.maximum(self.high - self.low, 0) + self.opening, np.int64)

    @property
    def reasoned(self) -> Flags:
        """Say for each of n records: has a trained turn reasoning?"""
        return _any(self.trained & self.flat.reasoned[self.index], self.row, len(self.reason))


@dataclass(frozen=True)
class _Flat:
    code: Ints
    content: pa.Array
    reasoning: pa.Array
    empty: Flags
    reasoned: Flags


def shape(table: pa.Table, recipe: MixRecipe) -> Shape:
    """Find out what each record of a table becomes under a recipe, without making it."""
    size = len(table)
    pair = pc.equal(table.column("kind"), "preference").to_numpy()
    persona = _personas(table)
    said, chosen = _lists(table, "messages"), _lists(table, "chosen")
    flat, said_length, chosen_length = _flatten(said, chosen)
    taken = np.where(pair, chosen_length, 0)
    length = said_length + taken
    start = _starts(length)
    row = np.repeat(np.arange(size), length)
    place = np.arange(len(row)) - start[row]
    from_said = place < said_length[row]
    base = np.where(from_said, _starts(said_length)[row], _starts(chosen_length)[row] + int(said_length.sum()))
    index = base + np.where(from_said, place, place - said_length[row])
    original = flat.code[index]

    answer = (
        np.where(taken > 0, original[np.clip(start + said_length, 0, max(len(row) - 1, 0))], -1)
        if len(row)
        else np.full(size, -1)
    )
    turned = (persona == PERSONAS.index("client")) & (~pair | (answer == USER))
    spoken = (original == USER) | (original == ASSISTANT)
    code = np.where(turned[row] & spoken, USER + ASSISTANT - original, original)

    has_system = _at(code, start, length > 0) == SYSTEM
    body = has_system.astype(np.int64)
    in_body = place >= body[row]
    before = np.concatenate(([-1], code[:-1])) if len(code) else code
    unordered = in_body & (~spoken | ((place > body[row]) & (code == before)))

    first, last = _at(code, start + body, length > body), _at(code, start + length - 1, length > body)
    has_opening = np.array([_persona(recipe, name).opening is not None for name in PERSONAS])[persona]
    opening = (first == ASSISTANT) & has_opening
    low = body + ((first == ASSISTANT) & ~has_opening)
    high = length - (last == USER)
    shown = (place >= low[row]) & (place < high[row])
    trained = shown & (code == ASSISTANT) & (~pair[row] | (place == length[row] - 1))

    answers = pair & (taken != 1)
    equal = np.zeros(size, np.bool_)
    if recipe.task == "dpo":
        loser_length, loser_code, loser = _answers(_lists(table, "rejected"))
        answers |= pair & ((loser_length != 1) | (loser_code != answer))
        equal = (
            pair & ~answers & (pc.fill_null(pc.equal(loser, _answers(chosen)[2]), False).to_numpy(zero_copy_only=False))
        )
    empty = _any(shown & flat.empty[index], row, size)
    silent = ~_any(trained, row, size) | (pair & (high - low + opening < 2))
    tool, unordered = (_any(in_body & flags, row, size) for flags in (original == TOOL, unordered))
    reason = np.select((tool, unordered, answers, equal, empty, silent), range(len(REASONS)), -1)
    keep_system = has_system & (persona != PERSONAS.index("client"))
    return Shape(flat, index, row, place, code, low, high, keep_system, opening, trained, reason)


def render(table: pa.Table, recipe: MixRecipe) -> pa.Table:
    """Make the views of records that `shape` finds no fault with.

    Args:
        table: n records with the columns `COLUMNS`, as far as they exist.
        recipe: the task and the personas.

    Returns:
        n rows: for sft `messages` (list of `MESSAGE`), for dpo `prompt`, `chosen`, `rejected` (lists of `SAID`); then
        `persona`, `language`, `n_turns` and, where the source is tagged, `emotion` (list of labels).
    """
    found = shape(table, recipe)
    size = len(table)
    emotions = _emotions(table, found)
    own, prompt = _system_prompts(table, recipe, found, emotions)
    extras, system_at, opening_at = _extras(prompt, table, recipe, found)
    with_system = (own | (system_at >= 0)).astype(np.int64)
    lead = with_system + found.opening
    shown_turns = found.high - found.low
    length = lead + shown_turns
    start = _starts(length)
    pool = len(found.flat.code)
    at = np.zeros(int(length.sum()), np.int64)
    code = np.full(len(at), SYSTEM, np.int64)
    trained = np.zeros(len(at), np.bool_)

    rows = np.flatnonzero(with_system)
    at[start[rows]] = np.where(own[rows], _first(found)[rows], pool + system_at[rows])
    rows = np.flatnonzero(found.opening)
    at[start[rows] + with_system[rows]] = pool + opening_at[rows]
    code[start[rows] + with_system[rows]] = USER
    shown = (found.place >= found.low[found.row]) & (found.place < found.high[found.row])
    target = (start + lead - found.low)[found.row[shown]] + found.place[shown]
    at[target], code[target], trained[target] = found.index[shown], found.code[shown], found.trained[shown]

    content = pa.concat_arrays([found.flat.content, extras]).take(pa.array(at))
    role = pa.array(ROLES, pa.string()).take(pa.array(code))
    columns: dict[str, Any] = {}
    if recipe.task == "sft":
        thought = pa.concat_arrays([found.flat.reasoning, pa.nulls(len(extras), pa.string())]).take(pa.array(at))
        thought = pc.if_else(pa.array(trained), thought, pa.scalar(None, pa.string()))
        columns["messages"] = _list(length, [role, content, thought, pa.array(trained)], MESSAGE)
    else:
        ends = np.zeros(len(at), np.bool_)
        ends[start + length - 1] = True
        rest, answer = pa.array(~ends), pa.array(ends)
        columns["prompt"] = _list(length - 1, [role.filter(rest), content.filter(rest)], SAID)
        ones = np.ones(size, np.int64)
        voice = role.filter(answer)
        columns["chosen"] = _list(ones, [voice, content.filter(answer)], SAID)
        columns["rejected"] = _list(ones, [voice, _answers(_lists(table, "rejected"))[2]], SAID)
    columns["persona"] = table.column("persona")
    columns["language"] = _text(table, "language")
    columns["n_turns"] = pa.array(found.turns, pa.int32())
    if emotions is not None:
        columns["emotion"] = pa.array(emotions, pa.list_(pa.string()))
    return pa.table(columns)


def measure(
    table: pa.Table, recipe: MixRecipe, found: Shape, counts: Mapping[str, Ints], counter: Counter
) -> tuple[Ints, Ints]:
    """The tokens of each of n views, and of these the ones that are learned; without making the views.

    Args:
        table: the records.
        recipe: the task and the personas.
        found: what `shape` says of them.
        counts: the tokens of every turn, by column, one after another.
        counter: counts what stands in no record, and knows what a template adds.
    """
    size, frame = len(table), counter.frame
    around = np.array(frame.around)
    flat = np.concatenate([counts.get(name, np.zeros(0, np.int64)) for name in ("messages", "chosen")])
    own, prompts = _system_prompts(table, recipe, found, _emotions(table, found))
    known = {text: n for n, text in enumerate(dict.fromkeys([p for p in prompts if p is not None]))}
    spoken = counter.texts(pa.array(list(known), pa.string())) + around[SYSTEM]
    total = np.array([0 if p is None else spoken[known[p]] for p in prompts], np.int64) + frame.begin
    total += np.where(own, _at(flat, _first(found), own) + around[SYSTEM], 0)
    openings = pa.array([_persona(recipe, name).opening for name in PERSONAS], pa.string())
    total += np.where(found.opening, (counter.texts(openings) + around[USER])[_personas(table)], 0)
    of_turn = flat[found.index] + around[found.code]
    shown = (found.place >= found.low[found.row]) & (found.place < found.high[found.row])
    total += _sum(of_turn[shown], found.row[shown], size)
    learned = _sum((flat[found.index] + frame.stop)[found.trained], found.row[found.trained], size)
    if recipe.task == "dpo" and "rejected" in counts:
        lists = _lists(table, "rejected")
        length = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        worse = _sum(counts["rejected"], np.repeat(np.arange(size), length), size)
        total += np.where(length > 0, worse + around[ASSISTANT], 0)
        learned += np.where(length > 0, worse + frame.stop, 0)
    return total, learned


def _sum(values: Ints, row: Ints, size: int) -> Ints:
    return np.bincount(row, weights=values, minlength=size).astype(np.int64)


def _emotions(table: pa.Table, found: Shape) -> list[list[str]] | None:
    """What the person who seeks help (`user` in the record) feels; None where the source is not tagged."""
    if "emotion" not in table.column_names:
        return None
    lengths = pc.fill_null(pc.list_value_length(_lists(table, "messages")), 0).to_numpy(zero_copy_only=False)
    of_person = found.flat.code[: int(lengths.sum())] == USER
    return emotion_labels(_lists(table, "emotion"), lengths.astype(np.int64), of_person)


def _system_prompts(
    table: pa.Table, recipe: MixRecipe, found: Shape, emotions: list[list[str]] | None
) -> tuple[Flags, list[str | None]]:
    """Which records keep their own system turn, and the persona's prompt of the others."""
    size = len(table)
    languages = _text(table, "language").to_pylist()
    kept: list[dict[str, str]] = [{}] * size
    alike = [""] * size
    if recipe.tells(META) and "meta" in table.column_names:
        kept = [{pair["key"]: pair["value"] for pair in row or ()} for row in table.column("meta").to_pylist()]
        alike = list(map(str, kept))
    made: dict[tuple[str, str | None, tuple[str, ...], str], str | None] = {}
    prompts: list[str | None] = []
    for row, (name, keeps) in enumerate(zip(table.column("persona").to_pylist(), found.own_system, strict=True)):
        if keeps:
            prompts.append(None)
            continue
        said = (name, languages[row], tuple(emotions[row]) if emotions else (), alike[row])
        if said not in made:
            made[said] = system_prompt(_persona(recipe, name), said[1], said[2], kept[row])
        prompts.append(made[said])
    return found.own_system, prompts


def _extras(prompts: list[str | None], table: pa.Table, recipe: MixRecipe, found: Shape) -> tuple[pa.Array, Ints, Ints]:
    """The texts that stand in no record, and for each row the place in them of its system prompt and opening."""
    known: dict[str | None, int] = {None: -1}
    for text in (*prompts, *(p.opening for p in recipe.personas.values())):
        known.setdefault(text, len(known) - 1)
    system_at = np.array([known[text] for text in prompts], np.int64)
    by_persona = np.array([known[_persona(recipe, name).opening] for name in PERSONAS], np.int64)
    return pa.array([t for t in known if t is not None], pa.string()), system_at, by_persona[_personas(table)]


def _persona(recipe: MixRecipe, name: str) -> Persona:
    return recipe.personas.get(name, Persona())


def _personas(table: pa.Table) -> Ints:
    return np.asarray(pc.index_in(table.column("persona"), value_set=pa.array(PERSONAS)).to_numpy(), np.int64)


def _lists(table: pa.Table, name: str) -> pa.ListArray:
    if name not in table.column_names:
        return pa.nulls(len(table), TURNS)
    column = table.column(name)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)


def _text(table: pa.Table, name: str) -> pa.ChunkedArray | pa.Array:
    return table.column(name) if name in table.column_names else pa.nulls(len(table), pa.string())


def _flatten(said: pa.ListArray, chosen: pa.ListArray) -> tuple[_Flat, Ints, Ints]:
    parts = [array.flatten() for array in (said, chosen)]
    role, content, reasoning = (
        pa.concat_arrays([pc.struct_field(p, name) for p in parts]) for name in ("role", "content", "reasoning")
    )
    lengths = [
        pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        for array in (said, chosen)
    ]
    code = pc.fill_null(pc.index_in(role, value_set=pa.array(ROLES)), -1).to_numpy(zero_copy_only=False)
    empty, unreasoned = (
        pc.fill_null(pc.equal(pc.binary_length(texts), 0), True).to_numpy(zero_copy_only=False)
        for texts in (content, reasoning)
    )
    return _Flat(code.astype(np.int64), content, reasoning, empty, ~unreasoned), lengths[0], lengths[1]


def _answers(lists: pa.ListArray) -> tuple[Ints, Ints, pa.Array]:
    """Of each list its length, and the role code and text of its first turn."""
    length = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    turns = lists.flatten()
    first = pa.array(np.where(length > 0, _starts(length), -1))
    first = pc.if_else(pc.less(first, 0), pa.scalar(None, pa.int64()), first)
    role = pc.struct_field(turns, "role").take(first)
    code = pc.fill_null(pc.index_in(role, value_set=pa.array(ROLES)), -1).to_numpy(zero_copy_only=False)
    return length, code.astype(np.int64), pc.struct_field(turns, "content").take(first)


def _list(lengths: Ints, fields: list[pa.Array], kind: pa.StructType) -> pa.ListArray:
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    values = pa.StructArray.from_arrays(
        [f.combine_chunks() if isinstance(f, pa.ChunkedArray) else f for f in fields], fields=list(kind)
    )
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _starts(lengths: Ints) -> Ints:
    return np.cumsum(lengths) - lengths


def _first(found: Shape) -> Ints:
    """The place in `flat` of each record's first turn; of a record without turns, any."""
    length = np.bincount(found.row, minlength=len(found.reason))
    if not len(found.index):
        return np.zeros(len(length), np.int64)
    return found.index[np.clip(_starts(length), 0, max(len(found.index) - 1, 0))]


def _at(values: Ints, places: Ints, exists: Flags) -> Ints:
    """`values[places]`, and -1 where there is none."""
    if not len(values):
        return np.full(len(places), -1)
    return np.where(exists, values[np.clip(places, 0, len(values) - 1)], -1)


def _any(flags: Flags, row: Ints, size: int) -> Flags:
    return np.bincount(row[flags], minlength=size).astype(np.bool_)
