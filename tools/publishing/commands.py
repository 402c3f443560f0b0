"""What the commands that talk to AWS do with their options."""

from __future__ import annotations

import argparse

from cfn_sandbox.cli.waiting import told
from tools.publishing import prerequisites
from tools.publishing.names import TypeName
from tools.publishing.place import Place
from tools.publishing.prerequisites import Progress
from tools.publishing.registration import Checks, Target, deregister, package, submit, translate_botocore_errors
from tools.publishing.staging import type_name_of


def run(options: argparse.Namespace, say: Progress) -> None:
    """Run a command of the command line but `stage`.

    Args:
        options: What its parser returns.
        say: Called with each line to show.

    Raises:
        SandboxError: The command was refused or failed; with the reason.
    """
    if options.command == "submit":
        submit(
            options.project,
            TypeName.user_provided(options.type_name),
            Target(options.region, options.profile),
            role_arn=options.role_arn,
            tag_updates=options.tag_updates,
            checks=Checks(options.inputs, skipped=options.unchecked),
            progress=say,
        )
    elif options.command == "package":
        name = TypeName.user_provided(options.type_name) if options.type_name else type_name_of(options.project)
        package(
            options.project,
            name,
            options.out,
            tag_updates=options.tag_updates,
            inputs=options.inputs,
            progress=say,
        )
    elif options.command == "deregister":
        deregister(TypeName.user_provided(options.type_name), Target(options.region, options.profile), progress=say)
    else:
        _prerequisites(options, say)


def _prerequisites(options: argparse.Namespace, say: Progress) -> None:
    session = Target(options.region, options.profile).session()
    with translate_botocore_errors():
        place = Place.of(session)
        title = f"Prerequisites of contract tests -> account {place.account}, {place.region}, as {place.caller}"
        with told(title, say) as progress:
            if options.command == "prerequisites":
                prerequisites.deploy(options.project, place, options.endpoint_name, options.baselining_job, progress)
            else:
                prerequisites.delete(options.project, place, progress)
