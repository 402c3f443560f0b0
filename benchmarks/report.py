"""RESULTS.md and results.svg, from the measurements."""

import math
from collections.abc import Iterable
from pathlib import Path

from benchmarks import events, measure
from benchmarks.measure import Results, calls

HERE = Path(__file__).parent


def write(results: Results, seconds: float) -> list[str]:
    """Write both files.

    Args:
        results: The measurements.
        seconds: How long they took.

    Returns:
        The lines of the first table, for the terminal.
    """
    first = _targets(results)
    sections = [
        "# What the package costs, beside a plain one",
        "Written by `make bench`. *naive* is the type as a beginner writes it (`naive/handlers.py`), packaged by cfn's "
        "official plugin; *ours* is what `make package` writes. The ratio is naive to ours: how many times less.",
        *_section("Ratios first", first),
        "![Instructions and memory of both packages](results.svg)",
        *_section("Each handler", _handlers(results)),
        "Cold is from the start of the process to its end, one event answered; warm is an event after the first. "
        "Instructions are user-space ones, in millions; milliseconds are medians.",
        *_section("Imports", _imports(results)),
        *_section("Memory", _memory(results)),
        "Resident set after so many CREATE events in one process. Lambda ends a function of this kind at 256 MB.",
        *_section("Package", _package(results)),
        *_section("Calls of SageMaker, nothing in the way", _calls(results)),
        "UPDATE here changes one tag and removes one. The ListTags at its end is the wait until SageMaker reports the "
        "change; the naive package does not look what there is before.",
        *_section("With a seventh of a core", _felt(results)),
        _felt_note(results),
        *_section("As the work grows", _growth(results)),
        "Milliseconds of CPU time in a warm process: a LIST to its last page, or one CREATE.",
        "## Method",
        *_method(results, seconds),
    ]
    (HERE / "RESULTS.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    (HERE / "results.svg").write_text(_plot(results), encoding="utf-8")
    return first


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    return [_row(head), _row("---" if n == 0 else "---:" for n, _ in enumerate(head)), *(_row(row) for row in rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _section(title: str, table: list[str]) -> tuple[str, str]:
    return f"## {title}", "\n".join(table)


def _number(value: float | None, digits: int = 0) -> str:
    return "not counted" if value is None else f"{value:,.{digits}f}"


def _ratio(naive: float | None, ours: float | None) -> str:
    return f"{naive / ours:.1f}" if naive and ours else "-"


def _targets(results: Results) -> list[str]:
    rows: list[tuple[str, str, float | None, float | None, float, int]] = []
    unit = "million instructions" if results.counted else "ms CPU"
    for action, kind, wanted in (("CREATE", "cold", 4), ("CREATE", "warm", 40), ("READ", "warm", 40)):
        what = f"{kind}_{'instructions' if results.counted else 'cpu'}"
        naive, ours = (getattr(results.costs[action, side], what) for side in measure.SIDES)
        rows.append((f"{kind} {action}", unit, naive, ours, wanted, 1))
    zips = [results.zips[side] / 1e6 for side in measure.SIDES]
    rows.append(("zip", "MB", zips[0], zips[1], 8, 2))
    peaks = [results.costs["CREATE", side].peak for side in measure.SIDES]
    rows.append(("peak memory, first answer", "MB", peaks[0], peaks[1], 1.5, 1))
    lines = [
        (
            name,
            f"{_ratio(naive, ours)}",
            f"{wanted:g}",
            "yes" if naive and ours and naive / ours >= wanted else "**no**",
            _number(naive, digits),
            _number(ours, digits),
            unit,
        )
        for name, unit, naive, ours, wanted, digits in rows
    ]
    grown = [_grown(results.memory[side]) for side in measure.SIDES]
    lines.append(
        (
            f"memory, 10th to {max(results.memory['ours']):,}th warm",
            "-",
            "within 1 MB",
            "yes" if grown[1] <= 1 else "**no**",
            f"+{grown[0]:,.1f} by the {max(results.memory['naive'])}th",
            f"{grown[1]:+,.1f}",
            "MB",
        )
    )
    return _table(("", "ratio", "wanted", "reached", "naive", "ours", "unit"), lines)


def _grown(memory: dict[int, float]) -> float:
    return memory[max(memory)] - memory[10]


def _handlers(results: Results) -> list[str]:
    rows = []
    for action in events.ACTIONS:
        naive, ours = (results.costs[action, side] for side in measure.SIDES)
        for kind in ("cold", "warm"):
            cells = [f"{action}, {kind}"]
            for what, digits in (("instructions", 1), ("cpu", 1), ("wall", 1)):
                pair = [getattr(cost, f"{kind}_{what}") for cost in (naive, ours)]
                cells += [f"**{_ratio(*pair)}**", *(_number(value, digits) for value in pair)]
            rows.append(cells)
    units = [
        cell for unit in ("M instr.", "CPU ms", "wall ms") for cell in ("ratio", f"naive, {unit}", f"ours, {unit}")
    ]
    return _table(("", *units), rows)


def _imports(results: Results) -> list[str]:
    naive, ours = (results.imports[side] for side in measure.SIDES)
    rows = [("M instructions", naive[0], ours[0]), ("CPU ms", naive[1], ours[1])]
    return _table(("", "ratio", "naive", "ours"), ((n, _ratio(a, b), _number(a), _number(b)) for n, a, b in rows))


def _memory(results: Results) -> list[str]:
    counts = sorted({number for memory in results.memory.values() for number in memory})
    cells = ((f"{n:,}", *(_number(results.memory[side].get(n), 1) for side in measure.SIDES)) for n in counts)
    return [line.replace("not counted", "") for line in _table(("events", "naive, MB", "ours, MB"), cells)]


def _package(results: Results) -> list[str]:
    rows = []
    for name, sizes in (("zip, as uploaded", results.zips), ("unzipped function", results.unzipped)):
        rows.append((name, _ratio(sizes["naive"], sizes["ours"]), *(f"{sizes[s] / 1e6:.2f}" for s in measure.SIDES)))
    return _table(("", "ratio", "naive, MB", "ours, MB"), rows)


def _calls(results: Results) -> list[str]:
    rows = []
    for action in events.ACTIONS:
        naive, ours = (results.costs[action, side] for side in measure.SIDES)
        rows.append((action, str(len(naive.calls)), str(len(ours.calls)), calls(ours)))
    return _table(("", "naive", "ours", "ours, which"), rows)


def _felt(results: Results) -> list[str]:
    if not results.felt:
        return ["Skipped: this machine gave the benchmark neither a control group nor a systemd scope."]
    naive, ours = (results.felt[side] for side in measure.SIDES)
    rows = [
        (f"{kind} CREATE", _ratio(a, b), _number(a), _number(b))
        for kind, a, b in zip(("cold", "warm"), naive, ours, strict=True)
    ]
    return _table(("", "ratio", "naive, ms", "ours, ms"), rows)


def _felt_note(results: Results) -> str:
    return (
        "By the clock of whoever invokes AWS's runtime interface emulator, the function's process held to a seventh of "
        "one core: what Lambda gives 256 MB. The runtime client's own start is in both."
        if results.felt
        else ""
    )


def _growth(results: Results) -> list[str]:
    rows = []
    for what in dict.fromkeys(what for what, _ in results.growth):
        naive, ours = (results.growth[what, side] for side in measure.SIDES)
        rows += [(f"{what}: {n}", _ratio(naive[n], ours[n]), _number(naive[n], 1), _number(ours[n], 1)) for n in ours]
    return _table(("", "ratio", "naive, ms", "ours, ms"), rows)


def _method(results: Results, seconds: float) -> list[str]:
    return [
        f"Machine: {measure.kind_of_machine()}. Python of the functions: {results.python}, "
        + ("with byte code in our package." if results.byte_code else "without byte code in our package: no 3.12 here.")
        + f" The whole run took {seconds / 60:.0f} minutes.",
        "Each figure is of a process of its own: `driver.py` in the function's interpreter, with the unzipped package "
        "and the standard library alone. It plays the events that CloudFormation sends (provider log group, "
        "credentials of caller and provider), so that log and metric delivery are part of it. SageMaker, CloudWatch "
        "Logs and CloudWatch are one stand-in on loopback (`service.py`): TLS, certificates of a made-up authority "
        "that both packages trust beside the real ones, the services' own host names, connections kept open.",
        "Instructions: valgrind's cachegrind (I refs), PYTHONHASHSEED=0; warm is the difference between a process of "
        f"many events and one of one, divided ({COUNTED} more events). They repeat to about a percent on one machine."
        if results.counted
        else "Instructions were not counted: valgrind is not installed.",
        f"Milliseconds: medians of {measure.COLD} processes (cold) and of {TIMED} events (warm). They depend on the "
        "machine and on what else it does; the ratios hardly.",
    ]


COUNTED = " and ".join(f"{count} {side}" for side, count in measure.COUNTED.items())
TIMED = " and ".join(f"{count} {side}" for side, count in measure.TIMED.items())

_INK, _PALE, _NAIVE, _OURS = "#24292f", "#d0d7de", "#bf8700", "#0969da"


def _plot(results: Results) -> str:
    """Draw two panels: what each handler costs, logarithmically, and memory over events."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 400" font-family="sans-serif" font-size="12">',
        '<rect width="920" height="400" fill="white"/>',
        _text(20, 28, "Million instructions (log scale)" if results.counted else "CPU ms (log scale)", size=14),
        _text(500, 28, "Resident memory, MB", size=14),
        *(
            f'<rect x="{x}" y="372" width="12" height="12" fill="{color}"/>' + _text(x + 18, 382, side)
            for x, side, color in ((20, "naive", _NAIVE), (90, "ours", _OURS))
        ),
        *_bars(results),
        *_lines(results),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" fill="{_INK}">{text}</text>'


def _bars(results: Results) -> Iterable[str]:
    what = "instructions" if results.counted else "cpu"
    y = 48.0
    for kind in ("cold", "warm"):
        for action in events.ACTIONS:
            yield _text(110, y + 18, f"{action}, {kind}", anchor="end", size=11)
            for side, color in (("naive", _NAIVE), ("ours", _OURS)):
                value = getattr(results.costs[action, side], f"{kind}_{what}")
                width = 300 * _log(value) / 4
                yield f'<rect x="116" y="{y:.0f}" width="{width:.0f}" height="11" fill="{color}"/>'
                yield _text(120 + width, y + 10, f"{value:,.0f}", size=10)
                y += 12
            y += 7


def _log(value: float) -> float:
    """Return the decimal logarithm of a value, at least 0."""
    return max(0.0, math.log10(value))


def _lines(results: Results) -> Iterable[str]:
    left, bottom, width, height, top = 540, 350, 350, 300, 300
    longest = max(max(memory) for memory in results.memory.values())
    for megabytes in (0, 50, 100, 150, 200, 256):
        y = bottom - height * megabytes / top
        yield f'<line x1="{left}" x2="{left + width}" y1="{y:.0f}" y2="{y:.0f}" stroke="{_PALE}"/>'
        yield _text(left - 6, y + 4, str(megabytes), anchor="end", size=10)
    yield _text(left + width, bottom - height * 256 / top - 5, "Lambda ends the function", anchor="end", size=10)
    for side, color in (("naive", _NAIVE), ("ours", _OURS)):
        points = " ".join(
            f"{left + width * _log(number) / _log(longest):.0f},{bottom - height * min(size, 300) / top:.0f}"
            for number, size in sorted(results.memory[side].items())
        )
        yield f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="3"/>'
    for number in (1, 10, 100, 1000):
        if number <= longest:
            yield _text(
                left + width * _log(number) / _log(longest), bottom + 16, f"{number:,}", anchor="middle", size=10
            )
    yield _text(left + width / 2, bottom + 32, "events in one process (log scale)", anchor="middle", size=11)
