"""The time limit of an invocation, as far as it can be tested without a network."""

import math
import socket

import pytest

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
