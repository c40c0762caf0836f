"""The scorecard of an adapter: what it does to held-out rows, beside its base, in numbers that can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.core import files
from curation.core.declare import plain
from curation.core.errors import MissingError, ProjectError
from curation.core.model_files import fingerprint, load_tokenizer
from curation.train import labels
from curation.train.encode import TEMPLATES, Document, Encoder
from curation.train.export import about, open_export, read_rows
from curation.train.material import Material, encode
from curation.train.publish import MANIFEST
from curation.train.recipe import TrainRecipe

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

    from curation.train.lora import LoraLinear

FOLDER = "scorecards"
_SAID = {"accuracy": "preference accuracy", "likelier": "better answer likelier", "margin": "preference margin"}
_HELD_OUT = "validation.parquet"


@dataclass(frozen=True)
class Exam:
    """Held-out rows to be judged by: the recipe that says how they are read, and their export."""

    recipe: TrainRecipe
    export: Path


def scorecard(recipe: TrainRecipe, adapter: Path, exams: Sequence[Exam]) -> dict[str, Any]:
    """Judge an adapter by the held-out rows of the mixes it learned from.

    Args:
        recipe: the adapter's recipe, with its base where it lies.
        adapter: its folder.
        exams: the mixes, each with a recipe on the same base.

    Returns:
        For every measure the base and the adapter; see `docs/training.md`.

    Raises:
        ProjectError: the adapter belongs to another base.
        MissingError: no mix has held-out rows.
        IntegrityError: the adapter, the base or an export is not what was written.
    """
    import torch

    from curation.train.loop import adapted

    manifest = files.read_sealed(adapter / MANIFEST)
    found: dict[str, Any] = {"adapter": files.digest(manifest), "mixes": {}}
    model: MistralForCausalLM | None = None
    layers: dict[str, LoraLinear] = {}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    for exam in exams:
        if not open_export(exam.export).validated:
            continue
        material = encode(replace(exam.recipe, base=recipe.base), exam.export)
        if model is None:
            _check(recipe, manifest, material)
            model, layers = adapted(replace(recipe, start=None), material, None, device)
            from curation.train import lora

            lora.load(adapter, layers)
        judge = _pairs if exam.recipe.dpo else _conversations
        found["mixes"][exam.recipe.mix] = judge(model, layers, exam, material, device)
        if exam.recipe.name == recipe.name and (adapter / labels.HEADS).is_file():
            found["mixes"][exam.recipe.mix]["heads"] = _heads(model, recipe, adapter, material, device)
    if model is None:
        raise MissingError(
            "no mix of this recipe has held-out rows, so there is nothing to judge by",
            where=f"training recipe {recipe.name}",
            fix="set splits: {validation: 0.05} in the mix and train again",
        )
    return {**found, "lines": _lines(found["mixes"])}


def _check(recipe: TrainRecipe, manifest: Mapping[str, Any], material: Material) -> None:
    same = {
        "base": manifest["base"]["fingerprint"] == fingerprint(material.base),
        "template": manifest["template"] == TEMPLATES[recipe.base.template].digest(),
        "shape": manifest["recipe"]["lora"]["r"] == recipe.lora.r
        and list(manifest["recipe"]["lora"]["targets"]) == plain(recipe.lora.targets),
    }
    for what, holds in same.items():
        if not holds:
            raise ProjectError(
                f"the adapter was trained with another {what} than the recipe names now",
                where=f"training recipe {recipe.name}",
                fix=f"curate train run {recipe.name}",
            )


def _conversations(
    model: MistralForCausalLM, layers: dict[str, LoraLinear], exam: Exam, material: Material, device: str
) -> dict[str, Any]:
    from curation.train import lora
    from curation.train.evaluate import held_out, persona_switch, switch_gap
    from curation.train.objectives import Conversations
    from curation.train.pack import pack

    known = about(material.export, _HELD_OUT)
    limit = exam.recipe.max_tokens

    def groups(document: Document) -> list[str]:
        source, phase = known[document.row]
        return ["all", f"persona {document.persona}", f"source {source}", f"phase {phase}"]

    bins = pack(material.held_out, limit, 0, 0)
    encoder = Encoder(load_tokenizer(material.base), TEMPLATES[exam.recipe.base.template])
    rows = list(read_rows(material.export, _HELD_OUT))
    measured = {}
    for who in ("base", "adapter"):
        with lora.switched_off(layers if who == "base" else {}):
            losses = held_out(model, Conversations(), bins, device, groups)
            matrix = persona_switch(model, encoder, rows, limit, device)
        measured[who] = {"loss": losses, "persona_switch": matrix, "switch_gap": switch_gap(matrix)}
    return {"kind": "conversations", "rows": len({d.row for d in material.held_out}), **measured}


def _heads(
    model: MistralForCausalLM, recipe: TrainRecipe, adapter: Path, material: Material, device: str
) -> dict[str, Any]:
    """The marks of the heads that were kept, over the adapter's states."""
    from curation.train import heads, marks
    from curation.train.pack import pack

    asked, ways = heads.load(adapter, device)
    known = labels.read(material.export, _HELD_OUT, asked, recipe.name)
    told, right = heads.judge(model, asked, ways, pack(material.held_out, recipe.max_tokens, 0, 0), known, device)
    found = {}
    for name, by_way in told.items():
        ((way, probabilities),) = by_way.items()
        if len(probabilities):
            found[name] = {"kept": way, **marks.marks(asked[name], probabilities, right[name])._asdict()}
    return found


def _pairs(
    model: MistralForCausalLM, layers: dict[str, LoraLinear], exam: Exam, material: Material, device: str
) -> dict[str, Any]:
    from curation.train import lora
    from curation.train.evaluate import pair_logps, preference
    from curation.train.pairs import Pair

    pairs = [document for document in material.held_out if isinstance(document, Pair)]
    limit = exam.recipe.max_tokens
    with lora.switched_off(layers):
        base = pair_logps(model, pairs, limit, device)
    own = pair_logps(model, pairs, limit, device)
    measured = {"base": {"likelier": preference(base, base)["likelier"]}, "adapter": preference(base, own)}
    return {"kind": "pairs", "rows": len(pairs), **measured}


def _lines(mixes: Mapping[str, Any]) -> list[tuple[str, float | None, float | None]]:
    """The measures as (name, base, adapter), named so that those of two adapters can be compared."""
    found: list[tuple[str, float | None, float | None]] = []
    for mix, exam in mixes.items():
        base, own = exam["base"], exam["adapter"]
        if exam["kind"] == "pairs":
            found += [(f"{mix}: {_SAID[name]}", base.get(name), own[name]) for name in _SAID]
            continue
        found += [(f"{mix}: loss, {name}", base["loss"][name], loss) for name, loss in own["loss"].items()]
        if own["switch_gap"] is not None:
            found.append((f"{mix}: cost of the other voice's prompt", base["switch_gap"], own["switch_gap"]))
        for name, head in exam.get("heads", {}).items():
            found += [(f"{mix}: {name}, macro-F1", None, head["f1"]), (f"{mix}: {name}, ECE", None, head["ece"])]
    return found
