"""The input files of the contract suites, and AWS's checks of them.

This module needs neither moto nor the emulator, so inputs can be checked before an upload.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, the tests of input files, and
"Specifying input data for use in contract tests" there.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

from cfn_sandbox import SandboxError
from cfn_sandbox.contract import properties

__all__ = ["problems", "read"]

JSON = Any
Schema = Mapping[str, Any]

VARIABLES = ("region", "account", "partition")
"""The variables that a file can contain, for example {{region}}."""

PLACEHOLDERS = frozenset({"000000000000", "111122223333", "123456789012", "444455556666", "777788889999"})
"""The placeholder account ids of AWS's documentation. Which ones AWS accepts is not documented."""

CHECKS = ("no_hardcoded_regions", "no_hardcoded_account_ids", "no_hardcoded_partitions", "property_coverage")
"""The checks' names: AWS's own, except the last. AWS describes that check and gives it no name."""

_FILE = re.compile(r"inputs_(?P<number>[1-9]\d*)_(?P<kind>create|update)\.json")
_VARIABLE = re.compile(r"\{\{\s*(?P<name>[^{}]*?)\s*\}\}")
# The variables' values while only the files are checked. None of them counts as hard-coded.
_NEUTRAL_VALUES = {"region": "(region)", "account": "123456789012", "partition": "(partition)"}


class InputsError(SandboxError):
    """An error that says why the input files can't be used. Its text is a sentence that names the file."""


@dataclass(frozen=True)
class Problem:
    """An objection of AWS's checks of input files."""

    check: str
    """One of CHECKS, or `inputs` if the files can't be read."""
    message: str
    path: str = ""
    """The file and the place in it."""

    def __str__(self) -> str:
        return f"{self.check}: {self.message}{f' (at {self.path})' if self.path else ''}"


@dataclass(frozen=True)
class Inputs:
    """A set of inputs: the properties of a CREATE and of the UPDATE that follows it."""

    number: int
    create: dict[str, Any]
    update: dict[str, Any] | None

    @property
    def name(self) -> str:
        """The set's name in test ids and file names."""
        return f"inputs_{self.number}"

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """The properties by file name."""
        kinds = {"create": self.create, "update": self.update}
        return {f"{self.name}_{kind}.json": properties for kind, properties in kinds.items() if properties is not None}


def read(folder: Path, values: Mapping[str, str]) -> list[Inputs]:
    """Return the sets of inputs in a folder, in the order of their numbers.

    Args:
        folder: a project's inputs/.
        values: the variables' values.

    Raises:
        InputsError: the folder has no inputs, or a file can't be used.
    """
    files = {
        (int(match["number"]), match["kind"]): path
        for path in sorted(folder.glob("*.json"))
        if (match := _FILE.fullmatch(path.name))
    }
    numbers = sorted({number for number, _ in files})
    if not numbers:
        examples = folder.with_name("example_inputs")
        if examples.is_dir():
            raise InputsError(
                f"no inputs in {folder}: copy {examples}, which `cfn init` made, there, and fill in what exists"
            )
        raise InputsError(f"no inputs in {folder}: contract tests v2 read inputs_1_create.json and so on from there")
    for number in numbers:
        if (number, "create") not in files:
            raise InputsError(f"inputs_{number}_update.json has no inputs_{number}_create.json to update")
    if numbers != list(range(1, len(numbers) + 1)):
        raise InputsError(
            f"the inputs are numbered {', '.join(map(str, numbers))}: `cfn test` counts from 1 and stops at a gap"
        )
    documents = {key: _document(path, values) for key, path in files.items()}
    return [Inputs(number, documents[number, "create"], documents.get((number, "update"))) for number in numbers]


def problems(folder: Path, schema: Schema) -> list[Problem]:
    """Return every problem that AWS's checks find in a folder of inputs.

    Args:
        folder: a project's inputs/.
        schema: the type's schema.
    """
    try:
        sets = read(folder, _NEUTRAL_VALUES)
    except InputsError as error:
        return [Problem("inputs", str(error))]
    return [*hardcoded_values(sets), *uncovered_properties(sets, schema)]


def read_unfilled(folder: Path, *, with_setup: bool = False) -> list[Inputs]:
    """Return the sets of inputs with neutral values for the variables, for the checks; see `read` for the errors.

    Args:
        folder: a project's inputs/.
        with_setup: whether other variables than AWS's are accepted, because a setup will fill them.
    """
    return read(folder, defaultdict(lambda: "(setup)", _NEUTRAL_VALUES) if with_setup else _NEUTRAL_VALUES)


def hardcoded_values(sets: list[Inputs]) -> list[Problem]:
    """Return a problem for each region, account id and partition that should be a variable."""
    found = []
    for input_set in sets:
        for file, document in input_set.documents.items():
            for path, text in _texts(document, ()):
                where = "/".join((file, *path))
                found += [Problem(check, message, where) for check, message in _hardcoded_in(text)]
    return found


def uncovered_properties(sets: list[Inputs], schema: Schema) -> list[Problem]:
    """Return a problem for each property path that no input uses, except read-only ones, which no input can use."""
    read_only = properties.listed_paths(schema, "readOnlyProperties")
    wanted = {path for path in properties.declared_paths(schema) if not properties.is_within(path, read_only)}
    used: set[properties.Path] = set()
    for input_set in sets:
        for document in input_set.documents.values():
            used |= properties.used_paths(schema, document)
    return [
        Problem("property_coverage", f"no input uses {properties.path_text(path)}") for path in sorted(wanted - used)
    ]


def _document(path: Path, values: Mapping[str, str]) -> dict[str, Any]:
    def value(match: re.Match[str]) -> str:
        with suppress(KeyError):
            return values[match["name"]]
        raise InputsError(
            f"{path.name} has the variable {match[0]}: contract tests v2 know {{{{region}}}}, {{{{account}}}} and "
            f"{{{{partition}}}} only{_others(values)}"
        )

    try:
        document = json.loads(_VARIABLE.sub(value, path.read_text()))
    except ValueError as error:
        raise InputsError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputsError(f"{path.name} is not a JSON object of properties")
    return document


def _others(values: Mapping[str, str]) -> str:
    others = ", ".join(f"{{{{{name}}}}}" for name in values if name not in VARIABLES)
    return ", and here the setup's " + others if others else ", and here the outputs of a stack that --setup deploys"


def _texts(value: JSON, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield (*path, key), key
            yield from _texts(member, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, str(number)))
    else:
        yield path, str(value)


def _hardcoded_in(text: str) -> Iterator[tuple[str, str]]:
    for region in _regions().findall(text):
        yield "no_hardcoded_regions", f"{region} is hard-coded: write {{{{region}}}}"
    for account in re.findall(r"(?<!\d)\d{12}(?!\d)", text):
        if account not in PLACEHOLDERS:
            yield "no_hardcoded_account_ids", f"the account {account} is hard-coded: write {{{{account}}}}"
    for partition in re.findall(r"\barn:(aws[a-z-]*):", text):
        yield "no_hardcoded_partitions", f"the partition {partition} is hard-coded: write {{{{partition}}}}"


@cache
def _regions() -> re.Pattern[str]:
    """Return a pattern for every region that botocore knows, also inside a longer name such as bucket-us-east-1."""
    partitions = Loader().load_data("endpoints")["partitions"]
    names = sorted((region for partition in partitions for region in partition["regions"]), key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, names))})(?!\d)")
