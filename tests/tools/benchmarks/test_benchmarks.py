"""The benchmark compares equal work, and marks a missed target."""

import io
import os
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cfn_sandbox.packaging import bytecode
from cfn_sandbox.packaging.package import package
from tools.benchmarks import events, report, service, share
from tools.benchmarks.measure import SIDES, Bench, Step
from tools.benchmarks.play import play, trust, unpack
from tools.benchmarks.results import Cost, Delivery, InLambda, Results

PROJECT = Path(__file__).parents[3]
PACKAGE = "aws_sagemaker_modelqualityjobdefinition"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return both packages, unpacked; the naive one has our package's libraries."""
    ours = unpack(package(PROJECT), tmp_path_factory.mktemp("packages") / "ours")
    naive = ours.with_name("naive")
    shutil.copytree(ours, naive)
    for path in (naive / PACKAGE).iterdir():
        if path.name != "models.py" and path.is_file():
            path.unlink()
    for folder in ("__pycache__", "runtime"):
        shutil.rmtree(naive / PACKAGE / folder, ignore_errors=True)
    models = PROJECT / "src" / PACKAGE / "data"
    shutil.copytree(models, naive / "botocore" / "data", dirs_exist_ok=True)
    (naive / PACKAGE / "__init__.py").touch()
    shutil.copy(PROJECT / "tools" / "benchmarks" / "naive" / "handlers.py", naive / PACKAGE)
    return {"naive": naive, "ours": ours}


@pytest.mark.parametrize("action", events.ACTIONS)
def test_both_packages_do_the_same(packages: dict[str, Path], tmp_path: Path, action: str) -> None:
    """Both packages give the same result, and the naive one makes no SageMaker call that ours doesn't."""
    python = bytecode.interpreter("3.12") or bytecode.interpreter("3.11") or bytecode.interpreter("3.13")
    assert python
    answers, calls = [], []
    for side, path in packages.items():
        copy = tmp_path / side
        shutil.copytree(path, copy)
        with service.running(tmp_path / f"{side}-certificates") as stand_in:
            trust(copy, stand_in.authority)
            properties = events.model(environment=3, tags=3)
            previous_tags = [{"Key": key, "Value": value} for key, value in events.PREVIOUS_TAGS.items()]
            existing = {"JobDefinitionName": events.name(0), "Tags": properties["Tags"] + previous_tags}
            stand_in.definitions[events.name(0)] = properties | existing
            run = play(copy, [events.event(action, 0, properties)], stand_in, python)
            assert run.last is not None
            answers.append(run.last)
            calls.append({call.operation for call in stand_in.calls if "sagemaker" in call.host})
    naive, ours = answers
    assert naive["status"] == ours["status"] == "SUCCESS"
    assert calls[0] <= calls[1]
    if action in ("CREATE", "READ"):
        models = [answer["resourceModel"] for answer in answers]
        for model in models:
            model["Tags"].sort(key=lambda tag: tag["Key"])
            model.pop("CreationTime")  # the two write it in different formats
        assert models[0] == models[1]
    if action == "LIST":
        arns = [[model["JobDefinitionArn"] for model in answer["resourceModels"]] for answer in answers]
        assert arns[0] == arns[1] != []


@pytest.mark.parametrize("operation", ["PutMetricData", "PutLogEvents"])
def test_what_is_not_delivered_stops_the_benchmark(packages: dict[str, Path], tmp_path: Path, operation: str) -> None:
    """Both packages continue without logs and metrics, and would then seem to cost less."""
    python = bytecode.interpreter("3.12") or bytecode.interpreter("3.11") or bytecode.interpreter("3.13")
    assert python
    copy = tmp_path / "ours"
    shutil.copytree(packages["ours"], copy)
    with service.running(tmp_path / "certificates") as stand_in:
        trust(copy, stand_in.authority)
        bench = Bench({"ours": stand_in}, tmp_path, lambda *_: None)
        bench.packages, bench.python = {"ours": copy}, python
        assert bench._play("ours", stand_in, bench._prepare_events(stand_in, "READ", 1)).last
        stand_in.faults[operation] = [service.Fault(400, "AccessDeniedException")]
        with pytest.raises(RuntimeError, match=f"not delivered: {operation} fails"):
            bench._play("ours", stand_in, bench._prepare_events(stand_in, "READ", 1))


class _Steps(Bench):
    """A benchmark whose steps only say that they ran."""

    def __init__(self, scratch: Path, shown: list[tuple[int, int, str]]) -> None:
        services = {side: service.Service(port) for port, side in enumerate(SIDES)}
        super().__init__(services, scratch, lambda *step: shown.append(step))
        self.ran: list[str] = []
        self.together = threading.Barrier(2, timeout=20)

    def _build_packages(self) -> None:
        self.ran.append("packages")

    def _step(self, title: str) -> Step:
        def measure(_service: service.Service) -> None:
            if title.startswith("counted"):
                self.together.wait()
            self.ran.append(title)

        return title, measure

    def _counted_steps(self) -> list[Step]:
        return [self._step(f"counted {number}") for number in range(4)]

    def _timed_steps(self) -> list[Step]:
        return [self._step(f"timed {number}") for number in range(2)]


def test_what_is_counted_runs_two_at_a_time_and_what_is_timed_alone(tmp_path: Path) -> None:
    """Each step is shown when it begins, with its number. Two counts run together; nothing runs with a timed step."""
    shown: list[tuple[int, int, str]] = []
    bench = _Steps(tmp_path, shown)
    bench.run()
    assert [number for number, _, _ in sorted(shown)] == [1, 2, 3, 4, 5, 6, 7]
    assert {total for _, total, _ in shown} == {7}
    assert (bench.ran[0], sorted(bench.ran[1:5]), bench.ran[5:]) == (
        "packages",
        ["counted 0", "counted 1", "counted 2", "counted 3"],
        ["timed 0", "timed 1"],
    )
    assert sorted(title for _, _, title in shown) == sorted(bench.ran)


def test_a_count_that_fails_ends_the_benchmark(tmp_path: Path) -> None:
    """The error of a step is the benchmark's, and no timed step follows it."""
    bench = _Steps(tmp_path, [])
    bench.together.abort()
    with pytest.raises(threading.BrokenBarrierError):
        bench.run()
    assert bench.ran == ["packages"]


def test_the_naive_package_s_events_are_counted_once(tmp_path: Path) -> None:
    """Its cold figure is its own imports and the first event of the package with byte code."""
    bench = _Steps(tmp_path, [])
    assert bench._instructions("naive", "READ") == (None, None, None)
    bench.results.instructions = {
        (None, "naive"): (3000, None),
        (None, "compiled"): (1000, None),
        (None, "ours"): (500, None),
        ("READ", "compiled"): (2700, 1600),
        ("READ", "ours"): (560, 20),
    }
    assert bench._instructions("naive", "READ") == (4700, 1700, 1600)
    assert bench._instructions("compiled", "READ") == (2700, 1700, 1600)
    assert bench._instructions("ours", "READ") == (560, 60, 20)


def test_time_limits_are_lifted_where_instructions_are_counted(packages: dict[str, Path]) -> None:
    """Under valgrind, 3 s of work take minutes, and work that a time limit cuts is not counted."""
    code = (
        f"import sys; sys.path[:0] = [{str(packages['ours'])!r}, {str(PROJECT / 'tools' / 'benchmarks')!r}]\n"
        f"import driver, {PACKAGE}.handlers as handlers\n"
        f"limits = driver.lengthen_limits({PACKAGE!r}, handlers.resource)._limits\n"
        "print(*limits.wire, *limits.delivery, [limits.handlers[action] for action in handlers.HANDLERS])"
    )
    completed = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert completed.stdout.split() == ["600", "600", "600", "600", "[600,", "600,", "600,", "600,", "600]"]


def results(*, ratio: float, ours: float = 20, counted: bool = True) -> Results:
    """Return made-up measurements: our costs, and the others as multiples of them."""
    measurements = Results("3.12", counted)
    for side, cost in (("compiled", ours * ratio), ("naive", ours * ratio * 2), ("ours", ours)):
        measurements.zips[side] = measurements.unzipped[side] = int(1e5 * cost)
        count = cost if counted else None
        measurements.imports[side] = (count, cost)
        for action in events.ACTIONS:
            measurements.costs[action, side] = Cost(
                count, count, count, cost, cost, cost, cost, cost, cost, cost, ["ListTags"] * 2
            )
        measurements.delivery[side] = Delivery(3, 2, 3)
        measurements.memory[side] = {1: cost, 10: cost, 40: cost + 0.5}
        measurements.growth["LIST over definitions, every page", side] = {"10,000": cost}
    measurements.outside = 11 if counted else None
    return measurements


def write_report(measurements: Results, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], str]:
    """Return the printed lines and the content of RESULTS.md."""
    monkeypatch.setattr(report, "HERE", folder)
    monkeypatch.setattr(report, "README", folder / "README.md")
    shutil.copy(PROJECT / "README.md", folder)
    return report.write(measurements, 60), (folder / "RESULTS.md").read_text()


def test_the_fair_ratio_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table compares all three packages and begins with the ratio to naive with byte code."""
    lines, text = write_report(results(ratio=3), tmp_path, monkeypatch)
    assert "| first event after the imports, CREATE, M instructions | **3.0** | 6.0 | 60.0 | 120.0 | 20.0 |" in lines
    assert "| cold CREATE, ms CPU | **3.0** | 6.0 | 60.0 | 120.0 | 20.0 |" in lines
    assert "| zip, MB | **3.0** | 6.0 | 6.00 | 12.00 | 2.00 |" in lines
    head = "ratio to naive with byte code | ratio to naive | naive with byte code | naive | ours |"
    assert text.count(head) == 6
    assert "| outside the package |  |  | 11.0 | 11.0 | 11.0 |" in text
    assert all(line in text for line in lines)
    assert "| cold | 3 | 3 | 3 |\n| warm | 2 | 2 | 2 |\n| warm, new stream | 3 | 3 | 3 |" in text
    assert "The counts leave out Lambda's runtime client" in text
    assert "Skipped: the benchmark got no control group" in text


def test_the_readme_has_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """README has first events, instructions and CPU time, and nothing else in it changes."""
    write_report(results(ratio=3), tmp_path, monkeypatch)
    before, after = ((folder / "README.md").read_text().splitlines() for folder in (PROJECT, tmp_path))
    assert "| first CREATE after the imports, M instructions | 20 | 60 | 120 |" in after
    assert "| cold CREATE, CPU ms | 20 | 60 | 120 |" in after
    assert [line for line in after if not line.startswith("| ")] == [
        line for line in before if not line.startswith("| ")
    ]


def test_a_target_that_is_missed_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each missed target is marked in its own row; an exactly met one isn't."""
    lines, _ = write_report(results(ratio=3), tmp_path, monkeypatch)
    assert [line for line in lines if "**no**" in line] == []
    measurements = results(ratio=3, ours=22)
    measurements.zips["ours"] = 3_300_000
    lines, text = write_report(measurements, tmp_path, monkeypatch)
    assert [line.split(" |")[0] for line in lines if "**no**" in line] == ["| warm READ", "| warm LIST"]
    measurements.costs["LIST", "ours"].cold_instructions = 625.2
    measurements.costs["CREATE", "ours"].first_instructions = 81
    measurements.growth["LIST over definitions, every page", "ours"]["10,000"] = 451
    measurements.delivery["ours"] = Delivery(4, 3, 4)
    measurements.costs["DELETE", "ours"].peak = 31.1
    measurements.memory["ours"][40] += 1
    measurements.zips["ours"] += 10_000
    lines, text = write_report(measurements, tmp_path, monkeypatch)
    assert sum("**no**" in line for line in lines) == 11
    assert "| cold LIST | 625 | 625.2 | M instructions | **no** |" in text


def test_without_valgrind_it_is_cpu_time_that_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without valgrind the report says how to install it, and calls no target met."""
    lines, text = write_report(results(ratio=50, counted=False), tmp_path, monkeypatch)
    assert sum("ms CPU" in line for line in lines) == 6
    assert sum("not counted |" in line and "| yes |" not in line for line in lines) == 9
    assert "sudo apt-get install valgrind" in text


def test_the_plot_has_linear_bars_from_nothing_for_all_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First and warm events have a plot each, with linear axes from 0; the same measurements give the same file."""
    plot = pytest.importorskip("tools.benchmarks.plot", reason="make bench installs matplotlib")
    monkeypatch.setattr(plot, "HERE", tmp_path)
    axes = {}
    bars = plot._bars

    def record_axes(chart: Any, measurements: Results, kind: str) -> None:  # noqa: ANN401 - matplotlib's axes
        bars(chart, measurements, kind)
        axes[kind] = chart

    monkeypatch.setattr(plot, "_bars", record_axes)
    plot.draw(results(ratio=3))
    first = (tmp_path / "results.svg").read_text()
    plot.draw(results(ratio=3))
    assert (tmp_path / "results.svg").read_text() == first
    assert ET.fromstring(first).tag.endswith("svg")  # noqa: S314 - our own file
    assert set(axes) == {"first", "warm"}
    for chart in axes.values():
        assert chart.get_yscale() == "linear"
        assert chart.get_ylim()[0] == 0
        assert [patch.get_height() for patch in chart.patches] == [60.0] * 5 + [120.0] * 5 + [20.0] * 5
    for name in SIDES.values():
        assert name in first


def test_steps_are_printed_one_a_line_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe gets a line for each step, and a terminal gets a progress bar."""
    command = pytest.importorskip("tools.benchmarks.__main__", reason="make bench installs matplotlib")
    with command.step_display(Console(force_terminal=False)) as show_step:
        show_step(3, 20, "time of [CREATE]")
    assert capsys.readouterr().out.split("s", 1)[1] == "  3/20  time of [CREATE]\n"
    terminal = io.StringIO()
    with command.step_display(Console(force_terminal=True, file=terminal, width=100)) as show_step:
        show_step(3, 20, "time of [CREATE]")
    assert "2/20" in terminal.getvalue()
    assert "time of [CREATE]" in terminal.getvalue()


def test_the_times_as_in_lambda_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first table is by the clock, with the imports on a full core and the events on a seventh."""
    measurements = results(ratio=3)
    for side, times in (("compiled", (160, 1700, 90)), ("naive", (400, 1800, 90)), ("ours", (80, 68, 30))):
        measurements.in_lambda[side] = InLambda(*times)
    lines, text = write_report(measurements, tmp_path, monkeypatch)
    assert lines[3] == "| first event at a seventh of a core, ms | **25.0** | 26.5 | 1,700 | 1,800 | 68 |"
    assert text.index("1,769 MB") < text.index("## Ratios") < text.index("## Next to AWS's own handler")
    assert "28 November 2026" in text


def test_a_share_of_a_core_is_cleaned_up() -> None:
    """The control group is removed at the end, if the machine allows one at all."""
    with share.of_a_core(share.SEVENTH) as group:
        assert group is None or group.prefix[0] in ("sh", "systemd-run")
    assert not list(Path("/sys/fs/cgroup").glob(f"**/benchmark-{os.getpid()}"))


def test_a_process_is_limited_after_its_imports() -> None:
    """A group's processes run on a full core until they are limited; then a few milliseconds are limited, too."""
    with share.of_a_core(share.SEVENTH) as group:
        if group is None:
            pytest.skip("this machine allows no control group")
        code = (
            "import time\n"
            "def share(seconds):\n"
            "    wall, cpu = time.perf_counter(), time.process_time()\n"
            "    while time.process_time() - cpu < seconds: pass\n"
            "    return (time.process_time() - cpu) / (time.perf_counter() - wall)\n"
            "print(share(0.1), flush=True)\ninput()\nprint(share(0.012), flush=True)"
        )
        with subprocess.Popen(
            [*group.prefix, sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            full = float(process.stdout.readline())
            group.limit()
            limited = float(process.communicate("\n")[0])
    assert limited < 0.3
    assert full > 0.15  # other work takes its part of the machine
