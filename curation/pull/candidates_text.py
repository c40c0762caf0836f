"""Adapters for columns of plain text: a question and its answer, one utterance a row, a text with markers."""

from __future__ import annotations

import re
from collections import Counter

from curation.pull import vocabulary as words
from curation.pull.look import MARKED, Candidate, Declared, Look
from curation.pull.sample import Profile
from curation.pull.vocabulary import plain_name

_QUESTION_MARK = re.compile(r"[?？]\s*$|[?？]\s+\S")
_MARKERS = {
    "chatml": (re.compile(r"<\|im_start\|>\s*user"), re.compile(r"<\|im_start\|>\s*assistant")),
    "llama2": (re.compile(r"\[INST\]"), re.compile(r"\[/INST\]")),
    "alpaca_sections": (
        re.compile(r"###\s*(?:instruction|input|human|user|question)\s*:", re.IGNORECASE),
        re.compile(r"###\s*(?:response|output|assistant|answer)\s*:", re.IGNORECASE),
    ),
    "human_assistant": (
        re.compile(r"(?m)(?:^|\s)<?(?:human|user)>?\s*:", re.IGNORECASE),
        re.compile(r"(?m)(?:^|\s)<?assistant>?\s*:", re.IGNORECASE),
    ),
}
_SECTION = re.compile(r"###\s*([A-Za-z]+)\s*:")
_SECTION_ROLES = {
    "system": "system", "context": "system", "instruction": "user", "input": "user", "human": "user", "user": "user",
    "question": "user", "response": "assistant", "output": "assistant", "assistant": "assistant", "answer": "assistant",
}  # fmt: skip
_SPEAKER = re.compile(r"(?m)^[ \t]*([A-Za-z][A-Za-z _-]{0,24}?)[ \t]*:")


def questions(look: Look) -> list[Candidate]:
    """Adapters for a column that asks and one that answers."""
    if several := look.first(words.SEVERAL, ("texts", "list", "object")):
        look.notes.append(f"'{several}' holds several answers or choices a row: a test, or answers not judged yet")
        return []
    found = []
    answers = [n for n in look.all(words.ANSWER) if _is_speech(look, n)]
    for answer in _unlike(look, answers):
        told = _asked(look, answer)
        if told is None:
            continue
        declared, score, why, warnings = told
        reasoning = next((n for n in look.all(words.REASONING) if n != answer), None)
        if reasoning:
            declared["reasoning"] = reasoning
        history = look.first(("history",), ("pairs",))
        if history:
            declared["history"] = history
        found.append(Candidate(declared, score, why, tuple(warnings)))
    return found or _by_question_marks(look)


def _unlike(look: Look, names: list[str]) -> list[str]:
    """Without whole-column repetitions of an earlier one."""
    seen: list[list[str]] = []
    kept = []
    for name in names:
        if look.profile(name).spelled not in seen:
            seen.append(look.profile(name).spelled)
            kept.append(name)
    return kept


def _is_speech(look: Look, name: str) -> bool:
    """Is this an answer in words, and no class from a short list?"""
    profile = look.profile(name)
    if plain_name(name) in words.SPOKEN:
        return True
    few = len(profile.there) >= 50 and profile.distinct <= max(3, len(profile.there) // 20) and profile.length < 24
    if few:
        look.notes.append(f"'{name}' takes only {profile.distinct} short values: labels rather than answers")
    return not few


def _asked(look: Look, answer: str) -> tuple[Declared, float, str, list[str]] | None:
    asking = look.all(words.QUESTION, but=(answer,))
    title = look.first(words.TITLE)
    warnings: list[str] = []
    if marked := next((n for n in (*asking[:1], answer) if look.profile(n).share(MARKED) > 0.5), None):
        look.notes.append(f"'{marked}' holds a text with markers of speakers: as a plain question it would keep them")
        return None
    instruction = look.first(words.INSTRUCTION, but=(answer,))
    more = next((n for n in look.all(words.INPUT, but=(answer, instruction or "")) if n in asking), None)
    declared: Declared = {"kind": "qa"}
    if system := look.first(words.SYSTEM):
        declared["system"] = system
    if instruction and more:
        return _instructed(look, instruction, more, answer, declared, warnings)
    question = asking[0] if asking else None
    # Alone, a context is what was asked; beside a question it is what the question is about.
    about = look.first(("context",), but=(question or "", answer))
    body = question or (look.first(words.BODY, but=(answer, title or "")) if title else None)
    if title and body and title != body:
        starts = sum(
            isinstance(a, str) and isinstance(b, str) and b.strip().startswith(a.strip())
            for a, b in zip(look.profile(title).values, look.profile(body).values, strict=True)
        )
        if starts > 0.8 * look.sample.rows:
            warnings.append(f"'{title}' is the beginning of '{body}' and is not read again")
            user: str | list[str] = body
        else:
            user = [title, body]
            warnings.append(f"the question is split over '{title}' and '{body}'; both are read")
    elif about and body:
        user = [about, body]
        warnings.append(f"'{about}' stands before '{body}' as part of the question; as `system` it would be a setting")
    elif body or title:
        user = str(body or title)
    else:
        return None
    declared |= {"user": user, "assistant": answer}
    score = 0.85 if plain_name(answer) not in ("a", "target") else 0.7
    return declared, score, f"'{answer}' answers {_list(user)}", warnings


def _instructed(
    look: Look, instruction: str, more: str, answer: str, declared: Declared, warnings: list[str]
) -> tuple[Declared, float, str, list[str]]:
    first, second = look.profile(instruction), look.profile(more)
    if len(first.there) >= 5 and first.distinct <= max(1, len(first.there) // 50) and second.filled > 0.9:
        said = "one sentence" if first.distinct == 1 else f"{first.distinct} sentences"
        warnings.append(f"'{instruction}' is {said} for all rows: read as a system prompt")
        system = [declared["system"], instruction] if "system" in declared else instruction
        declared |= {"system": system, "user": more, "assistant": answer}
    else:
        if first.distinct == 1:
            warnings.append(f"'{instruction}' may be the same in all rows; then it is a system prompt")
        declared |= {"user": [instruction, more], "assistant": answer}
    why = f"'{instruction}', '{more}' and '{answer}' are an instruction, its input and the answer"
    return declared, 0.9, why, warnings


def _by_question_marks(look: Look) -> list[Candidate]:
    """Two text columns of unusual names, of which one asks."""
    texts = [n for n in look.sample.top if look.profile(n).kind == "text" and look.profile(n).length >= 15]
    if len(texts) != 2 or look.sample.rows < 10:
        return []
    known = {*words.TITLE, *words.BODY, *words.ANSWER, *words.LABEL, *words.QUESTION} - {"question"}
    ask, answer = sorted(texts, key=lambda n: -look.profile(n).share(_QUESTION_MARK))
    first, second = look.profile(ask), look.profile(answer)
    if {plain_name(ask), plain_name(answer)} & known or not _is_speech(look, answer):
        return []
    asks = first.share(_QUESTION_MARK) >= 0.7 and second.share(_QUESTION_MARK) <= 0.2
    if not asks or second.distinct < 0.5 * len(second.there):
        return []
    why = f"most values of '{ask}' ask something and those of '{answer}' do not; their names say nothing"
    return [Candidate({"kind": "qa", "user": ask, "assistant": answer}, 0.4, why, ("guessed from question marks",))]


def _list(names: str | list[str]) -> str:
    return " and ".join(f"'{n}'" for n in ([names] if isinstance(names, str) else names))


def rows(look: Look) -> list[Candidate]:
    """An adapter for one utterance a row."""
    scalars = ("text", "number", "mixed")
    talk = next((n for n in look.all(words.CONVERSATION_ID, scalars) if _repeats(look.profile(n))), None)
    speaker = look.first(words.SPEAKER, ("text", "number"), but=(talk or "",))
    said = look.first(words.UTTERANCE, but=(talk or "", speaker or ""))
    if not (talk and speaker and said):
        return []
    names = Counter(str(v) for v in look.profile(speaker).there)
    unknown = [n for n in names if words.known_role(n) is None]
    if unknown:
        shown = ", ".join(sorted(unknown)[:6]) if len(names) <= 12 else f"{len(names)} different names"
        look.notes.append(
            f"'{said}' holds one utterance a row, but who of '{speaker}' ({shown}) answers whom has to be declared "
            "in `roles`"
        )
        return []
    declared: Declared = {"kind": "rows", "group_by": talk}
    order = look.first(words.ORDER, ("number", "text"), but=(talk, speaker, said))
    warnings = []
    if order:
        declared["order_by"] = order
    else:
        warnings.append("no column gives the order of the utterances: they are taken as they lie")
    declared |= {"role": speaker, "content": said}
    roles: dict[str, list[str]] = {}
    for name in sorted(names):
        if words.needs_saying(name):
            roles.setdefault(str(words.known_role(name)), []).append(name)
    if roles:
        declared["roles"] = roles
    declared |= _distinct(look, talk, order, speaker, said, warnings)
    return [Candidate(declared, 0.9, f"each row is one utterance of a '{talk}', said by '{speaker}'", tuple(warnings))]


def _repeats(profile: Profile) -> bool:
    return profile.distinct < len(profile.there)


def _distinct(look: Look, talk: str, order: str | None, speaker: str, said: str, warnings: list[str]) -> Declared:
    """`distinct` where utterances come several times, for instance once for each annotation."""
    if order is None:
        return {}
    places: dict[tuple[str, str], set[tuple[str, str]]] = {}
    columns = [look.profile(n).values for n in (talk, order, speaker, said)]
    for one, two, who, what in zip(*columns, strict=True):
        places.setdefault((str(one), str(two)), set()).add((str(who), str(what)))
    again = look.sample.rows - len(places)
    if not again:
        return {}
    if any(len(texts) > 1 for texts in places.values()):
        warnings.append(f"'{order}' does not tell all utterances of a conversation apart; their order is not sure")
        return {}
    warnings.append(f"{again} rows repeat an utterance (one for each annotation?): `distinct` takes it once")
    return {"distinct": [talk, order]}


def texts(look: Look) -> list[Candidate]:
    """Adapters for a text with markers; a note where there is only plain text."""
    found = []
    plain = None
    for name in look.sample.top:
        profile = look.profile(name)
        if profile.kind != "text" or profile.length < 10:
            continue
        told = _marked(profile)
        if told:
            found.append(told)
        elif profile.length > 40:
            plain = plain or name
    if plain and not found:
        look.notes.append(
            f"'{plain}' is plain text without speakers; as kind `document` it needs a request (`user_text`) of your own"
        )
    return found


def _marked(profile: Profile) -> Candidate | None:
    for markers, (asked, answered) in _MARKERS.items():
        share = min(profile.share(asked), profile.share(answered))
        if share <= 0.8:
            continue
        declared: Declared = {"kind": "text", "field": profile.name, "markers": markers}
        warnings: list[str] = []
        if markers == "alpaca_sections":
            names = Counter(n.lower() for v in profile.there for n in dict.fromkeys(_SECTION.findall(v)))
            frequent = [n for n, count in names.items() if count > 0.05 * len(profile.there)]
            declared["sections"] = {n: _SECTION_ROLES[n] for n in frequent if n in _SECTION_ROLES}
            if odd := sorted(set(frequent) - set(_SECTION_ROLES)):
                warnings.append(f"sections without a known role: {', '.join(odd[:6])}")
            before = [v.partition("###")[0].strip() for v in profile.there]
            if sum(map(bool, before)) > 0.05 * len(before):
                few = len(set(before)) <= max(3, len(before) // 20)
                declared["preamble"] = "system" if few else "drop"
                warnings.append(f"text stands before the first section; `preamble: {declared['preamble']}`")
        why = f"{share:.0%} of '{profile.name}' holds the markers {markers}"
        return Candidate(declared, 0.9 * share, why, tuple(warnings))
    return _own_markers(profile)


def _own_markers(profile: Profile) -> Candidate | None:
    """Lines that begin with a speaker's name and a colon."""
    spoken = [{n.lower(): n for n in _SPEAKER.findall(v) if words.known_role(n)} for v in profile.there]
    roles = {low: str(words.known_role(low)) for names in spoken for low in names}
    both = sum({"user", "assistant"} <= {roles[low] for low in names} for names in spoken)
    if both <= 0.8 * len(spoken):
        return None
    declared: Declared = {
        "kind": "text",
        "field": profile.name,
        "markers": "human_assistant",
        "sections": dict(sorted(roles.items())),
    }
    why = f"lines of '{profile.name}' begin with {', '.join(sorted(roles))} and a colon"
    return Candidate(declared, 0.8 * both / len(spoken), why)
