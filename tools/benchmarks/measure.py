"""Measures the costs of three packages in the same way."""

import functools
import json
import os
import shutil
import statistics
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cfn_sandbox.packaging import bytecode
from cfn_sandbox.packaging.package import copy_project, package
from tools.benchmarks import events, share
from tools.benchmarks.play import Run, play, trust, unpack
from tools.benchmarks.service import Service

PROJECT = Path(__file__).parents[2]
PACKAGE = "aws_sagemaker_modelqualityjobdefinition"

SIDES = {"compiled": "naive with byte code", "naive": "naive", "ours": "ours"}
"""The packages' keys and names, with the fair comparison first."""

#: How many warm invocations of each package are counted (instructions) and timed (milliseconds). After the imports,
#: byte code makes no difference, so the naive package is counted with byte code only.
COUNTED = {"compiled": 1, "ours": 10}
TIMED = {"compiled": 6, "naive": 6, "ours": 30}
COLD = 5
THROTTLED = 3
REMEMBERED = {"compiled": 40, "naive": 40, "ours": 1000}
GROWING = ("compiled", "ours")

VALGRIND_MISSING = (
    "valgrind is not installed, so CPU time is compared and no instructions are counted. On Debian and Ubuntu: "
    "sudo apt-get install valgrind; on Fedora: sudo dnf install valgrind."
)

Json = dict[str, Any]


@dataclass
class Cost:
    """The costs of one kind of event with one package.

    Attributes:
        cold_instructions: Millions in a whole process that answers one event; None if they were not counted.
        first_instructions: The same without the imports.
        warm_instructions: Millions for each event after the first.
        cold_cpu: Milliseconds of CPU time, the median of several processes.
        first_cpu: Milliseconds of CPU time for the first event, the median of several processes.
        warm_cpu: Milliseconds of CPU time, the median of several events after the first.
        cold_wall: Milliseconds of elapsed time, the median of several processes.
        first_wall: Milliseconds of elapsed time for the first event, the median of several processes.
        warm_wall: Milliseconds of elapsed time, the median of several events after the first.
        peak: The largest resident set until the first answer, in MB.
        calls: The calls to SageMaker.
    """

    cold_instructions: float | None
    first_instructions: float | None
    warm_instructions: float | None
    cold_cpu: float
    first_cpu: float
    warm_cpu: float
    cold_wall: float
    first_wall: float
    warm_wall: float
    peak: float
    calls: list[str]


@dataclass
class InLambda:
    """Milliseconds by the clock, with the imports on a full core and the events on a seventh."""

    imports: float
    first: float
    warm: float


@dataclass
class Delivery:
    """The number of calls to CloudWatch and CloudWatch Logs for an event.

    Attributes:
        cold: For a first event.
        warm: For an event after it, of the same resource.
        new_stream: For an event after it, of another resource.
    """

    cold: int
    warm: int
    new_stream: int


@dataclass
class Results:
    """All measurements, by package."""

    python: str
    counted: bool
    zips: dict[str, int] = field(default_factory=dict)
    unzipped: dict[str, int] = field(default_factory=dict)
    instructions: dict[tuple[str | None, str], tuple[float, float | None]] = field(default_factory=dict)
    imports: dict[str, tuple[float | None, float]] = field(default_factory=dict)
    costs: dict[tuple[str, str], Cost] = field(default_factory=dict)
    memory: dict[str, dict[int, float]] = field(default_factory=dict)
    outside: float | None = None
    in_lambda: dict[str, InLambda] = field(default_factory=dict)
    delivery: dict[str, Delivery] = field(default_factory=dict)
    growth: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    byte_code: bool = True


class Bench:
    """The benchmark of the unpacked packages, with the services' stand-ins.

    Args:
        services: A stand-in for each package, so that instructions of all packages can be counted in parallel.
        scratch: A directory to work in.
        show_step: Called at the beginning of each step with its number, the number of steps, and its title.
    """

    def __init__(
        self, services: Mapping[str, Service], scratch: Path, show_step: Callable[[int, int, str], None]
    ) -> None:
        self.services = services
        self.scratch = scratch
        self.show_step = show_step
        python = bytecode.interpreter("3.12")
        self.python = python or Path(shutil.which("python3") or "python3")
        self.results = Results("3.12" if python else "this machine's own", shutil.which("valgrind") is not None)
        self.results.byte_code = python is not None
        self.packages: dict[str, Path] = {}

    def run(self) -> Results:
        """Run all measurements."""
        steps: list[tuple[str, Callable[[], None]]] = [("packages", self._build_packages)]
        if self.results.counted:
            steps.append(("instructions outside the package", self._count_outside))
            steps.append(("instructions of the imports", functools.partial(self._count_instructions, None)))
            steps += [
                (f"instructions of {action}", functools.partial(self._count_instructions, action))
                for action in events.ACTIONS
            ]
        for side, name in SIDES.items():
            steps.append((f"time of the imports, {name}", functools.partial(self._measure_imports, side)))
        for action in events.ACTIONS:
            for side, name in SIDES.items():
                steps.append((f"time of {action}, {name}", functools.partial(self._measure_cost, side, action)))
        for side, name in SIDES.items():
            title = f"memory over {REMEMBERED[side]:,} invocations, {name}"
            steps.append((title, functools.partial(self._measure_memory, side)))
        steps += [
            (f"as in Lambda, {name}", functools.partial(self._measure_in_lambda, side)) for side, name in SIDES.items()
        ]
        steps.append(("calls that deliver logs and metrics", self._count_deliveries))
        steps += [
            (f"as the work grows, {SIDES[side]}", functools.partial(self._measure_growth, side)) for side in GROWING
        ]
        for number, (title, step) in enumerate(steps, 1):
            self.show_step(number, len(steps), title)
            step()
        return self.results

    def _build_packages(self) -> None:
        naive = self.scratch / "project"
        copy_project(PROJECT, naive)
        folder = naive / "src" / PACKAGE
        for path in folder.iterdir():
            if path.name != "models.py":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        (folder / "__init__.py").touch()
        shutil.copy(Path(__file__).parent / "naive" / "handlers.py", folder)
        cache = PROJECT / ".cache" / "packages"
        zips = {"naive": package(naive, cache, "python312"), "ours": package(PROJECT, cache, "python312-small")}
        for side, zipped in zips.items():
            self.packages[side] = unpack(zipped, self.scratch / side)
            self.results.zips[side] = zipped.stat().st_size
        self.packages["compiled"] = self.scratch / "compiled"
        shutil.copytree(self.packages["naive"], self.packages["compiled"])
        bytecode.compile_tree(self.packages["compiled"], self.python)
        # As cfn's plugin writes it: uncompressed.
        self.results.zips["compiled"] = self._zip("compiled", zipfile.ZIP_STORED).stat().st_size
        for side, path in self.packages.items():
            self.results.unzipped[side] = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
            trust(path, self.services[side].authority)

    def _play(
        self, side: str, events_to_play: Iterable[Json], *, count: bool = False, group: share.Group | None = None
    ) -> Run:
        package, service = self.packages[side], self.services[side]
        run = play(package, events_to_play, service, self.python, count=count, group=group)
        if run.last and run.last["status"] != "SUCCESS":
            raise RuntimeError(f"{side}: {run.last}")
        if "not delivered" in run.log or "publishing metrics" in run.log:  # our message, and the plugin library's
            raise RuntimeError(f"{side}: logs and metrics were not delivered:\n{run.log}")
        return run

    def _prepare_events(self, side: str, action: str, count: int, properties: Json | None = None) -> list[Json]:
        """Return events, and prepare a package's stand-in for them."""
        previous_tags = [{"Key": key, "Value": value} for key, value in events.PREVIOUS_TAGS.items()]
        service = self.services[side]
        service.definitions.clear()
        service.calls.clear()
        service.streams.clear()
        if action != "CREATE":
            for number in range(max(count, 100 if action == "LIST" else 0)):
                definition = events.model() | {"JobDefinitionName": events.name(number), "Tags": previous_tags}
                service.definitions[events.name(number)] = definition
        return [events.event(action, number, properties) for number in range(count)]

    def _count_instructions(self, action: str | None) -> None:
        """Count the instructions of an action's events, or of the imports alone, for all packages in parallel."""

        def count_side(side: str) -> tuple[float, float | None]:
            first = self._millions_of_instructions(side, self._prepare_events(side, action, 1) if action else [])
            warm_events = COUNTED.get(side) if action else None
            if not action or not warm_events:
                return first, None
            return first, (
                self._millions_of_instructions(side, self._prepare_events(side, action, 1 + warm_events)) - first
            ) / warm_events

        with ThreadPoolExecutor(len(SIDES)) as pool:
            counts = dict(zip(SIDES, pool.map(count_side, SIDES), strict=True))
        for side, (cold, warm) in counts.items():
            self.results.instructions[action, side] = (cold, counts["compiled"][1] if warm is None else warm)

    def _millions_of_instructions(self, side: str, events_to_play: list[Json]) -> float:
        instructions = self._play(side, events_to_play, count=True).instructions
        if instructions is None:
            raise RuntimeError("valgrind counted nothing")
        return instructions / 1e6

    def _count_outside(self) -> None:
        """Count what no package can change: the interpreter, the driver, and an empty handler."""
        package = self.scratch / "outside"
        (package / PACKAGE).mkdir(parents=True)
        (package / PACKAGE / "__init__.py").touch()
        handler = 'def resource(event, context):\n    return {"status": "SUCCESS"}\n'
        (package / PACKAGE / "handlers.py").write_text(handler)
        bytecode.compile_tree(package, self.python)
        self.packages["outside"] = package
        run = play(package, [events.event("CREATE")], self.services["ours"], self.python, count=True)
        self.results.outside = run.instructions / 1e6 if run.instructions else None

    def _measure_imports(self, side: str) -> None:
        instructions, _ = self.results.instructions.get((None, side), (None, None))
        cpu = statistics.median(self._play(side, []).imported for _ in range(COLD))
        self.results.imports[side] = (instructions, cpu * 1e3)

    def _measure_cost(self, side: str, action: str) -> None:
        cold_count, warm_count = self.results.instructions.get((action, side), (None, None))
        colds = [self._play(side, self._prepare_events(side, action, 1)) for _ in range(COLD)]
        calls = [call.operation for call in self.services[side].calls if "sagemaker" in call.host]
        imports, _ = self.results.instructions.get((None, side), (None, None))
        warm = self._play(side, self._prepare_events(side, action, 1 + TIMED[side]))
        self.results.costs[action, side] = Cost(
            cold_instructions=cold_count,
            first_instructions=None if cold_count is None or imports is None else cold_count - imports,
            warm_instructions=warm_count,
            cold_cpu=statistics.median(run.cpu for run in colds) * 1e3,
            first_cpu=statistics.median(run.cpus[0] for run in colds) * 1e3,
            warm_cpu=statistics.median(warm.cpus[1:]) * 1e3,
            cold_wall=statistics.median(run.wall for run in colds) * 1e3,
            first_wall=statistics.median(run.walls[0] for run in colds) * 1e3,
            warm_wall=statistics.median(warm.walls[1:]) * 1e3,
            peak=statistics.median(run.peak for run in colds) / 1024,
            calls=calls,
        )

    def _measure_memory(self, side: str) -> None:
        run = self._play(side, self._prepare_events(side, "CREATE", REMEMBERED[side]))
        self.results.memory[side] = {number: size / 1024 for number, size in run.residents.items()}

    def _measure_in_lambda(self, side: str) -> None:
        """Measure CREATE by the clock, with the imports on a full core and the events on a seventh."""
        runs = []
        for _ in range(THROTTLED):
            events_to_play = self._prepare_events(side, "CREATE", 4)
            with share.of_a_core(share.SEVENTH) as group:
                if group is None:  # RESULTS.md says so
                    return
                runs.append(self._play(side, events_to_play, group=group))
        self.results.in_lambda[side] = InLambda(
            imports=statistics.median(run.imported_wall for run in runs) * 1e3,
            first=statistics.median(run.walls[0] for run in runs) * 1e3,
            warm=statistics.median(wall for run in runs for wall in run.walls[1:]) * 1e3,
        )

    def _count_deliveries(self) -> None:
        for side in SIDES:

            def delivered(numbers: list[int], side: str = side) -> int:
                """Return how many calls deliver logs and metrics in a process that reads these resources."""
                self._prepare_events(side, "READ", 2)
                self._play(side, [events.event("READ", number) for number in numbers])
                return len([call for call in self.services[side].calls if "sagemaker" not in call.host])

            cold = delivered([0])
            self.results.delivery[side] = Delivery(cold, delivered([0, 0]) - cold, delivered([0, 1]) - cold)

    def _zip(self, side: str, compression: int = zipfile.ZIP_DEFLATED) -> Path:
        """Zip an unpacked package, as cfn does."""
        inner, zipped = self.scratch / f"{side}-function.zip", self.scratch / f"{side}.zip"
        with zipfile.ZipFile(inner, "w", compression) as function:
            for path in sorted(self.packages[side].rglob("*")):
                function.write(path, path.relative_to(self.packages[side]))
        with zipfile.ZipFile(zipped, "w") as outer:
            outer.write(PROJECT / ".rpdk-config", ".rpdk-config")
            outer.write(inner, "ResourceProvider.zip")
        return zipped

    def _measure_growth(self, side: str) -> None:
        lists = self.results.growth["LIST over definitions, every page", side] = {}
        for count in (100, 1000, 10_000):
            self._prepare_events(side, "LIST", 0)
            for number in range(count):
                self.services[side].definitions[events.name(number)] = {}
            pages = [events.event("LIST", token=str(first) if first else None) for first in range(0, count, 100)]
            warm = self._play(side, [*pages[:1], *pages])
            lists[f"{count:,}"] = sum(warm.cpus[1:]) * 1e3
        tags = self.results.growth["CREATE with tags, besides the stack's two", side] = {}
        for count in (0, 10, 25, 48):
            tags[str(count)] = self._warm_cpu(side, events.model(tags=count))
        models = self.results.growth["CREATE of a model", side] = {}
        for name, properties in (("minimal", events.model()), ("maximal", events.model(environment=50))):
            models[f"{name}, {len(json.dumps(properties)) / 1000:.1f} KB"] = self._warm_cpu(side, properties)

    def _warm_cpu(self, side: str, properties: Json) -> float:
        run = self._play(side, self._prepare_events(side, "CREATE", 1 + TIMED[side], properties))
        return statistics.median(run.cpus[1:]) * 1e3


def kind_of_machine() -> str:
    """Return a short description of this machine, for RESULTS.md."""
    uname = os.uname()
    return f"{os.cpu_count()} cores, {uname.machine}, {uname.sysname}"


def calls(cost: Cost) -> str:
    """Return the calls to SageMaker as text, with the number of each."""
    return ", ".join(f"{name} x {count}" if count > 1 else name for name, count in Counter(cost.calls).items())
