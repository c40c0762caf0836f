"""A run that is cut off goes on where it was: weights, optimiser, ledger and metrics as they were after a step.

A snapshot is a folder that appears by one rename and is removed only when a newer one is there. The ledger's entries
lie beside the snapshots in pieces; pieces that no snapshot vouches for are thrown away, so a step that is done again
is entered once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.core import files
from curation.core.errors import CurateError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Progress = Callable[[int, int, dict[str, float]], None]
"""(step, steps, numbers): called after every step."""

FOLDER = "unfinished"
"""Below data/: of each recipe the run that was cut off."""

_FACTS = "facts.json"
_TENSORS = "tensors.safetensors"


@dataclass(frozen=True)
class Keeping:
    """How a run is kept on the way, to go on after an interruption: in which folder, and how often in seconds."""

    folder: Path | None = None
    seconds: float = 300.0


@dataclass
class Snapshots:
    """The snapshots of one run in a folder of its own; without a folder nothing is kept on the way.

    Args:
        folder: where they lie.
        decided_by: what decides the run; snapshots of another run are removed.
    """

    folder: Path | None
    decided_by: str
    _pieces: list[str] = field(default_factory=list)
    _held: list[pa.Table] = field(default_factory=list)

    def latest(self) -> Path | None:
        """The newest whole snapshot of this run; everything else in the folder is removed."""
        if self.folder is None or not self.folder.is_dir():
            return None
        found: Path | None = None
        for path in sorted(self.folder.glob("step-*"), reverse=True):
            facts = _whole(path)
            if found is None and facts is not None and facts["decided_by"] == self.decided_by:
                found, self._pieces = path, list(facts["pieces"])
        for path in self.folder.iterdir():
            if path != found and path.name not in self._pieces:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return found

    def save(
        self, step: int, weights: Sequence[Tensor], optimizer: Optimizer, entries: pa.Table, facts: dict[str, Any]
    ) -> None:
        """Keep the state after a step; `entries` are those of the ledger since the last snapshot.

        Raises:
            CurateError: the disk is full or refuses.
        """
        if self.folder is None:
            self._held.append(entries)
            return
        from safetensors.torch import save_file

        piece = f"ledger-{step:09}.arrow"
        with (
            files.replacing(files.make_dir(self.folder) / piece) as aside,
            pa.OSFile(str(aside), "wb") as sink,
            pa.ipc.new_file(sink, entries.schema) as writer,
        ):
            writer.write_table(entries)
        self._pieces.append(piece)
        tensors = {f"weight.{number}": weight.detach().cpu() for number, weight in enumerate(weights)}
        for number, kept in optimizer.state_dict()["state"].items():
            tensors |= {f"{name}.{number}": value.cpu() for name, value in kept.items()}
        with files.replacing_dir(self.folder / f"step-{step:09}") as folder:
            save_file(tensors, folder / _TENSORS)
            said = {"step": step, "decided_by": self.decided_by, "pieces": self._pieces, "facts": facts}
            files.write_sealed(folder / _FACTS, {**said, "sha256": files.sha256_file(folder / _TENSORS)})
        for path in self.folder.glob("step-*"):
            if path.name != f"step-{step:09}":
                shutil.rmtree(path)

    def restore(self, path: Path, weights: Sequence[Tensor], optimizer: Optimizer) -> tuple[int, dict[str, Any]]:
        """Put weights and optimiser into the state of a snapshot; returns its step and facts."""
        import torch
        from safetensors.torch import load_file

        said = files.read_sealed(path / _FACTS)
        tensors = load_file(path / _TENSORS)
        with torch.no_grad():
            for number, weight in enumerate(weights):
                weight.copy_(tensors[f"weight.{number}"])
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            name, _, place = key.rpartition(".")
            if name != "weight":
                state.setdefault(int(place), {})[name] = value
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
        return int(said["step"]), dict(said["facts"])

    def entries(self) -> Iterator[pa.Table]:
        """The ledger's entries up to the newest snapshot, in order."""
        yield from self._held
        for piece in self._pieces:
            assert self.folder is not None
            with pa.memory_map(str(self.folder / piece)) as source:
                yield pa.ipc.open_file(source).read_all()

    def remove(self) -> None:
        """The run is finished: nothing has to be gone on with."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def _whole(path: Path) -> dict[str, Any] | None:
    try:
        said = files.read_sealed(path / _FACTS)
        pieces = all((path.parent / piece).is_file() for piece in said["pieces"])
        return said if pieces and files.sha256_file(path / _TENSORS) == said["sha256"] else None
    except CurateError:
        return None
