"""Classes of licences: what may be done with the rows of a source, as far as the name of its licence says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

LicenceClass = Literal["permissive", "attribution", "share-alike", "non-commercial", "unknown"]

CLASSES: tuple[LicenceClass, ...] = ("permissive", "attribution", "share-alike", "non-commercial", "unknown")
"""From the least to the most restrictive: the last one that occurs in a mix decides what may be done with it."""

_TABLE: Mapping[LicenceClass, str] = {
    "permissive": "0bsd afl apache blueoak bsd bsd-2-clause bsd-3-clause bsl cc0 cdla-permissive isc mit ncsa pddl "
    "postgresql unlicense upl wtfpl zlib",
    "attribution": "cc-by odc-by",
    "share-alike": "agpl cc-by-sa cdla-sharing epl eupl gfdl gpl lgpl mpl odbl",
    "non-commercial": "cc-by-nc cc-by-nc-sa",
}
_CLASS_OF = {name: kind for kind, names in _TABLE.items() for name in names.split()}
_VERSION = re.compile(r"(-v?\d+(\.\d+)*)(-only|-or-later|\+)?$")


def classify(licence: str | None) -> LicenceClass:
    """The class of an SPDX-like identifier, whatever its case and version.

    Licences that forbid derived works are unknown here on purpose: a mix is one, so a person has to decide.
    """
    return _CLASS_OF.get(_VERSION.sub("", (licence or "").strip().lower()), "unknown")
