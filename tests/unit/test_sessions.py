"""The clients that are kept across requests, and that sign only with the current request's credentials."""

import platform
import re
import socket
import ssl
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore
import certifi
import pytest
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from botocore.handlers import BUILTIN_HANDLERS
from botocore.hooks import EVENT_ALIASES, EventAliaser, HierarchicalEmitter
from cloudformation_cli_python_lib.utils import Credentials
from urllib3 import PoolManager

from aws_sagemaker_modelqualityjobdefinition import handlers, job_definitions
from aws_sagemaker_modelqualityjobdefinition.runtime import deadline, delivery, sessions
from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS
from cfn_sandbox import settings
from cfn_sandbox.packaging import certificates
from tools.benchmarks import events, service
from tools.benchmarks.service import OTHER_REGION, REGION, Call, Fault, Service
from tools.envelopes import ROOT

ALICE = {"accessKeyId": "ALICE", "secretAccessKey": "alices-secret", "sessionToken": "alices-token"}
BOB = {"accessKeyId": "BOB", "secretAccessKey": "bobs-secret", "sessionToken": "bobs-token"}
OWNER = {"accessKeyId": "OWNER", "secretAccessKey": "owners-secret", "sessionToken": "owners-token"}


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make an empty bundle the trusted one, and keep clients and TLS contexts of this test from all others."""
    trusted = tmp_path / "cacert.pem"
    trusted.write_text("")
    monkeypatch.setattr(sessions, "bundle", lambda: str(trusted))
    monkeypatch.setattr(sessions, "_idle", defaultdict(list))
    monkeypatch.setattr(delivery, "_known_streams", set())
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    for cached in (sessions._session, sessions._context):
        cached.cache_clear()
    yield trusted
    for cached in (sessions._session, sessions._context):
        cached.cache_clear()


@pytest.fixture
def stand_in(tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Run a trusted stand-in for SageMaker, CloudWatch Logs and CloudWatch, to which every host name leads."""
    with service.running(tmp_path) as running:
        real_getaddrinfo = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda _host, _port, *rest, **more: real_getaddrinfo("127.0.0.1", running.port, *rest, **more),
        )
        bundle.write_text(running.authority)
        running.definitions[events.name(0)] = events.model() | {"JobDefinitionName": events.name(0)}
        yield running
        for kept_client in [kept_client for idle in sessions._idle.values() for kept_client in idle]:
            kept_client.close()
        running.hang_up()


def invoke(
    action: str = "READ",
    caller: dict[str, str] | None = ALICE,
    provider: dict[str, str] | None = OWNER,
    group: str = "logs",
    region: str = REGION,
) -> dict[str, Any]:
    """Send an event to the production entry point, and return its answer."""
    event = events.event(action) | {"region": region}
    event["requestData"] |= {
        "callerCredentials": caller,
        "providerCredentials": provider,
        "providerLogGroupName": group,
    }
    answer: dict[str, Any] = handlers.resource(event, None)
    return answer


def signers(calls: list[Call]) -> set[tuple[str, str, str]]:
    """Return the key ids, regions and tokens that requests were signed with."""
    matches = [re.search(r"Credential=(\w+)/\d+/([\w-]+)/", call.headers["Authorization"]) for call in calls]
    return {
        (str(match and match[1]), str(match and match[2]), call.headers["X-Amz-Security-Token"])
        for match, call in zip(matches, calls, strict=True)
    }


def split_by_service(calls: list[Call]) -> tuple[list[Call], list[Call]]:
    """Return SageMaker's calls and the others."""
    sagemaker = [call for call in calls if "sagemaker" in call.host]
    return sagemaker, [call for call in calls if call not in sagemaker]


def test_each_request_is_signed_with_its_own_credentials(stand_in: Service) -> None:
    """A kept client signs with the current request's credentials, not with an earlier one's.

    The caller's are for SageMaker, the provider's for logs and metrics.
    """
    for caller, provider in [(ALICE, OWNER), (BOB, ALICE), (OWNER, BOB), (ALICE, OWNER)]:
        stand_in.calls.clear()
        assert invoke("LIST", caller, provider)["status"] == "SUCCESS"
        sagemaker, delivery = split_by_service(stand_in.calls)
        assert signers(sagemaker) == {(caller["accessKeyId"], REGION, caller["sessionToken"])}
        assert signers(delivery) == {(provider["accessKeyId"], REGION, provider["sessionToken"])}
    assert len(stand_in.connections) == 3


def test_each_request_goes_to_its_own_region_and_log_group(stand_in: Service) -> None:
    """Each request goes to its region and log group, with the clients kept for that region."""
    for region, group in [(REGION, "here"), (OTHER_REGION, "there"), (REGION, "elsewhere")]:
        stand_in.calls.clear()
        invoke("LIST", region=region, group=group)
        assert {region for _, region, _ in signers(stand_in.calls)} == {region}
        assert all(f".{region}." in call.host for call in stand_in.calls)
        logs = [call.body for call in stand_in.calls if call.operation == "PutLogEvents"]
        assert logs
        assert all(f'"logGroupName": "{group}"'.encode() in body for body in logs)
    assert len(stand_in.connections) == 6


@pytest.mark.parametrize("fault", [Fault(400, "AccessDeniedException"), Fault(400, "ValidationException")])
def test_a_failed_request_leaves_no_credentials_behind(stand_in: Service, fault: Fault) -> None:
    """After a failed request, a client signs with the next request's credentials."""
    stand_in.faults["DescribeModelQualityJobDefinition"] = [fault]
    assert invoke(caller=ALICE)["status"] == "FAILED"
    stand_in.calls.clear()
    assert invoke(caller=BOB)["status"] == "SUCCESS"
    assert {name for name, *_ in signers(split_by_service(stand_in.calls)[0])} == {"BOB"}


def test_an_invalid_request_uses_no_client(stand_in: Service) -> None:
    """A request that fails before its first call leaves no session open and loses no kept client."""
    invoke()
    event = events.event("READ")
    event["requestData"]["resourceProperties"] = {"RoleArn": {"not": "a string"}}
    handlers.resource(event, None)
    assert sessions._open.get() == ()
    assert invoke(caller=BOB)["status"] == "SUCCESS"
    assert len(stand_in.connections) == 3


def test_without_credentials_no_others_are_used(stand_in: Service) -> None:
    """A request without credentials fails; it doesn't use an earlier request's or the function's."""
    invoke()
    stand_in.calls.clear()
    answer = invoke(caller=None, provider=None)
    assert answer["errorCode"] == "InvalidCredentials"
    assert stand_in.calls == []


def test_between_requests_clients_sign_nothing(stand_in: Service) -> None:
    """A client kept after its request ended can't sign."""
    invoke()
    (kept_client,) = sessions._idle["sagemaker", REGION, job_definitions.config(DEFAULTS.wire)]
    stand_in.calls.clear()
    with pytest.raises(NoCredentialsError):
        kept_client.list_model_quality_job_definitions()
    assert stand_in.calls == []


def test_a_session_that_is_closed_lends_nothing_to_sign_with(stand_in: Service) -> None:
    """A client taken from a session that is already closed can't sign."""
    session = sessions.open_session(Credentials(**ALICE), REGION)
    assert session
    sessions.close_all()
    with pytest.raises(NoCredentialsError):
        session.client("sagemaker").list_model_quality_job_definitions()
    assert stand_in.calls == []


def test_sessions_that_are_open_at_once_share_no_client(stand_in: Service) -> None:
    """Two open sessions sign with their own credentials, in any order, and both clients are kept at the end."""
    alice, bob = (sessions.open_session(Credentials(**owner), REGION) for owner in (ALICE, BOB))
    assert alice
    assert bob
    for owner in (alice, bob, alice):
        owner.client("sagemaker", config=job_definitions.config(DEFAULTS.wire)).list_model_quality_job_definitions()
    assert [next(iter(signers([call])))[0] for call in stand_in.calls] == ["ALICE", "BOB", "ALICE"]
    sessions.close_all()
    assert len(sessions._idle["sagemaker", REGION, job_definitions.config(DEFAULTS.wire)]) == 2


def test_the_test_entry_point_gives_its_clients_back(stand_in: Service) -> None:
    """The test entry point reuses its client. `cfn test` calls it hundreds of times."""
    for caller in (ALICE, BOB):
        stand_in.calls.clear()
        answer = handlers.test_entrypoint(
            {
                "credentials": caller,
                "action": "LIST",
                "region": REGION,
                "request": {"clientRequestToken": "token", "desiredResourceState": {}},
            },
            None,
        )
        assert answer["status"] == "SUCCESS"
        assert {name for name, *_ in signers(stand_in.calls)} == {caller["accessKeyId"]}
    assert len(stand_in.connections) == 1


def test_connections_that_the_service_closed_are_opened_again(stand_in: Service) -> None:
    """After the service closes the connections, no request fails and none is sent twice."""
    invoke()
    stand_in.hang_up()
    stand_in.calls.clear()
    assert invoke("CREATE")["status"] == "SUCCESS"
    assert len(stand_in.connections) == 6
    assert [call.operation for call in stand_in.calls].count("CreateModelQualityJobDefinition") == 1


def test_a_name_that_is_no_regions_is_an_invalid_request() -> None:
    """An invalid region is an InvalidRequest. CloudFormation sends none, but a person who tries the function might."""
    answer = invoke(region="not a region")
    assert answer["errorCode"] == "InvalidRequest"
    assert "not a region" in answer["message"]


def test_authorities_come_from_the_directory_beside_the_bundle(stand_in: Service, bundle: Path) -> None:
    """If there is a directory of authorities next to the bundle, the bundle is not used."""
    certificates.write_directory(bundle)
    bundle.write_text("")
    assert invoke()["status"] == "SUCCESS"
    assert stand_in.calls


def test_an_authority_missing_from_the_directory_is_refused(stand_in: Service, bundle: Path) -> None:
    """An authority missing from the directory is refused with OpenSSL's message, even though the bundle has it."""
    certificates.write_directory(bundle)
    for file in (bundle.parent / certificates.DIRECTORY).iterdir():
        file.unlink()
    answer = invoke()
    assert answer["errorCode"] == "NetworkFailure"
    assert "CERTIFICATE_VERIFY_FAILED" in answer["message"]
    assert stand_in.calls == []


def test_a_trusted_certificate_of_another_host_is_refused(stand_in: Service) -> None:
    """urllib3 refuses a trusted certificate of another host; the shared context leaves that check to it."""
    answer = invoke("LIST", region="ap-northeast-3", provider=None)
    assert answer["errorCode"] == "NetworkFailure"
    assert "doesn't match" in answer["message"]
    assert [call for call in stand_in.calls if "ap-northeast-3" in call.host] == []


def test_there_is_one_tls_context(stand_in: Service) -> None:
    """All clients share one TLS context, through a proxy too, and it verifies certificates."""
    invoke()
    invoke(region=OTHER_REGION)
    http_sessions = [kept_client._endpoint.http_session for idle in sessions._idle.values() for kept_client in idle]
    assert len(http_sessions) == 6
    managers = [
        manager
        for http_session in http_sessions
        for manager in (http_session._manager, http_session._get_proxy_manager("http://127.0.0.1:9"))
    ]
    (context,) = {manager.connection_pool_kw["ssl_context"] for manager in managers}
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert stand_in.connections


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_authorities_of_the_users_own_replace_ours(
    stand_in: Service, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """AWS_CA_BUNDLE, or requests' variable that botocore reads too, replaces the bundle of this package."""
    own_bundle = tmp_path / "theirs.pem"
    own_bundle.write_text(stand_in.authority)
    bundle.write_text("")
    monkeypatch.setenv(variable, str(own_bundle))
    assert invoke()["status"] == "SUCCESS"


def test_the_bundle_is_certifis() -> None:
    """The trusted bundle is certifi's, which sessions.py finds without importing certifi."""
    assert sessions.bundle() == certifi.where()


def test_the_user_agent_says_all_that_botocores_does(stand_in: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user agent, which is built once, names the library, Python, the system, the environment and this type."""
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12")
    invoke()
    sagemaker, others = split_by_service(stand_in.calls)
    agents = {call.headers["User-Agent"] for call in sagemaker}
    base = f"Botocore/{botocore.__version__} Python/{platform.python_version()} Linux/{platform.release()}"
    assert agents == {
        f"{base} exec-env/AWS_Lambda_python3.12 {vars(job_definitions.config(DEFAULTS.wire))['user_agent_extra']}"
    }
    assert {call.headers["User-Agent"] for call in others} == {f"{base} exec-env/AWS_Lambda_python3.12"}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_a_proxy_of_the_environment_is_used(stand_in: Service, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A proxy from the environment is used. Without one, botocore looks for none, which would need more imports."""

    def configured_proxies() -> Any:  # noqa: ANN401 - botocore's own
        return sessions._new_client("sagemaker", REGION, None)._endpoint.http_session._proxy_config._proxies

    assert configured_proxies() == {}
    monkeypatch.setenv(variable, "http://proxy.example:3128")
    assert configured_proxies()["https"] == "http://proxy.example:3128"
    assert stand_in.calls == []


def test_botocores_handlers_for_our_operations_are_all_there() -> None:
    """The handlers left out are each for one service or operation, and for none that this package calls."""
    hyphenated = {"logs": "cloudwatch-logs", **{name: name for name in ("cloudwatch", "sagemaker")}}
    ours = {
        (name, operation)
        for service, operations in settings.read(ROOT).service_models.items()
        for name in (service, hyphenated[service])
        for operation in ("*", *operations)
    }
    left_out = [event.split(".") for event, *_ in BUILTIN_HANDLERS if "." in event]
    kept = [spec for spec in BUILTIN_HANDLERS if "." not in spec[0]]
    unused_events = {
        tuple(event[1:3]) if len(event) > 2 else (event[1], "*") for event in left_out if event[0] != "docs"
    }
    assert len(left_out) > 100
    assert not unused_events & ours
    assert {len(spec) for spec in kept} == {2}  # none is registered to run first or last


def test_without_trimmed_models_there_is_all_of_botocore(
    stand_in: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A package that copied these modules without data/ can call any service (guides/any-type.md)."""
    monkeypatch.setattr(sessions._ModelLoader, "OURS", str(tmp_path / "data"))
    client = sessions._new_client("s3", REGION, None)
    assert client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
    emitter = sessions._session().get_component("event_emitter")
    assert emitter._emitter._handlers.prefix_search("before-parameter-build.s3.GetObject")
    assert stand_in.calls == []


@pytest.fixture
def imported(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that makes the clients as the imports do in a region of Lambda's."""
    assert bundle.exists()
    monkeypatch.setenv("AWS_REGION", REGION)

    def make() -> None:
        sessions.prepare("sagemaker", job_definitions.config(DEFAULTS.wire))
        for name in ("logs", "cloudwatch"):
            sessions.prepare(name, delivery._config(DEFAULTS.delivery))

    return make


def test_the_first_event_uses_the_clients_made_at_import(
    stand_in: Service, imported: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first event makes no client, and signs with its own credentials."""
    imported()
    monkeypatch.setattr(sessions, "_new_client", None)
    assert invoke(caller=ALICE)["status"] == "SUCCESS"
    sagemaker, others = split_by_service(stand_in.calls)
    assert {name for name, *_ in signers(sagemaker)} == {"ALICE"}
    assert {name for name, *_ in signers(others)} == {"OWNER"}


def test_clients_made_at_import_sign_nothing_before_the_first_event(
    stand_in: Service, imported: Callable[[], None]
) -> None:
    """A client made at import has no credentials."""
    imported()
    (made,) = sessions._idle["sagemaker", REGION, job_definitions.config(DEFAULTS.wire)]
    with pytest.raises(NoCredentialsError):
        made.list_model_quality_job_definitions()
    assert stand_in.calls == []


def test_an_event_of_another_region_than_the_functions_works(stand_in: Service, imported: Callable[[], None]) -> None:
    """An account whose event names another region than AWS_REGION gets clients of that region."""
    imported()
    assert invoke("LIST", region=OTHER_REGION)["status"] == "SUCCESS"
    assert {region for _, region, _ in signers(stand_in.calls)} == {OTHER_REGION}
    assert all(f".{OTHER_REGION}." in call.host for call in stand_in.calls)


def test_an_error_at_import_waits_for_the_event(
    stand_in: Service, imported: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that can't be made at import fails no import. The event makes it, or reports why not."""
    with monkeypatch.context() as patch:
        patch.setattr(sessions, "_session", lambda: 1 / 0)
        imported()
    assert not any(sessions._idle.values())
    assert invoke()["status"] == "SUCCESS"
    assert stand_in.calls


def test_names_of_events_are_compared_with_the_old_names_of_our_services_alone(stand_in: Service) -> None:
    """Botocore compares each name with 65 old names of services, which takes a seventh of a first event."""
    emitter = sessions._session().get_component("event_emitter")
    assert emitter._event_aliases == {
        "api.sagemaker": "sagemaker",
        "logs": "cloudwatch-logs",
        "monitoring": "cloudwatch",
        "runtime.sagemaker": "sagemaker-runtime",
    }
    assert EVENT_ALIASES.items() > emitter._event_aliases.items()
    invoke()
    names = list(emitter._alias_name_cache)
    assert [emitter._alias_event_name(name) for name in names] == [
        EventAliaser(HierarchicalEmitter())._alias_event_name(name)  # type: ignore[attr-defined]  # private
        for name in names
    ]
    assert len(names) > 5
    assert stand_in.calls


def test_pools_are_found_without_the_parser_of_urllib3(stand_in: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request's pool is found by its host and port. urllib3's parser of URLs compiles patterns for a first event."""
    monkeypatch.setattr("urllib3.poolmanager.parse_url", None)
    assert invoke()["status"] == "SUCCESS"
    assert stand_in.calls


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://api.sagemaker.eu-west-1.amazonaws.com/", "api.sagemaker.eu-west-1.amazonaws.com", 443),
        ("http://127.0.0.1:5000/path?x=1", "127.0.0.1", 5000),
        ("https://[::1]:8443/", "::1", 8443),
        ("http://LOCALHOST", "localhost", 80),
    ],
)
def test_a_pool_is_the_one_that_urllib3_finds(url: str, host: str, port: int) -> None:
    """The pool has the host and port that urllib3's own parser finds in the URL."""
    pools = [manager.connection_from_url(url) for manager in (sessions._Pools(), PoolManager())]
    assert [(pool.host, pool.port, pool.scheme) for pool in pools] == [(host, port, url.split(":", maxsplit=1)[0])] * 2


def test_the_kept_session_has_botocores_general_handlers() -> None:
    """The kept session has the handlers for all services: those for invocation ids, signers and retry headers."""
    emitter = sessions._session().get_component("event_emitter")
    for event, handler, *_ in BUILTIN_HANDLERS:
        if "." not in event:
            assert handler in emitter._emitter._handlers.prefix_search(event), event


def test_clients_in_use_are_not_reused(stand_in: Service) -> None:
    """A client that is still in use when its session closes is not lent again and can't sign."""
    session = sessions.open_session(Credentials(**ALICE), REGION)
    assert session
    client_in_use = session.client("sagemaker", config=job_definitions.config(DEFAULTS.wire))
    session.close(keep=False)
    sessions.close_all()
    with pytest.raises(NoCredentialsError):
        client_in_use.list_model_quality_job_definitions()
    assert not sessions._idle["sagemaker", REGION, job_definitions.config(DEFAULTS.wire)]
    assert stand_in.calls == []


def test_sagemakers_client_keeps_the_time_limit(stand_in: Service) -> None:
    """Its connections are those that must get the whole answer in time."""
    session = sessions.open_session(Credentials(**ALICE), REGION)
    client: Any = job_definitions.sagemaker(session, REGION, DEFAULTS.wire)
    sessions.close_all()
    pool = client._endpoint.http_session._manager.connection_from_url("https://api.sagemaker.eu-west-1.amazonaws.com")
    assert pool.ConnectionCls is deadline._HTTPSConnection
    assert stand_in.calls == []


def test_the_http_session_has_the_settings_that_botocore_gives_it(
    stand_in: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session differs from botocore's in its class and in the TLS context alone."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    config = Config(connect_timeout=3, read_timeout=7, max_pool_connections=2, tcp_keepalive=True)
    ours = vars(sessions._new_client("sagemaker", REGION, config)._endpoint.http_session)
    client: Any = sessions._session().create_client("sagemaker", REGION, config=config, verify=sessions.bundle())
    theirs = vars(client._endpoint.http_session)
    assert ours.keys() == theirs.keys()
    for name in theirs.keys() - {"_manager", "_proxy_config", "_timeout"}:
        assert ours[name] == theirs[name], name
    assert vars(ours["_proxy_config"]) == vars(theirs["_proxy_config"])
    assert (ours["_timeout"].connect_timeout, ours["_timeout"].read_timeout) == (3, 7)
    assert len(theirs["_socket_options"]) > 1
    assert stand_in.calls == []
