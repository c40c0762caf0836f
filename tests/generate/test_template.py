"""Templated dialogues and the state machine behind them: gates, policy, and the same bytes for the same seed."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from curation.generate.make import row
from curation.generate.mind import PATIENCE, WALL, Mind
from curation.generate.moves import MOVES, heard
from curation.generate.scenario import load
from curation.generate.simulate import Choice, TemplateSimulator, fill
from curation.generate.template import MANNERS, dialogue
from tests.generate.conftest import SCENARIOS

SHIPPED = load(SCENARIOS)
each = pytest.mark.parametrize("scenario", SHIPPED.values(), ids=list(SHIPPED))


@each
def test_what_is_told_was_earned(scenario):
    for variation in range(1, 9):
        check_gates(scenario, variation, dialogue(scenario, seed=17, variation=variation))


def check_gates(scenario, variation, turns):
    steps = iter(scenario.steps)
    trust, heard_since = scenario.trust.start, set()
    for said, answer in zip(turns[2::2], turns[3::2], strict=True):
        effect = scenario.trust.of(said.move)
        trust = max(0, min(10, trust + effect))
        heard_since.add(said.move)
        if answer.told:
            step = next(steps)
            assert answer.told == step.id  # in order, none left out
            assert trust >= step.needs.trust and effect >= 0
            assert not step.needs.after or heard_since & set(step.needs.after)
            assert answer.content in [fill(x, Choice(17, scenario.id, variation).details(scenario)) for x in step.opens]
            heard_since = set()


@each
def test_a_dialogue_keeps_to_its_policy_and_reads_like_one(scenario):
    for variation in range(1, 9):
        check_shape(scenario, dialogue(scenario, seed=17, variation=variation))


def check_shape(scenario, turns):
    assert scenario.turns.least <= len(turns) <= scenario.turns.most
    assert [t.role for t in turns] == ["assistant", "user"] * (len(turns) // 2)
    assert all((t.move in MOVES) == (t.role == "assistant") for t in turns)
    assert all((t.resistance in range(1, 6)) == (t.role == "user") for t in turns)
    assert not [t for t in turns if "{" in t.content]
    assert all(a.content != b.content for a, b in pairwise(turns[1::2]))  # nobody says one thing twice running
    said = [t.content for t in turns if t.role == "assistant"]
    assert len(set(said)) == len(said)
    missed = len(scenario.steps) - sum(t.told is not None for t in turns)
    closing = scenario.closing.early if missed else scenario.closing.therapist
    assert turns[-2].content in (closing, *closing)


def test_variations_are_different_dialogues_and_seeds_are_different_sets():
    for scenario in SHIPPED.values():
        made = [dialogue(scenario, seed=17, variation=v) for v in range(1, 5)]
        assert len({tuple(t.content for t in turns) for turns in made}) == 4
    first, second = (b"".join(row(s, 1, n, dialogue(s, seed=n, variation=1)) for s in SHIPPED.values()) for n in (1, 2))
    assert first != second


def test_the_same_bytes_in_another_process_with_another_hash_seed():
    program = (
        "import sys; from pathlib import Path; from curation.generate.make import row\n"
        "from curation.generate.scenario import load; from curation.generate.template import dialogue\n"
        f"found = load(Path({str(SCENARIOS)!r}))\n"
        "for s in sorted(found.values(), key=lambda s: hash(s.id)) if sys.argv[1:] else found.values():\n"
        "    found[s.id] = b''.join(row(s, v, 17, dialogue(s, seed=17, variation=v)) for v in (4, 3, 2, 1)[::-1])\n"
        "sys.stdout.buffer.write(b''.join(found[i] for i in sorted(found)))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program, *more], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed, more in (("0", ()), ("7", ("x",)))
    }
    assert len(runs) == 1 and len(runs.pop().splitlines()) == 4 * len(SHIPPED)


def test_a_hasty_therapist_is_held_off_longer():
    def guarded(manner):
        number = MANNERS.index(manner) + 1
        made = [dialogue(s, seed=17, variation=number) for s in SHIPPED.values()]
        client = [t for turns in made for t in turns if t.role == "user"]
        return sum(t.told is None for t in client) / len(client)

    assert guarded("hasty") > guarded("attuned") + 0.1


def mind(name="mm"):
    state = Mind(SHIPPED[name])
    state.hear("open_question")
    return state


def test_nothing_is_told_at_the_first_asking_while_the_wall_is_high():
    state = mind()
    state.trust = 10
    assert state.resistance < WALL or state.hear("silence") == "guarded"
    state = mind("night-porter")
    assert (state.hear("reflection"), state.hear("reflection")) == ("guarded", "opens")


def test_nothing_is_told_on_a_misstep():
    state = mind("night-porter")
    state.trust, state._asked = 10, True
    assert state.hear("reassurance") == "guarded"


def test_too_much_escalates_once_and_a_second_misstep_ends_the_hour():
    state = mind()
    answers = [state.hear("advice") for _ in range(9) if not state.done]
    assert "escalates" in answers and answers[-1] == "leaves" and state.left


def test_what_helps_after_an_outburst_settles():
    state = mind()
    while state.hear("advice") != "escalates":
        pass
    assert state.hear("repair") == "settles" and not state.done


def test_patience_ends_and_missteps_do_not_use_it_up():
    state = mind()
    for _ in range(PATIENCE):
        assert not state.done
        assert state.hear("closed_question") == "guarded"
    assert state.done


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("What was that like?", "open_question"),
        ("Do you sleep?", "closed_question"),
        ("So nobody asked you.", "reflection"),
        ("It sounds as if you were alone.", "reflection"),
        ("You should ring him.", "advice"),
        ("Have you tried yoga?", "advice"),
        ("It will be fine.", "reassurance"),
        ("Are you thinking of killing yourself?", "safety_check"),
        ("Do you think about suicide?", "safety_check"),
        ("I'm sorry, I went too fast.", "repair"),
        ("I can't give you my number.", "limit"),
        ("That makes sense.", "validation"),
        ("", "silence"),
        ("...", "silence"),
        ("The clinic opens at nine.", "information"),
    ],
)
def test_moves_are_heard(text, move):
    assert heard(text) == move


def test_the_simulator_answers_a_person(capsys):
    client = TemplateSimulator(seed=3)
    with pytest.raises(ValueError, match="reset"):
        client.step("Hello.")
    client.reset(SHIPPED["signal-red"])
    first = client.step("Good morning. How do you want to use the time?")
    assert "brake" in first.text and first.told is None and not first.done
    said = first
    for _ in range(40):
        if said.done:
            break
        said = client.step("You should take a holiday.")
    assert said.done
    assert said.resistance == 5


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{a} is", "The hen is"),
        ("'{a}.' Yes", "'The hen.' Yes"),
        ("I saw {a}", "I saw the hen"),
        ("So. {a}!", "So. The hen!"),
    ],
)
def test_facts_are_written_large_where_a_sentence_begins(line, text):
    assert fill(line, {"a": "the hen"}) == text
