"""A log that says what went wrong and where, but never what people wrote.

The server logs requests that it refuses with all they held, and its errors quote values. So of a message by anybody but
those whose messages are known to hold no data, only the place is kept, and of an error its kind and the way to it.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType

_KNOWN = ("alembic", "curate", "uvicorn")


class Discreet(logging.Formatter):
    """One line for each event, and one for each step of an error's way."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of an event."""
        known = record.name.partition(".")[0] in _KNOWN
        said = record.getMessage() if known else f"at {record.pathname.rpartition('/')[2]}:{record.lineno}"
        line = f"{self.formatTime(record)} {record.levelname} {record.name} {said}"
        error = record.exc_info[1] if record.exc_info else None
        return line + (way_of(error) if error else "")


def way_of(error: BaseException) -> str:
    """The kinds of an error and of those that led to it, with their places in the code."""
    lines, seen = "", set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines += f"\n  {type(current).__module__}.{type(current).__qualname__}"
        for frame in traceback.extract_tb(current.__traceback__)[-25:]:
            lines += f"\n    {frame.filename}:{frame.lineno} {frame.name}"
        current = current.__cause__ or current.__context__
    return lines


def install() -> None:
    """Send warnings and errors of the whole process through it. Call it again after a library has set up its own."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled, logger.propagate = False, True
            logger.handlers.clear()
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and not isinstance(error, (KeyboardInterrupt, SystemExit)):
        logging.getLogger("curate").critical("stopped by an error", exc_info=(kind, error, trace))
