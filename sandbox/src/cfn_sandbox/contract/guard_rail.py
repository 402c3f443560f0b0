"""A program that runs AWS's rules for resource schemas with their own engine, for contract/lint.py.

It reads `{"schema": ..., "previous": ... or null}` and writes each rule's result. It is a separate process because the
rules' package and cfn share the top-level package name rpdk, so one process can't import both.

The package's own runner needs an engine of 2023 that current Pythons can't install. This program reads the output of
cfn-guard-rs 0.3.3, in its verbose form: the plain form loses its beginning when it is longer than 8 KiB.

Source: resource-schema-guard-rail 0.0.22, rpdk/guard_rail/core/runner.py.
"""

import ast
import importlib.resources
import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from cfn_guard_rs.cfn_guard_rs import run_checks_rs
from rpdk.guard_rail.core.stateful import schema_diff
from rpdk.guard_rail.rule_library import combiners, core, mutable, stateful, tags
from rpdk.guard_rail.utils.schema_utils import add_paths_to_schema

JSON = Any

# Nodes that decide whether a rule applies. A failure in them is not a failure of the rule.
CONDITIONS = frozenset({"WhenCondition", "RuleCondition", "Filter"})


def main() -> None:
    """Run the rules for the request on standard input, and write their results to standard output."""
    request = json.load(sys.stdin)
    previous = request["previous"] and json.loads(json.dumps(request["previous"]))
    change = previous and schema_diff(previous, json.loads(json.dumps(request["schema"])), print_diff_to_console=False)
    schema = add_paths_to_schema(request["schema"])
    results = [result for library in (core, mutable, combiners, tags) for result in _results(library, schema)]
    if change is not None:
        results += _results(stateful, change)
    json.dump(results, sys.stdout)


def _results(library: ModuleType, data: JSON) -> Iterator[JSON]:
    for file in sorted(importlib.resources.files(library).iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".guard"):
            continue
        tree = json.loads(run_checks_rs(json.dumps(data), file.read_text(), True))  # noqa: FBT003 - the engine's signature
        for node in tree["children"]:
            rule = node["container"]["RuleCheck"]
            findings = [finding for child in node["children"] for finding in _findings(child, data)]
            unique = list({json.dumps(finding): finding for finding in findings}.values())
            yield {
                "rule": rule["name"],
                "compares": library is stateful,
                "status": rule["status"],
                "findings": unique if rule["status"] == "FAIL" else [],
            }


def _findings(node: JSON, data: JSON) -> Iterator[JSON]:
    """Yield the findings below a node, following failed branches only: an OR can pass though an alternative fails."""
    (kind,) = node["container"]
    check = node["container"][kind]
    if kind in CONDITIONS or (isinstance(check, dict) and check.get("status", "FAIL") != "FAIL"):
        return
    if kind == "ClauseValueCheck" and isinstance(check, dict):
        yield from _clause_finding(next(iter(check.values())), data)
    for child in node["children"]:
        yield from _findings(child, data)


def _clause_finding(check: JSON, data: JSON) -> Iterator[JSON]:
    value = check.get("value", check) if isinstance(check, dict) else {"custom_message": check}
    if not value.get("custom_message"):
        return
    custom_message = ast.literal_eval(value["custom_message"].strip())
    path = _changed_properties(data, _path(value.get("from")))
    if custom_message["check_id"] == "TAG016":  # the runner does the same
        path = data.get("TaggingPath", path)
    yield {
        "check": custom_message["check_id"],
        "message": custom_message["message"],
        "warning": custom_message.get("result") == "WARNING",
        "path": path,
    }


def _path(start: JSON) -> str:
    """Return the place in the schema where the engine found a value or looked for it."""
    resolved = (start or {}).get("Resolved")
    if resolved:
        return str(resolved["path"])
    unresolved = (start or {}).get("UnResolved")
    if not unresolved:
        return ""
    return f"{unresolved['traversed_to']['path']}/{unresolved['remaining_query'].replace('.', '/')}"


def _changed_properties(difference: JSON, path: str) -> str:
    """Return the properties behind a path in the difference of two schemas; return any other path unchanged."""
    node, kind = difference, path.split("/")[2:3]
    if kind not in (["added"], ["removed"], ["changed"]):
        return path
    for key in path.split("/")[1:]:
        if isinstance(node, dict) and "property" in node:
            break
        node = node[int(key)] if isinstance(node, list) else node.get(key, {})
    members = node if isinstance(node, list) else [node]
    names = [str(member.get("property") if isinstance(member, dict) else member) for member in members]
    return ", ".join(dict.fromkeys(names))


if __name__ == "__main__":
    main()
