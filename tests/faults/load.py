"""A load test: many creations and deletions through one Lambda emulator, while a tenth of the calls fail.

The package runs in AWS's runtime emulator, as in the sandbox. It calls a test server, so that answers get lost on real
connections. The function's process gets 256 MB of writable memory, as a resource type's function does: the kernel
refuses it more (RLIMIT_DATA), and the test reads its peak resident set at the end (VmHWM). The emulator, a Go program
that Lambda does not charge to a function, is not counted.
"""

import os
import random
import resource
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from werkzeug.wrappers import Response

from cfn_sandbox.account.credentials import Keys
from cfn_sandbox.account.door import Door
from cfn_sandbox.account.function import MEMORY, Function
from cfn_sandbox.packaging.package import package
from tests.faults.clock import stop_time
from tests.faults.fault import Fault
from tests.faults.server import Server, at_once, run_server
from tests.faults.service import SageMaker, sagemaker
from tests.faults.world import RETRIABLE, Invocation, check_contract
from tools.envelopes import LOG_GROUP, REGION, ROOT, Json, event, minimal

if TYPE_CHECKING:
    from cfn_sandbox.account.account import Account

# Faults that cost no waiting. The tables and the stateful test cover "silence", which costs 3.5 s each time.
FAULTS = (
    "throttled",
    "500",
    "reset",
    "closed",
    "cut-in-status",
    "cut-in-headers",
    "cut-in-body",
    "302",
    "html",
    "empty",
)
BEFORE_ONLY = ("throttled",)
MEGABYTE = 1 << 20


@dataclass
class Load:
    """The results of a load test."""

    lost: list[str] = field(default_factory=list)
    """The failed operations, orphans, and definitions that are missing or were not deleted."""
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    calls: int = 0
    peak: int = 0
    """The peak resident memory of the function's process in bytes; 0 if the process was replaced."""
    restarts: int = 0
    """1 if the function's process was replaced during the test, else 0."""


class _ServerAccount:
    """A stand-in for `Account` that sends the function's AWS calls to the test server.

    It has the only members of `Account` that `Function` uses.
    """

    def __init__(self, server: Server) -> None:
        self._url = server.url
        self.keys = Keys()
        self.door = Door(Response("no account"), self.keys, lambda *_: Response("no account"))

    def environment(self) -> dict[str, str]:
        """Return the environment variables that lead an AWS client to the server."""
        return {
            "AWS_ENDPOINT_URL": self._url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }


@contextmanager
def _start() -> Iterator[tuple[Function, Server, SageMaker]]:
    with ExitStack() as stack:
        with stop_time() as clock:
            service = stack.enter_context(sagemaker(clock))
        server = stack.enter_context(run_server(service, at_once, threading.Lock()))
        yield stack.enter_context(Function(package(ROOT), cast("Account", _ServerAccount(server)))), server, service


def run(number: int, seed: int, report_progress: Callable[[str], None] = lambda _: None) -> Load:
    """Create definitions, delete them again, and return the results.

    Args:
        number: How many definitions.
        seed: The seed of the random faults.
        report_progress: Receives a line of progress after every 50 definitions.
    """
    load, rng = Load(), random.Random(seed)  # noqa: S311 - which calls fail is no secret
    with _start() as (function, server, service):
        _invoke(function, load, "LIST", None)  # the emulator starts the function with its first event
        process = _process(function)
        resource.prlimit(process, resource.RLIMIT_DATA, (MEMORY * MEGABYTE, MEMORY * MEGABYTE))

        def decide(operation: str) -> Fault | None:
            load.calls += 1
            if operation == "delivery" or rng.random() > 0.1:
                return None
            load.faults += 1
            name = rng.choice(FAULTS)
            # The handler reads nothing from a deletion's answer, so these three faults look like success to it.
            # SageMaker doesn't answer like that before the deletion.
            after = name not in BEFORE_ONLY and (
                rng.random() > 0.5 or name in {"cut-in-headers", "cut-in-body", "empty"}
            )
            return Fault(name, operation, "after" if after else "before")

        server.decide = decide
        created: dict[str, Json] = {}
        for n in range(number):
            properties = minimal() | ({"JobDefinitionName": f"Load-{n}"} if n % 2 else {})
            answer = _operate(function, load, "CREATE", properties, token=f"token-{n}", logical_id=f"Definition{n}")
            if answer.get("resourceModel"):
                created[answer["resourceModel"]["JobDefinitionArn"]] = answer["resourceModel"]
            if answer["status"] != "SUCCESS":
                load.lost.append(f"creation {n}: {answer}")
            if n % 50 == 49:
                report_progress(f"{n + 1:,} created, {_resident(process, 'VmRSS') // MEGABYTE} MB")
        existing = {definition.arn for definition in service.definitions.values()}
        load.lost += [f"an orphan: {arn}" for arn in existing - set(created)] + [
            f"missing: {arn}" for arn in set(created) - existing
        ]
        for n, model in enumerate(created.values()):
            answer = _operate(function, load, "DELETE", model, token=f"gone-{n}")
            if answer["status"] != "SUCCESS" and answer["errorCode"] != "NotFound":
                load.lost.append(f"deletion {n}: {answer}")
            if n % 50 == 49:
                report_progress(f"{n + 1:,} deleted, {_resident(process, 'VmRSS') // MEGABYTE} MB")
        load.lost += [f"not deleted: {name}" for name in service.definitions]
        load.restarts = int(_process(function) != process)
        load.peak = _resident(process, "VmHWM") if not load.restarts else 0
    return load


def _operate(function: Function, load: Load, action: str, properties: Json, **named: str) -> Json:
    """Send a request and its callbacks, and retry it after a retriable failure, all without pauses."""
    answer: Json = {}
    for _ in range(3):
        answer = _invoke(function, load, action, properties, **named)
        while answer["status"] == "IN_PROGRESS":
            answer = _invoke(
                function, load, action, answer["resourceModel"], context=answer.get("callbackContext"), **named
            )
        if answer.get("errorCode") not in RETRIABLE:
            break
    load.outcomes[f"{action} {answer.get('errorCode', answer['status'])}"] += 1
    return answer


def _invoke(function: Function, load: Load, action: str, properties: Json | None, **named: object) -> Json:
    answer = function.invoke(event(action, properties, log_group=LOG_GROUP, **named))  # type: ignore[arg-type]  # event()'s
    load.outcomes["invocations"] += 1
    check_contract(Invocation(action, answer, 0.0, []))
    return answer


def _process(function: Function) -> int:
    """Return the id of the function's process, which is the Python that the emulator runs (proc(5))."""
    root = str(function.log_file.parent).encode()
    processes = [pid for pid in Path("/proc").iterdir() if pid.name.isdigit() and _is_function_process(pid, root)]
    (process,) = processes
    return int(process.name)


def _is_function_process(pid: Path, root: bytes) -> bool:
    try:
        is_python = Path(os.path.realpath(pid / "exe")).name.startswith("python")
        return is_python and root in (pid / "environ").read_bytes()
    except OSError:  # another user's process, or one that has ended
        return False


def _resident(process: int, field: str) -> int:
    """Return one line of a process's memory status, for example VmRSS, in bytes (proc(5), status)."""
    (line,) = [row for row in Path(f"/proc/{process}/status").read_text().splitlines() if row.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024
