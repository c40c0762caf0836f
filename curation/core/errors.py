"""The one family of errors a user sees: what went wrong, where, and how to mend it."""

from __future__ import annotations

import importlib.util
from typing import ClassVar


class CurateError(Exception):
    """An error that is shown to the user as it is, without a traceback.

    Args:
        what: one sentence on what went wrong. Ids and counts only, never the text of a row.
        where: the file, line, source, stage or record concerned.
        fix: what the user can do about it, a command wherever there is one.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __reduce__(self) -> tuple[object, ...]:
        # Worker processes send their errors home by pickle; keyword-only fields would be lost.
        return (_rebuild, (type(self), self.what, self.where, self.fix))

    def lines(self) -> list[str]:
        """The message as at most three labelled parts, each on a line of its own."""
        parts = [f"error: {self.what}"]
        if self.where:
            parts.append(f"  where: {self.where}")
        if self.fix:
            parts.append(f"  mend:  {self.fix}")
        return parts


def _rebuild(cls: type[CurateError], what: str, where: str | None, fix: str | None) -> CurateError:
    return cls(what, where=where, fix=fix)


class UsageError(CurateError):
    """The command line asks for something that does not exist (exit code 2)."""

    exit_code = 2


class ProjectError(CurateError):
    """The project or its configuration is wrong (exit code 3)."""

    exit_code = 3


class IntegrityError(CurateError):
    """Stored bytes are not the bytes that were written (exit code 4)."""

    exit_code = 4


class GateError(CurateError):
    """A gate refused: licence, permission, gated data set, risk, agreement (exit code 5)."""

    exit_code = 5


class MissingError(CurateError):
    """A model, extra or service is missing; the mend names the command that brings it (exit code 6)."""

    exit_code = 6


class RetryError(CurateError):
    """Nothing is wrong here: try again later (network, second writer, full disk; exit code 75)."""

    exit_code = 75


def require(extra: str, *modules: str) -> None:
    """Check, without importing them, that the modules of an optional extra are installed.

    Call it before any work starts.

    Raises:
        MissingError: names the extra and the line that installs it.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingError(
                f"this needs the '{extra}' extra: the module '{module}' is not installed",
                fix=f"pip install 'curation[{extra}]'",
            )
