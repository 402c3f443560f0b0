"""The measurements, each of three packages side by side."""

import functools
import importlib.util
import json
import os
import shlex
import shutil
import statistics
import subprocess
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import events, share
from benchmarks.play import Played, play, trust, unpack
from benchmarks.service import REGION, Service
from packager import bytecode
from packager.package import copy_project, package
from sandbox.function import Function

PROJECT = Path(__file__).parents[1]
PACKAGE = "aws_sagemaker_modelqualityjobdefinition"

SIDES = {"compiled": "naive with byte code", "naive": "naive", "ours": "ours"}
"""The packages: the fair comparison first."""

#: How many warm invocations of each package are counted (instructions) and timed (milliseconds). Once everything is
#: imported, byte code makes no difference: the naive package's are counted with it only.
COUNTED = {"compiled": 1, "ours": 10}
TIMED = {"compiled": 6, "naive": 6, "ours": 30}
COLD = 5
REMEMBERED = {"compiled": 40, "naive": 40, "ours": 1000}
GROWING = ("compiled", "ours")

VALGRIND_MISSING = (
    "valgrind is not installed, so CPU time is compared and no instructions are counted. On Debian and Ubuntu: "
    "sudo apt-get install valgrind; on Fedora: sudo dnf install valgrind."
)

Json = dict[str, Any]


@dataclass
class Cost:
    """What one kind of event costs with one package.

    Attributes:
        cold_instructions: Millions, from the start of the process to its end, one event answered; None if not counted.
        warm_instructions: Millions for each event after the first.
        cold_cpu: Milliseconds of CPU time; the median of some processes.
        warm_cpu: Milliseconds of CPU time; the median of some events after the first.
        cold_wall: Milliseconds by the clock.
        warm_wall: Milliseconds by the clock.
        peak: The largest resident set until the first answer, in MB.
        calls: The calls of SageMaker.
        cold_delivery: How many calls of CloudWatch and CloudWatch Logs a first event makes.
        warm_delivery: How many an event after the first makes.
    """

    cold_instructions: float | None
    warm_instructions: float | None
    cold_cpu: float
    warm_cpu: float
    cold_wall: float
    warm_wall: float
    peak: float
    calls: list[str]
    cold_delivery: int
    warm_delivery: float


@dataclass
class Results:
    """Everything that was measured, by package."""

    python: str
    counted: bool
    zips: dict[str, int] = field(default_factory=dict)
    unzipped: dict[str, int] = field(default_factory=dict)
    imports: dict[str, tuple[float | None, float]] = field(default_factory=dict)
    costs: dict[tuple[str, str], Cost] = field(default_factory=dict)
    memory: dict[str, dict[int, float]] = field(default_factory=dict)
    felt: dict[str, tuple[float, float]] = field(default_factory=dict)
    growth: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    byte_code: bool = True


class Bench:
    """The packages, unpacked, and the services' stand-in.

    Args:
        service: The stand-in.
        scratch: A directory to work in.
        say: Called at the beginning of each step: its number, how many there are, and what it does.
    """

    def __init__(self, service: Service, scratch: Path, say: Callable[[int, int, str], None]) -> None:
        self.service = service
        self.scratch = scratch
        self.say = say
        python = bytecode.interpreter("3.12")
        self.python = python or Path(shutil.which("python3") or "python3")
        self.results = Results("3.12" if python else "this machine's own", shutil.which("valgrind") is not None)
        self.results.byte_code = python is not None
        self.packages: dict[str, Path] = {}

    def run(self) -> Results:
        """Measure everything."""
        steps: list[tuple[str, Callable[[], None]]] = [("packages", self._package)]
        for side, name in SIDES.items():
            steps.append((f"imports, {name}", functools.partial(self._imports, side)))
        for action in events.ACTIONS:
            for side, name in SIDES.items():
                steps.append((f"{action}, {name}", functools.partial(self._cost, side, action)))
        for side, name in SIDES.items():
            told = f"memory over {REMEMBERED[side]:,} invocations, {name}"
            steps.append((told, functools.partial(self._memory, side)))
        steps.append(("a seventh of a core", self._felt))
        steps += [(f"as the work grows, {SIDES[side]}", functools.partial(self._growth, side)) for side in GROWING]
        for number, (told, step) in enumerate(steps, 1):
            self.say(number, len(steps), told)
            step()
        return self.results

    def _package(self) -> None:
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
        # cfn's plugin writes zips uncompressed.
        self.results.zips["compiled"] = self._zipped("compiled", zipfile.ZIP_STORED).stat().st_size
        for side, path in self.packages.items():
            self.results.unzipped[side] = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
            trust(path, self.service.authority)

    def _play(self, side: str, asked: Iterable[Json], *, count: bool = False) -> Played:
        played = play(self.packages[side], asked, self.service, self.python, count=count)
        if played.last and played.last["status"] != "SUCCESS":
            raise RuntimeError(f"{side}: {played.last}")
        if played.last and self._delivered("PutMetricData") == 0:  # the last thing that either does
            raise RuntimeError(f"{side}: logs and metrics were not delivered:\n{played.log}")
        return played

    def _delivered(self, *operations: str) -> int:
        """Return how many calls the stand-in has seen of these operations; of all but SageMaker's if none is named."""
        return sum(
            call.operation in operations if operations else "sagemaker" not in call.host for call in self.service.calls
        )

    def _ask(self, action: str, count: int, properties: Json | None = None) -> list[Json]:
        """Return events, with the account made ready for them."""
        had = [{"Key": key, "Value": value} for key, value in events.PREVIOUS_TAGS.items()]
        self.service.definitions.clear()
        self.service.calls.clear()
        if action != "CREATE":
            for number in range(max(count, 100 if action == "LIST" else 0)):
                made = events.model() | {"JobDefinitionName": events.name(number), "Tags": had}
                self.service.definitions[events.name(number)] = made
        return [events.event(action, number, properties) for number in range(count)]

    def _imports(self, side: str) -> None:
        counted = self._play(side, [], count=True).instructions if self.results.counted else None
        cpu = statistics.median(self._play(side, []).imported for _ in range(COLD))
        self.results.imports[side] = (counted and counted / 1e6, cpu * 1e3)

    def _cost(self, side: str, action: str) -> None:
        cold_count = warm_count = None
        if self.results.counted:
            first = self._play(side, self._ask(action, 1), count=True).instructions
            cold_count = first and first / 1e6
            if more := COUNTED.get(side):
                all_of_them = self._play(side, self._ask(action, 1 + more), count=True).instructions
                warm_count = all_of_them and first and (all_of_them - first) / more / 1e6
            else:
                warm_count = self.results.costs[action, "compiled"].warm_instructions
        colds = [self._play(side, self._ask(action, 1)) for _ in range(COLD)]
        calls = [call.operation for call in self.service.calls if "sagemaker" in call.host]
        delivery = self._delivered()
        warm = self._play(side, self._ask(action, 1 + TIMED[side]))
        self.results.costs[action, side] = Cost(
            cold_instructions=cold_count,
            warm_instructions=warm_count,
            cold_cpu=statistics.median(played.cpu for played in colds) * 1e3,
            warm_cpu=statistics.median(warm.cpus[1:]) * 1e3,
            cold_wall=statistics.median(played.wall for played in colds) * 1e3,
            warm_wall=statistics.median(warm.walls[1:]) * 1e3,
            peak=statistics.median(played.peak for played in colds) / 1024,
            calls=calls,
            cold_delivery=delivery,
            warm_delivery=(self._delivered() - delivery) / TIMED[side],
        )

    def _memory(self, side: str) -> None:
        played = self._play(side, self._ask("CREATE", REMEMBERED[side]))
        self.results.memory[side] = {number: size / 1024 for number, size in played.residents.items()}

    def _felt(self) -> None:
        """Time the first and later answers of the emulator with a seventh of a core, as the caller sees them."""
        with share.of_a_core(share.SEVENTH) as prefix:
            if prefix is None:  # RESULTS.md says so
                return
            # Lambda's image has byte code of its runtime client. Compiled for each start, it would hide the rest.
            specs = [importlib.util.find_spec(name) for name in ("awslambdaric", "simplejson")]
            folders = [str(Path(str(spec.origin)).parent) for spec in specs if spec]
            subprocess.run([self.python, "-m", "compileall", "-q", *folders], check=True)
            for side in SIDES:
                zipped, python = self._zipped(side), self._inside(prefix)
                colds, warms = [], []
                for _ in range(3):
                    asked = self._ask("CREATE", 4)
                    with Function(zipped, _Account(self.service), python=python) as function:  # type: ignore[arg-type]  # variables are all that it asks of an account
                        times = []
                        for event in asked:
                            start = time.perf_counter()
                            answer = function.invoke(event)
                            times.append((time.perf_counter() - start) * 1e3)
                            if answer["status"] != "SUCCESS":
                                raise RuntimeError(f"{side}: {answer}\n{function.log}")
                    colds.append(times[0])
                    warms += times[1:]
                self.results.felt[side] = (statistics.median(colds), statistics.median(warms))

    def _zipped(self, side: str, compression: int = zipfile.ZIP_DEFLATED) -> Path:
        """Zip an unpacked package, as cfn does."""
        inner, zipped = self.scratch / f"{side}-function.zip", self.scratch / f"{side}.zip"
        with zipfile.ZipFile(inner, "w", compression) as function:
            for path in sorted(self.packages[side].rglob("*")):
                function.write(path, path.relative_to(self.packages[side]))
        with zipfile.ZipFile(zipped, "w") as outer:
            outer.write(PROJECT / ".rpdk-config", ".rpdk-config")
            outer.write(inner, "ResourceProvider.zip")
        return zipped

    def _inside(self, prefix: list[str]) -> Path:
        """Write a command that runs the interpreter with a share of a core."""
        kept = {
            name: os.environ[name] for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR") if name in os.environ
        }
        told = shlex.join(["env", *(f"{name}={value}" for name, value in kept.items()), *prefix, str(self.python)])
        python = self.scratch / "python"
        python.write_text(f'#!/bin/sh\nexec {told} "$@"\n')
        python.chmod(0o755)
        return python

    def _growth(self, side: str) -> None:
        lists = self.results.growth["LIST over definitions, every page", side] = {}
        for count in (100, 1000, 10_000):
            self._ask("LIST", 0)
            for number in range(count):
                self.service.definitions[events.name(number)] = {}
            pages = [events.event("LIST", token=str(first) if first else None) for first in range(0, count, 100)]
            warm = self._play(side, [*pages[:1], *pages])
            lists[f"{count:,}"] = sum(warm.cpus[1:]) * 1e3
        tags = self.results.growth["CREATE with tags, besides the stack's two", side] = {}
        for count in (0, 10, 25, 48):
            tags[str(count)] = self._warm(side, events.model(tags=count))
        models = self.results.growth["CREATE of a model", side] = {}
        for name, made in (("minimal", events.model()), ("maximal", events.model(environment=50))):
            models[f"{name}, {len(json.dumps(made)) / 1000:.1f} KB"] = self._warm(side, made)

    def _warm(self, side: str, properties: Json) -> float:
        played = self._play(side, self._ask("CREATE", 1 + TIMED[side], properties))
        return statistics.median(played.cpus[1:]) * 1e3


class _Account:
    """What Function asks of an account: where AWS is."""

    def __init__(self, service: Service) -> None:
        self._url = f"https://127.0.0.1:{service.port}"

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self._url,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_SESSION_TOKEN": "none",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }


def kind_of_machine() -> str:
    """Return what a reader needs to know of this machine."""
    uname = os.uname()
    return f"{os.cpu_count()} cores, {uname.machine}, {uname.sysname}"


def calls(cost: Cost) -> str:
    """Return the calls of SageMaker, counted."""
    return ", ".join(f"{name} x {count}" if count > 1 else name for name, count in Counter(cost.calls).items())
