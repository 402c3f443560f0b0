"""Properties that know which of them were read."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from copy import deepcopy
from typing import Any


class ReadProperties(dict[str, Any]):
    """Properties that know which of them were read: what a program never reads can't reach what it makes.

    Args:
        members: the properties.

    Attributes:
        read: the names of those that were read, or looked for.
    """

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(members)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - any property
        self.read.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return deepcopy(dict(self.items()), memo)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - any property
        """Return a property, or the default."""
        self.read.add(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:  # noqa: ANN401 - any property
        """Remove a property and return it, or the default."""
        self.read.add(name)
        return super().pop(name, *default)

    def copy(self) -> dict[str, Any]:
        """Return a copy that notices nothing."""
        return dict(self.items())

    def keys(self) -> KeysView[str]:  # type: ignore[override]  # dict's own views have no public names
        """Return the names. All members count as read from now on."""
        self.read |= {*super().keys()}
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]  # dict's own views have no public names
        """Return the values. All members count as read from now on."""
        self.read |= {*super().keys()}
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]  # dict's own views have no public names
        """Return names and values. All members count as read from now on."""
        self.read |= {*super().keys()}
        return super().items()
