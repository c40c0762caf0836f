"""Adapters for answers in pairs, for judged answers and for lists of turns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from curation.pull import vocabulary as words
from curation.pull.look import Candidate, Declared, Look
from curation.pull.sample import Profile
from curation.pull.vocabulary import plain_name

ANSWERS = ("text", "turns", "turn")


def preferences(look: Look) -> tuple[list[Candidate], bool]:
    """Adapters for answers in pairs, and whether there are answers in pairs at all."""
    found: list[Candidate] = []
    columns = look.sample.columns
    pairs = [
        (name, other)
        for better, worse in words.PAIRS
        for name in columns
        if better in name.lower()
        and columns[name].kind in ANSWERS
        and (other := _counterpart(name, better, worse, columns)) is not None
        and columns[other].kind in ANSWERS
        and not re.search(r"score|rating|model|id$|source|name", plain_name(name))
    ]
    for chosen, rejected in dict.fromkeys(pairs):
        prompt, faithful = _prompt(look, chosen)
        if not faithful:
            continue
        declared: Declared = {"kind": "preference"}
        system = look.first(words.SYSTEM)
        if system:
            declared["system"] = system
        if prompt:
            declared["prompt"] = prompt
        declared |= {"chosen": chosen, "rejected": rejected, **_scores(look)}
        declared |= _pair_keys(look, chosen, rejected, prompt)
        exact = plain_name(chosen) == "chosen"
        why = f"'{chosen}' and '{rejected}' are two answers" + (f" to '{prompt}'" if prompt else ", with one beginning")
        found.append(Candidate(declared, 0.98 if exact else 0.9, why))
    rivals = _rivals(look)
    if rivals and not found:
        look.notes.append(rivals)
    if pairs and not found:
        look.notes.append(f"'{pairs[0][0]}' and '{pairs[0][1]}' are two answers, but none of the prompts fits")
    return found, bool(pairs) or rivals is not None


def _counterpart(name: str, better: str, worse: str, columns: Mapping[str, Profile]) -> str | None:
    other = re.sub(better, lambda m: _like(m[0], worse), name, flags=re.IGNORECASE)
    return other if other != name and other in columns else None


def _like(model: str, word: str) -> str:
    return word.upper() if model.isupper() else word.capitalize() if model[0].isupper() else word


def _prompt(look: Look, chosen: str) -> tuple[str | None, bool]:
    """The column of the prompt, and whether one column holds all of it."""
    instruction, more = look.first(words.INSTRUCTION), look.first(words.INPUT)
    if instruction and more:
        look.notes.append(
            f"the prompt of the pairs is split over '{instruction}' and '{more}'; a preference adapter takes one column"
        )
        return None, False
    if not (chosen.count(".")):
        names = (*words.QUESTION, *words.TURNS)
        prompt = look.first(names, ANSWERS)
        # `messages` beside whole conversations is the better one of them once more.
        if prompt and look.profile(chosen).kind == "turns" and plain_name(prompt) in words.TURNS:
            repeated = look.profile(prompt).spelled == look.profile(chosen).spelled
            return (None if repeated else prompt), True
        return prompt, True
    return look.first((*words.QUESTION, *words.TURNS), ANSWERS), True


def _scores(look: Look) -> Declared:
    for name, profile in look.sample.columns.items():
        if profile.kind == "number" and "chosen" in name.lower() and re.search("score|rating", name.lower()):
            other = _counterpart(name, "chosen", "rejected", look.sample.columns)
            if other and look.profile(other).kind == "number":
                return {"score_chosen": name, "score_rejected": other}
    return {}


def _pair_keys(look: Look, *columns: str | None) -> Declared:
    """Keys and roles of turns where the adapter's own do not suffice."""
    lists = [v for c in columns if c and look.profile(c).kind in ("turns", "turn") for v in look.profile(c).there]
    told = turn_keys([t for v in lists for t in (v if isinstance(v, list) else [v])])
    if told is None:
        return {}
    role, content, _, roles = told
    declared: Declared = {"roles": roles} if roles else {}
    if set(names_of(role)) - {"role", "from"}:
        declared["role_key"] = role
    if set(names_of(content)) - {"content", "value"}:
        declared["content_key"] = content
    return declared


def names_of(value: str | list[str]) -> list[str]:
    """One key or several, as a list."""
    return [value] if isinstance(value, str) else value


def _rivals(look: Look) -> str | None:
    """A word on several answers to one prompt: two columns named like _0 and _1 or _a and _b, or a list with scores."""
    columns = look.sample.columns
    for one, other in words.SIDES:
        for name, profile in columns.items():
            base, mark = name[: -len(one)], name[-len(one) :]
            if mark.lower() != one or not base or profile.kind not in (*ANSWERS, "texts", "object"):
                continue
            second = base + (other.upper() if mark.isupper() else other)
            if second in columns and (base[-1] in "_-. " or one.isdigit()) and plain_name(base) in words.ANSWER_BASES:
                return (
                    f"'{name}' and '{second}' look like two answers to one prompt, and their names do not say which "
                    "is better"
                )
    several = look.first(words.SEVERAL, ("texts", "list", "turns"))
    judged = next(
        (n for n, p in columns.items() if words.JUDGEMENT.search(plain_name(n)) and p.kind in ("texts", "list")), None
    )
    return (
        f"'{several}' holds several answers and '{judged}' judges them: no one adapter" if judged and several else None
    )


def turns(look: Look) -> list[Candidate]:
    """Adapters for columns with lists of turns."""
    found = []
    for name, profile in look.sample.columns.items():
        if profile.kind != "turns":
            continue
        told = turn_keys([turn for value in profile.there if isinstance(value, list) for turn in value])
        if told is None:
            look.notes.append(f"'{name}' holds lists that look like turns, but not who speaks in them")
            continue
        role, content, reasoning, roles = told
        declared: Declared = {"kind": "turns", "field": name, "role_key": role, "content_key": content}
        if reasoning:
            declared["reasoning_key"] = reasoning
        if roles:
            declared["roles"] = roles
        system = look.first(words.SYSTEM, but=(name,))
        if system:
            declared["system"] = system
        column = None if reasoning else look.first(words.REASONING)
        if column and "." not in column:
            declared["reasoning"] = column
        usual = plain_name(name) in words.TURNS
        why = f"'{name}' holds lists of turns with {' or '.join(names_of(role))} and {' or '.join(names_of(content))}"
        found.append(Candidate(declared, 0.95 if usual else 0.85, why, tuple(_about_turns(profile))))
    return found


def turn_keys(
    turns: Sequence[Mapping[str, Any]],
) -> tuple[str | list[str], str | list[str], str | None, dict[str, list[str]]] | None:
    """The keys of role, text and reasoning, and the role names that have to be declared; None where no role is known.

    A key that fills in where the first one is null, or that is null so far, is asked for as well.
    """
    role = _keys(turns, words.ROLE_KEYS, lambda v: isinstance(v, str) and words.known_role(v) is not None)
    content = _keys(turns, words.CONTENT_KEYS, lambda v: isinstance(v, (str, list)) and bool(v))
    if not role or not content:
        return None
    said = {str(turn[key]) for key in role for turn in turns if turn.get(key)}
    roles: dict[str, list[str]] = {}
    for name in sorted(said):
        meaning = words.known_role(name)
        if meaning and words.needs_saying(name):
            roles.setdefault(meaning, []).append(name)
    reasoning = next(
        (key for turn in turns for key in turn if plain_name(key) in words.REASONING and isinstance(turn[key], str)),
        None,
    )
    return _one(role), _one(content), reasoning, roles


def _keys(turns: Sequence[Mapping[str, Any]], known: Sequence[str], fits: Callable[[Any], bool]) -> list[str]:
    counts = {key: sum(fits(turn.get(key)) for turn in turns) for key in known}
    best = max(counts, key=lambda key: counts[key])
    if not counts[best]:
        return []
    more = [
        key
        for key in known
        if key != best
        and any(key in turn for turn in turns)
        and all(turn.get(key) is None or turn.get(best) is None for turn in turns)
    ]
    return [best, *more]


def _one(keys: list[str]) -> str | list[str]:
    return keys[0] if len(keys) == 1 else keys


def _about_turns(profile: Profile) -> Iterable[str]:
    lists = [v for v in profile.values if isinstance(v, list)]
    longest = max((len(v) for v in lists), default=0)
    if longest > 200:
        yield f"the longest of these conversations has {longest} turns"
    grown = sum(len(a) < len(b) and b[: len(a)] == a for a, b in pairwise(lists))
    if grown > 0.2 * len(lists):
        yield f"{grown} rows repeat the row before and go on: the same turns come several times"


def unpaired(look: Look, talks: Sequence[Candidate]) -> list[Candidate]:
    """Adapters for answers that are each judged good or bad."""
    for label in look.all(words.LABEL, ("bool", "number", "text")):
        told = _judgement(look.profile(label))
        if told is None:
            continue
        declared: Declared = {"kind": "unpaired", "label": label, **told}
        warnings = [f"make sure that in '{label}' {_spoken_label(look.profile(label))} means a good answer"]
        if look.profile(label).distinct == 1:
            warnings.append(f"'{label}' says the same in every sampled row")
        answer = look.first(words.ANSWER, ANSWERS)
        prompt = look.first((*words.QUESTION, *words.TURNS), ANSWERS, but=(answer or "",))
        if answer and prompt:
            declared |= {"prompt": prompt, "answer": answer, **_pair_keys(look, answer, prompt)}
        elif talks:
            field_ = talks[0].declared["field"]
            declared |= {"answer": field_, **_pair_keys(look, field_)}
        else:
            continue
        if system := look.first(words.SYSTEM):
            declared["system"] = system
        why = f"'{label}' judges each '{declared['answer']}' by one of two words"
        return [Candidate(declared, 0.95, why, tuple(warnings))]
    return []


def _judgement(profile: Profile) -> Declared | None:
    """Declared labels beyond those every unpaired adapter reads; None where this is no judgement."""
    values = Counter(str(v).strip().lower() for v in profile.there)
    known = {v.replace(" ", "").replace("_", "").replace("-", "") if v != "-1" else v: v for v in values}
    if not known or len(known) > 2 or profile.filled < 0.9 or not set(known) <= {*words.GOOD, *words.BAD}:
        return None
    more: Declared = {}
    for side, table in (("good", words.GOOD), ("bad", words.BAD)):
        own = sorted(spelled for plain, spelled in known.items() if plain in table)
        if len(own) > 1:
            return None
        if own and own[0] not in words.READABLE_LABELS:
            more[side] = own
    return more


def _spoken_label(profile: Profile) -> str:
    good = sorted({str(v) for v in profile.there if str(v).strip().lower().replace("_", "") in words.GOOD})
    return repr(good[0]) if good else "the word that is not there"
