"""Croissant: an export as JSON-LD that catalogues and loaders read (ML Commons, version 1.1), made of its manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

FILE = "croissant.json"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = (
    (pa.types.is_boolean, "sc:Boolean"),
    (pa.types.is_integer, "sc:Integer"),
    (pa.types.is_floating, "sc:Float"),
)
PERSONAL = (
    "Conversations about mental health. Names, addresses, numbers and other personal data were searched for and "
    "replaced before export; what was found is counted in the manifest, and some may have been missed."
)


def croissant(manifest: Mapping[str, Any], schema: pa.Schema) -> dict[str, Any]:
    """The description of an export.

    Args:
        manifest: as it is written, with the files.
        schema: the columns of its Parquet files.
    """
    tables = {name: facts for name, facts in manifest["files"].items() if name.endswith(".parquet") and "rows" in facts}
    sides = [name for name in tables if name.partition(".")[0] in ("train", "validation", "test")]
    licences = sorted({s["licence"] for s in manifest["sources"].values() if s["selected"]})
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": manifest["mix"],
        "description": f"{manifest['recipe']['task'].upper()} mix of {manifest['rows']['selected']:,} rows: README.md.",
        "license": licences or ["none: the mix is empty"],
        "version": "1.0.0",
        "identifier": manifest["key"],
        "isLiveDataset": False,
        "personalSensitiveInformation": PERSONAL,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "contentUrl": name,
                "contentSize": f"{tables[name]['bytes']} B",
                "encodingFormat": "application/x-parquet",
                "sha256": tables[name]["sha256"],
            }
            for name in sides
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": name.partition(".")[0],
                "name": name.partition(".")[0],
                "description": f"{tables[name]['rows']:,} rows",
                "field": [*_fields(schema, name, name.partition(".")[0])],
            }
            for name in sides
        ],
    }


def _fields(schema: pa.Schema, file: str, record_set: str) -> Iterator[dict[str, Any]]:
    for column in schema:
        kind, repeated = column.type, False
        if pa.types.is_list(kind):
            kind, repeated = kind.value_type, True
        found: dict[str, Any] = {
            "@type": "cr:Field",
            "@id": f"{record_set}/{column.name}",
            "name": column.name,
            "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
        }
        if repeated:
            found |= {"isArray": True, "arrayShape": "-1"}
        if pa.types.is_struct(kind):
            # One turn: its parts are fields of their own.
            found["subField"] = [
                {
                    "@type": "cr:Field",
                    "@id": f"{record_set}/{column.name}/{part.name}",
                    "name": part.name,
                    "dataType": _type(part.type),
                    "source": {
                        "fileObject": {"@id": file},
                        "extract": {"column": column.name},
                        "transform": {"jsonPath": part.name},
                    },
                }
                for part in kind
            ]
        else:
            found["dataType"] = _type(kind)
        yield found


def _type(kind: pa.DataType) -> str:
    return next((name for test, name in _TYPES if test(kind)), "sc:Text")
