"""From YAML and TOML to frozen dataclasses, with the file and line of every mistake.

One mechanism serves sources.yaml, curate.toml, the recipes and the tasks: the dataclass is the declaration, the
loader checks against it, and the JSON Schema that editors complete from is generated out of it.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import stat
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

import yaml

from curation.core.errors import ProjectError
from curation.core.files import os_errors
from curation.core.redact import looks_secret

T = TypeVar("T")
Path_ = tuple[str | int, ...]

MAX_BYTES = 8 << 20
MAX_NODES = 200_000

_SECRET_KEY = re.compile(r"(?i)(?:.*[_-])?(?:passw(?:or)?d|pwd|passphrase|secret|token|(?:api|access|private)[_-]?key)")


@dataclass(frozen=True)
class Document:
    """A parsed file: its values and, for every key path in it, the place to name in an error."""

    value: dict[str, Any]
    places: Mapping[Path_, str] = field(default_factory=dict)
    name: str = "?"

    def place(self, path: Path_) -> str:
        """`file:line` of a key path, or of the nearest parent that has one."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return self.name

    def error(self, path: Path_, what: str, fix: str | None = None) -> ProjectError:
        """A ProjectError that points at a key path."""
        return ProjectError(what, where=self.place(path), fix=fix)


def doc(text: str, **more: Any) -> Any:
    """A dataclass field whose description reaches the JSON Schema; `default` and friends as in `field`."""
    return field(metadata={"doc": text}, **more)


def declarations() -> Path:
    """The folder with schemas/, exports/, scenarios/ and the like and sources.yaml: in the wheel, or beside it."""
    packaged = Path(str(resources.files("curation"))) / "_declarations"
    return packaged if packaged.is_dir() else Path(str(resources.files("curation"))).parent


def load(path: Path) -> Document:
    """Read a YAML or TOML file by its suffix.

    Raises:
        ProjectError: missing, no regular file, not UTF-8, not well-formed, or not a mapping at the top.
    """
    with os_errors(path):
        # Looked at before it is opened: a device never ends, and a pipe never begins.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ProjectError("this is no regular file", where=str(path), fix="put a plain text file there")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ProjectError(f"the file is larger than {MAX_BYTES >> 20} MiB", where=str(path))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProjectError(f"not UTF-8 text at byte {error.start}", where=str(path), fix="save it as UTF-8") from None
    return parse_toml(text, path.name) if path.suffix == ".toml" else parse_yaml(text, path.name)


def parse_yaml(text: str, name: str) -> Document:
    """Parse YAML text with the safe loader: no tags, no duplicate keys, bounded size after aliases."""
    try:
        loader = yaml.SafeLoader(text)
        try:
            root = loader.get_single_node()
            places: dict[Path_, str] = {}
            value = _convert(loader, root, (), places, name, [0]) if root is not None else {}
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProjectError(f"not well-formed YAML: {error.problem}", where=f"{name}:{line}") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ProjectError("not well-formed YAML", where=name) from None
    if not isinstance(value, dict):
        raise ProjectError("the top of this file must be a mapping (key: value)", where=f"{name}:1")
    return Document(value, places, name)


def _convert(
    loader: yaml.SafeLoader, node: yaml.Node, path: Path_, places: dict[Path_, str], name: str, count: list[int]
) -> Any:
    count[0] += 1
    line = f"{name}:{node.start_mark.line + 1}"
    if count[0] > MAX_NODES or len(path) > 60:
        raise ProjectError("the file unfolds to too many values", where=line, fix="remove its aliases (&, *)")
    places.setdefault(path, line)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
                raise ProjectError("a key must be plain text", where=f"{name}:{key_node.start_mark.line + 1}")
            key = key_node.value
            places[(*path, key)] = f"{name}:{key_node.start_mark.line + 1}"
            if key in result:
                raise ProjectError(f"the key '{key}' appears twice", where=places[(*path, key)])
            result[key] = _convert(loader, value_node, (*path, key), places, name, count)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_convert(loader, child, (*path, i), places, name, count) for i, child in enumerate(node.value)]
    value = loader.construct_object(node)
    # YAML reads 2024-01-01 as a date; no declaration here wants one.
    return node.value if not isinstance(value, (str, int, float, bool, type(None))) else value


def parse_toml(text: str, name: str) -> Document:
    """Parse TOML text; places are found by looking for the keys, since the parser keeps none."""
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ProjectError("not well-formed TOML", where=f"{name}:{line[1] if line else '?'}") from None
    places: dict[Path_, str] = {(): f"{name}:1"}
    table: Path_ = ()
    for number, line_text in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line_text):
            table = tuple(part.strip().strip('"') for part in header[1].split("."))
            places.setdefault(table, f"{name}:{number}")
        elif entry := re.match(r'\s*([\w."-]+)\s*=', line_text):
            keys = tuple(part.strip().strip('"') for part in entry[1].split("."))
            places.setdefault((*table, *keys), f"{name}:{number}")
    return Document(value, places, name)


def bind(cls: type[T], document: Document, at: Path_ = ()) -> T:
    """Build a frozen dataclass from the part of a document at a key path.

    Raises:
        ProjectError: an unknown key (with the nearest known one), a missing one, or a value of another type.
    """
    value: Any = document.value
    for step in at:
        value = value[step]
    return typing.cast(T, _bind(cls, value, document, at))


def _bind(kind: Any, value: Any, document: Document, path: Path_) -> Any:
    origin = typing.get_origin(kind)
    if origin in (Union, types.UnionType):
        return _bind_union(typing.get_args(kind), value, document, path)
    if origin is Literal:
        options = typing.get_args(kind)
        if value not in options or isinstance(value, bool):
            raise document.error(
                path,
                f"'{path[-1]}' must be one of: {', '.join(map(str, options))}",
                _did_you_mean(str(value), [str(o) for o in options]),
            )
        return value
    if origin is tuple:
        item = typing.get_args(kind)[0]
        if not isinstance(value, list):
            raise document.error(path, f"'{_name(path)}' must be a list")
        return tuple(_bind(item, v, document, (*path, i)) for i, v in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        _expect(value, dict, "a mapping", document, path)
        item = typing.get_args(kind)[1]
        return {k: _bind(item, v, document, (*path, k)) for k, v in value.items()}
    if dataclasses.is_dataclass(kind):
        return _bind_dataclass(kind, value, document, path)
    if kind is Any:
        return value
    return _bind_scalar(kind, value, document, path)


def _bind_scalar(kind: type, value: Any, document: Document, path: Path_) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise document.error(path, f"'{_name(path)}' must be {names[kind]}")
    if kind is str and _holds_secret(typing.cast(str, value)):
        raise _secret(document, path)
    return value


def _holds_secret(value: str) -> bool:
    """Whether a word of a text is shaped like a secret. Word by word, for a sentence may speak of secrets."""
    key_block = "PRIVATE KEY-----" in value and looks_secret(value)
    return key_block or any(looks_secret(word) for word in value.split())


def _secret(document: Document, path: Path_) -> ProjectError:
    return document.error(
        path,
        f"'{_name(path)}' looks like a secret; secrets do not belong in this file",
        "put it in an environment variable, and take this one back where it was issued",
    )


def _bind_union(options: tuple[Any, ...], value: Any, document: Document, path: Path_) -> Any:
    if value is None and type(None) in options:
        return None
    options = tuple(o for o in options if o is not type(None))
    classes = [o for o in options if dataclasses.is_dataclass(o)]
    if classes and isinstance(value, dict):
        return _bind(
            classes[0] if len(classes) == 1 else _by_kind(classes, value, document, path), value, document, path
        )
    lists = [o for o in options if typing.get_origin(o) is tuple]
    if lists and isinstance(value, list):
        return _bind(lists[0], value, document, path)
    scalars = [o for o in options if o in (str, int, float, bool)]
    for option in scalars:
        if type(value) is option:
            return _bind(option, value, document, path)
    return _bind((scalars or list(options))[-1], value, document, path)


def _by_kind(classes: list[Any], value: dict[str, Any], document: Document, path: Path_) -> Any:
    known = {kind: c for c in classes for kind in typing.get_args(typing.get_type_hints(c)["kind"])}
    if "kind" not in value:
        raise document.error(path, f"'{_name(path)}' has no 'kind'", f"add kind: one of {', '.join(known)}")
    if value["kind"] not in known:
        raise document.error(
            (*path, "kind"), f"unknown kind '{value['kind']}'", _did_you_mean(str(value["kind"]), list(known))
        )
    return known[value["kind"]]


def _bind_dataclass(kind: Any, value: Any, document: Document, path: Path_) -> Any:
    _expect(value, dict, "a mapping", document, path)
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind) if f.init}
    for key in value:
        if key not in fields:
            if _SECRET_KEY.fullmatch(key) and isinstance(value[key], str):
                raise _secret(document, (*path, key))
            raise document.error(
                (*path, key),
                f"unknown key '{key}'" + (f" in '{_name(path)}'" if path else ""),
                _did_you_mean(key, list(fields)),
            )
    given = {key: _bind(hints[key], item, document, (*path, key)) for key, item in value.items()}
    for name, known in fields.items():
        if name not in given and known.default is dataclasses.MISSING and known.default_factory is dataclasses.MISSING:
            raise document.error(
                path,
                f"'{_name(path)}' lacks the key '{name}'" if path else f"the key '{name}' is missing",
                f"add: {name}: …  ({known.metadata.get('doc', 'required')})",
            )
    try:
        return kind(**given)
    except ValueError as error:  # raised by __post_init__ for what types cannot say
        # The message quotes the field that it blames first.
        named = re.findall(r"'([^']*)'", str(error))
        raise document.error((*path, *(name for name in named[:1] if name in given)), str(error)) from None


def _expect(value: Any, kind: type, name: str, document: Document, path: Path_) -> None:
    if not isinstance(value, kind):
        raise document.error(path, f"'{_name(path)}' must be {name}")


def _name(path: Path_) -> str:
    return ".".join(map(str, path)) or "the file"


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(sorted(known))}"


def plain(value: Any) -> Any:
    """A dataclass as JSON-ready values, for keys and manifests: tuples as lists, every field present."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def json_schema(cls: type, title: str) -> dict[str, Any]:
    """The JSON Schema of a declaration, generated from its dataclass."""
    definitions: dict[str, Any] = {}
    schema = _schema(cls, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **schema,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = typing.get_origin(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(option, definitions) for option in typing.get_args(kind)]}
    if origin is Literal:
        return {"enum": list(typing.get_args(kind))}
    if origin is tuple:
        return {"type": "array", "items": _schema(typing.get_args(kind)[0], definitions)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(typing.get_args(kind)[1], definitions)}
    if dataclasses.is_dataclass(kind):
        _define(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}  # type: ignore[union-attr]
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return {"type": names[kind]} if kind in names else {}


def _define(kind: Any, definitions: dict[str, Any]) -> None:
    if kind.__name__ in definitions:
        return
    definitions[kind.__name__] = {}
    hints = typing.get_type_hints(kind)
    properties, required = {}, []
    for known in dataclasses.fields(kind):
        if not known.init:
            continue
        schema = _schema(hints[known.name], definitions)
        if text := known.metadata.get("doc"):
            schema["description"] = text
        if known.default is dataclasses.MISSING and known.default_factory is dataclasses.MISSING:
            required.append(known.name)
        elif known.default is not dataclasses.MISSING:
            schema["default"] = plain(known.default)
        properties[known.name] = schema
    definitions[kind.__name__] = {
        "type": "object",
        "description": (kind.__doc__ or "").partition("\n")[0],
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
