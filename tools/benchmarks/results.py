"""What the benchmark has measured."""

from dataclasses import dataclass, field


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
