"""Temporary folders that are deleted in any case: at the end, or by the next sandbox if this one is killed.

They are in the user's cache, not in /tmp, because the function sees another /tmp (see cfn_sandbox.account.isolation).
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

__all__ = ["reclaim", "recorded", "scratch_folder"]

_PREFIX = "sandbox-"
_RECORD = "written.json"
_LOCK = ".lock"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder for this user alone, and delete it when the block ends.

    A lock next to it tells others that it is in use. The system releases the lock even if this process is killed, and
    the next call, in whatever process, deletes the folder.
    """
    base = _base()
    _reclaim(base)
    folder = base / f"{_PREFIX}{secrets.token_hex(8)}"
    lock_file = folder.with_suffix(_LOCK)
    # The lock is held before the folder exists, so that no other process takes the folder for abandoned.
    lock = os.open(lock_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock_file.unlink(missing_ok=True)
        os.close(lock)


@contextmanager
def recorded(file: Path, content: bytes) -> Iterator[None]:
    """Let the next sandbox delete a file outside, with this content, if this process is killed before the block ends.

    Args:
        file: the file.
        content: what is written to it. Only a hash is kept.
    """
    with scratch_folder() as folder:
        record = {"path": str(file.absolute()), "sha256": hashlib.sha256(content).hexdigest()}
        (folder / _RECORD).write_text(json.dumps(record))
        yield


def reclaim() -> None:
    """Delete what killed processes left behind."""
    _reclaim(_base())


def _delete_recorded(folder: Path) -> None:
    """Delete the file that a scratch folder's record names, if it is still the one that was written."""
    with suppress(OSError, ValueError, KeyError):
        record = json.loads((folder / _RECORD).read_text())
        file = Path(record["path"])
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as written:
            if hashlib.sha256(written.read()).hexdigest() == record["sha256"]:
                file.unlink()


def _base() -> Path:
    """Return the folder of all scratch folders, which only this user can use; below /tmp if there is no other place."""
    cache = platformdirs.user_cache_path("cfn-sandbox") / "run"
    places = (cache, Path(tempfile.gettempdir(), f"cfn-sandbox-{os.getuid()}"))
    for place in places:
        with suppress(OSError):
            place.mkdir(0o700, parents=True, exist_ok=True)
            status = place.lstat()
            # Another user may have made the one below /tmp.
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and os.access(place, os.W_OK):
                return place
    return Path(tempfile.mkdtemp(prefix="cfn-sandbox-"))


def _reclaim(base: Path) -> None:
    """Delete what killed processes left behind: the folders whose lock is free, and the files that they record."""
    for folder in [*base.glob(f"{_PREFIX}*")]:
        if folder.suffix == _LOCK:
            continue
        lock_file = folder.with_suffix(_LOCK)
        try:
            lock = os.open(lock_file, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _delete_recorded(folder)
            shutil.rmtree(folder, ignore_errors=True)
            lock_file.unlink(missing_ok=True)
        except BlockingIOError:
            pass  # in use
        finally:
            os.close(lock)
