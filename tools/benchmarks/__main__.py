"""`make bench`: measures the packages, and writes RESULTS.md and results.svg here."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tools.benchmarks import measure, plot, report, service


@contextmanager
def step_display(console: Console) -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function that shows each step: with a progress bar on a terminal, or else as a line of text."""
    start = time.monotonic()

    def print_step(number: int, total: int, step: str) -> None:
        print(f"{time.monotonic() - start:5.0f} s  {number}/{total}  {step}", flush=True)

    if not console.is_terminal:
        yield print_step
        return
    columns = (MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("")
        yield lambda number, total, step: progress.update(task, completed=number - 1, total=total, description=step)


def main() -> None:
    """Measure the packages, showing each step, and write the results."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, step_display(Console()) as show_step, ExitStack() as stack:
        running = {side: stack.enter_context(service.running(Path(scratch, "certificates"))) for side in measure.SIDES}
        bench = measure.Bench(running, Path(scratch), show_step)
        if not bench.results.counted:
            print(measure.VALGRIND_MISSING)
        results = bench.run()
    lines = report.write(results, time.monotonic() - start)
    plot.draw(results)
    print("written: tools/benchmarks/RESULTS.md, tools/benchmarks/results.svg")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
