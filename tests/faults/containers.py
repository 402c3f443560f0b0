"""Two containers at once: every order of their calls to SageMaker, up to a bound.

Each container, and each other stack, is an actor in a thread. Before each of its calls an actor waits for its turn, so
that one of them runs at a time, and a list of choices decides the order. `interleavings` plays a situation again and
again, with other choices each time, until it has played all of them or its time is over.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.fault import Fault
from tests.faults.world import World, open_world

Act = Callable[[], object]


@dataclass
class Actor:
    """A container or another stack, in a thread."""

    name: str
    act: Act
    faults: Mapping[tuple[str, int], Fault] = field(default_factory=dict)
    """The fault of its nth call of an operation, counted from 1."""
    result: object = None
    problem: BaseException | None = None
    is_done: bool = False


class Turns:
    """Lets actors call one at a time, in the order that choices give.

    Args:
        world: The service, the network and the clock that the actors share.
        actors: The actors.
        choices: Which of the waiting actors is next, for each turn; the first one when there are no more choices.
    """

    def __init__(self, world: World, actors: Sequence[Actor], choices: Sequence[int]) -> None:
        self._actors, self._choices = actors, choices
        self._may_go = {actor.name: threading.Semaphore(0) for actor in actors}
        self._waits = threading.Semaphore(0)
        self._here = threading.local()
        self.widths: list[int] = []
        """How many actors waited at each turn."""
        self.trace: list[tuple[str, str]] = []
        """The actor and the operation of each call, in order."""
        world.is_shared = True
        world.network.before_call = self._wait
        world.network.decide = self._fault

    def play(self) -> None:
        """Run all actors to their ends.

        Raises:
            BaseException: An actor's own.
        """
        threads = [threading.Thread(target=self._run, args=(actor,)) for actor in self._actors]
        for thread in threads:  # each runs up to its first call
            thread.start()
            self._waits.acquire()
        while waiting := [actor for actor in self._actors if not actor.is_done]:
            turn = len(self.widths)
            choice = self._choices[turn] if turn < len(self._choices) else 0
            self.widths.append(len(waiting))
            self._may_go[waiting[choice].name].release()
            self._waits.acquire()
        for thread in threads:
            thread.join()
        for actor in self._actors:
            if actor.problem is not None:
                raise actor.problem

    def call(self, operation: str) -> None:
        """Wait for the turn of this thread's actor. An actor without a container calls this before it acts."""
        self._wait(operation, 0)

    def _run(self, actor: Actor) -> None:
        self._here.actor, self._here.counts, self._here.fault = actor, Counter(), None
        try:
            actor.result = actor.act()
        except BaseException as problem:  # noqa: BLE001 - raised again by play()
            actor.problem = problem
        actor.is_done = True
        self._waits.release()

    def _wait(self, operation: str, _: int) -> None:
        actor: Actor = self._here.actor
        self._waits.release()
        self._may_go[actor.name].acquire()
        self.trace.append((actor.name, operation))

    def _fault(self, operation: str, _: int) -> Fault | None:
        self._here.counts[operation] += 1
        actor: Actor = self._here.actor
        return actor.faults.get((operation, self._here.counts[operation]))


Situation = Callable[[World, Sequence[int]], Turns]
"""Plays a situation once, in an empty world, with some choices, and checks how it ends."""


def interleavings(situation: Situation, seconds: float, seed: int | None = None) -> Iterator[Turns]:
    """Play a situation in every order of its calls, each once, and yield each play.

    Args:
        situation: Plays it once.
        seconds: When to stop, if not all have been played by then.
        seed: Plays the orders in a random order, so that a bounded run doesn't see the same ones each time.
    """
    ends = time.perf_counter() + seconds
    chosen: list[list[int]] = [[]]
    order = random.Random(seed)  # noqa: S311 - an order, no secret
    while chosen and time.perf_counter() < ends:
        choices = chosen.pop(order.randrange(len(chosen)) if seed is not None else -1)
        with open_world() as world:
            turns = situation(world, choices)
        yield turns
        taken = [*choices, *[0] * (len(turns.widths) - len(choices))]
        for depth in range(len(choices), len(turns.widths)):
            chosen += [[*taken[:depth], other] for other in range(1, turns.widths[depth])]
