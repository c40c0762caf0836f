"""`curate --help` beside a bare click hello, as whole processes in pairs. Claim: at most twice as long."""

import statistics
import subprocess
import sys
import time

HELLO = "import click\n@click.command()\ndef hello(): pass\nhello.main(['--help'], standalone_mode=False)"
CURATE = "import sys; from curation.cli import main; sys.exit(main(['--help']))"
ROUNDS = 21


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    for code in (HELLO, CURATE):
        seconds(code)  # compiled once, as after an installation
    pairs = [(seconds(HELLO), seconds(CURATE)) for _ in range(ROUNDS)]
    hello, curate = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(c / h for h, c in pairs)
    print(f"bare click {hello * 1000:.0f} ms, curate {curate * 1000:.0f} ms, ratio {ratio:.2f} (claim: at most 2)")
    sys.exit(ratio > 2)


if __name__ == "__main__":
    main()
