"""A service of the API: takes a request apart by botocore's model, calls the operation's function, writes the answer.

moto.core parses and serializes the two protocols: CloudFormation's (query, XML) and Cloud Control's (JSON 1.0).
"""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import parse_qsl
from uuid import uuid4

from botocore import xform_name
from botocore.model import ListShape, OperationNotFoundError, StructureShape
from moto.core.errors import COMMON_ERROR_CODES, get_error_model
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SERIALIZERS, SerializationContext
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.protocols import constraints
from cfn_sandbox.protocols.table import Table, members_of_form, members_of_json

if TYPE_CHECKING:
    from botocore.model import Shape
    from werkzeug.wrappers import Request

    from cfn_sandbox.cloudformation.stacks.space import Space
    from cfn_sandbox.values import JSON


@dataclass(frozen=True)
class Call:
    """A call of an operation.

    Attributes:
        parameters: the operation's input: botocore's model gives the types of its members.
        account: the id of the caller's account.
        region: the region that the request is for.
        space_of: returns what CloudFormation keeps of an account in a region.
        client: the client's User-Agent.
    """

    parameters: Mapping[str, Any]
    account: str
    region: str
    space_of: Callable[[str, str], Space] = field(compare=False, repr=False)
    client: str = field(default="", compare=False, repr=False)

    @property
    def space(self) -> Space:
        """What CloudFormation keeps of the account in the region."""
        return self.space_of(self.account, self.region)


Answer = Mapping[str, object]
"""The members of an operation's output. None is left out; a time is a datetime."""

Operation = Callable[[Call], Answer]
"""Answers a call, or raises CloudFormationError."""


class Codes(NamedTuple):
    """The codes of the errors that a protocol's front end answers."""

    unknown_operation: str
    invalid: str
    malformed: str


CODES = {
    "query": Codes("InvalidAction", "ValidationError", "MalformedQueryString"),
    "json": Codes("UnknownOperationException", "ValidationException", "SerializationException"),
}

# Errors of every service, which no service's model lists: moto's serializer warns of others.
COMMON_ERROR_CODES.extend(
    code for codes in [*CODES.values(), ("InternalFailure",)] for code in codes if code not in COMMON_ERROR_CODES
)

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_TYPES = {"string": str, "integer": int, "long": int, "boolean": bool, "structure": dict, "list": list}


class Service:
    """A service of AWS's, with the functions that answer its operations.

    Args:
        name: botocore's name of the service.
        title: the service's name in messages.
        owners: the modules or objects that have the operations' functions: `create_stack` for CreateStack. Every
            operation that the service's table honours has one.
        home: the region that has the sandbox's types; an error about a missing type in another region says so.
        space_of: returns what CloudFormation keeps of an account in a region.

    Attributes:
        operations: the functions by operation.
    """

    def __init__(
        self, name: str, title: str, owners: Iterable[object], home: str, space_of: Callable[[str, str], Space]
    ) -> None:
        self._model = get_service_model(name)
        self.operations: dict[str, Operation] = {
            operation: getattr(owner, xform_name(operation))
            for owner in owners
            for operation in self._model.operation_names
            if hasattr(owner, xform_name(operation))
        }
        self._title = title
        self._home = home
        self._space_of = space_of
        self._table = Table(name, title, (self._codes.unknown_operation, self._codes.invalid))

    @property
    def _codes(self) -> Codes:
        return CODES[self._model.protocol]

    def answer(self, request: Request, account: str, region: str) -> Response:
        """Return the answer to a request: the operation's, or an error in the service's protocol."""
        name = ""
        try:
            form = MultiDict(self._form(request)) if self._model.protocol == "query" else MultiDict()
            name = form.get("Action", request.headers.get("X-Amz-Target", "").rpartition(".")[2])
            self._table.check_operation(name)
            parameters = self._parameters(name, form, request)
            client = request.headers.get("User-Agent", "")
            call = Call(parameters, account, region, self._space_of, client)
            return self._response(name, self.operations[name](call))
        except CloudFormationError as error:
            return self._response(name, error if region == self._home else _with_hint(error, region, self._home))
        except Exception as error:  # noqa: BLE001 - a defect of the sandbox's: a client gets an answer of the protocol
            text = log_defect(error, f"{self._title}'s {name}")
            return self._response(name, CloudFormationError("InternalFailure", text))

    def _form(self, request: Request) -> list[tuple[str, str]]:
        """Return the pairs of a request of the query protocol: of its query string and its body."""
        try:
            text = f"{request.query_string.decode()}&{request.get_data().decode()}"
            return parse_qsl(text, keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise CloudFormationError(self._codes.malformed, "The query string contains a syntax error.") from error

    def _parameters(self, name: str, form: MultiDict[str, str], request: Request) -> Mapping[str, Any]:
        """Return an operation's input, checked by the table and by the model's constraints."""
        operation = self._model.operation_model(name)
        shape = operation.input_shape
        body = b""
        if self._model.protocol == "json":
            body = request.get_data() or b"{}"
            value = self._json(body, shape)
            self._table.check_members(name, members_of_json(value))
        else:
            members = [*members_of_form(form.items(multi=True))]
            self._table.check_members(name, members)
            self._check_texts(shape, members)
        values: Any = {"body": body, "headers": request.headers, "values": form, "url_path": "/", "url_params": {}}
        parsed = PROTOCOL_PARSERS[self._model.protocol](operation).parse(values | {"method": request.method})
        if shape is not None:
            constraints.check(shape, parsed, self._codes.invalid)
        return cast("Mapping[str, Any]", parsed)

    def _json(self, body: bytes, shape: Shape | None) -> JSON:
        """Return a JSON body whose values have the types of the model."""
        try:
            value: JSON = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise CloudFormationError(self._codes.malformed, "The request's body is not JSON.") from error
        path = _mistyped(shape, value, "") if shape else None
        if path is not None:
            place = f"the member {path}" if path else "the body"
            raise CloudFormationError(self._codes.malformed, f"The value of {place} has the wrong type.")
        return value

    def _check_texts(self, shape: Shape | None, members: list[tuple[str, str]]) -> None:
        """Refuse the text of a number that is none, or of a boolean that is neither true nor false."""
        for path, text in members:
            kind = _kind(shape, path.split("."))
            words = r"-?\d+" if kind in {"integer", "long"} else r"(?i:true|false)" if kind == "boolean" else r"(?s:.*)"
            if not re.fullmatch(words, text, re.ASCII):
                raise CloudFormationError(self._codes.invalid, f"The value of {path} is not a valid {kind}: {text}")

    def _response(self, name: str, result: Answer | Exception) -> Response:
        try:
            operation = self._model.operation_model(name)
        except OperationNotFoundError:
            operation = OperationModel({}, self._model)
        request_id = str(uuid4())
        serializer = SERIALIZERS[self._model.protocol](operation, context=SerializationContext(request_id))
        answer = serializer.serialize(result)
        status, body = answer["status_code"], answer["body"]
        if isinstance(result, CloudFormationError):
            fault = result.code == "InternalFailure" or not get_error_model(result, self._model).is_sender_fault
            status = max(status, 500) if fault else status  # botocore's models mark faults, mostly without a status
        if self._model.protocol == "query":
            body = _NOT_XML.sub("\ufffd", str(body))
        headers = {**answer["headers"], "x-amzn-RequestId": request_id}
        return Response(body, status, headers)


def log_defect(error: Exception, subject: str) -> str:
    """Print a traceback without the error's text, which may have a property's value; return a message for the client.

    Args:
        error: the exception that no code of the sandbox's expects.
        subject: what failed.
    """
    traceback.print_tb(error.__traceback__, file=sys.stderr)
    print(f"{type(error).__name__} in {subject}", file=sys.stderr)
    return f"This sandbox failed on {subject}: its own log has the place. Please report it."


def _with_hint(error: CloudFormationError, region: str, home: str) -> CloudFormationError:
    """Return an error with a hint if it is about a type that is missing in a region without the sandbox's types."""
    if error.code != "TypeNotFoundException" and "Unrecognized resource types" not in error.message:
        return error
    hint = f"(This request is for {region}; the sandbox has its types in {home}: `cfn-sandbox up --region {region}`.)"
    return CloudFormationError(error.code, f"{error.message} {hint}")


def _kind(shape: Shape | None, path: list[str]) -> str:
    """Return the type of the member at a path of a shape."""
    for name in path:
        shape = shape.members.get(name.removesuffix("[]")) if isinstance(shape, StructureShape) else None
        while isinstance(shape, ListShape):
            shape = shape.member
    return str(shape.type_name) if shape else "unknown"


def _mistyped(shape: Shape, value: JSON, path: str) -> str | None:
    """Return the path of the first member whose value has another type than the shape's; None if there is none."""
    expected = _JSON_TYPES.get(shape.type_name, object)
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is int):
        return path
    found: list[str | None] = []
    if isinstance(value, dict) and isinstance(shape, StructureShape):
        found = [
            _mistyped(shape.members[key], member, f"{path}.{key}" if path else key)
            for key, member in value.items()
            if key in shape.members and member is not None
        ]
    if isinstance(value, list) and isinstance(shape, ListShape):
        found = [_mistyped(shape.member, item, f"{path}[]") for item in value]
    return next((place for place in found if place is not None), None)
