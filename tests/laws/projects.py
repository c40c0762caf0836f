"""Whole projects of local files, driven through the command line in this process."""

import contextlib
import io
import json
import random
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from curation.cli import main
from curation.commands.init import create
from curation.core.project import Project

FEELINGS = ["worried", "tired", "angry", "lonely", "hopeful", "ashamed", "calm", "torn", "numb", "proud"]
TOPICS = [
    "my sister",
    "the move",
    "work",
    "the exam",
    "sleep",
    "my divorce",
    "the diagnosis",
    "money",
    "school",
    "my mother",
    "the accident",
    "a friend",
    "the new job",
    "night shifts",
    "the garden",
    "my father",
]

SOURCES = """\
sources:
  chats:
    kind: files
    path: chats.jsonl
    licence: cc-by-4.0
    persona: client
    adapter:
      {kind: turns, field: conversations, role_key: from, content_key: value, reasoning_key: thought,
       keep: [note], group: family}
  questions:
    kind: files
    path: questions.csv
    licence: mit
    persona: assistant
    adapter: {kind: qa, user: [title, question], assistant: answer, keep: [topic]}
  pairs:
    kind: files
    path: pairs.jsonl
    licence: cc-by-4.0
    persona: neutral
    adapter: {kind: preference, prompt: prompt, keep: [rater]}
"""


def chat(i, **extra):
    rng = random.Random(i)
    topic, feeling = TOPICS[i % len(TOPICS)], FEELINGS[i // len(TOPICS) % len(FEELINGS)]
    turns = [
        {"from": "human", "value": f"I keep thinking about {topic} and feel {feeling}, entry {i}.", "thought": None},
        {
            "from": "gpt",
            "value": f"It sounds as if {topic} makes you {feeling}. What happened in week {i}?",
            "thought": f"explore {topic}",
        },
        {"from": "human", "value": f"It was number {rng.randrange(9)} of the bad days about {topic}.", "thought": None},
        {"from": "gpt", "value": "Thank you for telling me that.", "thought": None},
    ]
    return {"conversations": turns, "note": f"note {i}", "family": f"family {i // 3}", **extra}


def question(i):
    topic, feeling = TOPICS[i % len(TOPICS)], FEELINGS[i // len(TOPICS) % len(FEELINGS)]
    return [
        f"About {topic}",
        f"How do I stop being {feeling} about {topic} at {i} o'clock?",
        f"Being {feeling} about {topic} makes sense. Try naming it aloud {i} times.",
        topic,
    ]


def pair(i):
    topic = TOPICS[i % len(TOPICS)]
    return {
        "prompt": f"Tell me something kind about {topic}, please ({i}).",
        "chosen": f"You have carried {topic} for a long time, and you are still here. {i}",
        "rejected": f"Get over {topic}. {i}",
        "rater": f"rater {i % 4}",
    }


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def write_csv(path, rows):
    import csv

    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["title", "question", "answer", "topic"])
        writer.writerows(rows)


def clear(said, *wanted):
    """A message of at most six lines that is no bug of ours and has a mend."""
    lines = [line for line in said.splitlines() if line.startswith(("error:", "  where:", "  mend:"))]
    assert "a bug in curate" not in said and "Traceback" not in said, said
    assert 0 < len(lines) <= 6 and any(line.startswith("  mend:") for line in lines), said
    for text in wanted:
        assert text in said, said


@dataclass
class Made:
    """A project and what its commands printed."""

    root: Path

    def run(self, *args, code=0):
        """Run a command; returns stdout, after checking the exit code."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            found = main(["--project", str(self.root), *args])
        self.said = out.getvalue() + err.getvalue()
        assert found == code, self.said
        return out.getvalue()

    def fails(self, code, *args):
        """Run a command that fails; returns all it printed."""
        self.run(*args, code=code)
        return self.said

    def json(self, *args):
        return json.loads(self.run("--json", *args))

    @property
    def project(self):
        return Project.open(self.root)

    def files(self):
        """Every file of the project by relative path, with its bytes and the time it was written."""
        return {
            str(p.relative_to(self.root)): (p.read_bytes(), p.stat().st_mtime_ns)
            for p in sorted(self.root.rglob("*"))
            if p.is_file() and p.name != ".lock"
        }

    def tables(self):
        """The bytes of all tables and exports: what must be equal for equal input."""
        return {
            name: data
            for name, (data, _) in self.files().items()
            if name.startswith(("data/tables", "data/raw/tables", "data/exports"))
        }

    def written_by(self, *args):
        """The steps for which a command wrote parts, and all files it wrote."""
        before = self.files()
        self.run(*args)
        new = {name for name, found in self.files().items() if before.get(name) != found}
        steps = sorted({"/".join(name.split("/")[-4:-2]) for name in new if "/parts/" in name})
        print(f"curate {' '.join(args)}: recomputed {steps or 'nothing'}")
        return steps, new

    def ids(self, source):
        raw = self.root / "data" / "raw" / "tables" / source / "raw"
        (manifest,) = raw.glob("*.json")
        keys = json.loads(manifest.read_text())["parts"].values()
        return {
            i for k in keys for i in pq.read_table(raw / "parts" / f"{k}.parquet", columns=["id"])["id"].to_pylist()
        }


def make_project(root, *, chats=60, questions=40, pairs=20, part_rows=12, key=b"k" * 32):
    """A project with three local sources, not run yet; the key is fixed so that projects can be compared."""
    create(root, sources=SOURCES)
    (root / "keys" / "project.key").write_text(key.hex())
    # Which of these rows a person has to see is no matter of these laws: the patterns know none of their phrases.
    settings = f'workers = 1\npart_rows = {part_rows}\n[stages.risk]\nthreshold = "patterns"\n'
    (root / "curate.toml").write_text(settings)
    write_jsonl(root / "chats.jsonl", [chat(i) for i in range(chats)])
    write_csv(root / "questions.csv", [question(i) for i in range(questions)])
    write_jsonl(root / "pairs.jsonl", [pair(i) for i in range(pairs)])
    return Made(root)
