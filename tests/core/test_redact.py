"""Nobody's words and nobody's keys in logs and tracebacks, and nothing that plays with the terminal."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import curation
from curation.core.errors import GateError, ProjectError
from curation.core.redact import describe, looks_secret, printable, scrub_secrets

CANARY = "my sister Alma Quist"
TOKEN = "hf_" + "aB3" * 11


def caught(action: Callable[[], object]) -> BaseException:
    try:
        action()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def told(action: Callable[[], object]) -> str:
    lines = describe(caught(action))
    assert all(line.isprintable() for line in lines)
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------- describe


def fail(error: BaseException, cause: BaseException | None = None) -> None:
    raise error from cause


def nested() -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(f"bad row: {CANARY}") from error
    except ValueError:
        raise RuntimeError(CANARY) from None


class OddError(Exception):
    """An error whose every word is from a row."""

    def __str__(self) -> str:
        raise TypeError(CANARY)

    __repr__ = __str__


def grouped() -> None:
    inner = ExceptionGroup(CANARY, [ValueError(CANARY), ProjectError("no such source 'a'")])
    raise ExceptionGroup(CANARY, [inner, caught(lambda: json.loads(f"{{{CANARY}")), OddError(CANARY)])  # type: ignore[list-item]


def noted() -> None:
    error = ValueError()
    error.add_note(CANARY)
    raise error


@pytest.mark.parametrize(
    "action",
    [
        nested,
        grouped,
        noted,
        lambda: {}[CANARY],
        lambda: int(CANARY),
        lambda: CANARY.encode() + CANARY,  # type: ignore[operator]
        lambda: f"{CANARY}\xff".encode("ascii"),
        lambda: compile(f"{CANARY} =", CANARY, "exec"),
        lambda: exec(compile("1/0", CANARY.join("<>"), "exec")),
        lambda: getattr(object(), CANARY),
        lambda: Path(f"/nowhere/{CANARY}").read_text(),
        lambda: os.rename(f"/nowhere/{CANARY}", f"/nowhere/2{CANARY}"),
        lambda: fail(OSError(2, CANARY, CANARY)),
        lambda: fail(OSError(CANARY)),
        lambda: fail(OSError(99999, CANARY)),
        lambda: fail(SystemExit(CANARY)),
        lambda: fail(ProjectError("a"), ValueError(CANARY)),
        lambda: fail(ValueError(CANARY), OddError()),
        lambda: json.loads(f'{{"{CANARY}": x}}'),
    ],
)
def test_no_words_of_a_row(action: Callable[[], object]) -> None:
    text = told(action)
    for word in CANARY.split():
        assert word not in text


def test_the_chain_is_told_with_types_and_frames() -> None:
    lines = describe(caught(lambda: fail(GateError("gate"), caught(lambda: {}["x"]))))
    assert lines[0] == "curation.core.errors.GateError"
    assert lines[1] == "  error: gate"
    assert [line for line in lines if line.startswith("caused by ")] == ["caused by KeyError"]
    assert any(line.startswith("  test_redact.py:") and line.endswith(" in fail") for line in lines)


def test_a_context_is_told_unless_it_was_suppressed() -> None:
    def context() -> None:
        try:
            int("x")
        except ValueError:
            raise KeyError("y")  # noqa: B904

    assert "while handling ValueError" in told(context)
    assert "ValueError" not in told(nested)


def test_the_members_of_a_group_are_told_apart() -> None:
    text = told(grouped)
    assert "member 1: ExceptionGroup" in text
    assert "  member 2: curation.core.errors.ProjectError" in text
    assert "error: no such source 'a'" in text
    assert "member 2: json.decoder.JSONDecodeError" in text


def test_errors_of_the_system_keep_their_name_and_number_only() -> None:
    assert describe(FileNotFoundError(2, CANARY, CANARY)) == ["FileNotFoundError: ENOENT (No such file or directory)"]
    assert describe(OSError(CANARY)) == ["OSError"]


def test_the_lines_of_our_own_errors_stay_without_secrets_and_control_characters() -> None:
    error = ProjectError(f"bad key {TOKEN}", where="a\x1b[2Jb\nc", fix="curate doctor")
    assert describe(error) == [
        "curation.core.errors.ProjectError",
        "  error: bad key [secret]",
        "    where: a\\x1b[2Jb\\x0ac",
        "    mend:  curate doctor",
    ]


def test_files_are_named_within_their_package_and_folders_outside_are_not(tmp_path: Path) -> None:
    (tmp_path / "site-packages" / "lib").mkdir(parents=True)
    for name, place in {
        str(Path(curation.__file__).parent / "core" / "x.py"): "curation/core/x.py",
        str(tmp_path / "site-packages" / "lib" / "y.py"): "lib/y.py",
        str(tmp_path / "mine.py"): "mine.py",
        "C:\\Users\\me\\mine.py": "mine.py",
        json.__file__.replace("__init__", "decoder"): "json/decoder.py",
        "<a cell>": "<code>",
        "<string>": "<string>",
    }.items():
        text = told(lambda name=name: exec(compile("def f():\n 1/0\nf()", name, "exec"), {}))  # type: ignore[misc]
        assert f"  {place}:2 in f" in text
        assert str(tmp_path) not in text


def test_endless_chains_deep_stacks_and_wide_groups_end() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert describe(first) == ["ValueError", "caused by KeyError"]

    def deep(n: int) -> None:
        deep(n - 1) if n else int("x")

    lines = describe(caught(lambda: deep(300)))
    assert any("earlier frames left out" in line for line in lines)
    assert len(lines) < 40
    group: Exception = ExceptionGroup("wide", [ValueError() for _ in range(5000)])
    for _ in range(500):
        group = ExceptionGroup("deep", [group])
    assert len(describe(group)) < 20
    assert len(describe(ExceptionGroup("wide", [ValueError() for _ in range(5000)]))) <= 201


# ----------------------------------------------------------------------------------------------- secrets

SECRETS = [
    TOKEN,
    "sk-" + "a1B2" * 8,
    "sk-proj-" + "a1_B-" * 8,
    "ghp_" + "a1B2" * 9,
    "gho_" + "a1B2" * 9,
    "github_pat_" + "11ABC_" * 8,
    "glpat-" + "a1-B_" * 5,
    "AKIA" + "ABCD2345" * 2,
    "AIza" + "a1B2_" * 7,
    "xoxb-123456789012-abcdefghij",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\ndef==\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXkcut",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nxyz\n-----END PGP PRIVATE KEY BLOCK-----",
]
IN_CONTEXT = [
    ("Authorization: Bearer {}", "abcdef123456=="),
    ("authorization: Basic {}", "dXNlcjpwYXNz"),
    ("{{'Authorization': 'Token {}'}}", "9944b09199c62bcf9418ad846dd0e4bb"),
    ("https://{}@example.org/x", "user:pa?ss#w"),
    ("postgresql://{}@db/x", "me:s3cr3t"),
    ("password={}", "hunter2"),
    ("PASSWORD = {}", "hunter2"),
    ("db_password: {}", "hunter2"),
    ('{{"password": "{}"}}', "hunter two"),
    ('{{\\"password\\": \\"{}\\"}}', "hunter two"),
    ("token='{}'", "a b c"),
    ("HF_TOKEN={}", "abc123"),
    ("?x=1&token={}&y=2", "abc123"),
    ("api_key={}", "abc123"),
    ("apiKey: {}", "abc123"),
    ("client_secret={}", "abc123"),
    ("X-Amz-Signature={}", "abcdef0123"),
    ("--token {}", "abc123"),
    ("--api-key={}", "abc123"),
]
HARMLESS = [
    "",
    "${HF_TOKEN}",
    "token: ${HF_TOKEN}",
    "tokens=512 max_new_tokens: 128",
    "mistralai/Mistral-Small-24B-Instruct-2501",
    "sentence-transformers/all-MiniLM-L6-v2",
    "https://example.org/a@b",
    "PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a risk-assessment-of-the-whole-conversation",
    "hf_hub_download",
    "she is the bearer of bad news",
    "curation/core/token.py:12 in password",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_tokens_and_keys_are_taken_out(secret: str) -> None:
    assert scrub_secrets(f"before '{secret}'").startswith("before '[secret]")
    assert secret[12:] not in scrub_secrets(f"before '{secret}' after")
    assert looks_secret(secret)


@pytest.mark.parametrize(("template", "secret"), IN_CONTEXT)
def test_values_given_to_secret_names_are_taken_out(template: str, secret: str) -> None:
    text = template.format(secret)
    assert secret not in scrub_secrets(text)
    assert "[secret]" in scrub_secrets(text)
    assert looks_secret(text)


def test_what_stands_around_a_secret_stays() -> None:
    assert scrub_secrets(f"a {TOKEN}, b") == "a [secret], b"
    assert scrub_secrets("get https://u:p@h/x?token=1&y=2") == "get https://[secret]@h/x?token=[secret]&y=2"


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_values_are_no_secrets(text: str) -> None:
    assert scrub_secrets(text) == text
    assert not looks_secret(text)


GLUE = st.sampled_from(
    [
        "password=",
        '"',
        "'",
        "\\",
        "://",
        "@",
        "-----BEGIN PRIVATE KEY-----",
        "bearer ",
        " ",
        "[",
        "=",
        "_",
        "-",
    ]
)


@given(st.lists(GLUE | st.text(max_size=5), max_size=8).map("".join), st.sampled_from(SECRETS), st.text())
def test_a_secret_is_taken_out_whatever_stands_around_it(before: str, secret: str, after: str) -> None:
    assert secret not in scrub_secrets(f"{before} {secret}{after}")


@pytest.mark.parametrize(
    "piece", ["password=", '"', "://a", "-----BEGIN PRIVATE KEY", "eyJ", "sk-", "--a-token ", "\\"]
)
@pytest.mark.timeout(20)
def test_long_hostile_text_takes_no_long_time(piece: str) -> None:
    scrub_secrets(piece * (100_000 // len(piece)))


# ---------------------------------------------------------------------------------------------- terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, größer, 日本語, ❤️, 👍", "plain text, größer, 日本語, ❤️, 👍"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        (
            "\x1b]8;;https://evil.test\x07link\x1b]8;;\x07",
            "\\x1b]8;;https://evil.test\\x07link\\x1b]8;;\\x07",
        ),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\x08\x00\x7f", "a\\x0db\\x08\\x00\\x7f"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("\u202egpj.exe\u202c", "\\u202egpj.exe\\u202c"),
        ("\u2066a\u2069", "\\u2066a\\u2069"),
        ("pass\u200bword\ufeff\u00ad\u2060", "pass\\u200bword\\ufeff\\xad\\u2060"),
        ("\u2028\u2029\ud800", "\\u2028\\u2029\\ud800"),
        ("\U000e0041\U000e0100\u3164\u034f", "\\U000e0041\\U000e0100\\u3164\\u034f"),
    ],
)
def test_nothing_hidden_reaches_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_several_lines_may_stay_several() -> None:
    assert printable("a\n\tb\r\x1b", lines=True) == "a\n\tb\\x0d\\x1b"


@given(st.text())
def test_what_is_printed_holds_no_control_or_format_character(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown
