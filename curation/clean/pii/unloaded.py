"""Import a package without one of those that it can do without."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def unloaded(name: str) -> Iterator[None]:
    """Let imports inside find no such package, unless it is loaded already; they must be able to do without.

    Args:
        name: of the package, not of a module in it. It can be imported afterwards.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # says that there is none
    try:
        yield
    finally:
        del sys.modules[name]
