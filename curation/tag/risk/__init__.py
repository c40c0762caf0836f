"""The screen for risk: which records a person has to read before they leave.

`stage` screens records, `find` says what stands in a text, `context` what takes it back, `judge` and `model` what no
pattern foresees, `score` how well all of it agrees with people. What is looked for is written in `patterns/`, for those
who know about danger and need not know the code; `rules` and `notation` read it.
"""

from __future__ import annotations

from curation.tag.risk.stage import RiskSpec, risk

__all__ = ["RiskSpec", "risk"]
