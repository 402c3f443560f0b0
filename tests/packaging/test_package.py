"""The small package does everything the official one does, with only the standard library and the zip's content."""

import json
import logging
import os
import re
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rpdk.core.exceptions import DownstreamError

from cfn_sandbox.packaging import archive, bytecode, plugin
from cfn_sandbox.packaging.plugin import SmallPythonLanguagePlugin
from tools.benchmarks import events
from tools.benchmarks.play import play, trust
from tools.benchmarks.service import Fault, Service
from tools.envelopes import ROOT

pytestmark = pytest.mark.slow

PACKAGE = "aws_sagemaker_modelqualityjobdefinition"
LAMBDA = "3.12"


@pytest.fixture
def trusting(small: Path, stand_in: Service, tmp_path: Path) -> Path:
    """Return a copy of the small package that trusts the stand-in."""
    copy = tmp_path / "package"
    shutil.copytree(small, copy)
    trust(copy, stand_in.authority)
    return copy


def test_it_is_an_eighth_of_the_official_one(packages: dict[str, Path]) -> None:
    """The zip that cfn uploads is at most an eighth of the official one (issue 4)."""
    assert packages["python312-small"].stat().st_size * 8 <= packages["python312"].stat().st_size


IMPORT_ALL = """
import importlib, json, pkgutil, sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
failed = {}
for name in sys.argv[2:]:
    for module in [name, *(found.name for found in pkgutil.walk_packages([f"{sys.argv[1]}/{name}"], f"{name}.",
                                                                        onerror=lambda _: None))]:
        try:
            importlib.import_module(module)
        except BaseException as error:
            failed[module] = f"{type(error).__name__}: {error}".replace(sys.argv[1], "")
json.dump([sorted(sys.modules), failed], sys.stdout)
"""


def test_every_module_that_imports_in_the_official_package_does_so_here(
    official: Path, small: Path, python: Path
) -> None:
    """Modules that fail to import in both (other systems, missing libraries) fail for the same reason."""
    names = sorted(
        path.stem
        for path in small.iterdir()
        if (path / "__init__.py").exists() or (path.suffix == ".py" and path.is_file())
    )
    assert {PACKAGE, "boto3", "botocore", "cloudformation_cli_python_lib", "requests", "six"} <= set(names)
    reports = [
        json.loads(
            subprocess.run(
                [python, "-S", "-s", "-B", "-c", IMPORT_ALL, package, *names],
                env={"PYTHONHASHSEED": "0"},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for package in (official, small)
    ]
    assert reports[0] == reports[1]
    assert len(reports[1][0]) > 500


@pytest.mark.parametrize("action", events.ACTIONS)
def test_every_handler_runs_in_it(trusting: Path, stand_in: Service, python: Path, action: str) -> None:
    """Every handler succeeds with every property set; with a log group, the logs and metrics are delivered too."""
    properties = events.model(environment=50, tags=10)
    stand_in.definitions[events.name(0)] = properties | {"JobDefinitionName": events.name(0)}
    result = play(trusting, [events.event(action, properties=properties)], stand_in, python)
    assert result.last is not None
    assert result.last["status"] == "SUCCESS", result.last
    operations = {call.operation for call in stand_in.calls}
    assert {"PutLogEvents", "PutMetricData"} < operations
    assert "not delivered" not in result.log


FAULTS = [
    (Fault(400, "ThrottlingException", "Rate exceeded"), "Throttling", "Rate exceeded"),
    (Fault(400, "ExpiredTokenException", "The security token is expired"), "InvalidCredentials", "token is expired"),
    (Fault(400, "AccessDeniedException", "is not authorized"), "AccessDenied", "is not authorized"),
    (Fault(400, "ResourceLimitExceeded", "The limit is 0"), "ServiceLimitExceeded", "The limit is 0"),
    (Fault(400, "ResourceNotFound", "Could not find it"), "NotFound", "Could not find it"),
    (Fault(503, "ServiceUnavailable", "Try again"), "ServiceInternalError", "Try again"),
    (Fault(400, "OfTomorrow", "Who knows"), "GeneralServiceException", "Who knows"),
]


@pytest.mark.parametrize(("fault", "code", "words"), FAULTS, ids=[fault.code for fault, *_ in FAULTS])
def test_errors_come_out_of_it_in_full(
    trusting: Path, stand_in: Service, python: Path, fault: Fault, code: str, words: str
) -> None:
    """The message has AWS's text and request id, also after a retry."""
    stand_in.faults["DescribeModelQualityJobDefinition"] = [fault] * 9
    stand_in.faults["PutMetricData"] = [Fault(400, "AccessDenied")]  # delivery fails too
    answer = play(trusting, [events.event("READ")], stand_in, python).last
    assert answer is not None
    assert (answer["status"], answer["errorCode"]) == ("FAILED", code)
    assert words in answer["message"]
    assert "7a62c49f-347e-4fc4-9331-6e8e1f6f3b2a" in answer["message"]


def test_botocores_own_errors_have_a_code_and_a_message(trusting: Path, stand_in: Service, python: Path) -> None:
    """A wrong parameter, an invalid region and an endpoint with no server each give an error code and a message."""
    wrong = events.event("CREATE", properties=events.model() | {"RoleArn": "short"})
    nowhere = events.event("READ") | {"region": "not a region"}
    answers = [play(trusting, [event], stand_in, python).last for event in (wrong, nowhere)]
    silent = {"AWS_ENDPOINT_URL_SAGEMAKER": "https://127.0.0.1:9"}
    answers.append(play(trusting, [events.event("READ")], Service(port=9), python, environment=silent).last)
    codes = [answer["errorCode"] for answer in answers if answer]
    assert codes == ["InvalidRequest", "InvalidRequest", "NetworkFailure"]
    assert all(answer and answer["message"] for answer in answers)


def test_memory_stays_as_it_is(trusting: Path, stand_in: Service, python: Path) -> None:
    """Memory grows by less than 1 MB from the 10th to the 300th invocation; the benchmark runs 1,000."""
    actions = [("CREATE", "READ", "UPDATE", "LIST", "DELETE")[number % 5] for number in range(300)]
    result = play(trusting, [events.event(action) for action in actions], stand_in, python)
    assert result.last is not None
    assert result.last["status"] == "SUCCESS", result.last
    assert result.residents[300] - result.residents[10] < 1024
    assert len(stand_in.connections) == 3


@pytest.mark.parametrize("kind", ["small", "official"])
def test_an_authority_that_is_not_trusted_is_refused(
    kind: str, stand_in: Service, python: Path, request: pytest.FixtureRequest
) -> None:
    """A server with an unknown authority is refused, both with the directory and with the bundle."""
    answer = play(request.getfixturevalue(kind), [events.event("READ")], stand_in, python).last
    assert answer is not None
    assert answer["errorCode"] == "NetworkFailure"
    assert "CERTIFICATE_VERIFY_FAILED" in answer["message"]
    assert not stand_in.calls


def test_without_its_directory_the_bundle_is_trusted(
    official: Path, stand_in: Service, python: Path, tmp_path: Path
) -> None:
    """Without the directory, as in the official package, the handlers trust the bundle."""
    copy = tmp_path / "package"
    shutil.copytree(official, copy)
    trust(copy, stand_in.authority)
    answer = play(copy, [events.event("LIST")], stand_in, python).last
    assert answer is not None
    assert answer["status"] == "SUCCESS"


def build_twice(
    build: Path, monkeypatch: pytest.MonkeyPatch, interpreter: Path | None = None
) -> Iterator[zipfile.ZipFile]:
    """Yield the plugin's zip of two copies of a build, the second with files that are a year older."""
    monkeypatch.setattr(bytecode, "interpreter", lambda _: interpreter)
    for age in (0, 365 * 24 * 3600):
        copy = build.with_name(f"copy-{age}")
        shutil.copytree(build, copy)
        for path in copy.rglob("*"):
            os.utime(path, (path.stat().st_mtime - age,) * 2)
        small = SmallPythonLanguagePlugin()  # type: ignore[no-untyped-call]  # cfn's class has no types
        small.package_name = PACKAGE
        with zipfile.ZipFile(small._pre_package(copy)) as zip_file:
            yield zip_file


@pytest.fixture
def build(official: Path, tmp_path: Path) -> Path:
    """Return part of the official plugin's build, to keep a test short."""
    root = tmp_path / "build"
    for name in (PACKAGE, "certifi", "jmespath"):
        shutil.copytree(official / name, root / name)
    (root / "botocore" / "data").mkdir(parents=True)
    return root


def content(zip_file: zipfile.ZipFile) -> dict[str, tuple[bytes, Any]]:
    """Return the content and the metadata of each entry of a zip."""
    return {
        entry.filename: (zip_file.read(entry), (entry.date_time, entry.external_attr, entry.compress_type))
        for entry in zip_file.infolist()
    }


def test_the_same_input_makes_the_same_bytes(build: Path, python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The zip, byte code included, doesn't depend on the time or place of the build."""
    first, second = ((content(zip_file), zip_file.namelist()) for zip_file in build_twice(build, monkeypatch, python))
    assert first == second
    assert first[1] == sorted(first[1])
    assert any(name.endswith(".pyc") for name in first[1])


def test_cfns_own_zip_can_be_made_to_depend_on_its_files_alone(packages: dict[str, Path], tmp_path: Path) -> None:
    """archive.rewrite, which `make package` runs, removes cfn's time stamps and sorts the entries."""
    (tmp_path / "once.zip").write_bytes(packages["python312-small"].read_bytes())
    with zipfile.ZipFile(packages["python312-small"]) as before, zipfile.ZipFile(tmp_path / "again.zip", "w") as other:
        for name in reversed(before.namelist()):
            other.writestr(name, before.read(name))
    for name in ("once.zip", "again.zip"):
        archive.rewrite(tmp_path / name)
    assert (tmp_path / "once.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    contents = []
    for path in (packages["python312-small"], tmp_path / "once.zip"):
        with zipfile.ZipFile(path) as zip_file:
            contents.append({name: zip_file.read(name) for name in zip_file.namelist()})
    assert contents[0] == contents[1]


def test_without_lambdas_interpreter_byte_code_is_skipped_and_reported(
    build: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without Lambda's interpreter the zip has no byte code, and cfn prints a warning on the console."""
    caplog.set_level(logging.WARNING)
    for zip_file in build_twice(build, monkeypatch):
        assert not [name for name in zip_file.namelist() if name.endswith(".pyc")]
    assert bytecode.ADVICE in caplog.text


def test_a_module_that_does_not_compile_is_named(build: Path, python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that doesn't compile fails the build with an error that names it."""
    (build / "jmespath" / "broken.py").write_text("def")
    with pytest.raises(DownstreamError, match=r"broken\.py"):
        list(build_twice(build, monkeypatch, python))


def test_a_type_without_models_of_its_own_keeps_botocores(
    official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin keeps botocore's models, because it can't know which services the type calls."""
    build = tmp_path / "build"
    for name in ("botocore/data/sqs", f"{PACKAGE}/data", "certifi"):
        shutil.copytree(official / name, build / name)
    shutil.rmtree(build / PACKAGE / "data")
    (zip_file, _) = build_twice(build, monkeypatch)
    assert [name for name in zip_file.namelist() if name.startswith("botocore/data/sqs/")]


def test_what_ships_is_pure_python_and_pinned(official: Path) -> None:
    """No compiled code ships: pip would build it for the builder's platform, not Lambda's."""
    compiled = [path for path in official.rglob("*") if path.suffix in {".so", ".pyd", ".dylib"} or ".so." in path.name]
    assert compiled == []
    assert all("Root-Is-Purelib: true" in path.read_text() for path in official.rglob("*.dist-info/WHEEL"))
    pins = re.findall(r"^(\S+==\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    pinned = {_canonical(pin.replace("==", "-")) for pin in pins}
    assert {_canonical(path.name.removesuffix(".dist-info")) for path in official.glob("*.dist-info")} == pinned


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_byte_code_is_used_as_it_is(small: Path) -> None:
    """Every source has byte code for Lambda's interpreter, as unchecked-hash files."""
    interpreter = bytecode.interpreter(LAMBDA)
    if interpreter is None:
        pytest.skip(f"Python {LAMBDA} is not installed: the package has no byte code")
    magic = subprocess.run(
        [interpreter, "-c", "import importlib.util, sys; sys.stdout.buffer.write(importlib.util.MAGIC_NUMBER)"],
        capture_output=True,
        check=True,
    ).stdout
    sources = {path.relative_to(small) for path in small.rglob("*.py")}
    compiled = list(small.rglob("*.pyc"))
    assert {path.relative_to(small).parents[1] / f"{path.name.split('.')[0]}.py" for path in compiled} == sources
    for path in compiled:
        header = path.read_bytes()[:8]
        assert header[:4] == magic
        assert struct.unpack("<I", header[4:])[0] == 0b01  # PEP 552: hash-based, not checked


def test_patterns_of_what_is_left_out_are_about_something(official: Path) -> None:
    """Every pattern matches something; the exceptions are for uv, and for other versions of pip and setuptools."""
    of_others = {"pkg_resources", "_distutils_hack", "**/__pycache__", "**/*.pyi"}
    of_others |= {"*.dist-info/direct_url.json", "*.dist-info/uv_*.json"}
    assert [
        pattern for pattern in plugin._UNUSED if not list(official.glob(pattern)) and pattern not in of_others
    ] == []
