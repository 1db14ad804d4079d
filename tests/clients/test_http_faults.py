"""What a metrics source gets to see of servers that fail in each way, over real connections."""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import ssl
import struct
import time
from datetime import UTC, datetime

import httpx
import pytest
import stamina
from loopback import Handler, serving

from cbops.clients.http.faults import METRICS, fault_of
from cbops.clients.prometheus import PrometheusSource
from cbops.errors import (
    ConfigError,
    MetricsAnswerError,
    MetricsError,
    MetricsQueryError,
    MetricsRefusedError,
    MetricsUnreachableError,
)
from cbops.model.config import MetricsConfig, RetriesConfig
from cbops.model.series import SeriesQuery

START, END = datetime(2025, 1, 29, tzinfo=UTC), datetime(2025, 1, 29, 1, tzinfo=UTC)
QUERY = SeriesQuery("a test", ("m_total",))
SECRET = "planted-2f61c0"
HEADERS = {"Authorization": f"Bearer {SECRET}", "X-Scope-OrgID": "team-rollout"}
EMPTY = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}}).encode()


@pytest.fixture(autouse=True)
def _no_pauses():
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def fetch(url: str, headers: dict[str, str] = HEADERS, **config: object):
    with PrometheusSource(MetricsConfig(url=url, **config), headers) as source:
        return source.fetch(QUERY, START, END)


def failure(url: str, kind: type[MetricsError], **config: object) -> MetricsError:
    """The error of that kind; nothing secret is in it, nor in what --verbose and a traceback show of it."""
    with pytest.raises(kind) as raised:
        fetch(url, **config)
    told, error = [raised.value.message, raised.value.hint], raised.value.__cause__
    while error is not None:
        told.append(f"{error!r} {error}")
        error = error.__cause__
    assert SECRET not in " ".join(told)
    assert type(raised.value) is kind
    assert raised.value.hint
    return raised.value


def page(status: int, body: bytes, kind: str = "text/html", **headers: str):
    return lambda handler: handler.answer(status, body, kind, **headers)


def test_headers_arrive_and_redirects_aside_the_base_path_is_kept():
    with serving(page(200, EMPTY, "application/json")) as server:
        for base in ("/prometheus", "/prometheus/", ""):
            assert fetch(server.url + base).series == ()

    assert [path for _, path, _, _ in server.requests] == [
        "/prometheus/api/v1/query",
        "/prometheus/api/v1/query",
        "/api/v1/query",
    ]
    sent = {name.lower(): value for name, value in server.requests[0][2].items()}
    assert sent["authorization"] == f"Bearer {SECRET}"
    assert sent["x-scope-orgid"] == "team-rollout"


@pytest.mark.parametrize(
    ("url", "packed"),
    [
        ("http://127.0.0.1:9090", "identity"),
        ("http://127.8.9.1/prometheus/", "identity"),
        ("http://[::1]:9090", "identity"),
        ("http://LOCALHOST:9090", "identity"),
        ("http://prom.example", "gzip"),
        ("http://10.0.0.1:9090", "gzip"),
        ("http://localhost.example", "gzip"),
        ("http://[::ffff:10.0.0.1]", "gzip"),
    ],
)
def test_answers_are_packed_unless_they_stay_on_this_machine(url, packed):
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=EMPTY)

    transport = httpx.MockTransport(reply)
    with PrometheusSource(MetricsConfig(url=url), {}, transport=transport) as source:
        source.fetch(QUERY, START, END)
    assert asked[0].headers["accept-encoding"] == packed


def test_a_compressed_answer_is_read():
    with serving(page(200, gzip.compress(EMPTY), "application/json", content_encoding="gzip")) as server:
        assert fetch(server.url).series == ()


def test_a_server_that_is_down_for_a_moment_is_asked_again():
    def reply(handler: Handler) -> None:
        if len(server.requests) < 3:
            handler.answer(502, b"<html><title>Bad Gateway</title></html>", "text/html")
        else:
            handler.answer(200, EMPTY)

    with serving(reply) as server:
        assert fetch(server.url).series == ()
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_stays_down_is_unreachable_after_so_many_attempts(status):
    with serving(
        page(status, b"<html><head><title>No  upstream &amp; no luck</title></head></html>")
    ) as server:
        error = failure(server.url, MetricsUnreachableError)

    assert f"HTTP {status}): No upstream & no luck (after 3 attempts)" in error.message
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, MetricsQueryError),
        (401, MetricsRefusedError),
        (403, MetricsRefusedError),
        (422, MetricsQueryError),
        (404, MetricsAnswerError),
        (500, MetricsAnswerError),
    ],
)
def test_what_another_attempt_would_not_change_is_asked_once(status, kind):
    body = json.dumps({"status": "error", "error": f"it says {SECRET}, and why"}).encode()
    with serving(page(status, body, "application/json")) as server:
        error = failure(server.url, kind)

    assert f"HTTP {status}" in error.message
    assert "it says [Authorization], and why" in error.message
    assert len(server.requests) == 1


def test_a_refusal_quotes_the_server():
    with serving(page(401, b"no org id\n", "text/plain")) as server:
        error = failure(server.url, MetricsRefusedError)
    assert error.message.endswith("refused the request (HTTP 401): no org id")
    assert "metrics.basic_auth" in error.hint


def test_retry_after_is_waited_for():
    def reply(handler: Handler) -> None:
        if len(server.requests) == 1:
            handler.answer(429, b"slow down", "text/plain", retry_after="1")
        else:
            handler.answer(200, EMPTY)

    with serving(reply) as server, stamina.set_testing(False):
        begun = time.monotonic()
        fetch(server.url)
        assert time.monotonic() - begun >= 1
    assert len(server.requests) == 2


def test_a_retry_after_beyond_the_budget_is_told_and_not_waited_for():
    with serving(page(429, b"", "text/plain", retry_after="120")) as server, stamina.set_testing(False):
        error = failure(server.url, MetricsUnreachableError)

    assert "(HTTP 429, and asks to wait 120 s) (after 1 attempt)" in error.message


def test_without_test_mode_it_pauses_between_attempts():
    with serving(page(503, b"", "text/plain")) as server, stamina.set_testing(False):
        begun = time.monotonic()
        failure(server.url, MetricsUnreachableError)
        assert 0.6 <= time.monotonic() - begun < 5


def test_a_parse_failure_is_not_asked_again():
    with serving(page(200, b'{"status": ', "application/json")) as server:
        failure(server.url, MetricsAnswerError)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b'{"status": "success", "data": NaN}', "NaN, which is not JSON"),
        (b'{"status": "success", "data": -Infinity}', "-Infinity, which is not JSON"),
        (b'{"status": "success", "data": ' + b"9" * 5000 + b"}", "and"),
        (b'{"status": "success"', "no JSON from character"),
        (b"", "no JSON"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"null", "no JSON object"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_json_that_is_none_is_told(body, why):
    with serving(page(200, body, "application/json")) as server:
        assert why in failure(server.url, MetricsAnswerError).message


def test_an_empty_answer_is_told_without_empty_brackets():
    with serving(page(404, b"", "text/plain")) as server:
        assert failure(server.url, MetricsAnswerError).message.endswith("HTTP 404, and no JSON")


def test_a_login_page_is_called_a_web_page():
    body = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
    for kind in ("text/html; charset=utf-8", "application/json"):
        with serving(page(200, body, kind)) as server:
            error = failure(server.url, MetricsAnswerError)
        assert "HTTP 200, and a web page (Sign in)" in error.message
        assert "login page or a proxy" in error.message
    with serving(page(404, b"<html>", "text/html")) as server:
        assert "HTTP 404, and a web page where" in failure(server.url, MetricsAnswerError).message


def test_a_redirect_says_where_to_without_what_may_be_secret():
    to = f"https://user:{SECRET}@login.example/start?token={SECRET}#x"
    with serving(page(302, b"", "text/html", location=to)) as server:
        error = failure(server.url, MetricsAnswerError)

    assert "a redirect to https://login.example/start;" in error.message
    assert "metrics.url" in error.hint
    assert len(server.requests) == 1


def test_a_redirect_to_nowhere_is_told():
    with serving(page(308, b"", "text/html", location="http://[")) as server:
        assert "a redirect to" in failure(server.url, MetricsAnswerError).message


MIB = 1 << 20


def test_a_giant_answer_is_cut_off_before_it_comes():
    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(64 * MIB))
        handler.end_headers()
        for _ in range(64):
            handler.wfile.write(b" " * MIB)
            sent.append(1)

    sent: list[int] = []
    with serving(reply) as server:
        error = failure(server.url, MetricsAnswerError, max_answer_mib=1)
    assert "larger than 1 MiB" in error.message
    assert "metrics.max_answer_mib" in error.hint
    assert len(sent) < 64


def test_a_gzip_bomb_is_cut_off_by_what_it_grows_to():
    bomb = gzip.compress(b" " * (64 * MIB))
    assert len(bomb) < MIB // 8
    with serving(page(200, bomb, "application/json", content_encoding="gzip")) as server:
        assert "larger than 4 MiB" in failure(server.url, MetricsAnswerError, max_answer_mib=4).message


def test_an_error_page_of_any_size_is_read_only_in_part():
    with serving(page(500, b"why " + b"x" * (2 * MIB), "text/plain")) as server:
        assert "HTTP 500" in failure(server.url, MetricsAnswerError).message


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate"])
def test_a_compression_that_was_not_asked_for_is_refused(encoding):
    with serving(page(200, EMPTY, "application/json", content_encoding=encoding)) as server:
        error = failure(server.url, MetricsAnswerError)
    assert f"compressed as '{encoding}'" in error.message


def test_gzip_that_is_none_is_an_answer_that_makes_no_sense():
    with serving(page(200, b"not gzip at all", "application/json", content_encoding="gzip")) as server:
        assert "can't be decompressed" in failure(server.url, MetricsAnswerError).message


def test_a_connection_that_is_cut_is_made_again():
    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "100000")
        handler.end_headers()
        handler.wfile.write(b"{")
        handler.close_connection = True

    with serving(reply) as server:
        error = failure(server.url, MetricsUnreachableError)
    assert error.message.endswith("cannot be reached: the connection was cut (after 3 attempts)")
    assert len(server.requests) == 3


def test_a_refusal_counts_though_the_connection_is_reset_behind_it():
    def reply(handler: Handler) -> None:
        handler.send_response(400)
        handler.end_headers()
        handler.wfile.write(b"Client sent an HTTP request to an HTTPS server.\n")
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(handler.connection.detach())  # at once, and not in good order: a reset

    with serving(reply) as server:
        error = failure(server.url, MetricsAnswerError)
        assert "HTTPS server" in str(error)
        assert len(server.requests) == 1


def test_a_slow_answer_ends_with_the_time_out():
    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "1000000")
        handler.end_headers()
        for _ in range(200):  # never silent for long: it is the whole answer that counts
            handler.wfile.write(b" ")
            time.sleep(0.02)

    retries = RetriesConfig(attempts=2)
    with serving(reply) as server:
        begun = time.monotonic()
        error = failure(server.url, MetricsUnreachableError, timeout_seconds=0.3, retries=retries)
        assert time.monotonic() - begun < 3
    assert "did not answer within 0.3 s (after 2 attempts)" in error.message
    assert "metrics.timeout_seconds" in error.hint


def test_nobody_listening_is_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        error = failure(url, MetricsUnreachableError)
    assert (
        error.message
        == f"The metrics source {url} cannot be reached: nothing listens there (after 3 attempts)"
    )


def test_a_name_that_is_not_known_is_told():
    error = failure("http://prometheus.invalid", MetricsUnreachableError)
    assert "its name is not known" in error.message


def test_an_address_that_is_no_server_of_data_is_told():
    error = failure("ftp://prom.example", MetricsUnreachableError)
    assert error.message == "The metrics source ftp://prom.example cannot be reached: the address is none"


def test_a_plain_server_that_is_asked_for_tls_is_told():
    with serving(page(200, EMPTY)) as server:
        error = failure(server.url.replace("http:", "https:"), MetricsUnreachableError)
    assert "does not speak TLS there" in error.message
    assert "metrics.url" in error.hint


def test_what_is_inside_of_basic_authentication_is_not_told_either():
    header = "Basic " + base64.b64encode(f"reader:{SECRET}".encode()).decode()

    def reply(handler: Handler) -> None:
        handler.answer(403, f"{SECRET} is wrong, {handler.headers['Authorization']}".encode(), "text/plain")

    with serving(reply) as server, pytest.raises(MetricsRefusedError) as raised:
        fetch(server.url, {"Authorization": header})
    assert SECRET not in raised.value.message
    assert header not in raised.value.message
    assert raised.value.message.endswith("[Authorization] is wrong, [Authorization]")


@pytest.mark.parametrize("start", [0, 150, 190, 199, 290, 299])
def test_a_secret_is_not_told_in_half_where_a_message_is_cut(start):
    body = "." * start + SECRET * 5
    for status, kind in (
        (500, MetricsAnswerError),
        (403, MetricsRefusedError),
        (503, MetricsUnreachableError),
    ):
        with serving(page(status, body.encode(), "text/plain")) as server:
            error = failure(server.url, kind, retries=RetriesConfig(attempts=1))
        assert SECRET[:4] not in error.message


def test_a_warning_of_the_server_is_kept_without_what_was_sent():
    body = json.loads(EMPTY) | {"warnings": [f"{SECRET} asked for a lot"]}
    with serving(page(200, json.dumps(body).encode(), "application/json")) as server:
        assert fetch(server.url).record.warnings == ("[Authorization] asked for a lot",)


@pytest.mark.parametrize("password", ["abc", "x", "pw"])
def test_words_that_hold_a_short_secret_are_not_shown_at_all(password):
    header = "Basic " + base64.b64encode(f"me:{password}".encode()).decode()

    def reply(handler: Handler) -> None:
        handler.answer(403, f"wrong: ({password})".encode(), "text/plain")

    with serving(reply) as server, pytest.raises(MetricsRefusedError) as raised:
        fetch(server.url, {"Authorization": header})
    assert f"({password})" not in raised.value.message
    assert raised.value.message.endswith(": [words left out: a secret that was sent may be among them]")


def test_a_short_word_of_cbops_yaml_is_no_secret():
    body = json.dumps({"status": "error", "error": "tenant 1 is not known"}).encode()
    sent = {"X-Scope-OrgID": "1"}
    with (
        serving(page(400, body, "application/json")) as server,
        PrometheusSource(MetricsConfig(url=server.url, headers=dict(sent)), sent) as source,
        pytest.raises(MetricsQueryError) as raised,
    ):
        source.fetch(QUERY, START, END)
    assert raised.value.message.endswith("tenant 1 is not known")


def chained(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def alert(reason: str) -> ssl.SSLError:
    found = ssl.SSLError(1, "the peer says no")
    found.reason = reason
    return found


@pytest.mark.parametrize(
    ("error", "certificate", "said", "hint", "again"),
    [
        (httpx.ConnectTimeout("slow"), False, "could not be connected to within 10 s", "metrics.url", True),
        (httpx.ReadTimeout("slow"), False, "did not answer within 30 s", "metrics.timeout_seconds", True),
        (httpx.WriteError("cut"), False, "the connection was cut", "metrics.url", True),
        (
            chained(httpx.ConnectError("x"), OSError(113, "No route to host")),
            False,
            "No route to host",
            "url",
            True,
        ),
        (httpx.ConnectError("x"), False, "no connection", "metrics.url", True),
        (
            chained(httpx.ConnectError("x"), socket.gaierror(socket.EAI_AGAIN, "try again")),
            False,
            "its name is not known (try again)",
            "metrics.url",
            True,
        ),
        (
            chained(httpx.ConnectError("x"), socket.gaierror(socket.EAI_NONAME, "no")),
            False,
            "its name is not known (no)",
            "metrics.url",
            False,
        ),
        (
            httpx.LocalProtocolError(f"Illegal header value b'{SECRET}'"),
            False,
            "LocalProtocolError",
            "url",
            False,
        ),
        (
            chained(httpx.ReadError("x"), alert("SSLV3_ALERT_BAD_CERTIFICATE")),
            False,
            "it asks for a client certificate (sslv3 alert bad certificate)",
            "metrics.tls.cert_file",
            False,
        ),
        (
            chained(httpx.ReadError("x"), alert("TLSV1_ALERT_UNKNOWN_CA")),
            True,
            "does not take the client certificate",
            "metrics.tls.cert_file",
            False,
        ),
        (
            chained(httpx.ConnectError("x"), alert("UNSUPPORTED_PROTOCOL")),
            False,
            "no TLS connection (unsupported protocol)",
            "metrics.tls",
            False,
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_every_failure_of_a_connection_has_its_words(error, certificate, said, hint, again):
    fault = fault_of(error, METRICS, "http://p", seconds=30, connect_seconds=10, certificate=certificate)

    assert said in fault.error.message
    assert fault.error.message.startswith("The metrics source http://p ")
    assert hint in fault.error.hint
    assert fault.again is again
    assert SECRET not in f"{fault.error.message} {fault.error.hint} {fault.cause!r}"


def test_a_file_that_is_missing_is_told_before_anything_is_asked(tmp_path):
    tls = {"ca_file": str(tmp_path / "ca.pem")}
    with pytest.raises(ConfigError, match=r"metrics\.tls\.ca_file: there is no "):
        PrometheusSource(MetricsConfig(url="https://127.0.0.1", tls=tls), {})
