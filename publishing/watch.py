"""How a registration goes on, shown while `cfn submit` waits for it without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import boto3
from botocore.exceptions import BotoCoreError, ClientError

INTERVAL = 5.0  # seconds, as cfn's own waiter


@contextmanager
def registration(session: boto3.Session, token: str, progress: Callable[[str], None]) -> Iterator[None]:
    """Show what the registry says of a registration whenever it says something new, until the block ends.

    Args:
        session: Of the account.
        token: The registration's.
        progress: Called with each line, in a thread of this function's.
    """
    client = session.client("cloudformation")  # here: a session is no thread's to share
    ended = Event()

    def watch() -> None:
        said = ""
        while not ended.wait(INTERVAL):
            try:
                answer = client.describe_type_registration(RegistrationToken=token)
            except (BotoCoreError, ClientError) as error:
                progress(f"  Its progress can't be seen: {error}")
                return
            text = f"  {answer['ProgressStatus']}: {answer.get('Description', '')}".rstrip(": ")
            if text != said and not ended.is_set():
                said = text
                progress(text)

    thread = Thread(target=watch, name="registration", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
