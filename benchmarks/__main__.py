"""`make bench`: both packages side by side; writes RESULTS.md and results.svg here."""

import tempfile
import time
from pathlib import Path

from benchmarks import report, service
from benchmarks.measure import Bench


def main() -> None:
    """Measure, and say on the way what is being measured."""
    start = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - start:4.0f} s  {line}", flush=True)

    with tempfile.TemporaryDirectory() as scratch, service.running(Path(scratch, "certificates")) as running:
        results = Bench(running, Path(scratch), say).run()
    lines = report.write(results, time.monotonic() - start)
    say("written: benchmarks/RESULTS.md, benchmarks/results.svg")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
