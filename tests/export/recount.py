"""Counts an export anew with nothing but pyarrow and json, and says where manifest, card or Croissant differ from it.

By itself: python tests/export/recount.py FOLDER
"""

import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq


def differences(folder):
    """Every number of manifest, card and Croissant that the files do not bear out."""
    manifest = json.loads((folder / "manifest.json").read_text())
    card = (folder / "README.md").read_text()
    sides = {s: _rows(folder / f"{s}.parquet") for s in ("train", "validation", "test")}
    rows = [row for side in sides.values() for row in side]
    found = []

    def same(what, said, counted):
        if said != counted:
            found.append(f"{what}: said {said}, counted {counted}")

    for side, of in sides.items():
        same(f"rows {side}", manifest["rows"][side], len(of))
    ids = {row["id"] for row in rows}
    same("selected", manifest["rows"]["selected"], len(ids))
    same("repeats", manifest["rows"]["repeats"], len(rows) - len(ids))
    gone = _rows(folder / "left_out.parquet")
    same("seen", manifest["rows"]["seen"], len(ids) + len(gone))
    same("rows both in and out", 0, len(ids & {row["id"] for row in gone}))
    for name, source in manifest["sources"].items():
        mine = {row["id"] for row in rows if row["source"] == name}
        out = Counter(row["reason"] for row in gone if row["id"].partition(":")[0] == name)
        same(f"{name} selected", source["selected"], len(mine))
        same(f"{name} left out", source["left_out"], dict(out))
        same(
            f"{name} licences",
            {source["licence"]} if mine else set(),
            {r["licence"] for r in rows if r["source"] == name},
        )
        cells = re.search(rf"^\| {re.escape(name)} \| .*$", card, re.M).group().split(" | ")
        same(f"{name} on the card", cells[4], f"{len(mine):,}")
    amounts = manifest["amounts"]
    size = {"rows": None, "tokens": {"total": "n_tokens", "supervised": "n_trained"}[amounts["counted"]]}[
        amounts["unit"]
    ]
    trained = [(row, 1 if size is None else row[size]) for row in sides["train"]]
    for name, portion in amounts["portions"].items():
        got = sum(n for row, n in trained if row["portion"] == name)
        same(f"portion {name}", portion["got"], got)
        line = next(line for line in card.splitlines() if line.startswith(f"| {name} | ") and line.count("|") == 6)
        same(f"portion {name} on the card", line.split(" | ")[2], f"{got:,}")
        for source, of in portion["sources"].items():
            mine = sum(n for row, n in trained if (row["portion"], row["source"]) == (name, source))
            same(f"portion {name} of {source}", of["got"], mine)
    for phase, facts in amounts["phases"].items():
        same(f"phase {phase}", facts["got"], sum(n for row, n in trained if row["phase"] == phase))
    for voice, facts in amounts["voices"].items():
        same(f"voice {voice}", facts["got"], sum(n for row, n in trained if row["persona"] == voice))
    same("personas", manifest["personas"], dict(sorted(Counter(row["persona"] for row in rows).items())))
    described = json.loads((folder / "croissant.json").read_text())
    for entry in described["distribution"]:
        data = (folder / entry["name"]).read_bytes()
        same(f"{entry['name']} in Croissant", entry["sha256"], hashlib.sha256(data).hexdigest())
        same(f"{entry['name']} size in Croissant", entry["contentSize"], f"{len(data)} B")
    for record_set in described["recordSet"]:
        names = pq.read_schema(folder / f"{record_set['name']}.parquet").names
        same(f"columns of {record_set['name']}", [f["name"] for f in record_set["field"]], names)
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        same(f"checksum of {name}", digest, hashlib.sha256((folder / name).read_bytes()).hexdigest())
    return found


def _rows(path):
    return pq.read_table(path).to_pylist() if path.exists() else []


if __name__ == "__main__":
    wrong = differences(Path(sys.argv[1]))
    print("\n".join(wrong) or "the counts agree")
    sys.exit(bool(wrong))
