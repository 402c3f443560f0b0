"""`make soak`: run the stateful test for minutes, under random seeds, then two containers at once, and the load test.

A round uses one seed and runs some lives of an account, of 30 steps each. After the first violation no other round
begins; hypothesis first shrinks the violation to the fewest steps, which takes up to five minutes. Otherwise the rounds
end when the time is up. The load test is a thousand creations and deletions through one Lambda emulator.
"""

import argparse
import logging
import math
import random
import sys
import time
from collections.abc import Sequence

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from cfn_sandbox.account.function import MEMORY
from tests.faults import load
from tests.faults.containers import interleavings
from tests.faults.machine import TALLY, Stacks
from tests.faults.situations import all_situations

LIVES = 10
STEPS = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the time is up; return the exit code, which is 1 after a violation.

    Args:
        arguments: The command line, without the program's name.
    """
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (MINUTES=), 10 unless given")
    parser.add_argument("--seed", type=int, help="the first round's seed (SEED=), a random one unless given")
    parser.add_argument("--load", type=int, default=1_000, help="definitions in the load (LOAD=), 0 for none")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    logging.disable(logging.CRITICAL)  # the function's logs would hide the progress
    print(f"seed {seed}; stacks for {options.minutes:g} minutes, load of {options.load:,}; Ctrl-C ends it", flush=True)
    progress = Progress()
    failed = None
    try:
        failed = _run_stacks(seed, options.minutes / 2, progress) or _run_containers(
            seed, options.minutes / 2, progress
        )
        if not failed and options.load:
            failed = _run_load(options.load, seed, progress)
    except KeyboardInterrupt:
        print("\nstopped")
    print(f"\n{_summary()}")
    if failed:
        print(f"\n{failed}", file=sys.stderr)
    return 1 if failed else 0


class Progress:
    """A progress line. On a terminal it replaces the last one; elsewhere a new one appears twice a minute."""

    def __init__(self) -> None:
        self._printed_at = -math.inf

    def __call__(self, line: str) -> None:
        """Write a line."""
        if sys.stdout.isatty():
            print(f"\r\x1b[K{line}", end="", flush=True)
        elif time.perf_counter() - self._printed_at >= 30:
            self._printed_at = time.perf_counter()
            print(line, flush=True)


def _run_stacks(seed: int, minutes: float, progress: Progress) -> str | None:
    """Run rounds of the stateful test; return a report of the violation that ended them, None without one."""
    start, number = time.perf_counter(), seed

    def show_progress() -> None:
        elapsed = (time.perf_counter() - start) / 60
        faults = TALLY.counts.get("faults", 0)
        spent = f"{elapsed:.1f} of {minutes:g} minutes, seed {number}"
        progress(f"{spent}: {TALLY.runs:,} lives of an account, {faults:,} faults")

    TALLY.after_run = show_progress
    while time.perf_counter() - start < minutes * 60:
        if violation := _violation(number):
            return (
                f"A violation under seed {number}:\n\n{violation}\n\n"
                f"To see it again: make soak SEED={number} MINUTES={minutes:g}"
            )
        number += 1
    print(f"\nno violation under the seeds from {seed} to {number - 1}", flush=True)
    return None


def _run_containers(seed: int, minutes: float, progress: Progress) -> str | None:
    """Play two containers at once in as many orders as there is time for; return a report of the first violation."""
    situations, played = all_situations(), 0
    for name, situation in situations.items():
        try:
            for _ in interleavings(situation, minutes * 60 / len(situations), seed):
                played += 1
                progress(f"two containers: {played:,} orders, {name}")
        except Exception as violation:  # noqa: BLE001 - a failed assertion or a crash: both are violations
            return f"A violation of two containers, {name}, under seed {seed}:\n\n{violation}"
    print(f"\ntwo containers: no violation in {played:,} orders of {len(situations)} situations", flush=True)
    return None


def _run_load(number: int, seed: int, progress: Progress) -> str | None:
    """Run the load test; return a report of its failures, None without any."""
    results = load.run(number, seed, progress)
    counts = ", ".join(f"{count:,} {name}" for name, count in sorted(results.outcomes.items()))
    peak = results.peak // load.MEGABYTE
    print(
        f"\nload: {results.calls:,} calls, {results.faults:,} faults; peak {peak} MB of {MEMORY}; {counts}", flush=True
    )
    if not results.lost and not results.restarts:
        return None
    restarts = "the function's process did not survive\n" if results.restarts else ""
    lost = "\n".join(results.lost[:20])
    return f"Lost under load:\n{restarts}{lost}\n\nTo see it again: make soak SEED={seed} MINUTES=0 LOAD={number}"


def _violation(seed: int) -> str | None:
    """Run one round; return hypothesis's report of the violation, None without one."""
    machine = hypothesis.seed(seed)(type("Stacks", (Stacks,), {}))
    try:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis leaves it untyped
            machine,
            settings=settings(
                database=None,
                deadline=None,
                max_examples=LIVES,
                stateful_step_count=STEPS,
                suppress_health_check=[*HealthCheck],  # a life takes seconds
                phases=[Phase.generate, Phase.shrink],
                report_multiple_bugs=False,
                print_blob=False,
            ),
        )
    except Exception as violation:  # noqa: BLE001 - a failed assertion or a crash: both are violations
        notes = "\n".join(getattr(violation, "__notes__", []))
        return f"{type(violation).__name__}: {violation}\n\n{notes}"
    return None


def _summary() -> str:
    """Return a summary of all runs: calls, faults, and requests by their outcomes."""
    counts = TALLY.counts
    totals = ", ".join(f"{counts.get(key, 0):,} {key}" for key in ("invocations", "calls", "faults"))
    rows = [f"{counts[key]:>10,}  {key}" for key in sorted(counts) if " " in key]
    return "\n".join([f"{TALLY.runs:,} lives of an account: {totals}", *rows])


if __name__ == "__main__":
    sys.exit(main())
