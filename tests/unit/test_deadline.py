"""The time limit of an invocation, as far as it can be tested without a network."""

import io
import math
import socket
import time
from http.client import HTTPException
from threading import Event

import pytest
from urllib3.exceptions import ConnectTimeoutError

from aws_sagemaker_modelqualityjobdefinition.runtime import deadline


def test_there_is_no_limit_unless_one_is_set() -> None:
    """Time is unlimited without a limit; an inner limit can't exceed an outer one, and ends with its block."""
    assert deadline.remaining() == math.inf
    with deadline.within(5):
        with deadline.within(60):
            assert deadline.remaining() <= 5
        with deadline.within(1):
            assert deadline.remaining() <= 1
        assert 4 < deadline.remaining() <= 5
    assert deadline.remaining() == math.inf


def test_an_answer_is_not_read_when_its_time_is_over() -> None:
    """After the time limit nothing is read, not even a byte that has arrived, so that an endless answer ends."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"late")
        ours.settimeout(3.5)
        with deadline.within(0):
            stream = deadline._Stream(ours, socket.SocketIO(ours, "r"))
        with pytest.raises(TimeoutError, match="in time"):
            stream.readinto(bytearray(4))


@pytest.mark.parametrize(("timeout", "limit"), [(0.01, 60), (60, 0.01), (None, 0.01)])
def test_a_name_that_is_not_resolved_in_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch, timeout: float | None, limit: float
) -> None:
    """A name server that hangs holds a call no longer than its connect timeout and the time that is left.

    The error is that of a connection which was not made, so nothing can have taken effect.
    """
    answered, ended = Event(), Event()

    def hang(*_: object) -> None:
        answered.wait(60)
        ended.set()
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    connection = deadline._HTTPSConnection("sagemaker.example", timeout=timeout)
    begin = time.monotonic()
    with (
        deadline.within(limit),
        pytest.raises(ConnectTimeoutError, match=r"sagemaker\.example was not resolved in time"),
    ):
        connection.connect()
    assert time.monotonic() - begin < 30
    assert connection.host == "sagemaker.example"
    answered.set()
    assert ended.wait(60)


def test_an_answer_of_eight_megabytes_is_the_longest_that_is_read() -> None:
    """An answer's bytes are counted over all reads: 8,000,000 are read, and one more is an error, not a short read."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = deadline._Stream(ours, io.BytesIO(bytes(8_000_001)))
        read = [stream.readinto(bytearray(size)) for size in (5_000_000, 3_000_000, 0)]
        assert read == [5_000_000, 3_000_000, 0]
        with pytest.raises(HTTPException, match="too large"):
            stream.readinto(bytearray(1))
