"""The only file that prints: data on stdout, progress and messages on stderr, nothing a terminal would obey."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from curation.core.errors import CurateError
from curation.core.files import refused
from curation.core.redact import describe, printable, scrub_secrets

ERROR_LINES = 6


@dataclass
class Ui:
    """How a command speaks.

    Attributes:
        quiet: only errors and data.
        json: data as one JSON document instead of text.
        verbose: a stack (never values) below the message of an error.
    """

    quiet: bool = False
    json: bool = False
    verbose: bool = False
    _timers: dict[str, float] = field(default_factory=dict, repr=False)

    def say(self, text: str = "") -> None:
        """A message for the person at the terminal."""
        if not self.quiet:
            print(_safe(text), file=sys.stderr, flush=True)

    def out(self, text: str) -> None:
        """A line of data."""
        print(_safe(text), flush=True)

    def emit(self, document: Any, *, sort_keys: bool = True) -> None:
        """Data as one line of JSON. It is ASCII, so nothing in it can move a terminal."""
        print(json.dumps(document, ensure_ascii=True, sort_keys=sort_keys, default=str), flush=True)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Rows in columns, at most 80 wide where the values allow; numbers to the right."""
        cells = [[_cell(c) for c in row] for row in rows]
        widths = [max(len(h), *(len(row[i]) for row in cells), 0) if cells else len(h) for i, h in enumerate(header)]
        numeric = [
            bool(rows) and all(isinstance(r[i], (int, float)) or r[i] is None for r in rows) for i in range(len(header))
        ]
        for line in ([list(header)] if any(header) else []) + cells:
            shown = [c.rjust(w) if n else c.ljust(w) for c, w, n in zip(line, widths, numeric, strict=True)]
            self.out("  ".join(shown).rstrip())

    @contextlib.contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int], None]]:
        """A bar on a terminal, nothing elsewhere (the command says a line when the step is done)."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda done, total: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(_safe(label), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    def error(self, error: BaseException) -> int:
        """Show an error in at most six lines and return the exit code it deserves."""
        known = error if isinstance(error, CurateError) else refused(error)
        if known is not None:
            lines, code = known.lines(), known.exit_code
        elif isinstance(error, KeyboardInterrupt):
            lines = [
                "interrupted: what was finished is kept",
                "  mend:  run the same command again; it goes on where it was",
            ]
            code = 130
        elif isinstance(error, MemoryError):
            lines = [
                "error: out of memory",
                "  mend:  close other programs, or use --workers 1 and a smaller batch_rows",
            ]
            code = 75
        else:
            place = describe(error)
            own = [line.strip() for line in place if "curation/" in line]
            lines = [
                f"error: a bug in curate: {type(error).__name__}",
                f"  where: {own[-1] if own else '?'}",
                "  mend:  please report it with the output of the same command with -v (it holds no row text)",
            ]
            code = 1
        for line in lines[:ERROR_LINES]:
            print(printable(scrub_secrets(line)), file=sys.stderr)
        if self.verbose and not isinstance(error, KeyboardInterrupt):
            for line in describe(error):
                print(_safe("  " + line), file=sys.stderr)
        return code

    @contextlib.contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Measure a block; `seconds(what)` gives the wall time."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._timers[what] = self._timers.get(what, 0.0) + time.monotonic() - start

    def seconds(self, what: str) -> float:
        """Seconds spent in the blocks of that name."""
        return self._timers.get(what, 0.0)


def _safe(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def count(number: int, noun: str) -> str:
    """`1 row`, `3 512 rows`."""
    return f"{_cell(number)} {noun}{'' if number == 1 else 's'}"
