"""Plays events to a packaged handler, as Lambda's runtime does, and reports what they cost.

Runs in the target interpreter with nothing but the package on the path: only the standard library is imported here, and
no more of it than the package needs anyway. Every host name leads to the stand-in's port on 127.0.0.1; the names
themselves are the real ones, so that certificates are checked and connections kept as they are in Lambda.

Usage: python -S -s driver.py PACKAGE MODULE.FUNCTION PORT EVENTS REPORT. EVENTS has a JSON event a line; REPORT
receives one JSON object.
"""

import importlib
import json
import logging
import socket
import sys
import time


def kilobytes(what: str) -> int:
    """Return VmRSS (the resident set) or VmHWM (the largest so far), in KiB; getrusage counts the parent's too."""
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib would be an import of our own
        return int(next(line for line in status if line.startswith(what)).split()[1])


def main(package: str, door: str, port: str, events: str, report: str) -> None:
    """Import the handler and play every event to it."""
    sys.path.insert(0, package)
    real = socket.getaddrinfo
    socket.getaddrinfo = lambda _host, _port, *rest, **more: real("127.0.0.1", int(port), *rest, **more)
    logging.getLogger().addHandler(logging.StreamHandler())  # as Lambda's runtime client does
    module, function = door.rsplit(".", 1)
    handle = getattr(importlib.import_module(module), function)
    imported = time.process_time()
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
