"""Defects for every test of contract tests v2: the toy with the defect, its inputs, and the tests that must fail."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sandbox.tests.toys import contract as toys
from sandbox.tests.toys.contract import Event, Generated, Model, Toy, failure, success

AFTER_READ = frozenset(
    {
        "test_read_input_output_negative_match",
        "test_read_return_readonly_properties",
        "test_read_return_write_only_properties",
        "test_read_output_over_schema",
        "test_read_return_all_schema_properties_using_one_or_more_inputs",
        "test_read_by_create_equals_read_by_update",
    }
)
"""The tests that need a READ after an UPDATE."""


@dataclass(frozen=True)
class Defect:
    """A toy with a defect, its inputs, and the other tests that fail with it."""

    toy: type[Toy]
    also_failing: frozenset[str] = frozenset()
    """The other tests that fail with this defect, because they need what it breaks."""
    inputs: dict[str, Any] = field(default_factory=lambda: {"1_create": toys.CREATE, "1_update": toys.UPDATE})
    alone: bool = False
    """Whether the test runs alone, because no other test can begin with this defect."""


class LowerCaseIdentifier(Toy):
    """A toy whose CREATE returns an identifier that the schema's pattern refuses, but its handlers accept."""

    def key(self, model: Model) -> str:
        """Return the identifier in lower case."""
        return super().key(model).lower()

    def create(self, desired: Model) -> Event:
        """Return the name in upper case."""
        answer = super().create(desired)
        return answer | {"resourceModel": self._upper(answer["resourceModel"])} if "resourceModel" in answer else answer

    def update(self, desired: Model) -> Event:
        """Return the name in upper case."""
        answer = super().update(desired | {"Name": desired["Name"].lower()})
        return answer | {"resourceModel": self._upper(answer["resourceModel"])} if "resourceModel" in answer else answer

    def list(self, _desired: Model) -> Event:
        """Return the names in upper case."""
        return success(resourceModels=[{"Name": key.upper()} for key in self.existing])

    @staticmethod
    def _upper(model: Model) -> Model:
        return model | {"Name": model["Name"].upper()}


class WrongCode(Toy):
    """A toy whose second CREATE fails with an error code other than AlreadyExists."""

    def create(self, desired: Model) -> Event:
        """Fail with InvalidRequest if the name is taken."""
        return failure("InvalidRequest") if self.key(desired) in self.existing else super().create(desired)


class Adopting(Generated):
    """A toy whose CREATE returns the existing resource as if it had created it."""

    def create(self, desired: Model) -> Event:
        """Return the existing toy of the same name, if there is one."""
        existing = [model for model in self.existing.values() if model["Name"] == desired["Name"]]
        return success(existing[0]) if existing else super().create(desired)


class NamingAnothers(Toy):
    """A toy whose AlreadyExists carries the existing resource's model, so CloudFormation deletes that resource."""

    def create(self, desired: Model) -> Event:
        """Return a model with AlreadyExists, where the contract forbids one."""
        existing = self.existing.get(self.key(desired))
        return failure("AlreadyExists") | {"resourceModel": existing} if existing else super().create(desired)


class SecondCreateIsLost(Generated):
    """A toy whose second CREATE succeeds, but READ doesn't find the resource."""

    def create(self, desired: Model) -> Event:
        """Answer with success and store nothing, if another toy exists."""
        return success(self.new_model(desired)) if self.existing else super().create(desired)


class RefusesWhatItReads(Toy):
    """A toy whose CREATE refuses what READ returns."""

    def create(self, desired: Model) -> Event:
        """Refuse a desired Size."""
        return failure("InvalidRequest") if "Size" in desired else super().create(desired)


class DroppingDefaults(Toy):
    """A toy whose READ leaves out a requested property if its value is the default."""

    def reported_model(self, model: Model) -> Model:
        """Leave out a Size of 3."""
        return {key: value for key, value in super().reported_model(model).items() if (key, value) != ("Size", 3)}


class OtherValue(Toy):
    """A toy whose READ returns a value that differs from the requested one."""

    def reported_model(self, model: Model) -> Model:
        """Return green, whatever the colour is."""
        return super().reported_model(model) | {"Colour": "green"}


class HidingReadOnly(Toy):
    """A toy whose READ leaves out a read-only property of some resources."""

    def reported_model(self, model: Model) -> Model:
        """Leave out the ARN of red toys."""
        return {
            key: value
            for key, value in super().reported_model(model).items()
            if key != "Arn" or model["Colour"] != "red"
        }


class ReadsWriteOnly(Toy):
    """A toy whose READ returns a write-only property."""

    def reported_model(self, model: Model) -> Model:
        """Return the model with its secret."""
        return model


class ReadsUndeclared(Toy):
    """A toy whose READ returns a property that the schema does not declare."""

    def reported_model(self, model: Model) -> Model:
        """Add an owner."""
        return super().reported_model(model) | {"Owner": "me"}


class Partless(Toy):
    """A toy whose READ never returns a nested property, because its parent stays empty."""

    schema: ClassVar[dict[str, Any]] = {
        **toys.SCHEMA,
        "properties": {
            **toys.SCHEMA["properties"],
            "Parts": {"type": "array", "items": {"properties": {"Id": {"type": "string"}}}},
        },
        "readOnlyProperties": ["/properties/Arn", "/properties/Parts/*/Id"],
    }


class Immutable(Toy):
    """A toy whose UPDATE fails."""

    def update(self, desired: Model) -> Event:
        """Fail with NotUpdatable, or NotFound for a missing toy."""
        return failure("NotUpdatable") if self.key(desired) in self.existing else failure("NotFound")


class LostByUpdate(Toy):
    """A toy whose READ fails after an UPDATE."""

    def read(self, desired: Model) -> Event:
        """Fail for green toys: only UPDATE makes a toy green."""
        answer = super().read(desired)
        return failure("NotFound") if answer.get("resourceModel", {}).get("Colour") == "green" else answer


class Renaming(Toy):
    """A toy whose UPDATE returns another identifier; its handlers accept both."""

    def key(self, model: Model) -> str:
        """Return the identifier without a final s."""
        return super().key(model).rstrip("s")

    def update(self, desired: Model) -> Event:
        """Return the name with a final s."""
        answer = super().update(desired)
        return answer if answer["status"] != "SUCCESS" else success(answer["resourceModel"] | {"Name": "bears"})


class Unstable(Toy):
    """A toy whose READ returns something else each time."""

    def reported_model(self, model: Model) -> Model:
        """Return a new ARN each time."""
        return super().reported_model(model) | {"Arn": f"arn:toy/{next(self._numbers)}"}


class UnlistedUpdates(Toy):
    """A toy whose LIST leaves out updated resources."""

    def list(self, _desired: Model) -> Event:
        """Leave out green toys: only UPDATE makes a toy green."""
        return success(resourceModels=[{"Name": key} for key, toy in self.existing.items() if toy["Colour"] != "green"])


class DeletingWithModel(Toy):
    """A toy whose DELETE returns a model."""

    def delete(self, desired: Model) -> Event:
        """Return the desired properties with the success."""
        answer = super().delete(desired)
        return answer | {"resourceModel": desired} if answer["status"] == "SUCCESS" else answer


class ReadableAfterDelete(Toy):
    """A toy whose READ still finds a deleted resource."""

    def __init__(self) -> None:
        super().__init__()
        self.deleted: dict[str, Model] = {}

    def delete(self, desired: Model) -> Event:
        """Remember the deleted toy."""
        self.deleted |= {key: toy for key, toy in self.existing.items() if key == self.key(desired)}
        return super().delete(desired)

    def read(self, desired: Model) -> Event:
        """Return deleted toys too."""
        deleted = self.deleted.get(self.key(desired))
        return (
            super().read(desired)
            if deleted is None or self.key(desired) in self.existing
            else success(self.reported_model(deleted))
        )


class ListedAfterDelete(ReadableAfterDelete):
    """A toy whose LIST still returns a deleted resource."""

    def read(self, desired: Model) -> Event:
        """Return existing toys only."""
        return Toy.read(self, desired)

    def list(self, _desired: Model) -> Event:
        """Return existing and deleted toys."""
        return success(resourceModels=[{"Name": key} for key in {**self.existing, **self.deleted}])


class Upserting(Toy):
    """A toy whose UPDATE creates a missing resource."""

    def update(self, desired: Model) -> Event:
        """Create the toy if it is missing."""
        return super().update(desired) if self.key(desired) in self.existing else self.create(desired)


class DeletingTwice(Toy):
    """A toy whose second DELETE succeeds."""

    def delete(self, desired: Model) -> Event:
        """Succeed, whether the toy exists or not."""
        super().delete(desired)
        return success()


class Reserving(ReadableAfterDelete):
    """A toy whose deleted resource still occupies its name."""

    def read(self, desired: Model) -> Event:
        """Return existing toys only."""
        return Toy.read(self, desired)

    def create(self, desired: Model) -> Event:
        """Refuse the name of a deleted toy."""
        return failure("AlreadyExists") if self.key(desired) in self.deleted else super().create(desired)


class Unlisted(Toy):
    """A toy whose LIST leaves out resources that were not updated."""

    def list(self, _desired: Model) -> Event:
        """Leave out red toys."""
        return success(resourceModels=[{"Name": key} for key, toy in self.existing.items() if toy["Colour"] != "red"])


class ListsWhatDoesNotExist(Toy):
    """A toy whose LIST returns a resource that doesn't exist."""

    def list(self, desired: Model) -> Event:
        """Add a unicorn."""
        answer = super().list(desired)
        return answer | {"resourceModels": [*answer["resourceModels"], {"Name": "unicorn"}]}


class EndlessPages(Toy):
    """A toy whose LIST always returns a token, like a plugin library that drops the token it receives."""

    def list(self, desired: Model) -> Event:
        """Return the same page each time."""
        return super().list(desired) | {"nextToken": "more"}


def _inputs_with(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - a property's value
    return {"1_create": toys.CREATE | more, "1_update": toys.UPDATE | more}


def _inputs_without(name: str) -> dict[str, Any]:
    files: dict[str, Any] = {"1_create": toys.CREATE, "1_update": toys.UPDATE}
    return {file: {key: value for key, value in model.items() if key != name} for file, model in files.items()}


DEFECTS: dict[str, list[Defect]] = {
    "test_create": [Defect(LowerCaseIdentifier)],
    "test_create_create": [Defect(WrongCode)],
    "test_create_create_primary_id_check": [Defect(Adopting, frozenset({"test_create_read"}))],
    "test_create_read": [Defect(NamingAnothers)],
    "test_create_create_read": [Defect(SecondCreateIsLost)],
    "test_create_with_read_response_lcs": [
        Defect(RefusesWhatItReads, inputs={"1_create": _inputs_without("Size")["1_create"], "1_update": toys.UPDATE})
    ],
    "test_read_input_output_negative_match": [Defect(DroppingDefaults), Defect(OtherValue)],
    "test_read_return_readonly_properties": [Defect(HidingReadOnly)],
    "test_read_return_write_only_properties": [Defect(ReadsWriteOnly)],
    "test_read_output_over_schema": [Defect(ReadsUndeclared)],
    "test_read_return_all_schema_properties_using_one_or_more_inputs": [
        Defect(Partless, inputs=_inputs_with(Parts=[]))
    ],
    "test_update": [
        Defect(Immutable, AFTER_READ | {"test_update_read", "test_update_primary_id_check", "test_update_list"})
    ],
    "test_update_read": [Defect(LostByUpdate, AFTER_READ)],
    "test_update_primary_id_check": [Defect(Renaming)],
    "test_read_by_create_equals_read_by_update": [Defect(Unstable)],
    "test_update_list": [Defect(UnlistedUpdates)],
    "test_create_delete": [Defect(DeletingWithModel)],
    "test_delete_read": [Defect(ReadableAfterDelete)],
    "test_delete_update": [Defect(Upserting)],
    "test_delete_delete": [Defect(DeletingTwice)],
    "test_delete_list": [Defect(ListedAfterDelete)],
    "test_delete_create": [Defect(Reserving, alone=True)],
    "test_create_list": [
        Defect(Unlisted),
        Defect(EndlessPages, frozenset({"test_create_list_read", "test_update_list", "test_delete_list"})),
    ],
    "test_create_list_read": [Defect(ListsWhatDoesNotExist)],
    "no_hardcoded_regions": [Defect(Toy, inputs=_inputs_with(Secret="in us-west-2"))],
    "no_hardcoded_account_ids": [Defect(Toy, inputs=_inputs_with(Secret="210987654321"))],
    "no_hardcoded_partitions": [Defect(Toy, inputs=_inputs_with(Secret="arn:aws-us-gov:x"))],
    "property_coverage": [Defect(Toy, inputs=_inputs_without("Size"))],
}
"""The defects, by the test that must catch them."""

CASES = list(itertools.chain.from_iterable([(name, defect) for defect in defects] for name, defects in DEFECTS.items()))
"""Every pair of a test and one of its defects."""
