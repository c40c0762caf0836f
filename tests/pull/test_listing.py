"""Which files of a data set a source takes."""

from __future__ import annotations

from typing import Any

import pytest

from curation.core.declare import Document, bind
from curation.core.errors import ProjectError
from curation.core.sources import HubSource
from curation.pull.listing import Listing

SIZES = {"a.jsonl": 10, "b.jsonl": 20, "c.jsonl": 5, "d.jsonl": None, "README.md": 1}
LISTING = Listing("x/y", "x/y", "a" * 40, False, None, {n: {"size": s} for n, s in SIZES.items()})


def declared(**more: Any) -> HubSource:
    value = {"kind": "huggingface", "id": "x/y", "adapter": {"kind": "turns"}, **more}
    return bind(HubSource, Document(value, {}, "test"))


@pytest.mark.parametrize(
    ("caps", "letters"),
    [
        ({}, "abcd"),
        ({"max_files": 2}, "ab"),
        ({"max_files": 9}, "abcd"),
        ({"max_bytes": 10}, "a"),
        ({"max_bytes": 29}, "a"),
        # The small one behind the large one would make the rows taken depend on sizes in a way that nobody expects.
        ({"max_bytes": 16}, "a"),
        ({"max_bytes": 30}, "ab"),
        ({"max_bytes": 1000}, "abc"),
        ({"max_bytes": 1000, "max_files": 1}, "a"),
    ],
)
def test_caps_take_the_first_files_by_name(caps: dict[str, int], letters: str) -> None:
    source = declared(**caps)
    assert LISTING.chosen(source) == [f"{letter}.jsonl" for letter in letters]
    assert LISTING.left_out(source) == 4 - len(letters)
    assert LISTING.size(source) == sum(SIZES[n] or 0 for n in LISTING.chosen(source))


def test_a_first_file_over_the_cap_is_an_error() -> None:
    with pytest.raises(ProjectError, match="larger than 'max_bytes'") as error:
        LISTING.chosen(declared(max_bytes=9))
    assert error.value.fix == "raise max_bytes, to 10 at least"
    with pytest.raises(ProjectError) as error:
        LISTING.chosen(declared(max_bytes=9, files=["d.jsonl"]))
    assert error.value.fix == "take max_bytes away"


@pytest.mark.parametrize("cap", ["max_files", "max_bytes"])
@pytest.mark.parametrize("most", [0, -1])
def test_a_cap_that_leaves_nothing_is_refused(cap: str, most: int) -> None:
    with pytest.raises(ProjectError, match=cap):
        declared(**{cap: most})
