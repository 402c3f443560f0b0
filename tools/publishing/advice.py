"""Advice for each contract test that failed, by the test's name.

The names are AWS's: those of contract tests v2 ("Contract tests for resource types" in the CloudFormation CLI's user
guide) and of its schema rules (resource-schema-guard-rail). sandbox/contract says what each test requires.
"""

from __future__ import annotations

import re

_LOCAL_RUN = "`cfn-sandbox test` runs them on your machine, without an account, and shows what was called."

_ADVICE = {
    "test_create": "CREATE failed, and so does every test that begins with a CREATE. The handler's message says why; "
    "often an input names a resource that the account doesn't have.",
    "test_create_create": "A second CREATE has to fail with AlreadyExists while the first resource is there.",
    "test_create_create_primary_id_check": "A second CREATE took over the first one's resource.",
    "test_create_read": "READ does not find what CREATE made: does the answer lag behind?",
    "test_create_create_read": "READ does not find what CREATE made: does the answer lag behind?",
    "test_create_with_read_response_lcs": "CREATE refuses READ's model, without its read-only properties, as input.",
    "test_read_input_output_negative_match": "READ left out or changed a property that was asked for.",
    "test_read_return_readonly_properties": "READ left out a read-only property.",
    "test_read_return_write_only_properties": "READ returned a write-only property.",
    "test_read_output_over_schema": "READ returned what the schema does not allow.",
    "test_read_return_all_schema_properties_using_one_or_more_inputs": "No input made READ return some property.",
    "test_update": "UPDATE failed: the handler's message says why.",
    "test_update_read": "READ fails after an UPDATE.",
    "test_update_primary_id_check": "UPDATE answered with another identifier: is it createOnly?",
    "test_read_by_create_equals_read_by_update": "READ by UPDATE's identifier differs from READ by CREATE's.",
    "test_update_list": "LIST does not have what was updated: an input's filter may leave it out.",
    "test_create_delete": "DELETE failed: the handler's message says why.",
    "test_delete_read": "READ of what was deleted has to fail with NotFound.",
    "test_delete_update": "UPDATE of what was deleted has to fail with NotFound.",
    "test_delete_delete": "DELETE of what was deleted has to fail with NotFound.",
    "test_delete_list": "LIST still has what was deleted.",
    "test_delete_create": "CREATE fails after a DELETE: is the name still taken?",
    "test_create_list": "LIST does not have what was created: is nextToken passed on?",
    "test_create_list_read": "READ fails for something that LIST returned.",
    "no_hardcoded_regions": "Write {{region}} in inputs/ instead.",
    "no_hardcoded_account_ids": "Write {{account}} in inputs/ instead.",
    "no_hardcoded_partitions": "Write {{partition}} in inputs/ instead.",
    "property_coverage": "Give some file in inputs/ that property.",
    "TAG017": "It doesn't stop the registration. AWS documents that a change of tags replaces the resource; with "
    "TAG_UPDATES=in-place the warning disappears.",
    "inputs": "Contract tests read inputs_N_create.json and inputs_N_update.json from inputs/.",
}
_NAME = re.compile(r"\b(?:" + "|".join(sorted(_ADVICE.keys() - {"inputs", "TAG017"}, key=len, reverse=True)) + r")\b")
_RULE = re.compile(r"\b(?:ARN|COM|ENM|GN|MI|ML|PAT|PER|PID|PR|RQ|TAG|TFDF|TP)\d{3}\b")


def advice(name: str) -> str:
    """Return what to do about a test or rule, or an empty text if its name is not known."""
    default = "Change the schema, then `make generate`." if _RULE.fullmatch(name) else ""
    return _ADVICE.get(name, default)


def with_advice(description: str) -> str:
    """Return the registry's description of a failed registration, with advice for each test that it names.

    Args:
        description: The registry's description.
    """
    names = list(dict.fromkeys([*_NAME.findall(description), *_RULE.findall(description)]))
    if not names:
        return description
    if "test_create" in names:  # nearly every test begins with a CREATE
        names = [name for name in names if name == "test_create" or not name.startswith("test_")]
    return "\n".join(
        [description, "What to do:", *(f"  - {name}: {advice(name)}" for name in names), f"  {_LOCAL_RUN}"]
    )
