"""Shows the progress of a registration, because `cfn submit` waits for it silently."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import boto3
from botocore.exceptions import BotoCoreError, ClientError

INTERVAL = 5.0  # seconds, as in cfn's own waiter


@contextmanager
def registration(session: boto3.Session, token: str, progress: Callable[[str], None]) -> Iterator[None]:
    """Show the registry's description of a registration whenever it changes, until the block ends.

    Args:
        session: The account's session.
        token: The registration's token.
        progress: Called with each line, in a separate thread.
    """
    client = session.client("cloudformation")  # not in the thread: a session is not thread-safe
    ended = Event()

    def watch() -> None:
        last_line = ""
        while not ended.wait(INTERVAL):
            try:
                answer = client.describe_type_registration(RegistrationToken=token)
            except (BotoCoreError, ClientError) as error:
                progress(f"  Its progress can't be seen: {error}")
                return
            line = f"  {answer['ProgressStatus']}: {answer.get('Description', '')}".rstrip(": ")
            if line != last_line and not ended.is_set():
                last_line = line
                progress(line)

    thread = Thread(target=watch, name="registration", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
