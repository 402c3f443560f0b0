"""A CDK app of toys, run in CDK's environment: it writes an assembly for each state that recording.py deploys."""

import sys
from pathlib import Path

import aws_cdk as cdk

ENVIRONMENT = cdk.Environment(account="123456789012", region="us-east-1")
TOY = "Acme::Clients::Toy"


def main(folder: Path) -> None:
    """Write one assembly for each state, and one for the import."""
    for state, name, colour in (("first", "bear", "red"), ("changed", "bear", "blue"), ("replaced", "grizzly", "blue")):
        app = cdk.App(outdir=str(folder / state))
        stack = cdk.Stack(app, "Toys", env=ENVIRONMENT)
        bear = cdk.CfnResource(stack, "Bear", type=TOY, properties={"Name": name, "Colour": colour})
        cdk.CfnResource(stack, "Cub", type=TOY, properties={"Name": "cub", "Colour": bear.ref})
        app.synth()
    app = cdk.App(outdir=str(folder / "imported"))
    wolf = cdk.CfnResource(cdk.Stack(app, "Taken", env=ENVIRONMENT), "Wolf", type=TOY, properties={"Name": "wolf"})
    wolf.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    app.synth()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
