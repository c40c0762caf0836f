"""Recordings: does listening overlap with downloading, and does memory stay flat over a thousand items?

Overlap: twelve recordings from a site on loopback whose downloads are held to a pace, through the real yt-dlp, and a
scripted listener that needs about as long for each as its download. What is shown is how the two are arranged, not how
fast a model hears. Memory: caption files; the peak of a process that reads 1,000 against that of one that reads 100.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from curation.core.project import Project, make_key
from curation.pull.media import gather
from curation.pull.media import site as home
from curation.pull.media.listen import Heard
from curation.pull.media.segments import Segment
from tests.pull.media.site_server import LoopbackIE, LoopbackListIE, Site
from tests.pull.media.test_gather import source, video
from tests.pull.media.tracks import HESITANT, rolling, spoken

COUNT, PIECES, PAUSE_S = 12, 8, 0.1


class Scripted:
    """A listener that sleeps."""

    fingerprint = "scripted"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def hear(self, path: Path, language: str | None) -> Heard:
        time.sleep(self.seconds)
        return Heard(9000, ((0.0, 9.0),), "en", None, (Segment(0, 9000, "words"),))


def project(root: Path, hosts: list[str]) -> Project:
    make_key(root)
    (root / "sources.yaml").write_text("sources: {}\n")
    return Project.open(root, {"allow_hosts": hosts})


def seconds(hear_s: float, pause_s: float) -> float:
    with tempfile.TemporaryDirectory() as folder, Site() as site:
        home.EXTRACTORS[:] = [LoopbackIE(), LoopbackListIE()]
        for number in range(COUNT):
            site.files[f"/{number}.webm"] = b"x" * 16_384 * PIECES
            site.pace[f"/{number}.webm"] = pause_s
            site.videos[f"V-{number}"] = video(site, f"/{number}.webm")
        site.lists["L"] = list(site.videos)
        here = project(Path(folder), [f"127.0.0.1:{site.port}"])
        gather.make_listener = lambda project, source: Scripted(hear_s)  # type: ignore[assignment]
        began = time.perf_counter()
        gather.bring(here, "voice", source(urls=f"{site.base}/list/L", model="asr"), update=False, say=str)
        return time.perf_counter() - began


def peak(count: int) -> float:
    """MB at most, in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--items", str(count)], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def read(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        here = project(Path(folder), [])
        for number in range(count):
            (here.root / f"{number:04}.vtt").write_bytes(rolling(spoken(f"{HESITANT} {number} " * 20), 900_000))
        gather.bring(here, "voice", source(path="*.vtt", captions="only"), update=False, say=str)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int)
    if (count := parser.parse_args().items) is not None:
        read(count)
        return
    seconds(0.0, 0.0)  # imports
    download = seconds(0.0, PAUSE_S)
    # As long for each as its download: the case in which nothing hides.
    both = seconds(download / COUNT, PAUSE_S)
    print(
        f"download {download:.1f} s, listen as long, both {both:.1f} s: {both / download:.2f}x the slower (goal: 1.2)"
    )
    few, many = peak(100), peak(1000)
    print(f"peak memory over 100 items {few:.0f} MB, over 1,000 {many:.0f} MB: {many / few:.2f}x")


if __name__ == "__main__":
    main()
