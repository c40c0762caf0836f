"""A row at risk waits, is released by a person or with its stratum, and the data card says so."""

import json
import re
import shutil

import pytest

from curation.cli import main
from curation.commands.init import create

HARMLESS = [f"We painted fence number {n} and I felt proud of it." for n in range(4)]
CONCERN = [f"After walk number {n} I wish I was dead, doctor." for n in range(9)]
PLAN = ["I have been stockpiling my tablets since the spring."]
GERMAN = ["Heute war ein sehr langer Tag, und ich bin einfach nur noch müde von der vielen Arbeit im Büro gewesen."]


def curate(root, *words):
    return main(["--project", str(root), "--workers", "1", *words])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("strata") / "p"
    create(
        root,
        sources="sources:\n  talks:\n    kind: files\n    path: talks.jsonl\n    licence: apache-2.0\n"
        "    persona: assistant\n    adapter: {kind: qa, user: q, assistant: a}\n",
    )
    (root / "curate.toml").write_text('[stages.scrub]\nlevel = "patterns"\n[risk]\nsample = 3\nminutes = 6.0\n')
    (root / "exports" / "mixes").mkdir(parents=True, exist_ok=True)
    (root / "exports" / "mixes" / "sft.yaml").write_text(
        "mix: sft\ntask: sft\nsplits: {validation: 0.0}\ngates: {scrub: patterns}\n"
    )
    thanks, danke = "Thank you for telling me.", "Danke, dass Sie mir das erzählen. Wie geht es Ihnen heute damit?"
    rows = [{"q": q, "a": thanks} for q in (*HARMLESS, *CONCERN, *PLAN)] + [{"q": q, "a": danke} for q in GERMAN]
    (root / "talks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert curate(root, "export", "sft") == 0
    return root


@pytest.fixture
def root(made, tmp_path):
    shutil.copytree(made, tmp_path / "p")
    return tmp_path / "p"


def exported(root):
    folder = json.loads((root / "data/exports/sft/latest.json").read_text())["folder"]
    text = (root / "data/exports/sft" / folder / "train.jsonl").read_text("utf-8")
    return [json.loads(line)["id"] for line in text.splitlines()], (root / "data/exports/sft" / folder)


def read(capsys, root, *words):
    capsys.readouterr()
    assert curate(root, *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_rows_at_risk_wait_and_status_says_what_reading_them_takes(root, capsys):
    assert len(exported(root)[0]) == len(HARMLESS)
    found = read(capsys, root, "status")
    assert found["waiting"] == {"talks": 11} and found["reviewer_hours"] == 1.1
    curate(root, "status")
    out = capsys.readouterr().out
    assert "11 rows at risk wait" in out and "1.1 h at 6 min a row" in out
    assert max(map(len, out.splitlines())) < 130


def test_why_says_that_it_waits_and_a_person_lets_it_out(root, capsys):
    stratum = read(capsys, root, "review", "stratum", "talks")
    one = stratum["sample"][0]
    curate(root, "why", one)
    assert "risk 2 self_harm" in (said := capsys.readouterr().out)
    assert f"curate review answer {one} risk release" in said and "risk_unreleased" in said
    assert curate(root, "review", "answer", one, "risk", "release") == 0
    assert curate(root, "export", "sft") == 0
    assert one in exported(root)[0] and len(exported(root)[0]) == len(HARMLESS) + 1
    curate(root, "why", one)
    assert "in no mix until" not in capsys.readouterr().out


def test_a_stratum_goes_once_its_sample_was_read(root, capsys):
    stratum = read(capsys, root, "review", "stratum", "talks")
    assert stratum["rows"] == 9 and len(stratum["sample"]) == len(stratum["unread"]) == 3 and stratum["open"] == 6
    release = ("review", "stratum", "talks", "--release", "--reason", "read by two of us", "--by", "ann")
    assert curate(root, *release) == 5, "nothing was read yet"
    assert curate(root, "review", "stratum", "talks", "--release") == 2, "no reason"
    for record in stratum["sample"]:
        assert curate(root, "review", "answer", record, "risk", "release", "--by", "ann") == 0
    assert curate(root, *release) == 0
    assert "6 rows released" in capsys.readouterr().err
    assert curate(root, "export", "sft") == 0
    ids, folder = exported(root)
    assert len(ids) == len(HARMLESS) + 9
    card = (folder / "README.md").read_text("utf-8")
    assert re.search(r"\| talks \| 2 \| any \| 6 \| 3 \| 0 \| 63\.2% \| ann \| read by two of us \|", card)
    assert "released them: 9 are" in card
    assert read(capsys, root, "status")["waiting"] == {"talks": 2}
    before = (root / "annotations" / "answers.jsonl").read_bytes()
    assert curate(root, *release) == 0 and (root / "annotations" / "answers.jsonl").read_bytes() != b""
    assert before in (root / "annotations" / "answers.jsonl").read_bytes()


def test_one_row_held_in_the_sample_keeps_the_stratum(root, capsys):
    stratum = read(capsys, root, "review", "stratum", "talks")
    for record, answer in zip(stratum["sample"], ("release", "hold", "release"), strict=True):
        assert curate(root, "review", "answer", record, "risk", answer) == 0
    capsys.readouterr()
    assert curate(root, "review", "stratum", "talks", "--release", "--reason", "x") == 5
    assert "1 of the 3 rows read are held" in capsys.readouterr().err
    assert curate(root, "export", "sft") == 0
    assert len(exported(root)[0]) == len(HARMLESS) + 2


def test_a_stratum_without_rows_and_a_level_that_goes_row_by_row(root, capsys):
    assert curate(root, "review", "stratum", "talks", "--level", "3", "--release", "--reason", "x") == 5
    assert curate(root, "review", "stratum", "talks", "--level", "4") == 2
    assert read(capsys, root, "review", "stratum", "talks", "--flag", "psychosis")["rows"] == 0


def test_without_the_stage_nothing_may_leave(root, capsys):
    from curation.commands.pipeline import view
    from curation.core.project import Project
    from curation.core.store import View
    from curation.export.export import planned
    from curation.export.recipe import load

    project = Project.open(root)
    whole = view(project, "talks")
    without = View(tuple(t for t in whole.tables if t.manifest["step"] != "risk"))
    with pytest.raises(Exception, match="not screened for risk") as caught:
        planned(project, load(project)["sft"], {"talks": without})
    assert caught.value.exit_code == 5
