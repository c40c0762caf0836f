"""What the risk screen holds of real texts and what it costs, threshold by threshold. Claim: 2.5 times the patterns.

Reads GoEmotions and CounselChat from `../shared/data`, where they are; it prints counts, never text.
"""

import csv
import sys
import time
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).parents[1]))

from curation.core.engine import run_batches
from curation.core.records import RECORD_SCHEMA
from curation.core.stage import REGISTRY, Call, Context, Step
from curation.methods.hold import HOLD_AT
from curation.tag.risk import RiskSpec
from curation.tag.risk.judge import Threshold

DATA = Path(__file__).parents[2] / "shared" / "data"
CLAIM = 2.5


def said() -> dict[str, list[list[str]]]:
    """Conversations by name; of each what the one who seeks help says."""
    comments = [
        line.split("\t")[0]
        for split in ("dev", "test")
        for line in (DATA / "goemotions" / f"{split}.tsv").read_text("utf-8").splitlines()
    ]
    with (DATA / "counsel_chat" / "counsel_chat_dev_half.csv").open(encoding="utf-8", newline="") as file:
        questions = dict.fromkeys(row["questionText"] for row in csv.DictReader(file))
    return {
        "comments": [[x] for x in comments],
        "comments in tens": [comments[i : i + 10] for i in range(0, len(comments) - 9, 10)],
        "questions": [[x] for x in questions],
    }


def main() -> None:
    if not (DATA / "counsel_chat").is_dir():
        sys.exit("no real texts beside this checkout: nothing measured")
    worst = 0.0
    for name, conversations in said().items():
        records = [
            dict.fromkeys(RECORD_SCHEMA.names)
            | {
                "id": f"a:{number:06}",
                "kind": "chat",
                "persona": "client",
                "language": "en",
                "messages": [{"role": "user", "content": text, "reasoning": None} for text in texts],
            }
            for number, texts in enumerate(conversations)
        ]
        table = pa.Table.from_pylist(records, schema=RECORD_SCHEMA)
        size, plain = sum(len(text) for texts in conversations for text in texts), 0.0
        for threshold in ("patterns", *(x for x in get_args(Threshold) if x != "patterns")):
            step = Step("risk", (Call(REGISTRY["risk"], RiskSpec(threshold=threshold)),))
            start = time.process_time()
            kept, _, _ = run_batches(step, table, Context(b"k" * 32, "a"), 1000)
            took = time.process_time() - start
            plain = plain or took
            worst = max(worst, took / plain)
            held = pc.sum(pc.greater_equal(pc.struct_field(kept.column("risk").combine_chunks(), "level"), HOLD_AT))
            print(
                f"{name:17} {threshold:13} {1000 * held.as_py() / len(records):4.0f} of 1 000 held, "
                f"{size / took / 1e6:.2f} M characters a CPU second, {took / plain:.2f} times the patterns' time"
            )
    print(f"at most {worst:.2f} times the time of the patterns alone (claim: {CLAIM})")
    sys.exit(worst > CLAIM)


if __name__ == "__main__":
    main()
