"""Does a base speak the template that a recipe names? Asked of the template that the base itself brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from curation.core.errors import MissingError, ProjectError
from curation.core.model_files import load_tokenizer, render_chats, resolve
from curation.train.encode import TEMPLATES, Encoder, Row, Turn
from curation.train.recipe import Base, TrainRecipe

# With a system prompt, for without one some templates add a text of their own; and with what tempts tokenizers.
_CHATS = (
    (("system", "Be kind."), ("user", "Hello"), ("assistant", "Hello. How was your week?")),
    (("system", "Zwei Zeilen,\nund Umlaute: äöü."), ("user", " spaces "), ("assistant", "Yes...\n\n- one\n- two")),
    (
        ("system", "a"),
        ("user", "I can't sleep, 3 nights now."),
        ("assistant", "That sounds exhausting 😔"),
        ("user", "It is."),
        ("assistant", "What keeps you awake?"),
    ),
)


def local(base: Base, root: Path) -> Base:
    """The base with its path as seen from here: in the project where there is such a folder, else as it stands."""
    folder = root / base.path
    return replace(base, path=str(folder)) if folder.is_dir() else base


def compare(recipe: TrainRecipe, root: Path) -> str:
    """Encode a few conversations in both ways; returns what was found where they agree.

    Raises:
        MissingError: the base is not here.
        ProjectError: they differ.
        IntegrityError: the base's template or tokenizer cannot be read.
    """
    base = local(recipe.base, root)
    if base.revision is None and not Path(base.path).is_dir():
        raise MissingError("the base is not here", where=base.path, fix=f"put the model into {base.path}")
    files = resolve(base.path, base.revision)
    encoder = Encoder(load_tokenizer(files), TEMPLATES[base.template])
    rows = [Row("", "", tuple(Turn(role, text, role == "assistant") for role, text in chat)) for chat in _CHATS]
    ours = [list(document.ids) for document in encoder.encode(rows, 1 << 30, "drop")[0]]
    theirs = render_chats(files, [[{"role": role, "content": text} for role, text in chat] for chat in _CHATS])
    if theirs is None:
        return f"{base.template}; the base brings no template to compare with"
    for mine, other in zip(ours, theirs, strict=True):
        if mine != other:
            same = [a == b for a, b in zip(mine, other, strict=False)]
            at = same.index(False) if False in same else len(same)
            raise ProjectError(
                f"the base's own chat template is not {base.template}: they part at token {at} of a conversation",
                where=f"training recipe {recipe.name}: base.template",
                fix=f"templates are {', '.join(TEMPLATES)}: name the one that the base was made with",
            )
    return f"{base.template}, as the base's own template token for token"
