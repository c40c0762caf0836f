import pytest
from export_stand import make_project

from curation.core.errors import GateError
from curation.core.lock import Entry, Lock
from curation.export.gates import classify, most_restrictive, rights

ACCEPT = {"licence": "by letter", "by": "Ada", "reason": "the author agreed on 3 May"}


@pytest.mark.parametrize(
    ("licence", "kind"),
    [
        ("MIT", "permissive"),
        ("apache-2.0", "permissive"),
        ("BSD-3-Clause", "permissive"),
        ("cc0-1.0", "permissive"),
        ("CC-BY-4.0", "attribution"),
        ("CC-BY-SA-3.0", "share-alike"),
        ("AGPL-3.0-only", "share-alike"),
        ("gpl-2.0-or-later", "share-alike"),
        ("cc-by-nc-4.0", "non-commercial"),
        ("cc-by-nc-sa-4.0", "non-commercial"),
        ("cc-by-nd-4.0", "unknown"),
        ("other", "unknown"),
        ("unknown", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_classes(licence, kind):
    assert classify(licence) == kind


def entry(licence):
    return Entry(revision="r", files={}, identity=(), schema="", adapter="", rows=0, table="", licence=licence)


def test_the_gate_names_every_source_and_its_mended_twin_passes(tmp_path):
    bad = {"one": {"licence": None}, "two": {"licence": "mystery"}, "good": {}}
    with pytest.raises(GateError) as caught:
        rights(make_project(tmp_path / "a", bad).sources, Lock())
    assert "one (none stated)" in caught.value.what and "two (mystery)" in caught.value.what
    assert "good" not in caught.value.what and "accept" in (caught.value.fix or "")
    assert caught.value.exit_code == 5 and len(caught.value.lines()) <= 6
    mended = {"one": {"licence": "CC-BY-4.0"}, "two": {"licence": "mystery", "accept": ACCEPT}, "good": {}}
    found = rights(make_project(tmp_path / "b", mended).sources, Lock())
    assert found["two"].licence == "by letter" and found["two"].accept.by == "Ada"
    assert most_restrictive(found.values()) == "unknown"


def test_the_data_cards_licence_counts_where_none_is_declared(tmp_path):
    sources = make_project(tmp_path, {"one": {"licence": None}}).sources
    assert rights(sources, Lock({"one": entry("cc-by-sa-4.0")}))["one"].kind == "share-alike"
    with pytest.raises(GateError):
        rights(sources, Lock({"one": entry("other")}))
