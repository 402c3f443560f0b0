"""All limits of time of a resource type, and the clock that they are measured by: one object, which a test replaces."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cloudformation_cli_python_lib import Action


def _jitter() -> float:
    from random import random  # noqa: PLC0415 - only a retry needs it, and importing it slows a cold start down

    return random()  # noqa: S311 - jitter, no secret


class Time(NamedTuple):
    """The clock, the pause and the jitter."""

    monotonic: Callable[[], float] = time.monotonic
    """Returns seconds that only grow."""
    now: Callable[[], float] = time.time
    """Returns the seconds since 1970."""
    pause: Callable[[float], None] = time.sleep
    """Waits some seconds."""
    jitter: Callable[[], float] = _jitter
    """Returns a number from 0 to 1 by which each pause between attempts is shortened."""


class Wire(NamedTuple):
    """The seconds that one attempt of a call may take."""

    connect: float
    """To resolve the host's name, and to connect to each of its addresses."""
    answer: float
    """For the whole answer, even if it arrives byte by byte."""


class Retries(NamedTuple):
    """How often a call is attempted."""

    attempts: int = 4
    hanging: int = 2
    """After this many attempts to which nothing came in time, there is no other."""
    least_time: float = 0.5
    """The seconds that must be left to start another attempt."""
    longest_pause: float = 5.0
    """The longest pause between two attempts, in seconds."""


class Checks(NamedTuple):
    """When a handler looks whether what it changed is as desired. All in seconds."""

    reads: tuple[float, ...] = (1, 2, 4, 8, 15, 30)
    """Before each further invocation, while reads lag behind writes: AWS's services lag by seconds."""
    in_use: tuple[float, ...] = (5, 10, 15, 30, 30, 30, 30, 30)
    """Before each further invocation that deletes a resource which another one uses: three minutes in all."""
    looks: tuple[float, ...] = (1, 2, 4, 8, 15)
    """Before each further look within an invocation."""
    replicas: tuple[float, ...] = (1, 2, 4)
    """Before each further question to replicas that may be old, until what they say counts."""
    look_time: float = 5.0
    """What a pause must leave for the look after it: two calls, of which slow ones take over a second each."""
    clocks_differ: float = 2.0
    """By how much two clocks of a service may differ."""


class Limits(NamedTuple):
    """All limits of time, the clock and the pause of a resource type."""

    handlers: Mapping[Action, float] = {**dict.fromkeys(Action, 45), Action.READ: 20, Action.LIST: 20}
    """Seconds for each handler. The contract gives an invocation 60 s, and READ and LIST 30 s. The rest is for the
    start and for delivery."""
    wire: Wire = Wire(connect=1, answer=3.5)
    delivery: Wire = Wire(connect=0.5, answer=1.5)
    """For a call that delivers logs or metrics. All calls of a delivery have the sum and a second more."""
    retries: Retries = Retries()
    checks: Checks = Checks()
    time: Time = Time()


DEFAULTS = Limits()
