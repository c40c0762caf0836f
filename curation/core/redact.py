"""What may be shown: logs and tracebacks without the text of a row, secrets or terminal tricks."""

from __future__ import annotations

import errno
import logging
import os
import re
import sys
import sysconfig
import threading
import traceback
import unicodedata
import warnings
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from curation.core.errors import CurateError

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Fillers and selectors that draw nothing yet count as letters. U+FE00-FE0F are not here: emoji carry them.
_BLANKS = frozenset(
    map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, 0xFFA0))
).union(map(chr, range(0xE0100, 0xE01F0)))

_PACKAGE = Path(__file__).parents[1].as_posix()
_STDLIB = sysconfig.get_path("stdlib").replace("\\", "/")
_MOST_FRAMES = 25
_MOST_LINES = 200
_MOST_DEPTH = 8

_SECRET = "[secret]"
_PEM = re.compile(r"(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\Z)")
_TOKEN = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        (?:hf|api_org|gh[pousr])_[A-Za-z0-9]{16,} | [rs]k_(?:live|test)_[A-Za-z0-9]{10,}
      | (?:sk|glpat)-[A-Za-z0-9_-]{16,} | github_pat_[A-Za-z0-9_]{16,} | (?:AKIA|ASIA)[A-Z0-9]{16}
      | AIza[A-Za-z0-9_-]{30,} | xox[a-z]-[A-Za-z0-9-]{10,}
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?
    )[A-Za-z0-9_-]*""",
    re.VERBOSE,
)
_USERINFO = re.compile(r"""(?<=://)[^\s/"'<>]+@""")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}")
# `${NAME}` says where a secret lies and is none itself; `tokens=512` is a count.
_ASSIGNMENT = re.compile(
    r"""(?ix) (
        (?:passw(?:or)?d|pwd|passphrase|secret|token|(?:api|access|private)[_-]?key|sig(?:nature)?|authorization)
        [\\"']* \s*[:=]\s* (?:[\\"']*(?:basic|bearer|digest)\s+)?
      | --[a-z-]{0,40}(?:password|secret|token|api-key)\s+
    ) (?!\$\{\w+\}) (?: \\?"(?:[^"\\]|\\[^"])*\\?" | \\?'(?:[^'\\]|\\[^'])*\\?' | [^\s,;&]+ )""",
)


def printable(text: str, *, lines: bool = False) -> str:
    r"""Text in which nothing moves a terminal's cursor, turns the reading direction or hides.

    Control characters (so ANSI and OSC sequences too), bidirectional overrides, zero-width and other
    invisible characters, and lone surrogates become `\x1b`-style escapes.

    Args:
        text: anything, the text of a row or a name from outside.
        lines: keep line feeds and tabs, for text of several lines.
    """
    kept = "\n\t" if lines else ""
    return "".join(c if c in kept else _shown(c) for c in text)


def _shown(char: str) -> str:
    if char not in _BLANKS and unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def scrub_secrets(text: str) -> str:
    """Text with everything that is shaped like a secret replaced by `[secret]`.

    Covers private-key blocks, user and password in URLs, bearer values, JSON web tokens, the tokens of
    well-known services, and values given to names such as `password`. Rather too much than too little.
    """
    text = _PEM.sub(_SECRET, text)
    text = _USERINFO.sub(f"{_SECRET}@", text)
    text = _BEARER.sub(rf"\g<1>{_SECRET}", text)
    text = _TOKEN.sub(_SECRET, text)
    return _ASSIGNMENT.sub(rf"\g<1>{_SECRET}", text)


def looks_secret(value: str) -> bool:
    """Whether a value holds something shaped like a secret and so must not stand in a configuration file.

    `${NAME}`, commit and content hashes, model names and playlist ids are not secrets.
    """
    return scrub_secrets(value) != value


def describe(exc: BaseException) -> list[str]:
    """An exception, its causes and its members, told without anyone's data.

    A type name and frames (`file:line in function`) for each. Messages and notes are left out, for they may
    hold the text of a row; only a `CurateError` keeps its lines, and a built-in `OSError` the system's own
    words for its number. File names are relative to their package; no other folder is named.

    Returns:
        Lines without line feeds, safe for a terminal; at most about 200.
    """
    lines: list[str] = []
    _describe_chain(exc, "", 0, lines, set())
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = ["(more is left out)"]
    return [_clean(line) for line in lines]


def _describe_chain(exc: BaseException, lead: str, depth: int, lines: list[str], seen: set[int]) -> None:
    pad = "  " * depth
    error: BaseException | None = exc
    while error is not None and id(error) not in seen and len(lines) <= _MOST_LINES:
        seen.add(id(error))
        lines.append(f"{pad}{lead}{_headline(error)}")
        if isinstance(error, CurateError):
            lines.extend(f"{pad}  {line}" for line in error.lines())
        frames = list(traceback.walk_tb(error.__traceback__))
        if len(frames) > _MOST_FRAMES:
            lines.append(f"{pad}  ({len(frames) - _MOST_FRAMES} earlier frames left out)")
        for frame, number in frames[-_MOST_FRAMES:]:
            lines.append(f"{pad}  {_place(frame.f_code.co_filename)}:{number} in {frame.f_code.co_qualname}")
        if isinstance(error, BaseExceptionGroup) and depth < _MOST_DEPTH:
            for number, member in enumerate(error.exceptions, start=1):
                _describe_chain(member, f"member {number}: ", depth + 1, lines, seen)
        if error.__cause__ is not None:
            error, lead = error.__cause__, "caused by "
        else:
            error, lead = None if error.__suppress_context__ else error.__context__, "while handling "


def _headline(exc: BaseException) -> str:
    kind = type(exc)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    # Subclasses elsewhere (ssl, sockets, HTTP clients) put numbers of their own into errno; and `strerror`
    # may hold whatever the raiser put there.
    number = exc.errno if isinstance(exc, OSError) and kind.__module__ == "builtins" else None
    if number is None or number not in errno.errorcode:
        return name
    return f"{name}: {errno.errorcode[number]} ({os.strerror(number)})"


def _place(path: str) -> str:
    """The file of a frame, relative to its package, the standard library or nothing."""
    path = path.replace("\\", "/")
    if path.startswith(f"{_PACKAGE}/"):
        return f"curation/{path[len(_PACKAGE) + 1 :]}"
    for folder in ("/site-packages/", "/dist-packages/", f"{_STDLIB}/"):
        if folder in path:
            return path.rpartition(folder)[2]
    if path.startswith("<"):
        # The name of compiled text is chosen by whoever compiled it.
        return path if path.startswith("<frozen ") or path in ("<string>", "<stdin>") else "<code>"
    return path.rpartition("/")[2]


def _clean(text: str, *, lines: bool = False) -> str:
    return printable(scrub_secrets(text), lines=lines)


class _Told(str):
    """A log message that has been through `_redact_record`."""


def _redact_record(record: logging.LogRecord) -> None:
    """Leave in a log record only what may be shown, whichever handler gets it next."""
    if isinstance(record.msg, _Told):
        return
    # Foreign loggers: even the template of a message may be an f-string with data in it.
    text = f"{_place(record.pathname or '')}:{record.lineno}"
    if (record.name or "").partition(".")[0] == "curation":
        try:
            text = _clean(record.getMessage(), lines=True)
        except Exception as error:
            text = f"{text} (its message could not be put together: {_headline(error)})"
    if record.exc_info and record.exc_info[1] is not None:
        text = "\n  ".join([text, *describe(record.exc_info[1])])
    record.msg, record.args = _Told(text), ()
    record.exc_info = record.exc_text = record.stack_info = None


def _make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **kwargs)
    _redact_record(record)
    return record


class _Handler(logging.Handler):
    def format(self, record: logging.LogRecord) -> str:
        # A record that another process sent was not made by `_make_record` here.
        _redact_record(record)
        return f"{record.levelname.lower()} {_clean(record.name or '')}: {record.msg}"

    def emit(self, record: logging.LogRecord) -> None:
        _write(self.format(record))


def _write(text: str, file: TextIO | None = None) -> None:
    with suppress(AttributeError, OSError, ValueError):  # there is no terminal, or its other end is gone
        (file or sys.stderr).write(f"{text}\n")


def _write_error(lead: str, exc: BaseException | None) -> None:
    # A hook that raises makes Python print both tracebacks in full.
    try:
        _write("\n".join([lead, *(describe(exc) if exc is not None else [])]))
    except Exception:
        _write(f"{lead}\n(the error could not be described)")


def _on_error(kind: type[BaseException], exc: BaseException, trace: TracebackType | None) -> None:
    _write_error("stopped by an error", exc)


def _on_thread_error(args: threading.ExceptHookArgs) -> None:
    if not issubclass(args.exc_type, SystemExit):
        _write_error("a thread was stopped by an error", args.exc_value)


def _on_unraisable(args: sys.UnraisableHookArgs) -> None:
    _write_error(f"an error was passed over in a {type(args.object).__qualname__}", args.exc_value)


def _on_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _write(f"{category.__name__}: {_clean(_place(filename))}:{lineno}", file)


def install() -> None:
    """Put this file between every error, warning and log record of the process and the terminal.

    Sets the hooks for uncaught errors (main thread, other threads, unraisable), `warnings.showwarning`, a
    handler at WARNING on the root logger, the handler of last resort, and the factory of log records, so that
    handlers that libraries bring get redacted records too. Loggers under `curation` keep their messages,
    scrubbed of secrets; others are told by level, name and place. Call it first thing in every process,
    workers included; calling it again changes nothing.
    """
    sys.excepthook = _on_error
    threading.excepthook = _on_thread_error
    sys.unraisablehook = _on_unraisable
    warnings.showwarning = _on_warning
    logging.setLogRecordFactory(_make_record)
    if not isinstance(logging.lastResort, _Handler):
        logging.lastResort = _Handler(logging.WARNING)
        logging.getLogger().addHandler(logging.lastResort)
