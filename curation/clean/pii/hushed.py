"""Presidio's log: kept silent, for it quotes texts, and heard, for it alone tells of a pattern that gave up."""

from __future__ import annotations

import logging

from curation.core.errors import CurateError


def listen() -> None:
    """Hear what Presidio says of a pattern that gave up, whoever hushed its log: nothing else tells of it."""
    logger = logging.getLogger("presidio-analyzer")
    logger.disabled = False
    logger.isEnabledFor = _from_warnings  # type: ignore[method-assign]
    if not any(isinstance(f, _Log) for f in logger.filters):
        logger.addFilter(_Log())


def _from_warnings(level: int) -> bool:
    return level >= logging.WARNING


class _Log(logging.Filter):
    """Nothing of Presidio's log gets through, for it quotes texts; a pattern that it gave up on is an error."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "timed out" in str(record.msg):
            raise CurateError(
                "a pattern of a recogniser ran out of time; the text it left cannot be published",
                where="scrub",
                fix="this is a bug of curate; nothing was published",
            )
        return False
