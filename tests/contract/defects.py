"""A defect for every test of contract tests v2: the toy with it, its inputs, and the tests that have to fail."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.contract import toys
from tests.contract.toys import Event, Generated, Model, Toy, failure, success

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
    """A toy with a defect."""

    toy: type[Toy]
    also: frozenset[str] = frozenset()
    """What fails along with the test that is meant to: what can't be told without it."""
    inputs: dict[str, Any] = field(default_factory=lambda: {"1_create": toys.CREATE, "1_update": toys.UPDATE})
    alone: bool = False
    """Whether the test runs alone: with this defect no other could begin."""


class Shouting(Toy):
    """CREATE's identifier is not as the schema has it; the handlers know what is meant."""

    def key(self, model: Model) -> str:
        """Found in any case."""
        return super().key(model).lower()

    def create(self, desired: Model) -> Event:
        """In upper case."""
        answer = super().create(desired)
        return answer | {"resourceModel": self._loud(answer["resourceModel"])} if "resourceModel" in answer else answer

    def update(self, desired: Model) -> Event:
        """In upper case."""
        answer = super().update(desired | {"Name": desired["Name"].lower()})
        return answer | {"resourceModel": self._loud(answer["resourceModel"])} if "resourceModel" in answer else answer

    def list(self, _desired: Model) -> Event:
        """In upper case."""
        return success(resourceModels=[{"Name": key.upper()} for key in self.there])

    @staticmethod
    def _loud(model: Model) -> Model:
        return model | {"Name": model["Name"].upper()}


class WrongCode(Toy):
    """A second CREATE fails with a code that says something else."""

    def create(self, desired: Model) -> Event:
        """InvalidRequest."""
        return failure("InvalidRequest") if self.key(desired) in self.there else super().create(desired)


class Adopting(Generated):
    """CREATE returns the resource that is there, as its own."""

    def create(self, desired: Model) -> Event:
        """The one of the same name, if there is one."""
        same = [model for model in self.there.values() if model["Name"] == desired["Name"]]
        return success(same[0]) if same else super().create(desired)


class NamingAnothers(Toy):
    """AlreadyExists comes with the model of the resource that is there: CloudFormation deletes it."""

    def create(self, desired: Model) -> Event:
        """With a model, where it must have none."""
        there = self.there.get(self.key(desired))
        return failure("AlreadyExists") | {"resourceModel": there} if there else super().create(desired)


class Forgetful(Generated):
    """A second resource is made, and can't be read."""

    def create(self, desired: Model) -> Event:
        """Nothing is kept of a second one."""
        return success(self.made(desired)) if self.there else super().create(desired)


class Choosy(Toy):
    """CREATE refuses what READ returns."""

    def create(self, desired: Model) -> Event:
        """The service chooses the size."""
        return failure("InvalidRequest") if "Size" in desired else super().create(desired)


class DroppingDefaults(Toy):
    """READ leaves a property out that has its default value, though it was asked for."""

    def shown(self, model: Model) -> Model:
        """Without the size 3."""
        return {key: value for key, value in super().shown(model).items() if (key, value) != ("Size", 3)}


class OtherValue(Toy):
    """READ returns another value than was asked for."""

    def shown(self, model: Model) -> Model:
        """Always green."""
        return super().shown(model) | {"Colour": "green"}


class HidingReadOnly(Toy):
    """READ lacks a read-only property of some resources."""

    def shown(self, model: Model) -> Model:
        """Red ones have no ARN."""
        return {key: value for key, value in super().shown(model).items() if key != "Arn" or model["Colour"] != "red"}


class Leaking(Toy):
    """READ returns a write-only property."""

    def shown(self, model: Model) -> Model:
        """With the secret."""
        return model


class Inventive(Toy):
    """READ returns a property that the schema does not declare."""

    def shown(self, model: Model) -> Model:
        """With an owner."""
        return super().shown(model) | {"Owner": "me"}


class Partless(Toy):
    """READ never returns a property inside of another one, which stays empty."""

    schema: ClassVar[dict[str, Any]] = {
        **toys.SCHEMA,
        "properties": {
            **toys.SCHEMA["properties"],
            "Parts": {"type": "array", "items": {"properties": {"Id": {"type": "string"}}}},
        },
        "readOnlyProperties": ["/properties/Arn", "/properties/Parts/*/Id"],
    }


class Immutable(Toy):
    """UPDATE fails."""

    def update(self, desired: Model) -> Event:
        """It can't."""
        return failure("NotUpdatable") if self.key(desired) in self.there else failure("NotFound")


class LostByUpdate(Toy):
    """What was updated can't be read."""

    def read(self, desired: Model) -> Event:
        """Green is what is updated."""
        answer = super().read(desired)
        return failure("NotFound") if answer.get("resourceModel", {}).get("Colour") == "green" else answer


class Renaming(Toy):
    """UPDATE returns another identifier, by which the handlers know the resource too."""

    def key(self, model: Model) -> str:
        """With or without an s."""
        return super().key(model).rstrip("s")

    def update(self, desired: Model) -> Event:
        """Under a name with an s."""
        answer = super().update(desired)
        return answer if answer["status"] != "SUCCESS" else success(answer["resourceModel"] | {"Name": "bears"})


class Unstable(Toy):
    """Two READs of one resource differ."""

    def shown(self, model: Model) -> Model:
        """Another ARN each time."""
        return super().shown(model) | {"Arn": f"arn:toy/{next(self._numbers)}"}


class UnlistedUpdates(Toy):
    """LIST forgets what was updated."""

    def list(self, _desired: Model) -> Event:
        """No green ones."""
        return success(resourceModels=[{"Name": key} for key, toy in self.there.items() if toy["Colour"] != "green"])


class DeletingWithModel(Toy):
    """DELETE returns a model."""

    def delete(self, desired: Model) -> Event:
        """What was asked."""
        answer = super().delete(desired)
        return answer | {"resourceModel": desired} if answer["status"] == "SUCCESS" else answer


class Undead(Toy):
    """What was deleted can still be read."""

    def __init__(self) -> None:
        super().__init__()
        self.dead: dict[str, Model] = {}

    def delete(self, desired: Model) -> Event:
        """It is remembered."""
        self.dead |= {key: toy for key, toy in self.there.items() if key == self.key(desired)}
        return super().delete(desired)

    def read(self, desired: Model) -> Event:
        """From memory."""
        dead = self.dead.get(self.key(desired))
        return super().read(desired) if dead is None or self.key(desired) in self.there else success(self.shown(dead))


class Ghosts(Undead):
    """What was deleted is still listed."""

    def read(self, desired: Model) -> Event:
        """Only what is there."""
        return Toy.read(self, desired)

    def list(self, _desired: Model) -> Event:
        """From memory too."""
        return success(resourceModels=[{"Name": key} for key in {**self.there, **self.dead}])


class Upserting(Toy):
    """UPDATE creates what is not there."""

    def update(self, desired: Model) -> Event:
        """Either way."""
        return super().update(desired) if self.key(desired) in self.there else self.create(desired)


class DeletingTwice(Toy):
    """A second DELETE succeeds."""

    def delete(self, desired: Model) -> Event:
        """Always."""
        super().delete(desired)
        return success()


class Reserving(Undead):
    """The name of what was deleted stays taken."""

    def read(self, desired: Model) -> Event:
        """Only what is there."""
        return Toy.read(self, desired)

    def create(self, desired: Model) -> Event:
        """Not under a name that was there once."""
        return failure("AlreadyExists") if self.key(desired) in self.dead else super().create(desired)


class Unlisted(Toy):
    """LIST forgets what was not updated."""

    def list(self, _desired: Model) -> Event:
        """No red ones."""
        return success(resourceModels=[{"Name": key} for key, toy in self.there.items() if toy["Colour"] != "red"])


class Imagining(Toy):
    """LIST has what is not there."""

    def list(self, desired: Model) -> Event:
        """And a unicorn."""
        answer = super().list(desired)
        return answer | {"resourceModels": [*answer["resourceModels"], {"Name": "unicorn"}]}


class EndlessPages(Toy):
    """LIST returns a token for ever, as with a plugin library that drops the token that it is sent."""

    def list(self, desired: Model) -> Event:
        """The same page."""
        return super().list(desired) | {"nextToken": "more"}


def _both(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - a property's value
    return {"1_create": toys.CREATE | more, "1_update": toys.UPDATE | more}


def _without(name: str) -> dict[str, Any]:
    files: dict[str, Any] = {"1_create": toys.CREATE, "1_update": toys.UPDATE}
    return {file: {key: value for key, value in model.items() if key != name} for file, model in files.items()}


DEFECTS: dict[str, list[Defect]] = {
    "test_create": [Defect(Shouting)],
    "test_create_create": [Defect(WrongCode)],
    "test_create_create_primary_id_check": [Defect(Adopting, frozenset({"test_create_read"}))],
    "test_create_read": [Defect(NamingAnothers)],
    "test_create_create_read": [Defect(Forgetful)],
    "test_create_with_read_response_lcs": [
        Defect(Choosy, inputs={"1_create": _without("Size")["1_create"], "1_update": toys.UPDATE})
    ],
    "test_read_input_output_negative_match": [Defect(DroppingDefaults), Defect(OtherValue)],
    "test_read_return_readonly_properties": [Defect(HidingReadOnly)],
    "test_read_return_write_only_properties": [Defect(Leaking)],
    "test_read_output_over_schema": [Defect(Inventive)],
    "test_read_return_all_schema_properties_using_one_or_more_inputs": [Defect(Partless, inputs=_both(Parts=[]))],
    "test_update": [
        Defect(Immutable, AFTER_READ | {"test_update_read", "test_update_primary_id_check", "test_update_list"})
    ],
    "test_update_read": [Defect(LostByUpdate, AFTER_READ)],
    "test_update_primary_id_check": [Defect(Renaming)],
    "test_read_by_create_equals_read_by_update": [Defect(Unstable)],
    "test_update_list": [Defect(UnlistedUpdates)],
    "test_create_delete": [Defect(DeletingWithModel)],
    "test_delete_read": [Defect(Undead)],
    "test_delete_update": [Defect(Upserting)],
    "test_delete_delete": [Defect(DeletingTwice)],
    "test_delete_list": [Defect(Ghosts)],
    "test_delete_create": [Defect(Reserving, alone=True)],
    "test_create_list": [
        Defect(Unlisted),
        Defect(EndlessPages, frozenset({"test_create_list_read", "test_update_list", "test_delete_list"})),
    ],
    "test_create_list_read": [Defect(Imagining)],
    "no_hardcoded_regions": [Defect(Toy, inputs=_both(Secret="in us-west-2"))],
    "no_hardcoded_account_ids": [Defect(Toy, inputs=_both(Secret="210987654321"))],
    "no_hardcoded_partitions": [Defect(Toy, inputs=_both(Secret="arn:aws-us-gov:x"))],
    "property_coverage": [Defect(Toy, inputs=_without("Size"))],
}
"""By the test that is meant to catch them."""

EACH = list(itertools.chain.from_iterable([(name, defect) for defect in of] for name, of in DEFECTS.items()))
"""Every test with each of its defects."""
