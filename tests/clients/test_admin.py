"""The admin client against servers that misbehave; the calls that work are tested against the practice router."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from itertools import count

import httpx
import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st
from loopback import Handler as Connection
from loopback import serving

from cbops.clients.admin import AdminClient
from cbops.clients.admin_call import path_part
from cbops.clients.admin_http import MAX_ANSWER_BYTES
from cbops.errors import (
    AdminAnswerError,
    AdminError,
    AdminMissingError,
    AdminRefusedError,
    AdminUnreachableError,
    CbopsError,
    ConfigError,
    InputError,
    PolicyError,
)
from cbops.model.config import AuthConfig, RouterConfig

TOKEN = "s3cret-Token"
CONFIG = RouterConfig(admin_url="http://router.example:8080")
ATTEMPTS = CONFIG.retries.attempts
Handler = Callable[[httpx.Request], httpx.Response]

CALLS: dict[str, Callable[[AdminClient], object]] = {
    "policies": lambda admin: admin.policies(),
    "history": lambda admin: admin.history("t", "p"),
    "latest": lambda admin: admin.latest("t", "p"),
    "validate": lambda admin: admin.validate({}),
    "put": lambda admin: admin.put("t", "p", {}, version="1.1", comment="c"),
    "reload": lambda admin: admin.reload("t", "p"),
    "disable_all": lambda admin: admin.disable_all(),
}
READS = ("policies", "history", "latest", "validate")  # these change nothing


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    """Attempts follow each other at once."""
    with stamina.set_testing(True, attempts=ATTEMPTS, cap=True):
        yield


def client(
    handler: Handler, token: str | None = TOKEN, config: RouterConfig = CONFIG, **more: object
) -> AdminClient:
    return AdminClient(config, token, transport=httpx.MockTransport(handler), **more)


def answering(status: int = 200, body: object = None, **more: object) -> Handler:
    if body is not None:
        more["json"] = body
    return lambda _request: httpx.Response(status, **more)


def failure(name: str, handler: Handler, **more: object) -> CbopsError:
    """The error of that call, which has a hint and does not tell the key to anyone."""
    with client(handler, **more) as admin, pytest.raises(CbopsError) as raised:
        CALLS[name](admin)
    error = raised.value
    assert error.hint
    assert "\n" not in error.message
    assert TOKEN not in error.message + error.hint + "".join(traceback.format_exception(error))
    return error


def concrete(base: type[Exception]) -> Iterator[type[Exception]]:
    for each in base.__subclasses__():
        yield from concrete(each)
    yield base


HTTP_ERRORS = sorted(set(concrete(httpx.HTTPError)) - {httpx.HTTPStatusError}, key=lambda each: each.__name__)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", [*HTTP_ERRORS, httpx.InvalidURL])
def test_every_error_of_the_http_library_becomes_an_admin_error(name: str, kind: type[Exception]) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise kind("reason\nin two lines")

    error = failure(name, fail)
    assert isinstance(error, AdminError)
    if kind is not httpx.DecodingError or name == "put":
        assert isinstance(error, AdminUnreachableError)


PASSING = [
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
    httpx.ConnectError,
    httpx.ReadTimeout,
]


@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("name", CALLS)
def test_only_a_read_is_sent_again_when_no_answer_came(name: str, kind: type[Exception]) -> None:
    calls: list[str] = []
    reads = name in READS

    def cut(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        raise kind("cut")

    error = failure(name, cut)
    assert len(calls) == (ATTEMPTS if reads else 1)
    assert calls[0] != "GET" or reads
    assert (f"(after {ATTEMPTS} attempts)" in error.message) == reads


@pytest.mark.parametrize("status", [429, 502, 503, 504, 500, 400])
@pytest.mark.parametrize("name", CALLS)
def test_only_a_read_is_sent_again_when_the_answer_says_later(name: str, status: int) -> None:
    calls: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        return httpx.Response(status)

    failure(name, busy)
    assert len(calls) == (ATTEMPTS if name in READS and status in (429, 502, 503, 504) else 1)


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_that_the_router_asks_for_is_made(status: int) -> None:
    answers = [
        httpx.Response(status, headers={"retry-after": "1"}),
        httpx.Response(200, json={"versions": []}),
    ]
    begun = time.monotonic()
    with stamina.set_testing(False), client(lambda _request: answers.pop(0)) as admin:
        assert admin.history("t", "p") == ()
    assert time.monotonic() - begun > 0.95


@pytest.mark.parametrize("name", CALLS)
def test_a_pause_beyond_the_budget_is_told_and_not_made(name: str) -> None:
    calls: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        return httpx.Response(429, headers={"retry-after": "3600"})

    error = failure(name, busy)
    assert "asks to wait 3600 s" in error.message
    assert len(calls) == 1


@pytest.mark.parametrize(
    "cause", [ssl.SSLCertVerificationError("not trusted"), socket.gaierror(socket.EAI_NONAME, "no such name")]
)
def test_a_wrong_certificate_or_name_is_not_tried_again(cause: OSError) -> None:
    calls: list[str] = []

    def fail(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        raise httpx.ConnectError("no connection") from cause

    failure("history", fail)
    assert len(calls) == 1


def test_a_read_that_works_the_second_time_is_an_answer() -> None:
    answers = iter([httpx.ReadError("cut"), httpx.Response(200, json={"versions": []})])

    def once_cut(_request: httpx.Request) -> httpx.Response:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with client(once_cut) as admin:
        assert admin.history("t", "p") == ()


def test_a_timeout_says_how_long_it_waited_and_where() -> None:
    def slow(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    assert "no answer from http://router.example:8080 within 10 s" in failure("put", slow).message


STATUSES = {
    400: AdminAnswerError,
    401: AdminRefusedError,
    403: AdminRefusedError,
    404: AdminMissingError,
    405: AdminAnswerError,
    409: AdminAnswerError,
    413: AdminAnswerError,
    422: AdminAnswerError,
    429: AdminAnswerError,
    500: AdminAnswerError,
    502: AdminUnreachableError,
    503: AdminUnreachableError,
    504: AdminUnreachableError,
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_becomes_its_error_with_what_the_router_said(name: str, status: int) -> None:
    error = failure(
        name, answering(status, {"error": {"code": "c", "message": f"because of {TOKEN}\n\x1b[31mred"}})
    )
    # After a write, a broken server leaves open what happened.
    expected = AdminUnreachableError if (name, status) == ("put", 500) else STATUSES[status]
    assert type(error) is expected
    if (name, status) != ("disable_all", 404):
        assert f"{status} (because of [key] [31mred)" in error.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": "plain"}', "(plain)"),
        (b'{"message": "m"}', "(m)"),
        (b'{"detail": [1]}', "([1])"),
        (b'{"error": {"code": 1}}', '({"code": 1})'),
        (b"<html>\noops</html>", "(<html> oops</html>)"),
        (b"<html><head><title>502\nBad Gateway</title></head></html>", "(a web page: 502 Bad Gateway)"),
        (b"\xff\xfe", "��"),
        (b"[" * 100_000, "([[["),
        (b"", "400"),
        (b"x" * 5000, "…)"),
    ],
)
def test_whatever_an_error_answer_holds_is_shown_in_short(body: bytes, said: str) -> None:
    error = failure("latest", answering(400, content=body))
    assert said in error.message
    assert len(error.message) < 500


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(name: str, status: int) -> None:
    asked: list[str] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(status, headers={"location": "https://elsewhere.example/?key=1"})

    error = failure(name, redirect)
    assert isinstance(error, AdminAnswerError)
    assert "redirects to https://elsewhere.example/; cbops follows no redirect" in error.message
    assert set(asked) == {"router.example"}


BROKEN_BODIES = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"{",
    b"\xff",
    b"NaN",
    b'{"a": NaN}',
    b"[" * 100_000,
    b"1e999",
    b"{}",
]


@pytest.mark.parametrize("name", ["policies", "history", "latest", "validate", "put"])
@pytest.mark.parametrize("body", BROKEN_BODIES, ids=range(len(BROKEN_BODIES)))
def test_an_answer_that_makes_no_sense_is_said_so(name: str, body: bytes) -> None:
    error = failure(name, answering(content=body))
    assert type(error) is (AdminUnreachableError if name == "put" else AdminAnswerError)
    assert name != "put" or "whether it was written is not known" in error.message


@pytest.mark.parametrize(
    ("name", "body", "where"),
    [
        (
            "policies",
            {"policies": [{"tenant_id": 1, "policy_id": "p", "version": "1.0"}]},
            "policies.0.tenant_id",
        ),
        ("policies", {"policies": {}}, "policies"),
        (
            "history",
            {"versions": [{"version": "1.0", "policy_json": [], "is_active": True}]},
            "versions.0.policy_json",
        ),
        ("history", {"versions": [{"version": "1.0", "policy_json": {}}]}, "versions.0.is_active"),
        (
            "history",
            {"versions": [{"version": "1.0", "policy_json": {}, "is_active": "yes"}]},
            "versions.0.is_active",
        ),
        ("latest", {"info": {}, "policy_json": {}}, "info.version"),
        ("latest", {"info": {"version": 1.0}, "policy_json": {}}, "info.version"),
        ("latest", {"info": {"version": "1.0"}}, "policy_json"),
        ("validate", {"errors": []}, "valid"),
        ("put", {"new_version": "1.1"}, "success"),
    ],
)
def test_an_answer_of_another_shape_names_what_is_wrong(name: str, body: object, where: str) -> None:
    assert f"({where}: " in failure(name, answering(body=body)).message


def test_an_answer_about_another_policy_is_not_taken() -> None:
    body = {"info": {"tenant_id": "t", "policy_id": "other", "version": "1.0"}, "policy_json": {}}
    assert "is about another policy" in failure("latest", answering(body=body)).message


@pytest.mark.parametrize(
    ("told", "time"),
    [
        ("2025-01-27T10:00:00Z", "2025-01-27T10:00:00Z"),
        (1737972000, "2025-01-27T10:00:00+00:00"),
        (1737972000.5, "2025-01-27T10:00:00.500000+00:00"),
        (1737972000500, "2025-01-27T10:00:00.500000+00:00"),
        (1737972000500000, "2025-01-27T10:00:00.500000+00:00"),
        (10**400, None),
        (True, None),
        ({"year": 2025}, None),
        (None, None),
    ],
)
def test_a_router_may_tell_its_times_as_it_likes(told: object, time: str | None) -> None:
    line = {
        "version": "1.0",
        "policy_json": {},
        "is_active": True,
        "created_at": told,
        "created_by": {"id": 1},
    }
    with client(answering(body={"versions": [line]})) as admin:
        version = admin.history("t", "p")[0]
    assert (version.created_at, version.created_by) == (time, None)
    with client(answering(201, body={"success": True, "new_version": "1.1", "updated_at": told})) as admin:
        assert admin.put("t", "p", {}, version="1.1", comment="c").updated_at == time


@pytest.mark.parametrize("name", ["put", "reload", "disable_all"])
def test_a_success_that_is_none_is_an_error(name: str) -> None:
    error = failure(name, answering(body={"success": False}))
    assert type(error) is AdminAnswerError
    assert "the router answered that it did not" in error.message


@pytest.mark.parametrize("name", ["reload", "disable_all"])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"success": true}'])
def test_what_else_an_action_answers_does_not_matter(name: str, body: bytes) -> None:
    with client(answering(204 if not body else 200, content=body)) as admin:
        CALLS[name](admin)


def test_a_router_without_the_global_switch_is_told_apart() -> None:
    error = failure("disable_all", answering(404))
    assert "has no global switch at /admin/circuit-breaker/disable" in error.message


def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    sent = 0

    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            nonlocal sent
            while True:
                sent += 65_536
                yield b" " * 65_536

    error = failure("latest", answering(stream=Endless()))
    assert "larger than 8 MiB" in error.message
    assert sent < MAX_ANSWER_BYTES + 1_000_000


def test_an_answer_that_trickles_is_given_up() -> None:
    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x" * 65_536

    ticks = count()
    error = failure("latest", answering(stream=Trickle()), monotonic=lambda: float(next(ticks)))
    assert isinstance(error, AdminUnreachableError)
    assert "within 10 s" in error.message


def test_what_is_written_is_exactly_what_was_given() -> None:
    seen: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"success": True, "new_version": "1.1", "previous_version": None})

    document = {"version": "1.0", "x": ["ü", 0.1, 10**30, None, True, "\ud800"]}
    with client(take) as admin:
        answer = admin.put("t", "p", document, version="1.1", comment="why")
    assert (answer.new_version, answer.previous_version) == ("1.1", None)
    assert (seen[0].method, seen[0].url.path) == ("PUT", "/api/v1/admin/policies/t/p")
    assert json.loads(seen[0].content) == {
        "policy_json": document,
        "version": "1.1",
        "validate": True,
        "dry_run": False,
        "comment": "why",
    }
    assert seen[0].headers["x-api-key"] == TOKEN


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_a_document_that_is_not_json_is_not_sent(value: object) -> None:
    with client(answering()) as admin, pytest.raises(PolicyError, match="can't be written as JSON"):
        admin.put("t", "p", {"x": value}, version="1.1", comment="")


def test_complaints_are_told_with_their_place() -> None:
    errors = [{"field": "a", "message": "m", "path": "x.a"}, {"field": "b", "message": "n"}, {"message": "o"}]
    with client(answering(body={"valid": False, "errors": errors})) as admin:
        assert admin.validate({}) == ("x.a: m", "b: n", "o")
    with client(answering(body={"valid": False})) as admin:
        assert admin.validate({}) == ("the router calls it invalid and does not say why",)


def page_of(names: list[str], **more: object) -> dict[str, object]:
    return {"policies": [{"tenant_id": "t", "policy_id": name, "version": "1.0"} for name in names], **more}


def test_pages_are_asked_for_until_the_total_is_there() -> None:
    names = [f"p{number}" for number in range(7)]
    offsets: list[int] = []

    def pages(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        offsets.append(offset)
        return httpx.Response(200, json=page_of(names[offset : offset + 3], total=7))

    with client(pages) as admin:
        assert [info.policy for info in admin.policies()] == names
    assert offsets == [0, 3, 6]


def test_without_a_total_pages_are_asked_for_until_one_is_empty() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        return httpx.Response(200, json=page_of(["a", "b"][offset : offset + 1]))

    with client(pages) as admin:
        assert [info.policy for info in admin.policies()] == ["a", "b"]


def test_a_router_that_gives_the_same_page_for_ever_is_an_error() -> None:
    assert (
        "the same page came twice"
        in failure("policies", answering(body=page_of(["a", "b"], total=9))).message
    )


def test_a_list_that_ends_before_its_total_is_an_error() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, json=page_of(["a"] if request.url.params["offset"] == "0" else [], total=3)
        )

    assert "1 of 3 policies" in failure("policies", pages).message


def test_a_list_without_an_end_is_given_up() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        return httpx.Response(200, json=page_of([f"p{offset + each}" for each in range(20_000)]))

    assert "more than 100000 policies" in failure("policies", pages).message


def test_a_router_that_ignores_the_tenant_does_not_mix_tenants() -> None:
    body = page_of(["mine"], total=2)
    body["policies"].append({"tenant_id": "other", "policy_id": "theirs", "version": "1.0"})
    with client(answering(body=body)) as admin:
        assert [info.policy for info in admin.policies("t")] == ["mine"]


@pytest.mark.parametrize(
    "refusal", [httpx.Response(404), httpx.Response(307, headers={"location": "/policies"})]
)
def test_a_router_that_has_the_list_without_a_slash_is_asked_there(refusal: httpx.Response) -> None:
    def strict(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/"):
            return refusal
        return httpx.Response(200, json=page_of(["a"], total=1))

    with client(strict) as admin:
        assert len(admin.policies()) == 1


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "\x00", "a\x85b", "\x7f", "\udcff"])
def test_an_id_that_no_path_can_carry_is_never_sent(name: str) -> None:
    sent: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    with client(take) as admin:
        for act in (
            lambda: admin.policies(name),
            lambda: admin.history(name, "p"),
            lambda: admin.latest("t", name),
            lambda: admin.put(name, "p", {}, version="1.0", comment=""),
            lambda: admin.reload("t", name),
        ):
            with pytest.raises(InputError, match="can't be the id of a"):
                act()
    assert sent == []


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
def test_an_id_is_always_one_part_of_the_path(name: str) -> None:
    if name in (".", ".."):
        return
    paths: list[bytes] = []

    def take(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(200, json={"versions": []})

    with client(take) as admin:
        admin.history(name, name)
        admin.reload(name, name)
    part = path_part("tenant", name).encode()
    assert b"/" not in part
    assert paths == [
        b"/api/v1/admin/policies/%b/%b/history?limit=1000" % (part, part),
        b"/admin/policies/%b/%b/reload" % (part, part),
    ]


def test_paths_come_from_the_configuration() -> None:
    paths: list[str] = []

    def take(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(200, json={"versions": []})

    config = RouterConfig(
        admin_url="https://gateway.example/router/",
        base_path="admin/v2/",
        reload_path="again/{policy}/of/{tenant}",
        disable_path="off",
    )
    with client(take, config=config) as admin:
        admin.history("{policy}", "p")
        admin.reload("{policy}", "p")
        admin.disable_all()
    assert paths == ["/router/admin/v2/{policy}/p/history", "/router/again/p/of/{policy}", "/router/off"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "router",
        "router:8080",
        "ftp://router",
        "http://",
        "http://user:pw@router",
        "http://r/?a=b",
        "http://r:x",
        "http://r#f",
    ],
)
def test_an_address_that_is_none_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError, match=r"router\.admin_url") as raised:
        AdminClient(RouterConfig(admin_url=url), TOKEN)
    assert "pw" not in raised.value.message


@pytest.mark.parametrize("token", ["", " ", "k3y\nk3y", "k3y\n", " k3y", "k3ÿ", "k3y\x00"])
def test_a_key_that_no_header_can_carry_is_an_error_that_does_not_show_it(token: str) -> None:
    with pytest.raises(ConfigError, match="the key in CBOPS_ADMIN_TOKEN can't be sent") as raised:
        AdminClient(CONFIG, token)
    assert "k3" not in raised.value.message + raised.value.hint


def test_a_header_name_that_is_none_is_a_configuration_error() -> None:
    for name in ("", "x api", "x:y", "ü", "a\n"):
        with pytest.raises(ConfigError, match=r"router\.auth\.header"):
            AdminClient(RouterConfig(admin_url="http://r", auth=AuthConfig(header=name)), TOKEN)


def test_without_a_key_none_is_sent_and_a_refusal_says_so() -> None:
    seen: list[httpx.Headers] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(401)

    assert "No key was sent" in failure("latest", refuse, token=None).hint
    assert "x-api-key" not in seen[0]
    assert "was sent and not taken" in failure("latest", refuse).hint


def test_the_environment_s_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server = Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n" + b'{"versions": []}')
    with server as url, AdminClient(RouterConfig(admin_url=url), TOKEN) as admin:
        assert admin.history("t", "p") == ()


class Bytes:
    """Answers every connection with these bytes, then closes it."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.connections = 0

    def __enter__(self) -> str:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if not connection.recv(65_536):
                    return
                self.connections += 1
                connection.sendall(self._answer)

    def __exit__(self, *_: object) -> None:
        # An empty connection ends the loop.
        socket.create_connection(self._listener.getsockname()).close()
        self._thread.join()
        self._listener.close()


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", b"SSH-2.0-OpenSSH\r\n"],
    ids=["nothing", "half an answer", "another protocol"],
)
@pytest.mark.parametrize(("name", "tries"), [("history", ATTEMPTS), ("put", 1)])
def test_a_connection_that_is_cut_for_real_is_unreachable(answer: bytes, name: str, tries: int) -> None:
    server = Bytes(answer)
    with (
        server as url,
        AdminClient(RouterConfig(admin_url=url), TOKEN) as admin,
        pytest.raises(AdminUnreachableError, match="cut the connection"),
    ):
        CALLS[name](admin)
    assert server.connections == tries


def test_a_port_at_which_nothing_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        AdminClient(RouterConfig(admin_url=f"http://127.0.0.1:{port}"), TOKEN) as admin,
        pytest.raises(AdminUnreachableError, match=f"nothing answers at http://127.0.0.1:{port}"),
    ):
        admin.policies()


def test_a_server_that_is_silent_is_unreachable_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        admin = AdminClient(RouterConfig(admin_url=url, timeout_seconds=0.2), TOKEN)
        with admin, pytest.raises(AdminUnreachableError, match=r"within 0\.2 s"):
            admin.put("t", "p", {}, version="1.1", comment="")


def test_the_reason_of_a_failed_connection_is_told_without_the_key() -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"name {TOKEN}\nunknown")

    with client(fail) as admin, pytest.raises(AdminUnreachableError) as raised:
        admin.policies()
    assert "(name [key] unknown)" in raised.value.message


def test_an_answer_that_drips_in_is_given_up_when_its_time_is_over() -> None:
    sent, whole, given_up = 0, 200, threading.Event()

    def drip(handler: Connection) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("content-length", str(whole))
        handler.end_headers()
        while sent < whole and not given_up.wait(0.05):
            handler.wfile.write(b" ")
            sent += 1

    with serving(drip) as server:
        admin = AdminClient(RouterConfig(admin_url=server.url, timeout_seconds=0.2), TOKEN)
        with admin, pytest.raises(AdminUnreachableError, match=r"within 0\.2 s"):
            admin.put("t", "p", {}, version="1.1", comment="")
        given_up.set()
    assert sent < whole / 2
