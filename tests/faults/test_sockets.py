"""The time limits over real sockets: answers are in time even if a connection is slow or silent.

Every case calls the function in a separate process, with a separate server. All cases run at once, because they mostly
wait.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults import server
from tests.faults.clock import stop_time
from tests.faults.server import Manner, Server, run_server
from tests.faults.service import sagemaker
from tests.faults.world import LIMITS, RETRIABLE, Invocation, check_contract
from tools.envelopes import LOG_GROUP, ROOT, Json, arn, event, minimal

pytestmark = pytest.mark.slow

IDENTIFIER = {"JobDefinitionArn": arn("churn")}
NOW = minimal() | IDENTIFIER | {"Tags": [{"Key": "a", "Value": "2"}, {"Key": "c", "Value": "3"}]}
BEFORE = minimal() | IDENTIFIER | {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]}

# name: action, manner of the server, whether logs and metrics are delivered
CASES: dict[str, tuple[str, Manner, bool]] = {
    "CREATE, dripping": ("CREATE", server.dripping, False),
    "READ, dripping": ("READ", server.dripping, False),
    "UPDATE, dripping body": ("UPDATE", server.dripping_body, False),
    "DELETE, dripping": ("DELETE", server.dripping, False),
    "LIST, dripping body": ("LIST", server.dripping_body, False),
    "CREATE, silent": ("CREATE", server.silent, True),
    "READ, silent": ("READ", server.silent, True),
    "READ, endless pages": ("READ", server.endless, False),
    "READ, flooding": ("READ", server.flooding, False),
    "UPDATE, slow": ("UPDATE", server.slow, True),
    "READ, slow": ("READ", server.slow, True),
    "CREATE, slow": ("CREATE", server.slow, True),
    "READ, slow delivery": ("READ", server.only_delivery(server.slow), True),
    "READ, dripping delivery": ("READ", server.only_delivery(server.dripping), True),
    "READ, silent delivery": ("READ", server.only_delivery(server.silent), True),
}
LONGEST = 75
"""Seconds after which the test ends a case: more than any case may take, with its start on a busy machine."""

CALLER = (
    "import json, sys; from tests.faults.server import call_function; "
    "print(json.dumps(call_function(json.load(sys.stdin))))"
)


@pytest.fixture(scope="module")
def cases() -> Iterator[dict[str, tuple[subprocess.Popen[str], Server]]]:
    """Start all cases at once, and yield each one's process and server."""
    lock = threading.Lock()
    running: dict[str, tuple[subprocess.Popen[str], Server]] = {}
    with ExitStack() as stack:
        timer = threading.Timer(LONGEST, _kill, [running])
        stack.callback(timer.cancel)
        with stop_time() as clock:
            service = stack.enter_context(sagemaker(clock))
            service.create_foreign(minimal() | {"JobDefinitionName": "churn"}, {"a": "1", "b": "1"}, age=0)
        for name, (action, manner, delivers) in CASES.items():
            case_server = stack.enter_context(run_server(service, manner, lock))
            environment = {
                "AWS_ENDPOINT_URL": case_server.url,
                "AWS_CONFIG_FILE": "/dev/null",
                "AWS_DEFAULT_REGION": "us-east-1",
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join([*sys.path, str(ROOT)]),
            }
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", CALLER],
                    env=environment,
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            assert process.stdin
            process.stdin.write(json.dumps(_event(action, delivers=delivers)))
            process.stdin.close()
            running[name] = (process, case_server)
        timer.start()
        yield running


def _kill(running: dict[str, tuple[subprocess.Popen[str], Server]]) -> None:
    """End the processes that have not answered by now."""
    for process, _ in running.values():
        process.kill()


def _event(action: str, *, delivers: bool) -> Json:
    group = LOG_GROUP if delivers else None
    if action == "UPDATE":
        return event(action, NOW, BEFORE, log_group=group)
    properties = {"CREATE": minimal(), "READ": IDENTIFIER, "DELETE": {"JobDefinitionArn": arn("gone")}, "LIST": None}
    return event(action, properties[action], log_group=group)


def _check_answer(process: subprocess.Popen[str], action: str) -> Invocation:
    """Wait for a case's answer, and check it against the contract."""
    assert process.stdout
    assert process.stderr
    output, errors = process.stdout.read(), process.stderr.read()
    assert output, f"no answer within {LONGEST} s: {errors}"
    result = json.loads(output.splitlines()[-1])
    invocation = Invocation(action, result["answer"], result["seconds"], [])
    check_contract(invocation)
    return invocation


@pytest.mark.parametrize("name", [name for name in CASES if not name.endswith("delivery")])
def test_an_answer_is_in_time(cases: dict[str, tuple[subprocess.Popen[str], Server]], name: str) -> None:
    """The function answers within the contract's time. Work left to do continues in a callback or can be retried."""
    process, case_server = cases[name]
    action = CASES[name][0]
    invocation = _check_answer(process, action)
    assert invocation.seconds <= LIMITS[action]
    status = invocation.answer["status"]
    slow = CASES[name][1] is server.slow
    assert (
        status == "IN_PROGRESS" or invocation.answer.get("errorCode") in RETRIABLE or (slow and status == "SUCCESS")
    ), invocation
    assert case_server.request_counts["ListTags"] < 1_000


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith("delivery")])
def test_delivery_has_three_seconds(cases: dict[str, tuple[subprocess.Popen[str], Server]], name: str) -> None:
    """Delivery takes three seconds at most, whether it fails or is slow. The request itself takes almost none here."""
    process, _ = cases[name]
    invocation = _check_answer(process, "READ")
    assert invocation.answer["status"] == "SUCCESS"
    assert invocation.seconds <= 3 + 5, "three, and five for the start on a busy machine"
