"""Runs forked from a process that has everything imported, so that kills hit the work and not the imports."""

import os
import subprocess
import sys

SOURCE = """
import os, sys
import curation.commands.run, curation.clean.pii.patterns
import curation.tag.emotion, curation.export.export, curation.pull.pull
from curation.cli import main
print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        os._exit(main(line.rstrip("\\n").split("\\t")))
    print(pid, flush=True)
    print(os.waitpid(pid, 0)[1], flush=True)
"""


class Zygote:
    """Starts one run after another; `environment` is added to that of this process."""

    def __init__(self, **environment):
        self.environment = environment

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SOURCE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environment},
        )
        assert self.process.stdout.readline() == "ready\n"
        return self

    def start(self, *args):
        self.process.stdin.write("\t".join(map(str, args)) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def wait(self):
        return int(self.process.stdout.readline())

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
