"""Writes RESULTS.md from the measurements."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from tools.benchmarks import events, measure
from tools.benchmarks.measure import SIDES, Cost, Results, calls

HERE = Path(__file__).parent


def write(results: Results, seconds: float) -> list[str]:
    """Write RESULTS.md.

    Args:
        results: The measurements.
        seconds: How long all measurements took.

    Returns:
        The lines of the first two tables, for the terminal.
    """
    ratios, targets = _ratios(results), _targets(results)
    sections = [
        "# What the package costs, next to a plain one",
        "`make bench` writes this page. *naive* is the type with a beginner's handlers (`naive/handlers.py`), packaged "
        "by cfn's official plugin, which includes no byte code. *naive with byte code* is the same package with byte "
        "code for Lambda's interpreter, which makes the comparison fair. *ours* is what `make package` writes. A ratio "
        "says how many times less ours costs.",
        *_section("Ratios first", ratios),
        "![Instructions and memory of the three packages](results.svg)",
        *_section("Targets", targets),
        *_section("Each handler: instructions, in millions", _handlers(results, "instructions", 1)),
        "User-space instructions. Cold is a whole process that answers one event. Warm is one event after the first. "
        "After the imports, byte code makes no difference, so the warm naive package is counted once.",
        *_section("Each handler: CPU time, in milliseconds", _handlers(results, "cpu", 1)),
        *_section("Each handler: by the clock, in milliseconds", _handlers(results, "wall", 1)),
        *_section("Imports", _imports(results)),
        *_section("Memory", _memory(results)),
        "Resident set in MB after the number of CREATE events in one process. Lambda ends such a function at 256 MB.",
        *_section("Package", _package(results)),
        *_section("Calls of SageMaker when nothing goes wrong", _calls(results)),
        "This UPDATE changes one tag and removes one. Our last ListTags checks that SageMaker reports the change. The "
        "naive package doesn't read the definition before it changes the tags.",
        *_section("Calls that deliver logs and metrics", _delivery(results)),
        "The log group and the stream exist here. If they don't, our first invocation makes no more calls, because it "
        "always creates them without checking.",
        *_section("With a seventh of a core", _waits(results)),
        _waits_note(results),
        *_section("As the work grows", _growth(results)),
        "Milliseconds of CPU time in a warm process, for all pages of a LIST or for one CREATE. The two naive packages "
        "don't differ when warm.",
        "## Method",
        *_method(results, seconds),
    ]
    (HERE / "RESULTS.md").write_text("\n\n".join(filter(None, sections)) + "\n", encoding="utf-8")
    return [*ratios, "", *targets]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    return [_row(head), _row("---" if n == 0 else "---:" for n, _ in enumerate(head)), *(_row(row) for row in rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _section(title: str, table: list[str]) -> tuple[str, str]:
    return f"## {title}", "\n".join(table)


def _number(value: float | None, digits: int = 0) -> str:
    return "not counted" if value is None else f"{value:,.{digits}f}"


def _ratio(other: float | None, ours: float | None) -> str:
    return f"{other / ours:.1f}" if other and ours else "-"


_HEAD = ("", "ratio to naive with byte code", "ratio to naive", *SIDES.values())


def _comparison(name: str, values: Callable[[str], float | None], digits: int) -> list[str]:
    """Return a row: the two ratios, the fair one first, then the cost of each package."""
    compiled, naive, ours = (values(side) for side in SIDES)
    ratios = (f"**{_ratio(compiled, ours)}**", _ratio(naive, ours))
    return [name, *ratios, *(_number(value, digits) for value in (compiled, naive, ours))]


def _main_cost(results: Results) -> tuple[str, str]:
    """Return the compared figure's name in Cost, and its unit."""
    return ("instructions", "M instructions") if results.counted else ("cpu", "ms CPU")


def _ratios(results: Results) -> list[str]:
    figure, unit = _main_cost(results)

    def cost(action: str, kind: str) -> Callable[[str], float | None]:
        return lambda side: getattr(results.costs[action, side], f"{kind}_{figure}")

    rows = [
        _comparison(f"{kind} {action}, {unit}", cost(action, kind), 1)
        for action, kind in (("CREATE", "cold"), ("CREATE", "warm"), ("READ", "warm"), ("LIST", "warm"))
    ]
    rows.append(_comparison("peak memory at the first answer, MB", lambda side: results.costs["CREATE", side].peak, 1))
    rows.append(_comparison("zip, MB", lambda side: results.zips[side] / 1e6, 2))
    return _table(_HEAD, rows)


def _targets(results: Results) -> list[str]:
    """Return the table of the targets. Without valgrind, targets in instructions stay undecided."""
    costs = {action: results.costs[action, "ours"] for action in events.ACTIONS}
    rows: list[tuple[str, str, float, float | None, int]] = [
        *((f"cold {action}", "M instructions", 800, cost.cold_instructions, 1) for action, cost in costs.items()),
        *(
            (f"warm {action}", "M instructions", limit, costs[action].warm_instructions, 1)
            for action, limit in (("CREATE", 25), ("READ", 25), ("LIST", 40))
        ),
        ("calls that deliver logs and metrics, cold", "", 4, max(cost.cold_delivery for cost in costs.values()), 0),
        ("calls that deliver logs and metrics, warm", "", 2, max(cost.warm_delivery for cost in costs.values()), 0),
        ("peak memory at the first answer", "MB", 31, max(cost.peak for cost in costs.values()), 1),
        (
            f"memory, 10th to {max(results.memory['ours']):,}th event",
            "MB more",
            1,
            _memory_growth(results.memory["ours"]),
            1,
        ),
        ("zip", "MB", 3.4, results.zips["ours"] / 1e6, 2),
    ]
    return _table(
        ("", "at most", "ours", "unit", "met"),
        (
            (name, f"{limit:g}", _number(value, digits), unit, _verdict(value, limit))
            for name, unit, limit, value, digits in rows
        ),
    )


def _verdict(value: float | None, limit: float) -> str:
    if value is None:
        return "not counted"
    return "yes" if value <= limit else "**no**"


def _memory_growth(memory: dict[int, float]) -> float:
    return memory[max(memory)] - memory[10]


def _handlers(results: Results, figure: str, digits: int) -> list[str]:
    def cost(action: str, kind: str) -> Callable[[str], float | None]:
        return lambda side: getattr(results.costs[action, side], f"{kind}_{figure}")

    kinds = [(action, kind) for action in events.ACTIONS for kind in ("cold", "warm")]
    return _table(_HEAD, (_comparison(f"{action}, {kind}", cost(action, kind), digits) for action, kind in kinds))


def _imports(results: Results) -> list[str]:
    rows = [
        _comparison("M instructions", lambda side: results.imports[side][0], 0),
        _comparison("CPU ms", lambda side: results.imports[side][1], 0),
    ]
    return _table(_HEAD, rows)


def _memory(results: Results) -> list[str]:
    counts = sorted({number for memory in results.memory.values() for number in memory})
    cells = ((f"{n:,}", *(_number(results.memory[side].get(n), 1) for side in SIDES)) for n in counts)
    return [line.replace("not counted", "") for line in _table(("events", *SIDES.values()), cells)]


def _package(results: Results) -> list[str]:
    rows = [
        _comparison(name, lambda side, sizes=sizes: sizes[side] / 1e6, 2)  # type: ignore[misc]  # the default binds the loop's variable
        for name, sizes in (("zip, as uploaded, MB", results.zips), ("unzipped, MB", results.unzipped))
    ]
    return _table(_HEAD, rows)


def _calls(results: Results) -> list[str]:
    rows = []
    for action in events.ACTIONS:
        costs = [results.costs[action, side] for side in SIDES]
        rows.append((action, *(str(len(cost.calls)) for cost in costs), calls(costs[-1])))
    return _table(("", *SIDES.values(), "ours, which"), rows)


def _delivery(results: Results) -> list[str]:
    def row(action: str) -> Iterable[str]:
        costs: list[Cost] = [results.costs[action, side] for side in SIDES]
        yield action
        yield from (f"{cost.cold_delivery} cold, {cost.warm_delivery:g} warm" for cost in costs)

    return _table(("", *SIDES.values()), (row(action) for action in events.ACTIONS))


def _waits(results: Results) -> list[str]:
    if not results.waits:
        return ["Skipped: the benchmark got no control group and no systemd scope on this machine, or ran out of time."]
    rows = [
        _comparison(f"{kind} CREATE, ms", lambda side, place=place: results.waits[side][place], 0)  # type: ignore[misc]  # as above
        for place, kind in enumerate(("cold", "warm"))
    ]
    return _table(_HEAD, rows)


def _waits_note(results: Results) -> str:
    return (
        "The time that a caller of AWS's runtime interface emulator waits, with the function's process limited to a "
        "seventh of a core, as in Lambda with 256 MB. Each figure includes the start of the runtime client."
        if results.waits
        else ""
    )


def _growth(results: Results) -> list[str]:
    if not results.growth:
        return ["Not measured: the run ended before this step."]
    rows = []
    for work in dict.fromkeys(work for work, _ in results.growth):
        naive, ours = (results.growth[work, side] for side in measure.GROWING)
        rows += [(f"{work}: {n}", _ratio(naive[n], ours[n]), _number(naive[n], 1), _number(ours[n], 1)) for n in ours]
    return _table(("", "ratio", "naive", "ours"), rows)


def _method(results: Results, seconds: float) -> list[str]:
    counted = " and ".join(f"{count} of {SIDES[side]}" for side, count in measure.COUNTED.items())
    timed = " and ".join(f"{count} of {SIDES[side]}" for side, count in measure.TIMED.items())
    return [
        f"Machine: {measure.kind_of_machine()}. Python of the functions: {results.python}"
        + (". " if results.byte_code else ", and no byte code in ours: there is no Python 3.12 here. ")
        + f"The whole run took {seconds / 60:.0f} minutes, at a load average of {os.getloadavg()[2]:.1f} at the end. "
        "If that is above the number of cores, other work made the milliseconds larger; the other "
        "figures don't depend on it.",
        "Each figure comes from a separate process: `driver.py` in the function's interpreter, with only the unzipped "
        "package and the standard library. It plays the events that CloudFormation sends (provider log group, "
        "credentials of caller and provider), so they include delivery of logs and metrics. One stand-in on loopback "
        "(`service.py`) answers for SageMaker, CloudWatch Logs and CloudWatch, with TLS, the services' host names and "
        "connections that stay open. All packages trust its certificates in addition to the real ones.",
        "The counts leave out Lambda's runtime client and what Lambda does before it starts a process, the kernel, the "
        "network's latency and name resolution, which loopback doesn't need, and the services' own time. In AWS, each "
        "additional call costs more than here. The table for a seventh of a core includes the runtime client.",
        "Instructions are counted by valgrind's cachegrind (I refs), with PYTHONHASHSEED=0. Warm is the difference "
        f"between a process with many events and one with one event, per event ({counted}). On one machine, counts "
        "repeat to about a percent. Time limits are raised, because valgrind makes a process fifty times slower."
        if results.counted
        else f"Instructions were not counted: {measure.VALGRIND_MISSING}",
        f"Milliseconds are medians of {measure.COLD} processes (cold) and of several events (warm: {timed}). They "
        "depend on the machine and on its other work; the ratios hardly do.",
    ]
