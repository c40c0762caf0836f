"""Presidio comes without what nobody here asks of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from curation.clean.pii.unloaded import unloaded


def test_a_package_is_away_only_inside() -> None:
    sys.modules.pop("colorsys", None)
    with pytest.raises(ImportError), unloaded("colorsys"):
        import colorsys
    import colorsys

    with unloaded("colorsys"):
        import colorsys as again
    assert again is colorsys


def test_the_recognisers_load_no_transformers() -> None:
    pytest.importorskip("presidio_analyzer")
    said = "import sys, curation.clean.pii.patterns; print('transformers' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "False"
