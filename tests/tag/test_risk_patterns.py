"""The patterns of the risk screen as text: what is written is what is meant, and a broken line says where it is."""

import re

import numpy as np
import pyarrow as pa
import pytest

from curation.core.errors import IntegrityError
from curation.tag.risk import context, find, notation, rules


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that puts text in the place of a file of patterns."""
    for path in notation.FOLDER.glob("*.txt"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(notation, "FOLDER", tmp_path)
    monkeypatch.setattr(rules, "FOLDER", tmp_path)
    known = (rules.rules, rules.minor, rules.cue, rules._classes, rules._read)

    def forget():
        for one in known:
            one.cache_clear()

    def write(name, text):
        (tmp_path / name).write_text(text)
        forget()

    yield write
    forget()


@pytest.mark.parametrize("rule", [*rules.rules(), rules.minor()], ids=lambda rule: rule.id)
def test_a_rule_finds_its_examples_each_by_a_phrase_below_it(rule):
    (written,) = (one for one in rules._sections(*rules.FILES, "minor") if one.name == rule.id)
    phrases = notation.phrases(written, rules._classes())
    assert [one.text for one in written.examples] == list(rule.examples) != []
    ends = [*(one.line for one in written.examples[1:]), phrases[-1].line + 1]
    for example, end in zip(written.examples, ends, strict=True):
        text = context.blank(example.text)
        below = [one.text for one in phrases if example.line < one.line < end]
        assert any(re.search(one, text, re.ASCII) for one in below), f"{written.file}:{example.line}"
    assert find._matches(pa.array(rule.examples), rule).all()


def test_every_group_says_what_it_is_about():
    for path in sorted(notation.FOLDER.glob("*.txt")):
        before = ""
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if line and (not before or before.startswith("[")):
                assert line.startswith(("# ", "[", "  # ")), f"{path.name}:{number}"
            assert len(line) <= 120, f"{path.name}:{number}"
            before = line


def test_what_stands_around_a_finding_is_found_by_its_name():
    for section in rules._sections("context", "idioms"):
        assert not rules.cue(section.name).search("xyzzy")
    named = set(
        re.findall(r'(?:cue|_has)\("(\w+)"|"(taught|fiction)"', (notation.FOLDER.parent / "context.py").read_text())
    )
    assert {a or b for a, b in named} == {section.name for section in rules._sections("context", "idioms")}


def section(*lines):
    (made,) = [
        notation.Section("made.txt", 1, "made", "words", [notation.Phrase(x, n) for n, x in enumerate(lines, 2)])
    ]
    return made


def test_a_phrase_is_an_expression_in_a_shorter_hand():
    known = {"drink": "gin|rum"}
    made = [
        one.text
        for one in notation.phrases(
            section("a (b|c)", "~a~", "bleed\\w*~", "a {drink} (x|{drink}|y)", "[(|)] \\( (?!a)(?P<gap>b)"), known
        )
    ]
    assert made == [
        r"\ba (?:b|c)\b",
        "a",
        r"\bbleed\w*",
        r"\ba (?:gin|rum) (?:x|gin|rum|y)\b",
        r"\b[(|)] \( (?!a)(?P<gap>b)\b",
    ]
    assert notation.words(section("a | b c", "{drink} | (d|e)"), known) == "a|b c|gin|rum|(?:d|e)"


def test_a_long_phrase_goes_on_in_the_next_lines(tmp_path):
    (tmp_path / "some.txt").write_text("[a.b] self_harm, level 2\n  # Words.\n  one (two\n      |three)\n      four\n")
    (made,) = notation.read(tmp_path / "some.txt")
    assert [(one.text, one.line) for one in made.phrases] == [("one (two|three) four", 3)]


HEADER = "# About.\n\n[a.b] self_harm, level 2\n"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("  before any header\n", 1, "no header"),
        (HEADER + "   three blanks in\n", 4, "no header"),
        (HEADER + "      goes on from nothing\n", 4, "no header"),
        ("[a.b]\n  a\n", 1, "no header"),
        ("[a.b] self_harm\n  a\n", 1, "what the rule is worth"),
        ("[a.b] self_harm, level 9\n  a\n", 1, "what the rule is worth"),
        ("[a.b] sadness, level 2\n  a\n", 1, "what the rule is worth"),
        ("[a.b] self_harm, level 2, hard\n  a\n", 1, "what the rule is worth"),
        (HEADER + "  # Nothing.\n", 3, "looks for nothing"),
        (HEADER + "  fine\n  (a|b\n", 5, "does not close"),
        (HEADER + "  fine\n  a|b)\n", 5, "two phrases in one line"),
        (HEADER + "  fine\n  a)\n", 5, "none opens"),
        (HEADER + "  fine\n  a {drinks}\n", 5, "no class of words {drinks}"),
        (HEADER + "  fine\n[a.b] self_harm, level 3\n  more\n", 5, "second rule"),
    ],
)
def test_a_broken_line_is_an_error_that_names_it(written, text, line, what):
    written("self_harm.txt", text)
    with pytest.raises(IntegrityError, match=re.escape(what)) as error:
        rules.rules()
    assert error.value.where.endswith(f"self_harm.txt:{line}")


@pytest.mark.parametrize("phrase", ["a (?=b)", "a **", "[z-a]", "a{3,2}"])
def test_a_phrase_that_no_engine_reads_is_an_error_that_names_its_line(written, phrase):
    written("self_harm.txt", HEADER + f"  fine\n  {phrase}\n")
    with pytest.raises(IntegrityError, match="no regular expression") as error:
        find.find(pa.array(["i am fine"]), np.zeros(1, bool))
    assert error.value.where.endswith("self_harm.txt:5")


def test_the_same_holds_for_what_stands_around_a_finding(written):
    text = (notation.FOLDER / "context.txt").read_text("utf-8")
    written("context.txt", text.replace("[then] phrases\n", "[then] phrases\n  a **\n"))
    with pytest.raises(IntegrityError, match="no regular expression") as error:
        context.settle(rules.rules()[1], "i'm on the edge", (0, 15), (0, 3), False)
    at = text.splitlines().index("[then] phrases") + 2
    assert error.value.where.endswith(f"context.txt:{at}")
