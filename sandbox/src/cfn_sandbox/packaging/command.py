"""The command `cfn-sandbox package`: the zip that `cfn submit` would upload, and what is in it."""

import argparse
import json
import shutil
import zipfile
from pathlib import Path

from cfn_sandbox.cli import shell
from cfn_sandbox.cli.waiting import told
from cfn_sandbox.packaging import bill
from cfn_sandbox.packaging.package import notes, package


def from_options(options: argparse.Namespace) -> int:
    """Write a project's package and its bill of materials, and print their paths."""
    project = shell.project(options.project)
    with told(f"packaging {project} with cfn, unless it is packaged already", shell.tell):
        built = package(project)
    for line in notes(project):
        shell.tell(line)
    folder: Path = options.output or project / "dist"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(built) as content:
        name = str(json.loads(content.read("schema.json"))["typeName"]).replace("::", "-").lower()
    written = folder / f"{name}.zip"
    shutil.copyfile(built, written)
    print(written)
    print(bill.write(written))
    return 0
