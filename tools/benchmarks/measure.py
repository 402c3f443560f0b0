"""Measures the costs of three packages in the same way."""

import functools
import itertools
import json
import os
import queue
import shutil
import statistics
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cfn_sandbox.packaging import bytecode
from cfn_sandbox.packaging.package import copy_project, package
from tools.benchmarks import events, share
from tools.benchmarks.play import Run, play, trust, unpack
from tools.benchmarks.results import Cost, Delivery, InLambda, Results
from tools.benchmarks.service import Service

PROJECT = Path(__file__).parents[2]
PACKAGE = "aws_sagemaker_modelqualityjobdefinition"

SIDES = {"compiled": "naive with byte code", "naive": "naive", "ours": "ours"}
"""The packages' keys and names, with the fair comparison first."""

#: How many warm invocations of each package are counted (instructions) and timed (milliseconds). After the imports,
#: byte code makes no difference, so the naive package's events are counted, and timed when warm, with byte code only.
COUNTED = {"compiled": 1, "ours": 10}
TIMED = {"compiled": 6, "ours": 30}
COLD = {"compiled": 5, "naive": 3, "ours": 5}
THROTTLED = 3
THROTTLED_EVENTS = {"compiled": 2, "naive": 2, "ours": 4}
AT_ONCE = 2
"""How many processes run at a time where time isn't measured."""
REMEMBERED = {"compiled": 40, "naive": 40, "ours": 1000}
GROWING = ("compiled", "ours")

VALGRIND_MISSING = (
    "valgrind is not installed, so CPU time is compared and no instructions are counted. On Debian and Ubuntu: "
    "sudo apt-get install valgrind; on Fedora: sudo dnf install valgrind."
)

Json = dict[str, Any]
Step = tuple[str, Callable[[Service], None]]
"""A title, and what measures something with a stand-in."""


class Bench:
    """The benchmark of the unpacked packages, with the services' stand-ins.

    Args:
        services: A stand-in for each package. All have one authority, so that each can serve any package.
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
        counted, timed = self._counted_steps(), self._timed_steps()
        total, numbers = 1 + len(counted) + len(timed), itertools.count(2)
        self.show_step(1, total, "packages")
        self._build_packages()
        free: queue.SimpleQueue[Service] = queue.SimpleQueue()
        for service in self.services.values():
            free.put(service)

        def run(step: Step) -> None:
            service = free.get()
            self.show_step(next(numbers), total, step[0])
            step[1](service)
            free.put(service)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for future in [pool.submit(run, step) for step in counted]:
                    future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        for step in timed:
            run(step)
        return self.results

    def _counted_steps(self) -> list[Step]:
        """Return the steps that other work on the machine doesn't change, the longest first."""
        steps: list[Step] = []
        if self.results.counted:
            of_imports = {side: functools.partial(self._count_instructions, side, None) for side in SIDES}
            steps += [
                (f"instructions of {action}, {SIDES[side]}", functools.partial(self._count_instructions, side, action))
                for side in COUNTED
                for action in events.ACTIONS
            ]
            steps.insert(len(events.ACTIONS), ("instructions of the imports, naive", of_imports.pop("naive")))
            steps += [(f"instructions of the imports, {SIDES[side]}", step) for side, step in of_imports.items()]
            steps.append(("instructions outside the package", self._count_outside))
        for side, name in SIDES.items():
            title = f"memory over {REMEMBERED[side]:,} invocations, {name}"
            steps.append((title, functools.partial(self._measure_memory, side)))
        steps += [
            (f"calls that deliver logs and metrics, {name}", functools.partial(self._count_deliveries, side))
            for side, name in SIDES.items()
        ]
        return steps

    def _timed_steps(self) -> list[Step]:
        steps: list[Step] = []
        for side, name in SIDES.items():
            steps.append((f"time of the imports, {name}", functools.partial(self._measure_imports, side)))
        for action in events.ACTIONS:
            for side, name in SIDES.items():
                steps.append((f"time of {action}, {name}", functools.partial(self._measure_cost, side, action)))
        steps += [
            (f"as in Lambda, {name}", functools.partial(self._measure_in_lambda, side)) for side, name in SIDES.items()
        ]
        steps += [
            (f"as the work grows, {SIDES[side]}", functools.partial(self._measure_growth, side)) for side in GROWING
        ]
        return steps

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
            for authority in {service.authority for service in self.services.values()}:
                trust(path, authority)

    def _play(
        self,
        side: str,
        service: Service,
        events_to_play: Iterable[Json],
        *,
        count: bool = False,
        group: share.Group | None = None,
    ) -> Run:
        run = play(self.packages[side], events_to_play, service, self.python, count=count, group=group)
        if run.last and run.last["status"] != "SUCCESS":
            raise RuntimeError(f"{side}: {run.last}")
        if "not delivered" in run.log or "publishing metrics" in run.log:  # our message, and the plugin library's
            raise RuntimeError(f"{side}: logs and metrics were not delivered:\n{run.log}")
        return run

    def _prepare_events(self, service: Service, action: str, count: int, properties: Json | None = None) -> list[Json]:
        """Return events, and prepare a stand-in for them."""
        previous_tags = [{"Key": key, "Value": value} for key, value in events.PREVIOUS_TAGS.items()]
        service.definitions.clear()
        service.calls.clear()
        service.streams.clear()
        if action != "CREATE":
            for number in range(max(count, 100 if action == "LIST" else 0)):
                definition = events.model() | {"JobDefinitionName": events.name(number), "Tags": previous_tags}
                service.definitions[events.name(number)] = definition
        return [events.event(action, number, properties) for number in range(count)]

    def _count_instructions(self, side: str, action: str | None, service: Service) -> None:
        """Count the instructions of a package's imports, or of an action's first and later events with it."""

        def millions(count: int) -> float:
            events_to_play = self._prepare_events(service, action, count) if action else []
            instructions = self._play(side, service, events_to_play, count=True).instructions
            if instructions is None:
                raise RuntimeError("valgrind counted nothing")
            return instructions / 1e6

        cold = millions(1)
        warm = (millions(1 + COUNTED[side]) - cold) / COUNTED[side] if action else None
        self.results.instructions[action, side] = (cold, warm)

    def _instructions(self, side: str, action: str) -> tuple[float | None, float | None, float | None]:
        """Return the millions of instructions in a cold process, in its first event, and in a later event."""
        counts = self.results.instructions
        if not counts:
            return None, None, None
        measured = "compiled" if side == "naive" else side
        cold, warm = counts[action, measured]
        first = cold - counts[None, measured][0]
        return counts[None, side][0] + first, first, warm

    def _count_outside(self, service: Service) -> None:
        """Count what no package can change: the interpreter, the driver, and an empty handler."""
        package = self.scratch / "outside"
        (package / PACKAGE).mkdir(parents=True)
        (package / PACKAGE / "__init__.py").touch()
        handler = 'def resource(event, context):\n    return {"status": "SUCCESS"}\n'
        (package / PACKAGE / "handlers.py").write_text(handler)
        bytecode.compile_tree(package, self.python)
        self.packages["outside"] = package
        run = play(package, [events.event("CREATE")], service, self.python, count=True)
        self.results.outside = run.instructions / 1e6 if run.instructions else None

    def _measure_imports(self, side: str, service: Service) -> None:
        instructions, _ = self.results.instructions.get((None, side), (None, None))
        cpu = statistics.median(self._play(side, service, []).imported for _ in range(COLD[side]))
        self.results.imports[side] = (instructions, cpu * 1e3)

    def _measure_cost(self, side: str, action: str, service: Service) -> None:
        cold_count, first_count, warm_count = self._instructions(side, action)
        colds = [self._play(side, service, self._prepare_events(service, action, 1)) for _ in range(COLD[side])]
        calls = [call.operation for call in service.calls if "sagemaker" in call.host]
        if side in TIMED:
            warm = self._play(side, service, self._prepare_events(service, action, 1 + TIMED[side]))
            warm_cpu, warm_wall = statistics.median(warm.cpus[1:]) * 1e3, statistics.median(warm.walls[1:]) * 1e3
        else:
            compiled = self.results.costs[action, "compiled"]
            warm_cpu, warm_wall = compiled.warm_cpu, compiled.warm_wall
        self.results.costs[action, side] = Cost(
            cold_instructions=cold_count,
            first_instructions=first_count,
            warm_instructions=warm_count,
            cold_cpu=statistics.median(run.cpu for run in colds) * 1e3,
            first_cpu=statistics.median(run.cpus[0] for run in colds) * 1e3,
            warm_cpu=warm_cpu,
            cold_wall=statistics.median(run.wall for run in colds) * 1e3,
            first_wall=statistics.median(run.walls[0] for run in colds) * 1e3,
            warm_wall=warm_wall,
            peak=statistics.median(run.peak for run in colds) / 1024,
            calls=calls,
        )

    def _measure_memory(self, side: str, service: Service) -> None:
        run = self._play(side, service, self._prepare_events(service, "CREATE", REMEMBERED[side]))
        self.results.memory[side] = {number: size / 1024 for number, size in run.residents.items()}

    def _measure_in_lambda(self, side: str, service: Service) -> None:
        """Measure CREATE by the clock, with the imports on a full core and the events on a seventh."""
        runs = []
        for _ in range(THROTTLED):
            events_to_play = self._prepare_events(service, "CREATE", THROTTLED_EVENTS[side])
            with share.of_a_core(share.SEVENTH) as group:
                if group is None:  # RESULTS.md says so
                    return
                runs.append(self._play(side, service, events_to_play, group=group))
        self.results.in_lambda[side] = InLambda(
            imports=statistics.median(run.imported_wall for run in runs) * 1e3,
            first=statistics.median(run.walls[0] for run in runs) * 1e3,
            warm=statistics.median(wall for run in runs for wall in run.walls[1:]) * 1e3,
        )

    def _count_deliveries(self, side: str, service: Service) -> None:
        def delivered(numbers: list[int]) -> int:
            """Return how many calls deliver logs and metrics in a process that reads these resources."""
            self._prepare_events(service, "READ", 2)
            self._play(side, service, [events.event("READ", number) for number in numbers])
            return len([call for call in service.calls if "sagemaker" not in call.host])

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

    def _measure_growth(self, side: str, service: Service) -> None:
        lists = self.results.growth["LIST over definitions, every page", side] = {}
        for count in (100, 1000, 10_000):
            self._prepare_events(service, "LIST", 0)
            for number in range(count):
                service.definitions[events.name(number)] = {}
            pages = [events.event("LIST", token=str(first) if first else None) for first in range(0, count, 100)]
            warm = self._play(side, service, [*pages[:1], *pages])
            lists[f"{count:,}"] = sum(warm.cpus[1:]) * 1e3

        def warm_cpu(properties: Json) -> float:
            run = self._play(side, service, self._prepare_events(service, "CREATE", 1 + TIMED[side], properties))
            return statistics.median(run.cpus[1:]) * 1e3

        minimal = self.results.costs["CREATE", side].warm_cpu
        tags = self.results.growth["CREATE with tags, besides the stack's two", side] = {"0": minimal}
        for count in (10, 25, 48):
            tags[str(count)] = warm_cpu(events.model(tags=count))
        small, large = events.model(), events.model(environment=50)
        self.results.growth["CREATE of a model", side] = {
            f"minimal, {len(json.dumps(small)) / 1000:.1f} KB": minimal,
            f"maximal, {len(json.dumps(large)) / 1000:.1f} KB": warm_cpu(large),
        }


def kind_of_machine() -> str:
    """Return a short description of this machine, for RESULTS.md."""
    uname = os.uname()
    return f"{os.cpu_count()} cores, {uname.machine}, {uname.sysname}"


def calls(cost: Cost) -> str:
    """Return the calls to SageMaker as text, with the number of each."""
    return ", ".join(f"{name} x {count}" if count > 1 else name for name, count in Counter(cost.calls).items())
