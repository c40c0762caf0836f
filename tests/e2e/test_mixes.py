"""The whole way to mixes by tokens: the demo's and the loopback hub's data, Pixel's own recipes, recounted by hand."""

import json
import re

import pyarrow.parquet as pq
import pytest

from curation.cli import main
from curation.core.project import Project
from curation.demo.hub import LoopbackHub
from curation.demo.material import write_material

RECIPE = """\
mix: shares
task: sft
budget: {tokens: 8000}
shares: {therapy: 0.35, assistant: 0.25, questions: 0.25, sessions: 0.15}
"""


@pytest.fixture
def quiet_hub(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("HF_TOKEN", "hf_ok")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)

    def serve(root):
        hub = LoopbackHub(root)
        running = hub.__enter__()
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        return hub

    return serve


def exported(root, mix):
    pointer = json.loads((root / "data" / "exports" / mix / "latest.json").read_text())
    folder = root / "data" / "exports" / mix / pointer["folder"]
    return folder, json.loads((folder / "manifest.json").read_text())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_shares_of_the_demo_are_met(quiet_hub, tmp_path, capsys):
    material = write_material(tmp_path / "material")
    root = tmp_path / "p"
    assert main(["init", str(root)]) == 0
    (root / "sources.yaml").write_text(material.sources_yaml())
    (root / "files").symlink_to(material.files)
    (root / "exports" / "mixes" / "shares.yaml").write_text(RECIPE)
    with (root / "curate.toml").open("a") as settings:
        # The model holds most talk of therapists back until a person has read it; then these shares cannot be filled.
        settings.write('\n[stages.risk]\nthreshold = "patterns"\n')
    hub = quiet_hub(material.hub)
    try:
        assert main(["--project", str(root), "export", "shares"]) == 0
    finally:
        hub.__exit__(None, None, None)
    folder, manifest = exported(root, "shares")
    rows = pq.read_table(folder / "train.parquet").to_pylist()
    total = sum(r["n_tokens"] for r in rows)
    for name, share in manifest["recipe"]["shares"].items():
        got = sum(r["n_tokens"] for r in rows if r["source"] == name) / total
        print(f"{name}: asked {share:.2%}, got {got:.3%}")
        assert abs(got - share) < 0.005
    assert set(manifest["split"]["leakage"].values()) == {0}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pixels_own_recipes_say_every_shortage(shared, quiet_hub, tmp_path, capsys):
    root = tmp_path / "pixel"
    assert main(["init", str(root), "--example", "pixel"]) == 0
    text = (root / "sources.yaml").read_text()
    accept = "    accept: {licence: for a test, by: A Test, reason: made-up rows}\n"
    text = re.sub(r"^    enabled: false\n", "", text, flags=re.M)
    for name in Project.open(root).sources:
        text = text.replace(f"  {name}:\n", f"  {name}:\n{accept}")
    (root / "sources.yaml").write_text(text)
    hub = quiet_hub(shared / "data" / "hub_fixture")
    try:
        assert main(["--project", str(root), "export", "pixel-sft", "pixel-dual", "pixel-dpo"]) == 0
    finally:
        hub.__exit__(None, None, None)
    said = capsys.readouterr().err
    for mix in ("pixel-sft", "pixel-dual", "pixel-dpo"):
        folder, manifest = exported(root, mix)
        rows = pq.read_table(folder / "train.parquet").to_pylist()
        column = "n_trained" if mix == "pixel-dual" else "n_tokens"
        card = (folder / "README.md").read_text()
        budget = manifest["recipe"]["budget"]["tokens"]
        short = 0
        for name, portion in manifest["recipe"]["portions"].items():
            got = sum(r[column] for r in rows if r["portion"] == name)
            asked = round(budget * portion["share"])
            facts = manifest["amounts"]["portions"][name]
            assert (facts["asked"], facts["got"]) == (asked, got)
            line = f"{name} has {got:,} of the {asked:,} tokens asked for"
            short += got < asked * 0.995
            assert (f"{mix}: shortage: {line}" in said) == (line in card) == (got < asked * 0.995)
            for source in portion["sources"]:
                of = facts["sources"][source]
                assert of["got"] == sum(r[column] for r in rows if (r["portion"], r["source"]) == (name, source))
                if len(portion["sources"]) > 1 and of["got"] < of["asked"] * 0.995:
                    assert f"{name}: {source} has {of['got']:,} of the {of['asked']:,} tokens asked for" in said
            for name_ in manifest["missing"]:
                assert f"| {name_} |" in card
        assert short and set(manifest["split"]["leakage"].values()) == {0}
        assert all(r["epoch"] <= manifest["recipe"]["portions"][r["portion"]]["max_epochs"] for r in rows)
        print(mix, manifest["amounts"]["got"], "of", budget, manifest["missing"])
