"""What the sandbox fetches on first use and keeps in the user's cache: AWS's Lambda emulator and AWS's schema rules.

Neither can be a dependency: the emulator is a file in a command-line tool whose own dependencies nothing here needs,
and the package of the rules pins versions that no current Python has. Their versions and hashes are in the requirement
files next to the modules that use them. pip fetches them, with the index, proxy and certificates of its settings.

Internal: other packages use `cfn-sandbox setup` and `cfn-sandbox clean`.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from cfn_sandbox import SandboxError
from cfn_sandbox.cli.waiting import told

VARIABLE = "CFN_SANDBOX_CACHE"
"""The environment variable that names another cache folder."""

_PIP_ERROR = re.compile(r"^ERROR: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Download:
    """Something that is fetched into the cache.

    Args:
        name: its name, which the folder in the cache begins with.
        title: what it is, for messages.
        requirements: a requirement file with hashes.
        megabytes: about how much is fetched.
        kept: the files that stay in the cache, as patterns.
    """

    name: str
    title: str
    requirements: Path
    megabytes: int
    kept: tuple[str, ...] = ("**/*",)

    @property
    def folder(self) -> Path:
        """The folder in the cache, whether it exists or not: another version or another Python has another one."""
        content = self.requirements.read_bytes()
        key = f"{sys.implementation.cache_tag} {sys.platform} {os.uname().machine if hasattr(os, 'uname') else ''}"
        return cache() / f"{self.name}-{hashlib.sha256(content + key.encode()).hexdigest()[:16]}"

    def fetched(self) -> Path:
        """Return the folder with the files, fetching them if they are not in the cache.

        Raises:
            SandboxError: they can't be fetched, with pip's reason, or the cache can't be written.
        """
        folder = self.folder
        if not folder.is_dir():
            try:
                folder.parent.mkdir(parents=True, exist_ok=True)
                with (
                    told(f"fetching {self.title} ({self.megabytes} MB) into {folder}", _say),
                    tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as scratch,
                ):
                    self._fetch(Path(scratch, "files"))
                    self._move(Path(scratch, "files"), folder)
            except OSError as error:
                raise SandboxError(
                    f"{self.title} can't be kept in {error.filename or folder.parent}: {error.strerror}. {VARIABLE} "
                    "names another folder for the cache."
                ) from error
        return folder

    def _fetch(self, target: Path) -> None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        command += ["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes", "--target", str(target)]
        command += ["--requirement", str(self.requirements)]
        # pip refuses --target where a user's settings say --user.
        result = subprocess.run(
            command, env=os.environ | {"PIP_USER": "0"}, capture_output=True, text=True, errors="replace", check=False
        )
        if result.returncode:
            reasons = _PIP_ERROR.findall(result.stderr) or result.stderr.strip().splitlines()[-1:] or ["no reason"]
            raise SandboxError(
                f"{self.title} can't be fetched: pip says {' '.join(' '.join(reasons).split())[:600]!r}. The first use "
                "needs a network, or an index or proxy in pip's settings; `cfn-sandbox setup` fetches everything in "
                "advance."
            )

    def _move(self, source: Path, folder: Path) -> None:
        """Move the files that stay into the cache, all at once."""
        kept = {path for pattern in self.kept for path in source.glob(pattern)}
        for path in source.rglob("*"):
            if path.is_file() and path not in kept:
                path.unlink()
        try:
            source.rename(folder)
        except OSError:  # another process was faster, and a folder that isn't empty can't be replaced
            if not folder.is_dir():
                raise


EMULATOR = Download(
    "emulator",
    "AWS's Lambda emulator",
    Path(__file__).parent / "account" / "emulator.txt",
    megabytes=9,
    kept=("samcli/local/rapid/*", "*.dist-info/**/*"),
)

LINTER = Download("linter", "AWS's schema rules", Path(__file__).parent / "contract" / "linter.txt", megabytes=3)


def cache() -> Path:
    """Return the folder of the cache: CFN_SANDBOX_CACHE, or the one that the platform has for it."""
    named = os.environ.get(VARIABLE)
    return Path(named).absolute() if named else Path(platformdirs.user_cache_path("cfn-sandbox", appauthor=False))


def setup(_options: argparse.Namespace) -> int:
    """Fetch everything that is fetched on first use."""
    downloads = [EMULATOR, LINTER] if sys.platform.startswith("linux") else [LINTER]
    for download in downloads:
        _say(f"{download.title}: {download.fetched()}")
    return 0


def clean(_options: argparse.Namespace) -> int:
    """Delete the cache's content: what was fetched, in every version."""
    folder = cache()
    # By name, because CFN_SANDBOX_CACHE can be a folder that has other files too.
    for path in sorted(path for name in ("emulator", "linter") for path in folder.glob(f"{name}-*")):
        shutil.rmtree(path)
        _say(f"deleted {path}")
    _say(f"nothing is left in {folder}")
    return 0


def _say(text: str) -> None:
    print(f"cfn-sandbox: {text}", file=sys.stderr, flush=True)
