"""The bill of materials lists what a package contains, is valid CycloneDX and is reproducible."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from cfn_sandbox.packaging import bill, bytecode
from tools.envelopes import ROOT, TYPE_NAME


@pytest.fixture
def package(packages: dict[str, Path], tmp_path: Path) -> Path:
    """Return a copy of the small package with a fixed file name."""
    return Path(shutil.copy(packages["python312-small"], tmp_path / "type.zip"))


@pytest.fixture
def document(package: Path) -> dict[str, Any]:
    """Return the package's bill of materials."""
    parsed: dict[str, Any] = json.loads(bill.text(package))
    return parsed


def test_it_is_what_cyclonedx_specifies(package: Path) -> None:
    """The bill is valid by CycloneDX's schema for its version."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.text(package)) is None
    broken = bill.text(package).replace('"type": "library"', '"type": "no-such-type"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_it_names_every_distribution_that_ships(document: dict[str, Any]) -> None:
    """It lists what requirements.txt pins, except setuptools, which the small package leaves out."""
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    del pins["setuptools"]
    assert {part["name"]: part["version"] for part in document["components"]} == pins
    assert {part["purl"] for part in document["components"]} == {f"pkg:pypi/{name}@{pins[name]}" for name in pins}
    assert all(part["licenses"] for part in document["components"])


def test_it_names_what_botocore_vendors(document: dict[str, Any]) -> None:
    """Botocore ships parts of three other projects, which no requirement names; six says its version."""
    (botocore,) = [part for part in document["components"] if part["name"] == "botocore"]
    vendored = {part["name"]: part.get("version") for part in botocore["components"]}
    assert vendored == {"six": "1.16.0", "requests": None, "urllib3": None}
    assert all(part["licenses"] and part["properties"][0]["value"] == "botocore" for part in botocore["components"])


def test_it_names_the_package_itself(package: Path, document: dict[str, Any]) -> None:
    """It describes the package by the type, the zip's hash and the byte code in the zip."""
    itself = document["metadata"]["component"]
    assert itself["name"] == TYPE_NAME
    assert itself["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(package.read_bytes()).hexdigest()}]
    expected = "cpython-312" if bytecode.interpreter(bytecode.LAMBDA) else "none"
    assert itself["properties"] == [{"name": "byte-code", "value": expected}]


def test_it_says_what_needs_what(document: dict[str, Any]) -> None:
    """The type depends on everything; boto3 depends on botocore, but not on extras that don't ship."""
    needs = {
        part["ref"]: {need.split("@")[0] for need in part.get("dependsOn", [])} for part in document["dependencies"]
    }
    assert len(needs["type.zip"]) == len(document["components"])
    (boto3,) = [needs[ref] for ref in needs if ref.startswith("pkg:pypi/boto3@")]
    assert boto3 == {"pkg:pypi/botocore", "pkg:pypi/jmespath", "pkg:pypi/s3transfer"}


def test_the_same_package_has_the_same_bill(package: Path) -> None:
    """The bill contains no time and nothing random, and is written next to the package."""
    written = bill.write(package)
    assert written == package.with_name("type.cdx.json")
    before = written.read_bytes()
    assert bill.write(package).read_bytes() == before
    assert "timestamp" not in json.loads(before)["metadata"]
