"""The benchmark compares like with like, and says so when a target is missed."""

import os
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import events, report, service, share
from benchmarks.measure import Cost, Results
from benchmarks.play import play, trust, unpack
from packager import bytecode
from packager.package import package

PROJECT = Path(__file__).parents[2]
PACKAGE = "aws_sagemaker_modelqualityjobdefinition"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both packages, unpacked; the naive one with the libraries of ours."""
    ours = unpack(package(PROJECT), tmp_path_factory.mktemp("packages") / "ours")
    naive = ours.with_name("naive")
    shutil.copytree(ours, naive)
    for path in (naive / PACKAGE).iterdir():
        if path.name != "models.py" and path.is_file():
            path.unlink()
    shutil.rmtree(naive / PACKAGE / "__pycache__", ignore_errors=True)
    models = PROJECT / "src" / PACKAGE / "data"
    shutil.copytree(models, naive / "botocore" / "data", dirs_exist_ok=True)
    (naive / PACKAGE / "__init__.py").touch()
    shutil.copy(PROJECT / "benchmarks" / "naive" / "handlers.py", naive / PACKAGE)
    return {"naive": naive, "ours": ours}


@pytest.mark.parametrize("action", events.ACTIONS)
def test_both_packages_do_the_same(packages: dict[str, Path], tmp_path: Path, action: str) -> None:
    """The same answer, and no call of SageMaker that ours does without: it has no more to do."""
    python = bytecode.interpreter("3.12") or bytecode.interpreter("3.11") or bytecode.interpreter("3.13")
    assert python
    answers, calls = [], []
    for side, path in packages.items():
        copy = tmp_path / side
        shutil.copytree(path, copy)
        with service.running(tmp_path / f"{side}-certificates") as stand_in:
            trust(copy, stand_in.authority)
            asked = events.model(environment=3, tags=3)
            had = [{"Key": key, "Value": value} for key, value in events.PREVIOUS_TAGS.items()]
            there = {"JobDefinitionName": events.name(0), "Tags": asked["Tags"] + had}
            stand_in.definitions[events.name(0)] = asked | there
            played = play(copy, [events.event(action, 0, asked)], stand_in, python)
            assert played.last is not None
            answers.append(played.last)
            calls.append({call.operation for call in stand_in.calls if "sagemaker" in call.host})
    naive, ours = answers
    assert naive["status"] == ours["status"] == "SUCCESS"
    assert calls[0] <= calls[1]
    if action in ("CREATE", "READ"):
        models = [answer["resourceModel"] for answer in answers]
        for model in models:
            model["Tags"].sort(key=lambda tag: tag["Key"])
            model.pop("CreationTime")  # written differently
        assert models[0] == models[1]
    if action == "LIST":
        arns = [[model["JobDefinitionArn"] for model in answer["resourceModels"]] for answer in answers]
        assert arns[0] == arns[1] != []


def results(*, ratio: float, counted: bool = True) -> Results:
    """Return made-up measurements in which ours is better by a ratio."""
    made = Results("3.12", counted)
    for side, by in (("naive", ratio), ("ours", 1.0)):
        made.zips[side] = made.unzipped[side] = int(1e6 * by)
        made.imports[side] = (100 * by if counted else None, 10 * by)
        for action in events.ACTIONS:
            count = 100 * by if counted else None
            made.costs[action, side] = Cost(count, count, 10 * by, 10 * by, 10 * by, 10 * by, 10 * by, ["ListTags"] * 2)
        made.memory[side] = {1: 10.0 * by, 10: 10.0 * by, 40: 12.0 * by}
        made.growth["LIST", side] = {"100": 10 * by}
    return made


@pytest.mark.parametrize(("ratio", "missed"), [(50, 1), (3, 5), (1, 6)])
def test_a_target_that_is_missed_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ratio: float, missed: int
) -> None:
    """One line each; the memory that grows is missed in all of these."""
    monkeypatch.setattr(report, "HERE", tmp_path)
    lines = report.write(results(ratio=ratio), 60)
    assert sum("**no**" in line for line in lines) == missed
    text = (tmp_path / "RESULTS.md").read_text()
    assert all(line in text for line in lines)
    assert "Skipped: this machine gave the benchmark neither a control group" in text
    assert ET.parse(tmp_path / "results.svg").getroot().tag.endswith("svg")  # noqa: S314 - our own


def test_without_valgrind_it_is_cpu_time_that_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that is said."""
    monkeypatch.setattr(report, "HERE", tmp_path)
    lines = report.write(results(ratio=50, counted=False), 60)
    assert sum("ms CPU" in line for line in lines) == 3
    assert "valgrind is not installed" in (tmp_path / "RESULTS.md").read_text()


def test_a_share_of_a_core_leaves_nothing_behind() -> None:
    """Where this machine has it to give at all."""
    with share.of_a_core(share.SEVENTH) as prefix:
        assert prefix is None or prefix[0] in ("sh", "systemd-run")
    assert not list(Path("/sys/fs/cgroup").glob(f"**/benchmark-{os.getpid()}"))
