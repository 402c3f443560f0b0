"""Plays events to a packaged handler, as Lambda's runtime does, and reports their costs.

It runs in the target interpreter with only the package on the path, so it imports only modules of the standard library
that the package needs too. Every host name resolves to the stand-in's port on 127.0.0.1. The names are the real ones,
so that certificates are checked and connections kept open as in Lambda.

Usage: python -S -s driver.py PACKAGE MODULE.FUNCTION PORT EVENTS REPORT [patiently] [announced]. EVENTS has one JSON
event per line. REPORT receives one JSON object. "patiently" is for valgrind, which makes a process fifty times slower.
With "announced" a line on standard output says that the imports are done, and the events begin after a line on standard
input.
"""

import importlib
import json
import logging
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any


def kilobytes(field: str) -> int:
    """Return VmRSS (the resident set) or VmHWM (its maximum) in KiB; getrusage would include the parent's maximum."""
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib would be an additional import
        return int(next(line for line in status if line.startswith(field)).split()[1])


def lengthen_limits(package: str, handle: Callable[..., Any]) -> Callable[..., Any]:
    """Return the package's handler with ten minutes for calls, handlers and delivery each.

    So no limit changes the work that valgrind counts.

    Args:
        package: The handler's package.
        handle: The handler. One of a package without limits is returned as it is.
    """
    if not (limits := sys.modules.get(f"{package}.runtime.limits")):
        return handle
    calls, handlers = (sys.modules[f"{package}.{name}"] for name in ("job_definitions", "handlers"))
    delivery, sessions = (sys.modules[f"{package}.runtime.{name}"] for name in ("delivery", "sessions"))
    wire = limits.Wire(600, 600)
    # The clients that were made at import are found by their settings.
    longer = {
        calls.config(limits.DEFAULTS.wire): calls.config(wire),
        delivery._config(limits.DEFAULTS.delivery): delivery._config(wire),
    }
    for (service, region, config), made in list(sessions._idle.items()):
        sessions._idle[service, region, longer[config]] = made
        for one in made:
            timeout = one._endpoint.http_session._timeout
            timeout._connect = timeout._read = 600
    patient = limits.DEFAULTS._replace(handlers=defaultdict(lambda: 600), wire=wire, delivery=wire)
    lengthened: Callable[..., Any] = handlers.resource_type(patient)
    return lengthened


def main(package: str, entry_point: str, port: str, events: str, report: str, *flags: str) -> None:
    """Import the handler and play every event to it."""
    sys.path.insert(0, package)
    real_getaddrinfo = socket.getaddrinfo
    socket.getaddrinfo = lambda _host, _port, *rest, **more: real_getaddrinfo("127.0.0.1", int(port), *rest, **more)
    logging.getLogger().addHandler(logging.StreamHandler())  # as Lambda's runtime client does
    module, function = entry_point.rsplit(".", 1)
    start = time.perf_counter()
    handle = getattr(importlib.import_module(module), function)
    imported, imported_wall = time.process_time(), time.perf_counter() - start
    if "announced" in flags:
        print("imported", flush=True)
        sys.stdin.readline()
    if "patiently" in flags:
        handle = lengthen_limits(module.rpartition(".")[0], handle)
    walls, cpus, residents = [], [], {}
    first = answer = None
    with open(events) as lines:  # noqa: PTH123 - see above
        for count, line in enumerate(lines, 1):
            wall, cpu = time.perf_counter(), time.process_time()
            answer = handle(json.loads(line), None)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
            if count in (1, 10, 20, 30, 40) or count % 100 == 0:
                residents[count] = kilobytes("VmRSS")
            if count == 1:
                first = answer
                peak = kilobytes("VmHWM")
            if answer["status"] == "FAILED":
                break
    with open(report, "w") as out:  # noqa: PTH123 - see above
        json.dump(
            {
                "imported": imported,
                "imported_wall": imported_wall,
                "cpu": time.process_time(),
                "walls": walls,
                "cpus": cpus,
                "residents": residents,
                "peak": peak if first else kilobytes("VmHWM"),
                "modules": len(sys.modules),
                "first": first,
                "last": answer,
            },
            out,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
