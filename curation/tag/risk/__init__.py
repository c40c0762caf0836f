"""The screen for risk: `stage` reads records, `find` what stands in a text, `context` what takes it back, `judge` and
`model` what no pattern foresees. What is looked for is written in `patterns/`, for people who know about danger and not
about code.
"""

from __future__ import annotations

from curation.tag.risk.stage import RiskSpec, risk

__all__ = ["RiskSpec", "risk"]
