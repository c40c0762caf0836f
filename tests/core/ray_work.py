"""Work that another process finds by the name of this module."""

import os
import signal
import time
from pathlib import Path

from curation.core.errors import GateError


def double(item):
    return 2 * item


def key_of(context):
    return context.key


def sums(table):
    return table.group_by("k").aggregate([("row", "sum"), ("row", "count")]).to_pylist()


def quote(item):
    raise ValueError("text of a row")


def refuse(item):
    raise GateError("refused", where="here", fix="ask")


def die(item):
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(item):
    """Item: a number, and the folder of a mark that stands once a worker died of number 3."""
    number, folder = item
    mark = Path(folder) / "died"
    if number == 3 and not mark.exists():
        mark.touch()
        die(item)
    time.sleep(0.05)
    return number


def die_once_in_a_heap(folder, table):
    if 3 in table["k"].to_pylist():
        die_once((3, folder))
    return sums(table)
