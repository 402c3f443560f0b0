"""The bill of materials says what is in a package, validates against CycloneDX's schema, and is reproducible."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from packager import bill, bytecode
from tests.envelopes import ROOT, TYPE_NAME


@pytest.fixture
def package(packages: dict[str, Path], tmp_path: Path) -> Path:
    """The small package, under a name."""
    return Path(shutil.copy(packages["python312-small"], tmp_path / "type.zip"))


@pytest.fixture
def document(package: Path) -> dict[str, Any]:
    """Its bill of materials."""
    found: dict[str, Any] = json.loads(bill.text(package))
    return found


def test_it_is_what_cyclonedx_specifies(package: Path) -> None:
    """By the schema of its version."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.text(package)) is None
    broken = bill.text(package).replace('"type": "library"', '"type": "no-such-type"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_it_names_every_distribution_that_ships(document: dict[str, Any]) -> None:
    """What requirements.txt pins, save for setuptools, which the small package leaves out."""
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    del pins["setuptools"]
    assert {part["name"]: part["version"] for part in document["components"]} == pins
    assert {part["purl"] for part in document["components"]} == {f"pkg:pypi/{name}@{pins[name]}" for name in pins}
    assert all(part["licenses"] for part in document["components"])


def test_it_names_the_package_itself(package: Path, document: dict[str, Any]) -> None:
    """By the type, the hash of the zip, and the byte code that is in it."""
    itself = document["metadata"]["component"]
    assert itself["name"] == TYPE_NAME
    assert itself["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(package.read_bytes()).hexdigest()}]
    expected = "cpython-312" if bytecode.interpreter(bytecode.LAMBDA) else "none"
    assert itself["properties"] == [{"name": "byte-code", "value": expected}]


def test_it_says_what_needs_what(document: dict[str, Any]) -> None:
    """The type needs all; boto3 needs botocore, and not the extras that are not there."""
    needs = {
        part["ref"]: {need.split("@")[0] for need in part.get("dependsOn", [])} for part in document["dependencies"]
    }
    assert len(needs["type.zip"]) == len(document["components"])
    (boto3,) = [needs[ref] for ref in needs if ref.startswith("pkg:pypi/boto3@")]
    assert boto3 == {"pkg:pypi/botocore", "pkg:pypi/jmespath", "pkg:pypi/s3transfer"}


def test_the_same_package_has_the_same_bill(package: Path) -> None:
    """No time and no chance is in it; it lies next to the package."""
    written = bill.write(package)
    assert written == package.with_name("type.cdx.json")
    before = written.read_bytes()
    assert bill.write(package).read_bytes() == before
    assert "timestamp" not in json.loads(before)["metadata"]
