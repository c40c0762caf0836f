import pytest
from export_stand import make_project

from curation.core.errors import GateError
from curation.core.lock import Entry, Lock
from curation.export.gates import Right, classify, most_restrictive, rights

ACCEPT = {"licence": "by letter", "by": "Ada", "reason": "the author agreed on 3 May"}


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


@pytest.mark.parametrize("licence", ["cc-by-nc-4.0", "CC BY-NC-SA 4.0", "agpl-3.0", "rail-d", None])
def test_a_restricted_licence_leaves_only_on_a_persons_word(tmp_path, licence):
    with pytest.raises(GateError) as caught:
        rights(make_project(tmp_path / "a", {"one": {"licence": licence}}).sources, Lock())
    assert f"one ({licence or 'none stated'})" in caught.value.what
    assert "accept: {" in caught.value.fix and len(caught.value.lines()) <= 6
    word = {**ACCEPT, "licence": licence or "none"}
    right = rights(make_project(tmp_path / "b", {"one": {"licence": licence, "accept": word}}).sources, Lock())["one"]
    assert (right.kind, right.stated, right.accept.by) == (classify(licence), licence, "Ada")


@pytest.mark.parametrize("licence", ["gpl-3.0", "cc-by-sa-4.0", "cc-by-4.0", "mit"])
def test_other_licences_need_none(tmp_path, licence):
    assert rights(make_project(tmp_path, {"one": {"licence": licence}}).sources, Lock())["one"].accept is None


def test_a_card_that_became_non_commercial_is_noticed_whatever_is_declared(tmp_path):
    sources = make_project(tmp_path, {"one": {"licence": "mit"}}).sources
    assert rights(sources, Lock({"one": entry("apache-2.0")}))["one"].licence == "mit"
    with pytest.raises(GateError, match="cc-by-nc-4"):
        rights(sources, Lock({"one": entry("cc-by-nc-4.0")}))


def test_the_most_restrictive_class_decides():
    ladder = ["mit", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "other"]
    found = [Right(licence, classify(licence)) for licence in ladder]
    assert [most_restrictive(found[: n + 1]) for n in range(5)] == [r.kind for r in found]
    assert most_restrictive([]) == "permissive"
