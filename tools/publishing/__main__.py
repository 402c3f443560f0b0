"""The command line: python -m publishing prerequisites | submit | deregister | stage | package."""

from __future__ import annotations

import argparse
import importlib
import sys
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from cfn_sandbox import SandboxError
from cfn_sandbox.cli.waiting import told
from cfn_sandbox.packaging import bytecode
from tools.publishing.names import TypeName
from tools.publishing.staging import TAG_UPDATES, stage

PROJECT = Path(__file__).parents[2]
# Flushes each line, in a pipe too, because users follow a registration, which takes a minute.
say = partial(print, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 2 with the error on standard error, or 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "stage":
            stage(options.project, TypeName.user_provided(options.type_name), options.out, options.tag_updates)
            say(f"Staged {options.type_name} in {options.out}")
        else:
            with told(f"{options.command}: loading boto3 and cfn", say):
                commands = importlib.import_module("tools.publishing.commands")
            commands.run(options, say)
    except (SandboxError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    if options.command in ("submit", "package") and not bytecode.interpreter(bytecode.LAMBDA):
        Console(stderr=True).print(Panel(bytecode.ADVICE, title="No byte code", border_style="yellow"))
    return 0


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the commands and their options."""
    name = argparse.ArgumentParser(add_help=False)
    name.add_argument("--type-name", default="", metavar="NAME", help="a name of your own: Acme::SageMaker::...")
    original = argparse.ArgumentParser(add_help=False)
    original.add_argument(
        "--project", type=Path, default=PROJECT, metavar="DIR", help="the original; default: this one"
    )
    project = argparse.ArgumentParser(add_help=False, parents=[original])
    project.add_argument(
        "--tag-updates",
        choices=TAG_UPDATES,
        default="replace",
        help="whether a change of Tags replaces the resource (default, as documented) or is made in place",
    )
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument(
        "--inputs", type=Path, metavar="DIR", help="your own inputs for AWS's contract tests; default: the project's"
    )
    target = argparse.ArgumentParser(add_help=False)
    target.add_argument("--region", help="default: that of your AWS configuration")
    target.add_argument("--profile", help="a profile of your AWS configuration")

    parser = argparse.ArgumentParser(prog="python -m publishing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("stage", parents=[name, project], help="write the project under another type name")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that is missing or empty")
    command = commands.add_parser("submit", parents=[name, project, own, target], help="register it with cfn submit")
    command.add_argument("--role-arn", help="the handlers' role; default: cfn makes one from resource-role.yaml")
    command.add_argument("--unchecked", action="store_true", help="skip the checks before the upload")
    command = commands.add_parser(
        "prerequisites", parents=[original, target], help="deploy what the inputs of AWS's contract tests name"
    )
    command.add_argument("--endpoint-name", default="", metavar="NAME", help="an endpoint of yours with data capture")
    command.add_argument("--baselining-job", metavar="NAME", help="a baselining job of yours; default: none")
    commands.add_parser("prerequisites-delete", parents=[original, target], help="delete what it deployed")
    command = commands.add_parser("package", parents=[name, project, own], help="write the zip that cfn submit uploads")
    command.add_argument("--out", type=Path, default=PROJECT / "dist", metavar="DIR", help="default: dist/")
    commands.add_parser("deregister", parents=[name, target], help="take all versions out of the registry")
    return parser


if __name__ == "__main__":
    sys.exit(main())
