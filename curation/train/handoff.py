"""`curate train handoff`: a run for other trainers, as a folder with their configs and the data in their shapes.

Other trainers render a row by a Jinja template and tokenise the text as a whole, so what somebody typed can become a
control token, and a row that is too long is cut without a word. Rows to which that would happen are left out here, and
counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from curation.core import files
from curation.core.errors import ProjectError, UsageError
from curation.train import scripts, targets
from curation.train.encode import TEMPLATES, Row, Template
from curation.train.export import read_pairs, read_rows
from curation.train.material import Material, encode
from curation.train.pack import pack
from curation.train.pairs import PairRow
from curation.train.recipe import TrainRecipe
from curation.train.schedule import schedule, steps

Line = dict[str, Any]


@dataclass
class Kept:
    """What became of the rows of one side.

    Attributes:
        rows: those of the export.
        written: those for every trainer but LLaMA-Factory.
        control: left out, for a text has what looks like a control token.
        unusable: left out, for they are too long or have nothing to learn.
        partly: left out for LLaMA-Factory, which would learn turns that are only to be read.
    """

    rows: int = 0
    written: int = 0
    control: int = 0
    unusable: int = 0
    partly: int = 0


def handoff(recipe: TrainRecipe, export_dir: Path, out: Path, gpus: int) -> dict[str, Kept]:
    """Write a run for other trainers into a folder that appears whole, or not at all.

    Args:
        recipe: the run, with its base where it lies.
        export_dir: the mix.
        out: the folder.
        gpus: how many there will be.

    Returns:
        What became of the rows, by side.

    Raises:
        UsageError: there is something at `out` already.
        ProjectError: the recipe starts from another adapter or has its base in four bits, or nothing is left to learn.
        CurateError: whatever is wrong with the export or the base.
    """
    if out.exists():
        raise UsageError("there is something here already", where=str(out), fix="name a folder that does not exist")
    if recipe.start is not None:
        raise ProjectError(
            f"this recipe goes on from the adapter of '{recipe.start}', but other trainers begin with a whole model",
            where=f"training recipe {recipe.name}: start",
            fix="merge that adapter into its base, name the result as base, and leave 'start' out",
        )
    if recipe.dtype == "nf4":
        raise ProjectError(
            "a base in four bits is for one small GPU, and a run that is handed over shards one in 16",
            where=f"training recipe {recipe.name}: dtype",
            fix="set dtype: bfloat16",
        )
    # Canaries measure what our loop learns by heart; another one would have to measure them, too.
    plain = replace(recipe, overlong="drop", canaries=None)
    material = encode(plain, export_dir)
    template = TEMPLATES[recipe.base.template]
    planned = schedule(plain, material.documents, material.about)
    handed = targets.Handed(
        recipe=plain,
        template=template,
        gpus=gpus,
        validated=material.export.validated,
        rows_per_bin=len(material.documents) / len(pack(material.documents, recipe.max_tokens, 0, 0)),
        steps=steps(plain, planned.total),
    )
    with files.replacing_dir(out) as folder:
        (folder / "data").mkdir()
        kept = {
            side: _side(folder, side, plain, material, template)
            for side in (("train", "validation") if handed.validated else ("train",))
        }
        if not kept["train"].written:
            raise ProjectError("no row can be handed over", where=recipe.mix, fix="see the rows of the mix")
        _configs(folder, handed)
        (folder / "README.md").write_text(_readme(recipe, handed, kept), encoding="utf-8")
    return kept


def _configs(folder: Path, handed: targets.Handed) -> None:
    (folder / targets.TEMPLATE).write_text(targets.jinja(handed.template), encoding="utf-8")
    documents = {
        "fsdp2.yaml": targets.accelerate(handed),
        "trl.yaml": targets.trl(handed),
        "axolotl.yaml": targets.axolotl(handed),
        "llamafactory.yaml": targets.llamafactory(handed),
    }
    if handed.recipe.dpo is None:
        documents["nemo.yaml"] = targets.nemo(handed)
    for name, document in documents.items():
        (folder / name).write_text(yaml.safe_dump(document, sort_keys=False, width=120), encoding="utf-8")
    info = json.dumps(targets.dataset_info(handed), indent=2)
    (folder / "dataset_info.json").write_text(info + "\n", encoding="utf-8")
    (folder / "trl_train.py").write_text(scripts.trl_script(handed), encoding="utf-8")
    (folder / "ray_train.py").write_text(scripts.ray(handed), encoding="utf-8")


def _side(folder: Path, side: str, recipe: TrainRecipe, material: Material, template: Template) -> Kept:
    documents = material.documents if side == "train" else material.held_out
    usable = {(document.row, document.persona) for document in documents}
    kept, control = Kept(), template.control_tokens()
    with (
        (folder / "data" / f"{side}.jsonl").open("w", encoding="utf-8") as all_of_them,
        (folder / "data" / f"llamafactory_{side}.jsonl").open("w", encoding="utf-8") as alternating,
    ):
        for row, line, other in _lines(recipe, material, f"{side}.parquet"):
            kept.rows += 1
            if any(token in text for text in _texts(row) for token in control):
                kept.control += 1
            elif (row.id, row.persona) not in usable:
                kept.unusable += 1
            else:
                kept.written += 1
                _write(all_of_them, line)
                if other is None:
                    kept.partly += 1
                else:
                    _write(alternating, other)
    return kept


def _lines(recipe: TrainRecipe, material: Material, name: str) -> Iterator[tuple[Row | PairRow, Line, Line | None]]:
    """Every row with its line for most trainers and the one for LLaMA-Factory, if that can say it."""
    if recipe.dpo is not None:
        for pair in read_pairs(material.export, name):
            prompt = [{"role": turn.role, "content": turn.content} for turn in pair.prompt]
            answers = {
                which: {"role": "assistant", "content": getattr(pair, which)} for which in ("chosen", "rejected")
            }
            line = {"id": pair.id, "prompt": prompt, **{which: [turn] for which, turn in answers.items()}}
            yield pair, line, {"id": pair.id, "messages": prompt, **answers}
        return
    for row in read_rows(material.export, name):
        said = [{"role": turn.role, "content": turn.content} for turn in row.turns]
        whole = all(turn.train for turn in row.turns if turn.role == "assistant")
        marked = [{**message, "train": turn.train} for message, turn in zip(said, row.turns, strict=True)]
        yield row, {"id": row.id, "messages": marked}, {"id": row.id, "messages": said} if whole else None


def _texts(row: Row | PairRow) -> Iterable[str]:
    if isinstance(row, PairRow):
        return (*(turn.content for turn in row.prompt), row.chosen, row.rejected)
    return (turn.content for turn in row.turns)


def _write(stream: Any, line: Mapping[str, Any]) -> None:
    stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def _readme(recipe: TrainRecipe, handed: targets.Handed, kept: Mapping[str, Kept]) -> str:
    left = [
        f"| {side} | {found.written} of {found.rows} | {found.control} | {found.unusable} | {found.partly} |"
        for side, found in kept.items()
    ]
    lost = ["the ledger, exact resume and canaries: no trainer here keeps rows apart, so none can say what it learned"]
    lost += ["the curriculum: rows come shuffled, all in every epoch"] if recipe.phases else []
    lost += ["the heads"] if recipe.heads else []
    if recipe.overlong == "split":
        lost.append("pieces of rows above the length, which are left out")
    if recipe.dpo:
        lost.append("the shared prompt: every pair is computed as two rows")
    size = "rows" if recipe.dpo else "bins"
    return "\n".join(
        [
            f"# {recipe.name}, for other trainers",
            "",
            f"Made by `curate train handoff` of the mix `{recipe.mix}` for {handed.gpus} GPUs. Start one of them here:",
            "",
            *(f"- {name}: `{command}`" for name, command in targets.commands(handed).items()),
            "",
            "| side | rows | left out: control tokens in a text | too long, or nothing to learn "
            "| not for LLaMA-Factory: turns that are only read |",
            "|---|---|---|---|---|",
            *left,
            "",
            f"A run here has {handed.steps} steps of {recipe.bins_per_step} bins of {recipe.max_tokens} tokens; there, "
            f"each GPU takes whole {size} in a step, so a step is at least {handed.gpus} of them.",
            "",
            "What does not travel:",
            "",
            *(f"- {what}" for what in lost),
            "",
            "`chat_template.jinja` gives the tokens that curate gives. LLaMA-Factory has a template of its own, "
            f"`{targets.llamafactory(handed)['template']}`; look at its first rows before you trust it.",
            "",
        ]
    )


def told(kept: Mapping[str, Kept]) -> dict[str, dict[str, int]]:
    """The counts as JSON."""
    return {side: asdict(found) for side, found in kept.items()}
