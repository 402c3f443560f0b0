"""What the sandbox fetches on first use: from the user's index, checked by hash, into the user's cache."""

import hashlib
import os
from pathlib import Path

import pytest

from cfn_sandbox import SandboxError, __main__, downloads
from cfn_sandbox.downloads import Download
from sandbox.tests.toys.echo import build_zip

pytestmark = pytest.mark.slow

METADATA = "Metadata-Version: 2.1\nName: gift\nVersion: 1.0\n"
WHEEL = build_zip(
    {
        "gift/present.txt": "a present",
        "gift/wrapping.txt": "paper",
        "gift-1.0.dist-info/METADATA": METADATA,
        "gift-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "gift-1.0.dist-info/RECORD": "",
    }
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache's folder, with pip's settings leading to an index that has one wheel."""
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "gift-1.0-py3-none-any.whl").write_bytes(WHEEL)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("CFN_SANDBOX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def gift(folder: Path, wheel: bytes = WHEEL) -> Download:
    """Return the download of the gift, pinned to a wheel."""
    file = folder / "gift.txt"
    file.write_text(f"gift==1.0 --hash=sha256:{hashlib.sha256(wheel).hexdigest()}\n")
    return Download("gift", "a gift", file, 7, ("gift/present.txt",))


def test_the_first_use_fetches_and_says_so(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first use says what it fetches, its size and its place, and keeps the needed files; the second is silent."""
    folder = gift(tmp_path).fetched()
    assert capsys.readouterr().err == f"cfn-sandbox: fetching a gift (7 MB) into {folder}\n"
    assert folder.parent == cache
    assert [path.read_text() for path in folder.rglob("*") if path.is_file()] == ["a present"]
    assert list(cache.iterdir()) == [folder]
    (tmp_path / "index" / "gift-1.0-py3-none-any.whl").unlink()
    assert gift(tmp_path).fetched() == folder
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("cache")
def test_another_pin_is_another_folder(tmp_path: Path) -> None:
    """After an update of cfn-sandbox with another pin, the old files are not used."""
    assert gift(tmp_path).folder != gift(tmp_path, b"other").folder


def test_other_bytes_than_pinned_are_refused(cache: Path, tmp_path: Path) -> None:
    """A wheel with another hash fails with pip's reason, and nothing of it is kept."""
    with pytest.raises(SandboxError, match=r"can't be fetched: pip says .*THESE PACKAGES DO NOT MATCH THE HASHES"):
        gift(tmp_path, b"other").fetched()
    assert list(cache.iterdir()) == []


def test_without_an_index_it_is_a_sentence(cache: Path, tmp_path: Path) -> None:
    """Without a network or an index, the message says what is needed and how to fetch in advance."""
    (tmp_path / "index" / "gift-1.0-py3-none-any.whl").unlink()
    with pytest.raises(
        SandboxError,
        match=r"a gift can't be fetched: pip says .*needs a network.*`cfn-sandbox setup`",
    ) as error:
        gift(tmp_path).fetched()
    assert "\n" not in str(error.value)
    assert list(cache.iterdir()) == []


def test_a_users_own_setting_does_not_stop_it(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip's setting `user`, which it refuses together with a target folder, doesn't apply."""
    monkeypatch.setenv("PIP_USER", "1")
    assert gift(tmp_path).fetched().parent == cache


def test_a_faster_process_is_no_failure(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another process has fetched it in the meantime, its files are used."""
    download = gift(tmp_path)
    fetch = Download._fetch

    def fetch_late(self: Download, target: Path) -> None:
        fetch(self, target)
        download.folder.mkdir()
        (download.folder / "theirs").touch()

    monkeypatch.setattr(Download, "_fetch", fetch_late)
    assert [path.name for path in download.fetched().iterdir()] == ["theirs"]
    assert list(cache.iterdir()) == [download.folder]


def test_a_cache_that_can_not_be_written_is_a_sentence(cache: Path, tmp_path: Path) -> None:
    """The message names the folder and the variable that names another one."""
    cache.touch()
    with pytest.raises(SandboxError, match=rf"a gift can't be kept in {cache}: .*CFN_SANDBOX_CACHE"):
        gift(tmp_path).fetched()


def test_setup_and_clean(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`setup` fetches everything; `clean` deletes it in all versions, and nothing else."""
    one = gift(tmp_path)
    emulator, linter = (
        Download(name, name, one.requirements, 1, ("gift/present.txt",)) for name in ("emulator", "linter")
    )
    monkeypatch.setattr(downloads, "EMULATOR", emulator)
    monkeypatch.setattr(downloads, "LINTER", linter)
    assert __main__.main(["setup"]) == 0
    assert sorted(cache.iterdir()) == [emulator.folder, linter.folder]
    (cache / "emulator-old").mkdir()
    (cache / "notes").touch()
    assert __main__.main(["clean"]) == 0
    assert [path.name for path in cache.iterdir()] == ["notes"]
    assert __main__.main(["clean"]) == 0


def test_by_default_it_is_the_platforms_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without CFN_SANDBOX_CACHE, the cache is where the platform keeps caches."""
    monkeypatch.delenv("CFN_SANDBOX_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert downloads.cache() == tmp_path / "cfn-sandbox"
