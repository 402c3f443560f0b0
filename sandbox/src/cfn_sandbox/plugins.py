"""What a project, or an installed distribution, adds to the sandbox: rules of a service, types to play, options.

A project names its plugins in pyproject.toml:

    [tool.cfn-sandbox]
    plugins = ["tools.example:plugin", "example"]

A name with a colon is MODULE:ATTRIBUTE; the module is found in the project's folder, or installed. A name without one
is an entry point of an installed distribution, in the group `cfn_sandbox.plugins`. No other plugin is active.
"""

import argparse
import importlib.metadata
import pkgutil
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from cfn_sandbox import SandboxError, settings

__all__ = ["GROUP", "Option", "Plugin"]

GROUP = "cfn_sandbox.plugins"
"""The group of entry points."""


@dataclass(frozen=True)
class Option:
    """A switch of `up` and `run`: --NAME on the command line turns it on.

    Args:
        name: the name, in lower case, with hyphens between words.
        help: what it does, for --help.
    """

    name: str
    help: str

    @property
    def keyword(self) -> str:
        """The name of the argument that `Plugin.rules` gets for it."""
        return self.name.replace("-", "_")


@dataclass(frozen=True)
class Plugin:
    """An addition to the sandbox.

    Args:
        rules: returns a context manager that applies the plugin's rules to an account in this process, until it ends.
            It gets each option as a keyword argument, a bool.
        options: the options that `rules` takes.
    """

    rules: Callable[..., AbstractContextManager[object]]
    options: tuple[Option, ...] = ()


def of_project(project: Path) -> list[Plugin]:
    """Return the plugins that a project names.

    Args:
        project: the project's folder. It is put on sys.path if a plugin is a module.

    Raises:
        SandboxError: a plugin can't be found, can't be imported, or is not a Plugin.
    """
    return [_load(name, project) for name in settings.read(project).plugins]


def _load(name: str, project: Path) -> Plugin:
    try:
        if ":" in name:
            if str(project) not in sys.path:
                sys.path.insert(0, str(project))
            plugin = pkgutil.resolve_name(name)
        else:
            plugin = importlib.metadata.entry_points(group=GROUP)[name].load()
    except KeyError:
        raise SandboxError(
            f"no installed distribution has a plugin {name} (an entry point in {GROUP}), which {project} names"
        ) from None
    except Exception as error:  # a plugin is somebody else's code, and anything can fail in it
        raise SandboxError(f"the plugin {name} of {project} can't be loaded: {error!r}") from error
    if not isinstance(plugin, Plugin):
        raise SandboxError(f"{name}, which {project} names as a plugin, is not a cfn_sandbox.plugins.Plugin")
    return plugin


def rules(plugins: Iterable[Plugin], options: argparse.Namespace | None = None) -> list[AbstractContextManager[object]]:
    """Return the rules of plugins, for an account.

    Args:
        plugins: the plugins.
        options: the command line's options; by default every switch is off.
    """
    return [
        plugin.rules(**{option.keyword: getattr(options, option.keyword, False) for option in plugin.options})
        for plugin in plugins
    ]


def options(project: Path) -> list[Option]:
    """Return the options of the plugins that a project names.

    Args:
        project: as for `of_project`.

    Raises:
        SandboxError: as for `of_project`.
    """
    return [option for plugin in of_project(project) for option in plugin.options]
