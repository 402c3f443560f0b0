"""Two guides list exactly the messages that can be given by the type's tools and by cfn-sandbox.

The type's own messages are data (tests/test_messages.py). Here, the tests read the messages from the code's syntax:
arguments of our errors, of the plugin library's, and of functions that create an error. A variable part of a message is
an ellipsis in the guide.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping

import pytest
from cloudformation_cli_python_lib import exceptions

from tools.envelopes import ROOT

GUIDES = {"guides/troubleshooting.md": ("tools",), "sandbox/TROUBLESHOOTING.md": ("sandbox/src", "tools")}
"""The rooms whose messages each guide has; a message of the tools about packaging is in cfn-sandbox's."""

ROOMS = ("tools", "sandbox/src")
GAP = "…"

LIBRARY = frozenset(name for name, _ in inspect.getmembers(exceptions, inspect.isclass))
OURS = frozenset(
    {
        "PackagerError",
        "PublishingError",
        "RefusedError",
        "NoEngineError",
        "SandboxError",
        "InputsError",
        "InvalidPackage",
        "Problem",
    }
)
MAKERS = frozenset({"fail", "failed", "DownstreamError", "Panel", "_cut"})
"""Other calls with a message: pytest's failure of a contract test, cfn's error, a box."""

AS_AWS = frozenset(
    {
        *("RegistryError", "TypeNotFound", "CloudControlError", "Refusal", "InvalidIdentifier", "HandlerFailure"),
        *("InvalidProperties", "ResourceFailure", "Cancelled", "CloudFormationError", "ValidationError"),
        *("StepFailure", "InsufficientCapabilitiesError", "ServiceError"),
        *("ChangeSetExists", "ChangeSetNotFound", "InvalidChangeSetStatus", "InsufficientCapabilities"),
    }
)
"""Errors in AWS's wording. The guide lists only those that name the sandbox, because AWS never sends them."""

SILENT = frozenset(
    {"HandlerHangs", "Failure", "LeavesTheMachine", "UnreadablePatternError", "UntranslatedPatternError"}
)
"""Errors whose message appears only as a quote in another message, or after the name of a step (`make clients`)."""

LOCALS = frozenset({"advice"})
"""Variables that hold a message before it reaches an error."""

SENTENCES = frozenset(
    {
        *(
            "tools/publishing/existence.py",
            "tools/publishing/preflight.py",
            "sandbox/src/cfn_sandbox/account/refusals.py",
        ),
        *("sandbox/src/cfn_sandbox/contract/inputs.py", "sandbox/src/cfn_sandbox/contract/resource.py"),
    }
)
"""Modules that collect problems: every f-string that has four words, or ends with a full stop, is a message."""

PRINTED = {
    "(This request is for …; the sandbox has its types in …: `cfn-sandbox up --region …`.)": "protocols/service.py",
    "(In this sandbox, Cloud Control supports registered types, not those of AWS's types that moto creates.)": (
        "cloudcontrol/cloud_control.py"
    ),
    "The sandbox can't update … of …: moto, which implements the type here, ignores that. Give the "
    "resource another logical id to replace it": "resource_types/moto_adapter.py",
    "ResourcesToImport needs the ChangeSetType IMPORT, not ….": "stacks/change_sets.py",
    "The client request token … has already been used for this stack.": "protocols/tokens.py",
    "TerminationProtection of the nested stack […] is set on its root stack […].": "stacks/stack.py",
    "The request's body is no JSON object.": "account/refusals.py",
    "The request has no parameter Action.": "account/refusals.py",
    "can't run …: …": "cli/tethered.py",
    "Python … can't import … from the package: …": "packaging/plugin.py",
    "the setup can't be deployed: …": "contract/setup.py",
    "Repair DELETE first: its failures can hide others.": "contract/report.py",
    "contract tests v2 need the type's configuration: set it (SetTypeConfiguration), then TestType": (
        "contract/__main__.py"
    ),
    "the handler's failures: …": "contract/v1.py",
    "the handlers used … MB of memory; CloudFormation is assumed to give them 256 MB, and Lambda ends a function that "
    "uses more": "contract/command.py",
    "…: […] can't be read here, so it isn't checked: …": "schemas/patterns.py",
    "… has a pattern that is not checked: …": "resource_types/interface.py",
    "…: … no effect in this sandbox": "resource_types/moto_adapter.py",
}
"""Messages of cfn-sandbox that are no error's argument, with the module that gives them."""

CONSTANTS = {
    target.id: node.value
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.Assign)
    for target in node.targets
    if isinstance(target, ast.Name) and target.id.strip("_").isupper()
}
"""The modules' text constants, by name."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module in ROOMS, except the generated models.py."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.name != "models.py":
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def messages_in_code() -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every message."""
    for name, tree in trees():
        known = CONSTANTS | {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.JoinedStr)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id in LOCALS
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                texts: Iterator[str] = _messages_of_call(node, known)
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith(".args"):
                texts = (_text(child, known) for child in ast.walk(node.value) if isinstance(child, ast.JoinedStr))
            elif isinstance(node, ast.JoinedStr) and name in SENTENCES:
                texts = (text for text in [_text(node, known)] if text.count(" ") > 2 or text.endswith("."))
            else:
                continue
            yield from ((f"{name}:{node.lineno}", text) for text in texts if text)


def _messages_of_call(call: ast.Call, known: Mapping[str, ast.expr] = CONSTANTS) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    keyword_values = (
        [] if name in MAKERS else [keyword.value for keyword in call.keywords]
    )  # makers' keywords are titles, flags
    texts = (_text(argument, known) for argument in [*call.args, *keyword_values])
    if name in LIBRARY | OURS | MAKERS:
        yield from (text for text in texts if " " in text)
    elif name in AS_AWS:
        yield from (text for text in texts if "sandbox" in text)


def _text(node: ast.expr, known: Mapping[str, ast.expr]) -> str:
    """Return a message as the guide writes it, or an empty string if it has no fixed part."""
    text = " ".join(_pieces(node, known).split())
    text = re.sub(rf"{GAP}( ?{GAP})+", GAP, text)
    return text if re.search(r"[a-z]{2}", text) else ""


def _pieces(node: ast.expr, known: Mapping[str, ast.expr]) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else GAP
    if isinstance(node, ast.JoinedStr):
        return "".join(
            _pieces(part.value if isinstance(part, ast.FormattedValue) else part, known) for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _pieces(node.left, known) + _pieces(node.right, known)
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    if isinstance(known.get(name), ast.Constant | ast.JoinedStr | ast.BinOp):
        return _pieces(known[name], known)
    return GAP


def messages_in_guide(guide: str) -> Mapping[str, tuple[str, str]]:
    """Return a guide's messages with their cause and cure, from the table rows that begin with code."""
    text = re.sub(r"<!-- messages: .*?<!-- end -->", "", (ROOT / guide).read_text(), flags=re.DOTALL)
    rows = re.findall(r"^\| (`+) ?(.+?) ?\1 \| (.*) \| (.*) \|$", text, re.MULTILINE)
    return {message.replace(r"\|", "|"): (cause, cure) for _, message, cause, cure in rows}


MESSAGES = list(messages_in_code())


@pytest.mark.parametrize(("place", "message"), MESSAGES, ids=[place for place, _ in MESSAGES])
def test_a_message_is_in_the_guide(place: str, message: str) -> None:
    """A guide of the room has a row for the message, with a cause and a cure."""
    rows = {row: text for guide in guides_of(place) for row, text in messages_in_guide(guide).items()}
    cause, cure = rows.get(message, ("", ""))
    assert len(cause) > 5, f"{place}: {message}"
    assert len(cure) > 5, f"{place}: {message}"


def guides_of(place: str) -> list[str]:
    """Return the guides that can have a place's messages."""
    return [guide for guide, rooms in GUIDES.items() if place.startswith(rooms)]


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_has_no_message_that_is_never_given(guide: str) -> None:
    """After a change of wording in the code, the guide must change too."""
    given = {message for place, message in MESSAGES if guide in guides_of(place)}
    assert sorted(set(messages_in_guide(guide)) - given - PRINTED.keys()) == []


@pytest.mark.parametrize("message", PRINTED)
def test_a_message_that_is_printed_is_in_its_module(message: str) -> None:
    """The module has the message's first fixed words, and the guide has its row."""
    (module,) = ROOT.glob(f"sandbox/src/cfn_sandbox/**/{PRINTED[message]}")
    assert message.partition(GAP)[0].strip() in module.read_text()
    assert message in messages_in_guide("sandbox/TROUBLESHOOTING.md")


@pytest.mark.parametrize("guide", GUIDES)
def test_no_message_is_there_twice(guide: str) -> None:
    """A message that several places give has one row, which names them all."""
    rows = re.findall(r"^\| (`+ ?.+? ?`+) \| ", (ROOT / guide).read_text(), re.MULTILINE)
    assert len(rows) == len(set(rows))


def test_every_error_of_ours_is_looked_at() -> None:
    """A new error class must be in one of the lists above, so that no message is overlooked."""
    defined = {
        node.name
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(re.search(r"(Error|Exception|NotFound)$", ast.unparse(base)) for base in node.bases)
    }
    assert defined - OURS - AS_AWS - SILENT - LIBRARY == set()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ('raise InvalidRequest(f"{path} has to be {words}.")', "… has to be …."),
        ('raise InvalidRequest(f"It is {a}{b} old. " + text)', "It is … old. …"),
        ('pytest.fail("READ is late", pytrace=False)', "READ is late"),
        ("raise InvalidRequest(text)", None),
        ('LOG.info("all is well")', None),
    ],
)
def test_messages_are_found_in_the_syntax(code: str, message: str | None) -> None:
    """The search finds a message in each form of call, and nothing in other calls."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    assert [text for call in calls for text in _messages_of_call(call)] == ([message] if message else [])
