"""The door of an account: the only way to moto and to the function, open to the account's user alone.

A page in the user's browser can send requests to 127.0.0.1, and so can every user of the machine. So a request needs:

- the name or an address of loopback as its Host, which no page has whose name was bound to 127.0.0.1;
- no Origin, which a browser adds to a page's request, and no AWS client does;
- an access key of the account (see cfn_sandbox.account.credentials), wherever AWS lets a client put it.

moto's own endpoints, which reset and record an account, don't exist here.
"""

from __future__ import annotations

import hmac
import io
import ipaddress
import re
from collections.abc import Callable, Container, Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import parse_form_data
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Door"]

Refuse = Callable[["WSGIEnvironment", str | None], Response]
"""Returns the answer to a request with a wrong access key; with None if it has none."""

FUNCTIONS = "/_functions/"
"""The beginning of the functions' paths. A bucket's name has no underscore, so that no path of S3's begins with it."""

_IDP, _IDENTITY = "AWSCognitoIdentityProviderService", "AWSCognitoIdentityService"

UNSIGNED = frozenset(
    {
        *(f"{_IDENTITY}.{name}" for name in ("GetId", "GetOpenIdToken", "UnlinkIdentity")),
        *(
            f"{_IDP}.{name}"
            for name in (
                "AssociateSoftwareToken",
                "ChangePassword",
                "CompleteWebAuthnRegistration",
                "ConfirmDevice",
                "ConfirmForgotPassword",
                "ConfirmSignUp",
                "DeleteUser",
                "DeleteUserAttributes",
                "DeleteWebAuthnCredential",
                "ForgetDevice",
                "ForgotPassword",
                "GetDevice",
                "GetTokensFromRefreshToken",
                "GetUser",
                "GetUserAttributeVerificationCode",
                "GetUserAuthFactors",
                "GlobalSignOut",
                "InitiateAuth",
                "ListDevices",
                "ListUserSessions",
                "ListWebAuthnCredentials",
                "ResendConfirmationCode",
                "RespondToAuthChallenge",
                "RevokeToken",
                "RevokeUserSession",
                "SetUserMFAPreference",
                "SetUserSettings",
                "SignUp",
                "StartWebAuthnRegistration",
                "UpdateAuthEventFeedback",
                "UpdateDeviceStatus",
                "UpdateUserAttributes",
                "VerifySoftwareToken",
                "VerifyUserAttribute",
            )
        ),
    }
)
"""The actions that AWS takes unsigned, by their X-Amz-Target.

The actions of STS, Cognito, SSO and sign-in that give out credentials for a token of another service are not among
them, because nothing here can check such a token.
"""

_UNSIGNED_PATH = re.compile(r"/[\w-]+/\.well-known/(jwks\.json|openid-configuration)/?")
"""The public keys of a Cognito user pool."""

_CREDENTIAL = re.compile(r"(?:Credential=|AWSAccessKeyId=|^AWS )\s*([^/:,;\s]+)")
"""The access key in an Authorization header: signature versions 4, 3 and 2."""

_FORM_FIELDS = ("x-amz-credential", "awsaccesskeyid")
"""The access key in a query, a form, or a presigned form for S3, in lower case."""

MAX_FORM_BYTES = 16 * 1024 * 1024
"""The size up to which a form is searched for its access key."""


class Door:
    """A WSGI application in front of moto's.

    Args:
        moto: the application behind the door.
        keys: the access keys that open it.
        refuse: see `Refuse`.
    """

    def __init__(self, moto: WSGIApplication, keys: Container[str], refuse: Refuse) -> None:
        self._moto = moto
        self._keys = keys
        self._refuse = refuse
        self._functions: dict[str, WSGIApplication] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        return self._application(environ)(environ, start_response)

    def add_function(self, secret: str, application: WSGIApplication) -> None:
        """Serve a function: below its name to signed requests, below its secret to everybody who knows that.

        Args:
            secret: what an unsigned request needs, for a client that doesn't sign, such as `cfn test`. Its part before
                the hyphen is the function's public name.
            application: serves Lambda's API. It gets the rest of the path.
        """
        self._functions[secret] = application

    def remove_function(self, secret: str) -> None:
        """Stop to serve a function."""
        self._functions.pop(secret, None)

    def _application(self, environ: WSGIEnvironment) -> WSGIApplication:
        host = environ.get("HTTP_HOST", "")
        if not _is_loopback(host):
            return _forbidden(environ, f"The sandbox doesn't answer for the host {host}.")
        if "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE", "none") != "none":
            return _forbidden(environ, "The sandbox doesn't answer to pages in a browser.")
        path = environ.get("PATH_INFO", "")
        if path.startswith(FUNCTIONS):
            return self._function(environ, path.removeprefix(FUNCTIONS))
        if path.lstrip("/").startswith("moto-api"):
            return _forbidden(environ, "The sandbox has no endpoints of moto's.")
        if refusal := self._refusal(environ):
            return refusal
        return self._moto

    def _function(self, environ: WSGIEnvironment, path: str) -> WSGIApplication:
        first, _, rest = path.partition("/")
        for secret, application in list(self._functions.items()):
            known = hmac.compare_digest(first.encode(), secret.encode())
            if known or first == secret.partition("-")[0]:
                environ["SCRIPT_NAME"], environ["PATH_INFO"] = f"{FUNCTIONS}{first}", f"/{rest}"
                return application if known else self._refusal(environ) or application
        return _forbidden(environ, "The sandbox has no such function.")

    def _refusal(self, environ: WSGIEnvironment) -> Response | None:
        """Return the answer to a request without an access key of this account, None if it has one."""
        key = _access_key(environ)
        if key in self._keys if key else _is_unsigned(environ):
            return None
        _buffer(environ)
        return self._refuse(environ, key)


def _access_key(environ: WSGIEnvironment) -> str | None:
    """Return a request's access key. If it has several, all have to be the same, or it has none."""
    found = {match[1] for match in _CREDENTIAL.finditer(environ.get("HTTP_AUTHORIZATION", ""))}
    found |= _in_fields(parse_qs(environ.get("QUERY_STRING", "")))
    if not found and environ.get("REQUEST_METHOD") == "POST":
        found = _in_fields(_form(environ))
    return found.pop() if len(found) == 1 else None


def _in_fields(fields: dict[str, list[str]]) -> set[str]:
    return {value.partition("/")[0] for name in fields if name.lower() in _FORM_FIELDS for value in fields[name]}


def _form(environ: WSGIEnvironment) -> dict[str, list[str]]:
    """Return the fields of a request's form, and leave the body to be read again."""
    length = environ.get("CONTENT_LENGTH") or ""
    kind = environ.get("CONTENT_TYPE", "").lower()
    is_form = kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data"))
    if not is_form or not length.isdigit() or int(length) > MAX_FORM_BYTES:
        return {}
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    try:
        _, form, _ = parse_form_data(
            {**environ, "wsgi.input": io.BytesIO(body)},
            stream_factory=lambda *_, **__: io.BytesIO(),  # the files that the form uploads aren't looked at
            max_form_memory_size=MAX_FORM_BYTES,
        )
    except RequestEntityTooLarge:
        return {}
    return {name: form.getlist(name) for name in form}


def _is_unsigned(environ: WSGIEnvironment) -> bool:
    """Return whether AWS takes a request without a signature."""
    if environ.get("HTTP_AUTHORIZATION"):
        return False
    if environ.get("REQUEST_METHOD") == "GET":
        return _UNSIGNED_PATH.fullmatch(environ.get("PATH_INFO", "")) is not None
    return environ.get("HTTP_X_AMZ_TARGET") in UNSIGNED


def _is_loopback(host: str) -> bool:
    """Return whether the value of a Host header names loopback, with or without a port."""
    name = re.sub(r":\d*$", "", host).strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _forbidden(environ: WSGIEnvironment, text: str) -> Response:
    _buffer(environ)
    return Response(f"{text}\n", 403, mimetype="text/plain")


def _buffer(environ: WSGIEnvironment) -> None:
    """Read what a refused client sends, up to a limit; otherwise the system resets the connection before the answer."""
    length = int(text) if (text := environ.get("CONTENT_LENGTH") or "").isdigit() else 0
    body = environ["wsgi.input"].read(min(length, MAX_FORM_BYTES))
    if environ.get("CONTENT_TYPE", "").lower().startswith("multipart/"):
        body = b""  # the answer doesn't depend on it, and parsing it again would write its files
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
