"""Lists what an environment with `curation` depends on, with the licence each package declares: `make licences`.

Exit code 1 where a package declares none, so that nothing slips in unseen. Only what is installed is read.
"""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

# Classifiers that name a family of licences, not one.
VAGUE = {"OSI Approved", "License"}
# Packages that declare none, with what others who distribute them say.
READ = {"mlcroissant": "Apache-2.0 (so says its page at conda-forge; not declared)"}


def dependencies(extras: set[str]) -> dict[str, Distribution]:
    """Every installed package that `curation` with these extras leads to, by name."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [("curation", extra) for extra in {"", *extras}]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for line in found[name].requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
                target = re.sub(r"[-_.]+", "-", wanted.name).lower()
                waiting += [(target, more) for more in {"", *wanted.extras}]
    del found["curation"]
    return dict(sorted(found.items()))


def licence(package: Distribution) -> str:
    """What the package declares, in one line: its expression, else its classifiers, else the start of its text."""
    told = package.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    classed = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier") or () if c.startswith("License ::")]
    if named := [c for c in classed if c not in VAGUE]:
        return " / ".join(named)
    lines = (told.get("License") or "").strip().splitlines()
    return lines[0][:80] if lines and lines[0] != "UNKNOWN" else READ.get(str(told["Name"]), "")


def main() -> int:
    """Print the list."""
    extras = set(distribution("curation").metadata.get_all("Provides-Extra") or ())
    told = {f"{name} {package.version}": licence(package) for name, package in dependencies(extras).items()}
    lines = [f"{name:<40} {words or 'NONE DECLARED'}" for name, words in told.items()]
    silent = [name for name, words in told.items() if not words]
    lines.append(f"{len(told)} packages, {len(silent)} without a declared licence")
    sys.stdout.write("\n".join(lines) + "\n")
    return bool(silent)


if __name__ == "__main__":
    sys.exit(main())
