"""Licences as people and data cards spell them."""

from __future__ import annotations

import time

import pytest

from curation.methods.licences import CLASSES, asks_for_a_word, classify, severity, that_counts

SPELLINGS = {
    "permissive": [
        "MIT",
        "mit",
        "The MIT License",
        "MIT No Attribution",
        "Apache-2.0",
        "apache-2.0+",
        "Apache License, Version 2.0",
        "BSD-3-Clause",
        'BSD 3-Clause "New" or "Revised" License',
        "bsl-1.0",
        "CC0-1.0",
        "cc0 1.0 universal",
        "https://creativecommons.org/publicdomain/zero/1.0/",
        "CDLA-Permissive-2.0",
        "Unlicense",
        "MIT OR Apache-2.0",
        "MIT/Apache-2.0",
    ],
    "attribution": [
        "CC-BY-4.0",
        "cc_by_4.0",
        "CC BY 4.0",
        "Creative Commons Attribution 4.0 International",
        "Creative Commons Attribution 4.0 International (CC BY 4.0)",
        "https://creativecommons.org/licenses/by/4.0/legalcode",
        "odc-by",
        "Open Data Commons Attribution License v1.0",
        "mit, cc-by-4.0",
    ],
    "share-alike": [
        "cc-by-sa-3.0",
        "Creative Commons Attribution Share Alike 4.0",
        "GPL-3.0-or-later",
        "GPLv3",
        "gpl v3 or later",
        "GNU General Public License v2.0 only",
        "LGPL-3.0+",
        "ODbL-1.0",
        "agpl-3.0",
        "AGPL-3.0-only",
        "GNU Affero General Public License v3.0",
        "cc-by-4.0; cc-by-sa-4.0",
    ],
    "non-commercial": [
        "cc-by-nc-4.0",
        "CC BY-NC 4.0",
        "cc-by-nc-sa-4.0",
        "CC-BY-NC-SA-4.0",
        "Attribution-NonCommercial-ShareAlike 4.0 International",
        "https://creativecommons.org/licenses/by-nc-sa/4.0/",
        "mit, cc-by-nc-4.0",
        "Apache-2.0 and CC-BY-NC-SA-4.0",
    ],
    "unknown": [
        None,
        "",
        " , ",
        "other",
        "unknown",
        "cc",
        "openrail",
        "OpenRAIL++",
        "bigscience-openrail-m",
        "rail-d",
        "CC-BY-ND-4.0",
        "cc-by-nc-nd-4.0",
        "BSL 1.1",
        "llama3",
        "proprietary",
        "by permission of the author",
        "not MIT",
        "MIT for research only",
        "mit, other",
        "cc-by-nc-sa-4.0 or commercial",
        "mit, " * 70 + "cc-by-nc-4.0",
    ],
}


@pytest.mark.parametrize(("kind", "licence"), [(kind, each) for kind, all_ in SPELLINGS.items() for each in all_])
def test_a_spelling(kind: str, licence: str | None) -> None:
    assert classify(licence) == kind
    assert licence is None or classify(f"  {licence.upper()}\n") == kind


def test_the_order_is_from_permissive_to_unknown() -> None:
    ladder = ["mit", "cc-by-4.0", "gpl-3.0", "agpl-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "other"]
    assert sorted(reversed(ladder), key=severity) == ladder
    assert [CLASSES.index(classify(each)) for each in ladder] == [0, 1, 2, 2, 3, 3, 4]
    assert [asks_for_a_word(each) for each in ladder] == [False] * 3 + [True] * 4


@pytest.mark.parametrize(
    ("declared", "card", "counts"),
    [
        (None, None, None),
        (None, "other", "other"),
        ("cc-by-4.0", None, "cc-by-4.0"),
        ("cc-by-4.0", "other", "cc-by-4.0"),
        ("mit", "cc-by-sa-4.0", "mit"),
        ("mit", "cc-by-nc-4.0", "cc-by-nc-4.0"),
        ("mit", "agpl-3.0", "agpl-3.0"),
        ("cc-by-nc-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0"),
        ("other", "mit", "other"),
        ("other", "cc-by-nc-4.0", "other"),
    ],
)
def test_a_declaration_does_not_soften_a_card_that_asks_for_more(
    declared: str | None, card: str | None, counts: str | None
) -> None:
    assert that_counts(declared, card) == counts


def test_a_hostile_name_costs_no_time() -> None:
    start = time.perf_counter()
    for text in (" " * 200_000, "cc " * 90, "mit or " * 40, "(" * 299, '"new or revised' * 20):
        classify(text)
    assert time.perf_counter() - start < 0.5
