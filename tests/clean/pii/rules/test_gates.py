"""No gate keeps a text from its rule that the rule finds something in."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from curation.clean.pii.rules import RULES
from curation.clean.pii.rules.rule import Rule

PIECES = (
    "٢٠٢-٥٥٥-٠١٤٣|14 Maple Street|DE89370400440532013000|www.|St. Mary's Hospital|192.0.2.11|BvBM|my name is|Tom|Ngozi"
    "|dr|card|4111 1111 1111 1111|account|no|#|user|name|is|kit_77|on|insta|@kit|dot|com|at|mail|kit|12|May|born|92"
    "|years|old|MRN|A1234567|0x52908400098527886E0F7030069857D2E4169EE7|+1|202|555|0143|p.o. box 12|Rue de Rivoli 12"
    "|zip|60614|M14 5TQ|postcode|corner of Pine and 4th|work at|Hale & Worth|Inc|\u200b|٣|x|ß|İ|-|/|'s|:|,|.|\n|plate"
    "|KX67 RDV|vin|1HGCM82633A004352|lives|in|Leeds|living on Elm Road|visa|pin|PIN|ID|shes|Okafor|the|Hendersons"
).split("|")


def _texts(count: int) -> list[str]:
    draw = random.Random(20_261_125)
    ends = ("", "", " ", " ", " ", ",", ", ", "\n")
    return ["".join(draw.choice(PIECES) + draw.choice(ends) for _ in range(draw.randint(1, 12))) for _ in range(count)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_text_with_a_finding_passes_the_gate(rule: Rule) -> None:
    texts = _texts(3_000)
    opened = pc.match_substring_regex(pa.array(texts), rule.gate).to_pylist()
    lost = [text for text, passes in zip(texts, opened, strict=True) if not passes and list(rule.search(text))]
    assert lost == []
