"""The CycloneDX bill of materials of a package, read from the package itself.

https://cyclonedx.org/specification/overview/
"""

import hashlib
import importlib.metadata
import json
import re
import uuid
import zipfile
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["text", "write"]

SUFFIX = ".cdx.json"
"""The ending of such a file's name (CycloneDX specification, "Recognized file patterns")."""


def write(package: Path) -> Path:
    """Write a package's bill of materials next to it and return its path; the same package gives the same bytes.

    Args:
        package: The zip that `cfn submit` uploads.
    """
    file = package.with_suffix(SUFFIX)
    file.write_text(text(package) + "\n", encoding="utf-8")
    return file


def text(package: Path) -> str:
    """Return the bill of materials of a package, as JSON.

    Args:
        package: The zip that `cfn submit` uploads.
    """
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    with (
        zipfile.ZipFile(package) as outer,
        outer.open("ResourceProvider.zip") as member,
        zipfile.ZipFile(member) as function,
    ):
        root = Component(
            name=json.loads(outer.read("schema.json"))["typeName"],
            type=ComponentType.APPLICATION,
            bom_ref=package.name,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
            properties=[Property(name="byte-code", value=_byte_code(function))],
        )
        distributions = [
            importlib.metadata.PathDistribution(zipfile.Path(function, f"{name}/"))
            for name in sorted({name.split("/")[0] for name in function.namelist()})
            if name.endswith(".dist-info")
        ]
        bill = Bom()
        # Fixed, so that the bytes depend on the package alone.
        bill.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{digest}")
        bill.metadata.timestamp = None  # type: ignore[assignment]  # the library omits None; the specification allows it
        bill.metadata.component = root
        components = {canonicalize_name(distribution.name): _component(distribution) for distribution in distributions}
        for component in components.values():
            bill.components.add(component)
        vendored = _vendored(function)
        if vendored and (botocore := components.get(canonicalize_name("botocore"))):
            botocore.components.update(vendored)
        bill.register_dependency(root, components.values())
        for distribution in distributions:
            required = {canonicalize_name(requirement.name) for requirement in _requirements(distribution)}
            requirements = [component for name, component in components.items() if name in required]
            bill.register_dependency(components[canonicalize_name(distribution.name)], requirements)
    return make_outputter(bill, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)


def _component(distribution: importlib.metadata.PathDistribution) -> Component:
    name = canonicalize_name(distribution.name)
    url = PackageURL("pypi", name=name, version=distribution.version)
    # Old metadata has the licence's name or its whole text in License. New metadata has an SPDX expression (PEP 639).
    licence = next(
        (distribution.metadata[key] for key in ("License-Expression", "License") if key in distribution.metadata), ""
    )
    return Component(
        name=name,
        version=distribution.version,
        type=ComponentType.LIBRARY,
        bom_ref=url.to_string(),
        purl=url,
        licenses=[LicenseFactory().make_from_string(licence)] if licence and "\n" not in licence else None,
    )


def _vendored(function: zipfile.ZipFile) -> list[Component]:
    """Return what botocore vendors: six, and the exceptions of an old requests with its urllib3.

    Only six says its version.
    """
    folder, names = "botocore/vendored", set(function.namelist())
    found = []
    if f"{folder}/six.py" in names:
        version = re.search(rb'^__version__ = "([^"]+)"', function.read(f"{folder}/six.py"), re.MULTILINE)
        found.append(("six", version[1].decode() if version else None, "MIT"))
    if f"{folder}/requests/exceptions.py" in names:
        found.append(("requests", None, "Apache-2.0"))
    if f"{folder}/requests/packages/urllib3/exceptions.py" in names:
        found.append(("urllib3", None, "MIT"))
    return [
        Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            bom_ref=f"botocore-vendored-{name}",
            purl=PackageURL("pypi", name=name, version=version),
            licenses=[LicenseFactory().make_from_string(licence)],
            properties=[Property(name="vendored-by", value="botocore")],
        )
        for name, version, licence in found
    ]


def _requirements(distribution: importlib.metadata.PathDistribution) -> list[Requirement]:
    """Return a distribution's requirements without its extras."""
    requirements = map(Requirement, distribution.requires or [])
    return [
        requirement
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]


def _byte_code(function: zipfile.ZipFile) -> str:
    """Return the interpreters that the package has byte code for, such as cpython-312, or "none"."""
    return ", ".join(sorted({name.split(".")[-2] for name in function.namelist() if name.endswith(".pyc")})) or "none"
