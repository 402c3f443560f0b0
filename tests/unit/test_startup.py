"""The modules, patterns and dataclasses that start-up puts off, and that work when they are used."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aws_sagemaker_modelqualityjobdefinition.runtime import startup

MODULE = '''
class Kind:
    """A class."""
    def __init__(self, *, word):
        self.word = word
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Write a module that has not been imported, and yield its name."""
    (tmp_path / "put_off_in_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "put_off_in_a_test"
    sys.modules.pop("put_off_in_a_test", None)


def test_a_module_put_off_is_imported_when_a_name_of_it_is_used(module: str) -> None:
    """A deferred module is imported at its first use, whether code imported the module or a name from it."""
    with startup.lazy_imports(module):
        import put_off_in_a_test as stand_in  # type: ignore[import-not-found]  # noqa: PLC0415 - deferred by the block
        from put_off_in_a_test import Kind  # noqa: PLC0415 - as above
    assert module not in sys.modules
    assert Kind(word="late").word == "late"
    assert module in sys.modules
    assert stand_in.Kind is sys.modules[module].Kind
    with pytest.raises(AttributeError):
        _ = stand_in.Nothing


def test_a_module_put_off_is_imported_when_the_imports_use_it(module: str) -> None:
    """A deferred module that is used during the imports is imported at once, and stays imported after them."""
    with startup.lazy_imports(module):
        import put_off_in_a_test as stand_in  # noqa: PLC0415 - deferred by the block
        from put_off_in_a_test import Kind  # noqa: PLC0415 - as above

        assert Kind(word="soon").word == "soon"
        assert stand_in.Kind(word="again").word == "again"
        real = sys.modules[module]
        assert real is not stand_in
    assert sys.modules[module] is real


def test_other_modules_have_the_real_one_when_the_module_has_been_imported(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a module is imported, all modules get its real class, because `except` and isinstance need one.

    Stand-ins for other things stay.
    """
    monkeypatch.setitem(sys.modules, "module_that_must_not_be_imported", None)
    user = ModuleType("user_of_what_is_put_off")
    monkeypatch.setitem(sys.modules, user.__name__, user)
    with startup.lazy_imports(module):
        exec(f"import {module} as late\nfrom {module} import Kind\nother = 1", vars(user))  # noqa: S102 - a module's text
        vars(user)["pattern"] = re.compile("a")
    assert isinstance(user.Kind, startup.Lazy)
    assert user.late.Kind is user.Kind is sys.modules[module].Kind
    assert isinstance(user.Kind(word="late"), user.Kind)
    assert isinstance(user.pattern, startup.Lazy)


def test_a_submodule_put_off_is_a_module_put_off() -> None:
    """A deferred submodule is a stand-in for a module, not for a name of its package."""
    with startup.lazy_imports("put_off_package", "put_off_package.part"):
        from put_off_package import part  # type: ignore[import-not-found]  # noqa: PLC0415 - no such package
    assert isinstance(part, startup.LazyModule)
    assert part.__name__ == "put_off_package.part"


def test_a_module_that_is_there_is_left_alone() -> None:
    """A module that is already imported gets no stand-in, because other code may have changed it."""
    with startup.lazy_imports("json"):
        assert sys.modules["json"] is json
    assert sys.modules["json"] is json


def test_stand_ins_don_t_outlive_a_failed_import(module: str) -> None:
    """After a failed import the stand-ins are removed, so that the next import gets the real module."""
    with pytest.raises(ImportError, match="library"), startup.lazy_imports(module):
        raise ImportError("the library is not there")
    assert module not in sys.modules


def test_the_import_system_sees_through_a_stand_in() -> None:
    """A stand-in has no `__path__`, which the import system asks a module for."""
    with pytest.raises(AttributeError):
        _ = startup.LazyModule("nothing").__path__


AS_PACKAGED = "sys.modules['OpenSSL'] = None\n"
"""Hides a library from botocore that the package doesn't have, and that imports much."""


def output_of(code: str, first: str = "") -> str:
    """Run code in a new process that has imported the handlers, and return what it prints.

    Args:
        code: The code.
        first: Code that runs before the handlers are imported.
    """
    source = Path(__file__).parents[2] / "src"
    prelude = f"import sys; sys.path.insert(0, {str(source)!r})\n"
    prelude += first + "before = set(sys.modules)\nfrom aws_sagemaker_modelqualityjobdefinition import handlers\n"
    # With these variables, coverage would import its modules into the new process too.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-c", prelude + code]
    completed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return completed.stdout.strip()


def test_the_handlers_import_nothing_that_is_put_off() -> None:
    """Importing the handlers and creating clients imports no deferred module, nor what such modules import."""
    names = [name for names in startup._LAZY_MODULES.values() for name in names]
    names.remove("random")  # attempts.py waits for a random time
    names += ["s3transfer", "charset_normalizer", "multiprocessing", "html.parser", "csv", "importlib.resources", "bz2"]
    output = output_of(
        "from aws_sagemaker_modelqualityjobdefinition.runtime import sessions\n"
        "for service in ('sagemaker', 'logs', 'cloudwatch'): sessions._new_client(service, 'eu-west-1', None)\n"
        f"print([name for name in {names} if name in sys.modules.keys() - before])",
        AS_PACKAGED,
    )
    assert output == "[]"


def test_the_librarys_own_sessions_are_boto3s() -> None:
    """Other code that uses the plugin library still gets boto3 sessions from it."""
    output = output_of(
        "from cloudformation_cli_python_lib import boto3_proxy, utils\n"
        "session = boto3_proxy._get_boto_session(utils.Credentials('key', 'secret', 'token'), 'eu-west-1')\n"
        "print(type(session.session).__module__, session.session.region_name)"
    )
    assert output == "boto3.session eu-west-1"


def test_clients_of_others_keep_their_documentation() -> None:
    """Clients of other code have their documentation, which the deferred modules render when it is read."""
    for statement in ("print(method.__doc__)", "help(method)"):
        output = output_of(f"import boto3; method = boto3.client('sqs', 'eu-west-1').send_message; {statement}")
        assert "Delivers a message to the specified queue" in output


def test_clients_of_others_have_waiters_and_pages() -> None:
    """Clients of other code have waiters and paginators, from modules that were deferred."""
    output = output_of(
        "import boto3; s3 = boto3.client('s3', 'eu-west-1')\n"
        "print(type(s3.get_waiter('bucket_exists')).__name__, type(s3.get_paginator('list_objects_v2')).__name__)"
    )
    assert output == "S3.Waiter.BucketExists S3.Paginator.ListObjectsV2"


def test_an_error_class_that_was_put_off_is_caught() -> None:
    """The parsers of botocore have the real error class by the time their `except`, which needs a class, uses it."""
    output = output_of(
        "from botocore import model, parsers\n"
        "answer = {'status_code': 200, 'headers': {}, 'body': b'<not XML'}\n"
        "try: parsers.create_parser('rest-xml').parse(answer, model.StructureShape('Shape', {'type': 'structure'}))\n"
        "except parsers.ResponseParserError as error: print(type(error.__context__).__name__, str(error)[:21])"
    )
    assert output == "ParseError Unable to parse respo"


def test_hosts_whose_names_are_not_ascii_are_found() -> None:
    """Host names that are not ASCII are encoded, by tables that were deferred."""
    assert output_of("print('b\\xfccher.example'.encode('idna'))") == "b'xn--bcher-kva.example'"


def test_what_is_imported_is_not_looked_through_for_garbage() -> None:
    """Garbage collection ignores what start-up imports, during the imports and later, but not newer objects."""
    assert output_of("import gc; print(gc.isenabled(), gc.get_freeze_count() > 50_000)") == "True True"


def test_patterns_that_are_not_used_are_not_compiled() -> None:
    """Patterns are not compiled before they are used. Compiling all would take a tenth of the start."""
    output = output_of(
        "import urllib3.util.url\n"
        "pattern = urllib3.util.url._TARGET_RE\n"
        "print(type(pattern).__name__, pattern.made.cache_info().currsize)\n"
        "print(pattern.match('/').group(), pattern.made.cache_info().currsize)\n"
    )
    assert output.splitlines() == ["LazyPattern 0", "/ 1"]


def test_patterns_of_addresses_are_not_compiled_for_names() -> None:
    """A host without a colon is no IPv6 address, and the four patterns for those are not compiled to know that."""
    output = output_of(
        "from botocore import compat\nfrom urllib3.util import url\n"
        "patterns = compat.IPV6_ADDRZ_RE, url._IPV6_ADDRZ_RE, url._IPV6_RE, url._BRACELESS_IPV6_ADDRZ_RE\n"
        "print([pattern.match('sagemaker.eu-west-1.amazonaws.com') for pattern in patterns])\n"
        "print([pattern.made.cache_info().currsize for pattern in patterns])\n"
        "print([bool(pattern.match(text)) for pattern in patterns for text in ('::1', '[::1]', 'a:1')])"
    )
    both = "True, False, False"
    bracketed = "False, True, False"
    assert output.splitlines() == [
        "[None, None, None, None]",
        "[0, 0, 0, 0]",
        f"[{bracketed}, {bracketed}, {both}, {both}]",
    ]


def test_the_switch_turns_everything_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """With PLAIN_STARTUP, which is for debugging, modules, patterns and dataclasses are the real ones."""
    code = (
        "import urllib3.util.url, aws_sagemaker_modelqualityjobdefinition.models as models\n"
        "from aws_sagemaker_modelqualityjobdefinition.runtime import sessions\n"
        "print(type(urllib3.util.url._IPV6_RE).__name__, models.Csv.__init__.__qualname__,"
        " 'jmespath' in sys.modules, sorted(key[0] for key in sessions._idle), 'inspect' in sys.modules)"
    )
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert output_of(code, AS_PACKAGED) == "LazyPattern _set_fields False ['cloudwatch', 'logs', 'sagemaker'] False"
    monkeypatch.setenv("PLAIN_STARTUP", "1")
    assert output_of(code, AS_PACKAGED) == "Pattern Csv.__init__ True [] True"


def test_a_pattern_put_off_is_the_pattern() -> None:
    """A deferred pattern is compiled once, with its flags, at its first use."""
    with startup.lazy_imports():
        late = re.compile("A(B)", flags=re.IGNORECASE)
        at_once = re.compile("A(B)").fullmatch
    assert isinstance(late, startup.Lazy)
    assert late.sub("c", "xabx") == "xcx"
    assert late.made() is late.made()
    assert (late.groups, late.pattern) == (1, "A(B)")
    assert at_once("AB")
    assert isinstance(re.compile("A"), re.Pattern)


def test_what_is_put_off_can_be_used_first_by_many_threads(module: str) -> None:
    """Delivery runs in a thread, so that two threads can be the first to use a pattern, a class or a module."""
    threads, problems = 8, list[BaseException]()
    start = threading.Barrier(threads)

    def use(late: Any, pattern: Any, kind: Any, point: Any) -> None:  # noqa: ANN401 - what is put off
        start.wait()
        try:
            assert late.Kind(word="one").word == "one"
            assert kind(word="two").word == "two"
            assert pattern.sub("c", "ab") == "ac"
            assert point(1) == point(1)
        except BaseException as problem:  # noqa: BLE001 - the test's thread raises it
            problems.append(problem)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for number in range(30):
            sys.modules.pop(module, None)
            with startup.lazy_imports(module):
                import put_off_in_a_test as stand_in  # noqa: PLC0415 - deferred by the block
                from put_off_in_a_test import Kind  # noqa: PLC0415 - as above

                late = re.compile(f"b(?#{number})")
                point: Any = dataclasses.dataclass(type("Point", (), {"__annotations__": {"x": int}}))
            running = [threading.Thread(target=use, args=(stand_in, late, Kind, point)) for _ in range(threads)]
            for thread in running:
                thread.start()
            for thread in running:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert problems == []


def test_a_pattern_of_addresses_matches_what_has_a_colon() -> None:
    """A pattern of IPv6 addresses is compiled for a text with a colon, and matches from where it is told to."""
    with startup.lazy_imports():
        address = re.compile(r"^(?:(?:[0-9A-Fa-f]{1,4}:){6}x|::1)")
    assert address.match("sagemaker.eu-west-1.amazonaws.com") is None
    for text, *ends in (("::1",), ("::1x", 0, 3)):
        found = address.match(text, *ends)
        assert found is not None
        assert found.group() == "::1"
    assert address.match("::2") is None
    assert address.match("::1", 0, 2) is None


def test_a_plain_dataclass_behaves_like_any_other() -> None:
    """A dataclass made during the imports has the same fields, defaults, equality and errors as any other."""
    with startup.lazy_imports():

        @dataclasses.dataclass
        class Point:
            x: int
            y: list[int] = dataclasses.field(default_factory=list)

        @dataclasses.dataclass
        class Named(Point):
            """A point."""

            name: str = "a"

            def __repr__(self) -> str:
                return "mine"

        @dataclasses.dataclass
        class Own:
            x: int = 0

            def __init__(self) -> None:
                self.x = 7

            def __eq__(self, other: object) -> bool:
                return True

            def __hash__(self) -> int:
                return 3

        @dataclasses.dataclass(frozen=True)
        class Frozen:
            x: int

    assert [field.name for field in dataclasses.fields(Named)] == ["x", "y", "name"]
    assert Point(1) == Point(x=1, y=[])
    assert Named(1) != Point(1)
    assert (repr(Named(1, name="b")), Named.__doc__) == ("mine", "A point.")
    assert Point(1).y is not Point(1).y
    assert Named.__match_args__ == ("x", "y", "name")
    assert (Own().x, Own() == 1, hash(Own())) == (7, True, 3)
    assert dataclasses.replace(Named(1), name="c").name == "c"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point(1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        Frozen(1).x = 2  # type: ignore[misc]  # the test needs it to fail
    make: Any = Point
    wrong: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((), {}),
        ((1, [], 3), {}),
        ((1,), {"x": 1}),
        ((1,), {"z": 1}),
        ((), {"y": []}),
    ]
    for values, named in wrong:
        with pytest.raises(TypeError, match="Point needs its fields, each once: x, y"):
            make(*values, **named)


def test_dataclasses_find_their_fields_without_inspect(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in for inspect tells dataclasses a class's own annotations during the imports.

    After them, inspect itself answers, which knows more.
    """
    monkeypatch.delitem(sys.modules, "inspect")

    class Base:
        x: int

    class Named(Base):
        name: str

    class Plain(Base):
        pass

    with startup.lazy_imports("inspect"):
        import inspect as stand_in  # noqa: PLC0415 - deferred by the block

        annotations = [stand_in.get_annotations(kind) for kind in (Base, Named, Plain)]
        annotations[0]["y"] = int
    assert annotations == [{"x": int, "y": int}, {"name": str}, {}]
    assert "inspect" not in sys.modules
    assert stand_in.get_annotations(Base) == {"x": int}
    assert stand_in.get_annotations is sys.modules["inspect"].get_annotations


def test_our_clients_don_t_read_the_signatures_of_their_event_handlers() -> None:
    """To read them takes long. It only serves to refuse a handler that doesn't take all arguments.

    Clients of other code still refuse one.
    """
    refused = "client.meta.events.register('before-send', lambda request: None)"
    ours = (
        "from aws_sagemaker_modelqualityjobdefinition.runtime import sessions\n"
        f"client = sessions._new_client('sagemaker', 'eu-west-1', None)\n{refused}\n"
        "print('inspect' in sys.modules.keys() - before)"
    )
    assert output_of(ours, AS_PACKAGED) == "False"
    others = (
        f"import boto3; client = boto3.client('sqs', 'eu-west-1')\ntry: {refused}\nexcept ValueError: print('refused')"
    )
    assert output_of(others) == "refused"


def test_a_plain_dataclass_shows_no_values() -> None:
    """A model that is printed by mistake shows no property, which can be a secret."""
    with startup.lazy_imports():

        @dataclasses.dataclass
        class Model:
            password: str

    assert "s3cret" not in repr(Model("s3cret"))


def test_the_models_are_plain() -> None:
    """The models have one `__init__` for all. Writing and compiling each would take a tenth of the start."""
    output = output_of(
        "from aws_sagemaker_modelqualityjobdefinition import models\n"
        "print({vars(kind)['__init__'].__qualname__ for kind in vars(models).values() if hasattr(kind, '_serialize')"
        " and kind.__module__ == models.__name__})"
    )
    assert output == "{'_set_fields'}"


def test_versions_of_libraries_are_known() -> None:
    """importlib.metadata returns versions, also in a module that imported its stand-in."""
    output = output_of(
        "import importlib.metadata\n"
        "from urllib3 import http2\n"
        "print(importlib.metadata.version('boto3') == http2.version('boto3') != '')"
    )
    assert output == "True"


class _Payload(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"resourceProperties": {"Name": "from afar"}}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


def test_a_hooks_payload_is_fetched_with_requests() -> None:
    """The plugin library can fetch a hook's payload, its only use of requests, after the handlers are imported."""
    with HTTPServer(("127.0.0.1", 0), _Payload) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        output = output_of(
            "from cloudformation_cli_python_lib.utils import HookRequestData\n"
            f"data = HookRequestData.deserialize({{'payload': 'http://127.0.0.1:{server.server_port}/'}})\n"
            "print(data.targetModel['resourceProperties']['Name'], 'requests' in sys.modules)"
        )
        thread.join()
    assert output == "from afar True"
