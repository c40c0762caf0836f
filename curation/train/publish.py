"""What a run leaves behind: manifest, model card, and the one rename that makes them exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curation.core import files
from curation.core.errors import UsageError

MANIFEST = "manifest.json"
METRICS = "metrics.jsonl"
CARD = "README.md"


@contextmanager
def published(out_dir: Path) -> Iterator[Path]:
    """A folder beside `out_dir` to write into, which becomes `out_dir` by one rename, or vanishes on an error.

    Raises:
        UsageError: `out_dir` is already there.
    """
    if out_dir.exists():
        raise UsageError(
            "there is an adapter of this name already", where=out_dir.name, fix="move it away, or rename the recipe"
        )
    with files.replacing_dir(out_dir) as folder:
        yield folder


def seal(folder: Path, facts: Mapping[str, Any]) -> str:
    """Write `manifest.json`: the facts, the sha256 of every other file, and a seal over all of it.

    Returns:
        The seal: a digest of the manifest's canonical JSON without itself.
    """
    listed = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": files.sha256_file(path)}
        for path in files.files_below(folder)
    }
    manifest = {**facts, "files": listed}
    files.write_sealed(folder / MANIFEST, manifest)
    return files.digest(manifest)


def _canaries(found: Mapping[str, Any]) -> str:
    verdict = "It has learned them by heart." if found["memorised"] else "It has not learned them by heart."
    return (
        f"Of {len(found['exposure'])} made-up secrets among its rows the mean exposure is {found['mean']:.1f} bits "
        f"(by chance 1.4, allowed {found['limit']:g}). {verdict}"
    )


def _heads(found: Mapping[str, Any]) -> list[str]:
    lines = [
        "Heads learned labels of the rows beside the text: how far they agree with labels of held-out rows.",
        "",
        "| label | mode | kept | macro-F1 linear | convolutional | ECE linear | convolutional | rows |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, head in found.items():
        both = [head["marks"].get(way) for way in ("linear", "convolutional")]
        f1, ece = ([f"{known[key]:.3f}" if known else "" for known in both] for key in ("f1", "ece"))
        rows = both[0]["rows"] if both[0] else 0
        lines.append(f"| {name} | {head['mode']} | {head['kept']} | {' | '.join((*f1, *ece))} | {rows} |")
    return [
        *lines,
        "",
        "The convolutional head is kept only where it wins in 95 of 100 resamples of the held-out rows.",
        "",
    ]


def card(facts: Mapping[str, Any]) -> str:
    """The model card: what the adapter is, what it learned from, and how it can be followed back."""
    recipe, base, counts, losses = facts["recipe"], facts["base"], facts["counts"], facts["losses"]
    front = ["library_name: peft", "tags: [lora]"]
    if base["revision"]:
        front.insert(0, f"base_model: {base['name']}")
    held_out = [
        f"| {name} | {losses['before'][name]:.4f} | {losses['after'][name]:.4f} |" for name in sorted(losses["after"])
    ]
    return "\n".join(
        [
            "---",
            *front,
            "---",
            f"# {recipe['name']}",
            "",
            f"A LoRA adapter (rank {recipe['lora']['r']}, alpha {recipe['lora']['alpha']:g}) for `{base['name']}`"
            + (f" at `{base['revision']}`" if base["revision"] else "")
            + f", template `{recipe['base']['template']}`.",
            "",
            f"It learned from the mix `{recipe['mix']}`: {counts['rows_encoded']} of {counts['rows']} rows, "
            f"{counts['trained_tokens']} trained of {counts['tokens']} tokens, in {facts['steps']} steps. "
            f"Loss of the first step {losses['first_step']:.4f}, of the last {losses['last_step']:.4f} nats per token.",
            "",
            *(["| held out | before | after |", "|---|---|---|", *held_out, ""] if held_out else []),
            *([_canaries(facts["canaries"]), ""] if facts.get("canaries") else []),
            *(_heads(facts["heads"]) if facts.get("heads") else []),
            "`ledger.parquet` has every row with the step that learned it; `manifest.json` has the recipe and the "
            "sha256 of the export, the base, the template and every file here.",
            "",
        ]
    )
