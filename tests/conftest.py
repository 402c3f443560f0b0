"""The order of the test files, and which of them measure the coverage of src."""

from pathlib import Path

import pytest

MEASURED = [Path(__file__).parent / name for name in ("unit", "handlers")]
"""These reach every line and branch of src. Measuring takes a third of the time of everything else."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start the files with slow tests first, so that no worker of pytest-xdist is left with them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    # `--cov` alone measures src: pyproject.toml. `make mutate` runs without pytest-cov, whose mark no_cover is.
    of_src = config.getoption("cov_source", "no pytest-cov") in (None, [], [True])
    for item in items if of_src else []:
        if not any(item.path.is_relative_to(folder) for folder in MEASURED):
            item.add_marker("no_cover")
