"""Writes RESULTS.md from the measurements."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from tools.benchmarks import events, measure
from tools.benchmarks.measure import SIDES, calls
from tools.benchmarks.results import Results

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"
AWS_HANDLER = HERE / "aws_handler.md"


def write(results: Results, seconds: float) -> list[str]:
    """Write RESULTS.md, and the table of figures in README.md.

    Args:
        results: The measurements.
        seconds: How long all measurements took.

    Returns:
        The lines of the first tables, for the terminal.
    """
    in_lambda, ratios, targets = _in_lambda(results), _ratios(results), _targets(results)
    sections = [
        "# What the package costs, next to a plain one",
        "`make bench` writes this page. *naive* is the type with a beginner's handlers (`naive/handlers.py`), packaged "
        "by cfn's official plugin, which includes no byte code. *naive with byte code* is the same package with byte "
        "code for Lambda's interpreter, which makes the comparison fair. *ours* is what `make package` writes. A ratio "
        "says how many times less ours costs.",
        *_section("As in Lambda: CREATE by the clock", in_lambda),
        _in_lambda_note(results),
        *_section("Ratios", ratios),
        "![First events and memory of the three packages](results.svg)",
        *_section("Targets", targets),
        AWS_HANDLER.read_text(encoding="utf-8").strip(),
        *_section("Each handler: instructions, in millions", _instructions(results)),
        "User-space instructions. *Cold* is a whole process that answers one event: the imports and the first event. "
        "*Warm* is one event after the first, of another resource, whose log stream is new. After the imports, byte "
        "code makes no difference, so events of the naive package are counted once, and its cold figure is its imports "
        "and that first event. *Outside the package* is a process with "
        "an empty handler: the interpreter, the driver and the exit. It is part of every cold figure and of the "
        "imports, on every side.",
        *_section("Each handler: CPU time, in milliseconds", _handlers(results, "cpu", 1)),
        *_section("Each handler: by the clock, in milliseconds", _handlers(results, "wall", 1)),
        *_section("Imports: CPU time, in milliseconds", _imports(results)),
        *_section("Memory", _memory(results)),
        "Resident set in MB after the number of CREATE events in one process. Lambda ends such a function at 256 MB.",
        *_section("Package", _package(results)),
        *_section("Calls of SageMaker when nothing goes wrong", _calls(results)),
        "This UPDATE changes one tag and removes one. Our last ListTags checks that SageMaker reports the change. The "
        "naive package doesn't read the definition before it changes the tags.",
        *_section("Calls that deliver logs and metrics", _delivery(results)),
        "*Warm* is an event of the resource that the process served before, and *new stream* one of another resource, "
        "such as each CREATE. The log group exists. Without it, our first invocation makes five calls, once in the "
        "life of a group. The plugin library's delivery, which the naive packages use, writes all events of a process "
        "to the stream of the first one.",
        *_section("As the work grows", _growth(results)),
        "Milliseconds of CPU time in a warm process, for all pages of a LIST or for one CREATE. The two naive packages "
        "don't differ when warm.",
        "## Method",
        *_method(results, seconds),
    ]
    _write_figures(results)
    (HERE / "RESULTS.md").write_text("\n\n".join(filter(None, sections)) + "\n", encoding="utf-8")
    return [*in_lambda, "", *ratios, "", *targets]


def _write_figures(results: Results) -> None:
    """Write the few figures that README shows."""
    costs = {side: results.costs["CREATE", side] for side in SIDES}
    rows: list[tuple[str, Callable[[str], float | None], int]] = [
        (f"{name} CREATE{when}, {unit}", lambda side, figure=figure: getattr(costs[side], figure), 0)  # type: ignore[misc]  # the default binds the loop's variable
        for name, when, kind in (("first", " after the imports", "first"), ("cold", "", "cold"), ("warm", "", "warm"))
        for unit, figure in (("M instructions", f"{kind}_instructions"), ("CPU ms", f"{kind}_cpu"))
        if results.counted or unit == "CPU ms"
    ]
    if results.in_lambda:
        name = "first CREATE after the imports, ms at a seventh of a core"
        rows.insert(0, (name, lambda side: results.in_lambda[side].first, 0))
    rows.append(("zip, MB", lambda side: results.zips[side] / 1e6, 1))
    table = _table(
        ("", "this package", "plain, with byte code", "plain"),
        (
            [name, *(_number(value(side), digits) for side in ("ours", "compiled", "naive"))]
            for name, value, digits in rows
        ),
    )
    begin, end = "<!-- make bench writes this table -->\n", "\n<!-- end -->"
    before, rest = README.read_text(encoding="utf-8").split(begin)
    after = rest.split(end, 1)[1]
    README.write_text(before + begin + "\n".join(table) + end + after, encoding="utf-8")


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


def _in_lambda(results: Results) -> list[str]:
    if not results.in_lambda:
        return ["Skipped: the benchmark got no control group and no systemd scope on this machine."]
    rows = [
        _comparison(name, lambda side, part=part: getattr(results.in_lambda[side], part), 0)  # type: ignore[misc]  # the default binds the loop's variable
        for name, part in (
            ("imports on a full core, ms", "imports"),
            ("first event at a seventh of a core, ms", "first"),
            ("each later event at a seventh of a core, ms", "warm"),
        )
    ]
    return _table(_HEAD, rows)


def _in_lambda_note(results: Results) -> str:
    return (
        "A function with 256 MB has a seventh of a core, since 1,769 MB have one "
        "([AWS: memory](https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)). But its imports run "
        "on a full one ([AWS: initialization phase](https://serverlessland.com/content/service/lambda/guides/"
        "effectively-running-java-on-serverless/init-heavy-lifting)). So a first event is what a stack waits for. This "
        "is a model: AWS doesn't document how much memory CloudFormation gives a type; 256 MB is what cfn's own "
        "template has, and the share is spent in periods of 10 ms, since Lambda's aren't documented either. "
        f"Medians of {measure.THROTTLED} processes. They leave out Lambda's runtime client."
        if results.in_lambda
        else ""
    )


def _ratios(results: Results) -> list[str]:
    figure, unit = _main_cost(results)

    def cost(action: str, kind: str, figure: str = figure) -> Callable[[str], float | None]:
        return lambda side: getattr(results.costs[action, side], f"{kind}_{figure}")

    rows = [
        _comparison(f"{name} {action}, {unit}", cost(action, kind), 1)
        for action, kind, name in (
            ("CREATE", "first", "first event after the imports,"),
            ("CREATE", "cold", "cold"),
            ("CREATE", "warm", "warm"),
            ("READ", "warm", "warm"),
            ("LIST", "warm", "warm"),
        )
    ]
    if results.counted:
        rows += [
            _comparison(f"{name} CREATE, ms CPU", cost("CREATE", kind, "cpu"), 1)
            for kind, name in (("first", "first event after the imports,"), ("cold", "cold"), ("warm", "warm"))
        ]
    rows.append(_comparison("peak memory at the first answer, MB", lambda side: results.costs["CREATE", side].peak, 1))
    rows.append(_comparison("zip, MB", lambda side: results.zips[side] / 1e6, 2))
    return _table(_HEAD, rows)


def _targets(results: Results) -> list[str]:
    """Return the table of the targets. Without valgrind, targets in instructions stay undecided."""
    costs = {action: results.costs[action, "ours"] for action in events.ACTIONS}
    delivery = results.delivery["ours"]
    rows: list[tuple[str, str, float, float | None, int]] = [
        ("first event after the imports, CREATE", "M instructions", 80, costs["CREATE"].first_instructions, 1),
        *((f"cold {action}", "M instructions", 625, cost.cold_instructions, 1) for action, cost in costs.items()),
        *(
            (f"warm {action}", "M instructions", limit, costs[action].warm_instructions, 1)
            for action, limit in (("CREATE", 24), ("READ", 20), ("LIST", 21))
        ),
        ("LIST of 10,000 definitions", "ms CPU", 450, results.growth.get(_LISTS, {}).get("10,000"), 0),
        ("calls that deliver logs and metrics, cold", "", 3, delivery.cold, 0),
        ("calls that deliver logs and metrics, warm", "", 2, delivery.warm, 0),
        ("calls that deliver logs and metrics, warm, new stream", "", 3, delivery.new_stream, 0),
        ("peak memory at the first answer", "MB", 31, max(cost.peak for cost in costs.values()), 1),
        (
            f"memory, 10th to {max(results.memory['ours']):,}th event",
            "MB more",
            1,
            _memory_growth(results.memory["ours"]),
            1,
        ),
        ("zip", "MB", 3.3, results.zips["ours"] / 1e6, 2),
    ]
    return _table(
        ("", "at most", "ours", "unit", "met"),
        (
            (name, f"{limit:g}", _number(value, digits), unit, _verdict(value, limit))
            for name, unit, limit, value, digits in rows
        ),
    )


_LISTS = ("LIST over definitions, every page", "ours")


def _verdict(value: float | None, limit: float) -> str:
    if value is None:
        return "not counted"
    return "yes" if value <= limit else "**no**"


def _memory_growth(memory: dict[int, float]) -> float:
    return memory[max(memory)] - memory[10]


def _handlers(results: Results, figure: str, digits: int) -> list[str]:
    def cost(action: str, kind: str) -> Callable[[str], float | None]:
        return lambda side: getattr(results.costs[action, side], f"{kind}_{figure}")

    names = {"cold": "cold", "first": "first event after the imports", "warm": "warm"}
    kinds = [(action, kind) for action in events.ACTIONS for kind in names]
    rows = (_comparison(f"{action}, {names[kind]}", cost(action, kind), digits) for action, kind in kinds)
    return _table(_HEAD, rows)


def _instructions(results: Results) -> list[str]:
    rows = _handlers(results, "instructions", 1)
    outside = _number(results.outside, 1)
    parts = [
        _row(_comparison("imports", lambda side: results.imports[side][0], 1)),
        _row(["outside the package", "", "", outside, outside, outside]),
    ]
    return [*rows[:2], *parts, *rows[2:]]


def _imports(results: Results) -> list[str]:
    return _table(_HEAD, [_comparison("imports", lambda side: results.imports[side][1], 0)])


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
    rows = [
        (name, *(str(getattr(results.delivery[side], kind)) for side in SIDES))
        for name, kind in (("cold", "cold"), ("warm", "warm"), ("warm, new stream", "new_stream"))
    ]
    return _table(("", *SIDES.values()), rows)


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
    cold = " and ".join(f"{count} of {SIDES[side]}" for side, count in measure.COLD.items())
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
        "additional call costs more than here.",
        "Instructions are counted by valgrind's cachegrind (I refs), with PYTHONHASHSEED=0. Warm is the difference "
        f"between a process with many events and one with one event, per event ({counted}). On one machine, counts "
        "repeat to about a percent. Time limits are raised, because valgrind makes a process fifty times slower."
        if results.counted
        else f"Instructions were not counted: {measure.VALGRIND_MISSING}",
        f"Milliseconds are medians of several processes (cold: {cold}) and of several events (warm: {timed}, which "
        "stand for both naive packages). They depend on the machine and on its other work; the ratios hardly do.",
    ]
