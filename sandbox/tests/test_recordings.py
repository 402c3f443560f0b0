"""Recorded requests of CDK and SAM get the same answers again. `python -m tools.clients.recording` records them.

The status of each answer and the words by which clients decide must match the recording. Names that the sandbox
generates differ each time, so later requests use the new names in place of the recorded ones.
"""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from cfn_sandbox.account.account import Account
from sandbox.tests.toys import SCHEMA, Toys
from tools.clients.recording import ENDPOINT, names, words

RECORDINGS = Path(__file__).with_name("recordings")


class Replay:
    """Sends recorded requests to an account."""

    def __init__(self, account: Account) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._account = account
        self._present_names: dict[str, str] = {}  # recorded name: present name

    def send(self, recorded: dict[str, Any]) -> requests.Response:
        """Send a recorded request with the present names, and return the answer."""
        region, _, service = recorded["service"].partition("/")
        scope = f"testing/20260101/{region}/{service}/aws4_request"
        headers = recorded["headers"] | {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "X-Amz-Date": "20260101T000000Z",
        }
        answer = self._session.request(
            recorded["method"],
            self._account.endpoint + self._with_present_names(recorded["path"]),
            headers=headers if service else recorded["headers"],
            data=self._body(recorded["body"]),
            timeout=60,
        )
        self._present_names |= dict(zip(recorded["names"], names(answer.text), strict=True))
        return answer

    def _with_present_names(self, text: str) -> str:
        for recorded, present in sorted(self._present_names.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(recorded, present).replace(quote(recorded, safe=""), quote(present, safe=""))
        return text

    def _body(self, text: str) -> bytes:
        if text.startswith("base64:"):
            return base64.b64decode(text.removeprefix("base64:"))
        endpoint = self._account.endpoint.removeprefix("http://")
        quoted = text.replace(f"%2F%2F{ENDPOINT}", f"%2F%2F{quote(endpoint)}").replace(ENDPOINT, endpoint)
        return self._with_present_names(quoted).encode()


@pytest.mark.parametrize("client", ["cdk", "sam"])
def test_a_recording_is_answered_as_before(client: str) -> None:
    """Each recorded request gets its recorded status and words, without the client installed."""
    recording: list[dict[str, Any]] = json.loads((RECORDINGS / f"{client}.json").read_text())
    toys = Toys()
    toys.resources["toy-9"] = {"Id": "toy-9", "Name": "wolf", "Facts": {"Born": "long ago"}}
    with Account() as account:
        account.registry.add(SCHEMA, toys.invoke)
        replay = Replay(account)
        for number, recorded in enumerate(recording):
            answer = replay.send(recorded)
            context = (
                f"request {number}, {recorded['method']} {recorded['path']} {recorded['body'][:80]}: {answer.text}"
            )
            assert (answer.status_code, words(answer.text)) == (recorded["status"], recorded["words"]), context
    actions = [event["action"] for event in toys.events]
    assert (actions[0], actions[-1]) == ("CREATE", "DELETE")
    assert [toy["Name"] for toy in toys.resources.values()] == ["wolf"]
