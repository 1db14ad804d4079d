"""`doctor` against a real Prometheus and a real Alertmanager: each thing broken in turn is found, and nothing else."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
import yaml
from doctor_world import DECISIONS, ERROR_RATE, EVENTS, LATENCY, TRANSITIONS, Found, Scrapes, Site, rules
from flow_world import KEY, TENANT
from loopback import Handler, serving
from prometheus_server import RELOADS, alertmanager, free_port, prometheus, until

from cbops.clients.looking import PrometheusServer
from cbops.flows.steps.diagnosis.asking import Remembering
from cbops.flows.steps.diagnosis.metrics import Survey
from cbops.flows.steps.diagnosis.premises import Window
from cbops.flows.steps.diagnosis.shape import cardinality_checks
from cbops.model.config import MetricsConfig
from cbops.model.rule_check import Found as Listed
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.server import RunningServer
from tests.conftest import ROOT, Cli

pytestmark = [
    pytest.mark.needs("prometheus"),
    pytest.mark.needs("promtool"),
    pytest.mark.needs("prometheus-alertmanager"),
    pytest.mark.long,  # one after another they take a minute
]

UNSENT = ("alerts_sent_to",)  # the server knows no Alertmanager, which is a warning


@dataclass
class Server:
    """A Prometheus whose rules can be changed."""

    url: str
    folder: Path
    alerting: bool
    loaded: str | None = None

    def load(self, text: str, *, evaluated: bool = True) -> None:
        """These rules in place of the others, evaluated at least once."""
        if text == self.loaded:
            return
        self.loaded = text
        (self.folder / "rules.yml").write_text(text, encoding="utf-8")
        assert httpx.post(f"{self.url}/-/reload", timeout=10).status_code == 200
        if evaluated and text.strip():
            until(self._evaluated, "an evaluation of the rules")
        if self.alerting:
            until(self._known, "Prometheus to know its Alertmanager")  # a reload forgets it for some seconds

    def _known(self) -> bool:
        listed = httpx.get(f"{self.url}/api/v1/alertmanagers", timeout=10).json()["data"]
        return bool(listed["activeAlertmanagers"])

    def _evaluated(self) -> bool:
        listed = httpx.get(f"{self.url}/api/v1/rules", timeout=10).json()["data"]["groups"]
        every = [rule for group in listed for rule in group["rules"]]
        return bool(every) and all(not rule["lastEvaluation"].startswith("0001") for rule in every)


@contextmanager
def served(folder: Path, scrapes: Scrapes | None, alertmanager_url: str | None) -> Iterator[Server]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.yml").write_text("", encoding="utf-8")
    alerting = ""
    if alertmanager_url:
        host = alertmanager_url.removeprefix("http://")
        alerting = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{host}']}}]}}]}}\n"
    configured = f"global: {{scrape_interval: 1h}}\nrule_files: [{folder / 'rules.yml'}]\n{alerting}"
    tsdb = scrapes.write(folder / "tsdb") if scrapes else folder / "tsdb"
    with prometheus(tsdb, configured, (RELOADS,)) as url:
        yield Server(url, folder, bool(alertmanager_url))


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with alertmanager(tmp_path_factory.mktemp("alertmanager")) as url:
        yield url


@pytest.fixture(scope="module")
def admin() -> Iterator[str]:
    """A practice router by the real time."""
    router = Router(SOUND, start=datetime.now(UTC))
    with RunningServer(router, token=KEY, speed=1) as server:
        yield server.url


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, manager: str) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("sound"), Scrapes(), manager) as server:
        yield server


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, for tests of rules; it knows no Alertmanager, as it would forget it for seconds at each reload."""
    with served(tmp_path_factory.mktemp("bare"), Scrapes(), None) as server:
        yield server


@pytest.fixture
def ruled(site: Site, bare: Server) -> Site:
    site.configure({"url": bare.url})
    return site


@pytest.fixture
def site(cli: Cli, admin: str) -> Site:
    return Site(cli, admin)


@pytest.fixture
def healthy(site: Site, sound: Server, manager: str) -> Site:
    """Everything right."""
    sound.load(rules())
    site.configure({"url": sound.url}, alerts={"alertmanager_url": manager})
    return site


def only(found: Found, *problems: str, warnings: tuple[str, ...] = ()) -> None:
    """Exactly these checks are red, exactly these yellow."""
    told = [(one["id"], one["text"]) for one in found.checks if one["level"] in ("problem", "warning")]
    assert (found.of("problem"), found.of("warning")) == (set(problems), set(warnings)), told
    assert found.status == (7 if problems else 0)
    assert all(one["remedy"] for one in found.checks if one["level"] in ("problem", "warning"))


def test_where_everything_is_right_every_check_passes(healthy: Site) -> None:
    found = healthy.doctor("--strict")
    only(found)
    assert found.of("unknown") == set()
    assert found.result.data["ok"] is True
    assert found.one("rules_loaded")["evidence"]["as_rendered"] == [
        "RouterCircuitBreakerHalfOpenProbesFailed",
        "RouterCircuitBreakerHighFailureRate",
        "RouterCircuitBreakerMultipleProvidersOpen",
        "RouterCircuitBreakerOpened",
        "RouterCircuitBreakerStayedOpen",
    ]
    assert found.one("scraping")["evidence"]["interval_seconds"] == 15
    queries = found.one("queries")["evidence"]
    assert queries["alive"] == queries["queries"] > 20
    assert found.result.data["requests"]["alertmanager"] == 1


def test_it_says_first_what_it_found_and_last_what_to_do(healthy: Site) -> None:
    shown = healthy.cli("doctor", "--tenant", TENANT, "--days", 1)
    first, *_, last = shown.stdout.splitlines()
    assert first.startswith("No problem: ")
    assert last.startswith("next: Nothing to repair.")
    gone = healthy.cli("doctor", "--tenant", "nobody", "--days", 1)
    assert gone.status == 7
    assert gone.stdout.splitlines()[0].startswith("2 problems, ")
    assert gone.stdout.splitlines()[-1].startswith("next: Correct the tenant's id")


def test_the_cost_is_a_fixed_number_of_requests(healthy: Site) -> None:
    found = healthy.doctor()
    asked, queries = found.result.data["requests"], found.one("queries")["evidence"]["queries"]
    alerts = found.one("rules_right")["evidence"]
    assert asked["admin"] == 4
    # names, version, 13 metrics, up, both lists of rules, Alertmanagers; for the rules ALERTS and what they record.
    assert asked["metrics"] <= 20 + queries + 3 * (alerts["alerts"] + alerts["recordings"])


def test_a_router_that_is_down(healthy: Site) -> None:
    healthy.admin = f"http://127.0.0.1:{free_port()}"
    healthy.configure(_metrics(healthy), alerts=_alerts(healthy))
    found = healthy.doctor()
    only(found, "admin_reachable")
    assert {"admin_key", "policies", "live_policy", "policy_valid", "clock_router"} == found.of("unknown")


def test_a_wrong_key(healthy: Site) -> None:
    healthy.cli.environ["CBOPS_ADMIN_TOKEN"] = "another"
    found = healthy.doctor()
    only(found, "admin_key")
    assert found.one("admin_reachable")["level"] == "ok"
    assert found.one("clock_router")["level"] == "ok"  # a refusal has a date too


def test_an_admin_api_at_another_path(healthy: Site) -> None:
    config = {"admin_url": healthy.admin, "base_path": "/elsewhere"}
    healthy.configure(_metrics(healthy), alerts=_alerts(healthy), router=config)
    only(healthy.doctor(), "admin_reachable")


def test_no_such_tenant(healthy: Site) -> None:
    found = healthy.doctor(tenant="tenant_canarry")
    only(found, "policies", "tenant_series", warnings=("tenant_listed", "queries"))
    assert "'tenant_canary'" in found.one("tenant_series")["text"]


def test_a_metrics_source_that_is_down(healthy: Site) -> None:
    healthy.configure({"url": f"http://127.0.0.1:{free_port()}"}, alerts=_alerts(healthy))
    found = healthy.doctor()
    only(found, "metrics_reachable")
    assert {"dialect", "scraping", "rules_loaded", "rules_right", "queries", "clock_metrics"} <= found.of(
        "unknown"
    )


def test_what_is_no_prometheus(healthy: Site, manager: str) -> None:
    healthy.configure({"url": manager}, alerts=_alerts(healthy))
    found = healthy.doctor()
    only(found, "metrics_reachable")
    assert "isn't a Prometheus" in found.one("dialect")["text"]


def test_a_remapped_name_that_is_not_there(healthy: Site) -> None:
    healthy.configure(
        {**_metrics(healthy), "names": {ERROR_RATE: "gateway_error_rate"}}, alerts=_alerts(healthy)
    )
    found = healthy.doctor()
    only(found, "series")
    wrong = found.one("series", "problem")
    assert (wrong["subject"], "gateway_error_rate" in wrong["text"]) == (ERROR_RATE, True)


def test_a_dialect_that_nobody_speaks(healthy: Site) -> None:
    healthy.configure({**_metrics(healthy), "dialect": "documented"}, alerts=_alerts(healthy))
    found = healthy.doctor()
    assert "dialect" in found.of("problem")
    assert found.of("problem") <= {"dialect"}
    assert found.one("dialect")["remedy"].startswith("Set in cbops.yaml: metrics: {dialect: router}")


def test_no_rules(ruled: Site, bare: Server) -> None:
    bare.load("")
    found = ruled.doctor()
    only(found, "rules_loaded", warnings=UNSENT)
    assert found.one("rules_loaded")["remedy"].startswith("cbops alerts render")


def test_a_rule_that_is_missing(ruled: Site, bare: Server) -> None:
    bare.load(rules(without="RouterCircuitBreakerHighFailureRate"))
    found = ruled.doctor()
    only(found, "rules_loaded", warnings=UNSENT)
    assert found.one("rules_loaded")["evidence"]["missing"] == ["RouterCircuitBreakerHighFailureRate"]


def test_rules_in_the_other_dialect(ruled: Site, bare: Server) -> None:
    bare.load(rules("documented"))
    found = ruled.doctor()
    only(found, "rules_right", warnings=UNSENT)
    assert found.one("rules_right")["evidence"]["code"] == "other_dialect"
    assert found.one("rules_loaded")["evidence"]["missing"] == []


BROKEN = f"""
groups:
  - name: mine
    interval: 1s
    rules:
      - alert: RouterCircuitBreakerJoined
        expr: {EVENTS} / on (tenant_id) group_left () {EVENTS}
      - alert: RouterCircuitBreakerForEver
        expr: router_circuit_breaker_opened_total > 0
"""


def test_rules_that_cannot_be_evaluated_or_read_what_is_not_there(ruled: Site, bare: Server) -> None:
    bare.load(rules() + BROKEN.replace("groups:", "", 1).lstrip("\n"))
    found = ruled.doctor()
    assert found.of("problem") == {"rules_running", "rules_right"}
    assert found.one("rules_running")["subject"] == "RouterCircuitBreakerJoined"
    assert any(
        one["subject"] == "RouterCircuitBreakerForEver" for one in found.checks if one["id"] == "rules_right"
    )


def test_an_alertmanager_that_is_down(healthy: Site) -> None:
    healthy.configure(_metrics(healthy), alerts={"alertmanager_url": f"http://127.0.0.1:{free_port()}"})
    found = healthy.doctor()
    only(found, "alertmanager")
    assert found.one("clock_alertmanager")["level"] == "unknown"


def test_no_alertmanager_is_unknown_and_only_strict_minds(healthy: Site) -> None:
    healthy.configure(_metrics(healthy))
    found = healthy.doctor()
    only(found)
    assert found.of("unknown") == {"alertmanager", "clock_alertmanager"}
    assert healthy.doctor("--strict").status == 7


@pytest.mark.parametrize(("minutes", "level"), [(0.2, "warning"), (10, "problem"), (-10, "problem")])
def test_a_router_whose_clock_is_wrong(healthy: Site, minutes: float, level: str) -> None:
    router = Router(SOUND, start=datetime.now(UTC) + timedelta(minutes=minutes))
    with RunningServer(router, token=KEY, speed=1) as server:
        healthy.admin = server.url
        healthy.configure(_metrics(healthy), alerts=_alerts(healthy))
        found = healthy.doctor()
    assert found.of(level) == {"clock_router"}
    assert found.of("problem") <= {"clock_router"}
    assert ("behind" if minutes > 0 else "ahead of") in found.one("clock_router")["text"]


@contextmanager
def between(server: Server, ahead: timedelta = timedelta(0), **refused: int) -> Iterator[str]:
    """A proxy before the server, with another clock; calls whose path ends so (`_` for `/`) get that status."""

    def reply(handler: Handler) -> None:
        handler.date_time_string = lambda timestamp=None: format_datetime(  # type: ignore[method-assign]
            datetime.now(UTC) + ahead, usegmt=True
        )
        path = handler.path.partition("?")[0].replace("/", "_")
        for end, status in refused.items():
            if path.endswith(f"_{end}"):
                kind = "bad_data" if status == 400 else "internal"
                said = {"status": "error", "errorType": kind, "error": "not here"}
                handler.answer(status, json.dumps(said).encode())
                return
        sent = {"content-type": handler.headers.get("content-type", "")}
        whole = server.url + handler.path
        answer = httpx.request(handler.command, whole, content=handler.form, headers=sent, timeout=30)
        handler.answer(answer.status_code, answer.content)

    with serving(reply) as made:
        yield made.url


def test_a_metrics_server_whose_clock_is_wrong(healthy: Site, sound: Server) -> None:
    with between(sound, -timedelta(hours=3)) as url:
        healthy.configure({"url": url}, alerts=_alerts(healthy))
        found = healthy.doctor()
    only(found, "clock_metrics")
    assert "at least 3 h ahead of" in found.one("clock_metrics")["text"]


def test_a_server_that_stores_and_evaluates_nothing_leaves_that_unknown(healthy: Site, sound: Server) -> None:
    with between(sound, rules=404, alertmanagers=404, buildinfo=404) as url:
        healthy.configure({"url": url}, alerts=_alerts(healthy))
        found = healthy.doctor()
    only(found)
    assert found.of("unknown") == {"metrics_version", "rules_loaded", "rules_right", "alerts_sent_to"}


def test_a_server_that_knows_fewer_functions_refuses_the_dashboard(healthy: Site, sound: Server) -> None:
    with between(sound, rules=404, query_range=400) as url:
        healthy.configure({"url": url}, alerts=_alerts(healthy))
        found = healthy.doctor()
    only(found, "queries")
    assert found.one("queries")["evidence"]["alive"] == 0
    with between(sound, rules=404, query_range=500) as url:
        healthy.configure({"url": url}, alerts=_alerts(healthy))
        found = healthy.doctor()
    only(found)
    assert "could not be asked" in found.one("queries", "unknown")["text"]


def test_a_server_that_fails_on_the_way_leaves_the_rest_to_be_looked_at(healthy: Site, sound: Server) -> None:
    with between(sound, series=500) as url:
        healthy.configure({"url": url}, alerts=_alerts(healthy))
        found = healthy.doctor()
    only(found)
    assert {"series", "dialect", "scraping", "rules_right", "queries"} <= found.of("unknown")
    assert found.one("clock_metrics")["level"] == "ok"
    with between(sound, query=500, rules=500) as url:
        healthy.configure({"url": url}, alerts=_alerts(healthy))
        found = healthy.doctor()
    only(found)
    assert {"scraping", "rules_loaded"} <= found.of("unknown")
    assert found.one("dialect")["level"] == "ok"


def test_a_metrics_source_that_refuses_is_told_from_one_that_is_down(healthy: Site, sound: Server) -> None:
    with between(sound, values=403) as url:
        healthy.configure({"url": url}, alerts=_alerts(healthy))
        found = healthy.doctor()
    only(found, "metrics_reachable")
    assert "refuses" in found.one("dialect")["text"]
    assert found.one("clock_metrics")["level"] == "ok"  # a refusal has a date too


@contextmanager
def other(site: Site, folder: Path, scrapes: Scrapes) -> Iterator[None]:
    """A place that differs from the sound one in its samples, and whose server knows no Alertmanager."""
    with served(folder / "other", scrapes, None) as server:
        server.load(rules(scrapes.dialect))
        site.configure({"url": server.url})
        yield


def test_the_documented_dialect_is_right_as_well(site: Site, tmp_path: Path) -> None:
    with other(site, tmp_path, Scrapes(dialect="documented")):
        found = site.doctor()
    only(found, warnings=UNSENT)
    assert "documented dialect" in found.one("dialect")["text"]


def test_an_empty_prometheus(site: Site, tmp_path: Path) -> None:
    with served(tmp_path / "empty", None, None) as server:
        site.configure({"url": server.url})
        found = site.doctor()
    only(found, "series")
    assert "no series at all" in found.one("series")["text"]


def test_metrics_under_other_names(site: Site, tmp_path: Path) -> None:
    scrapes = Scrapes(names={DECISIONS: "gw_policy_decisions_total"}, without=(LATENCY,))
    with other(site, tmp_path, scrapes):
        found = site.doctor()
    assert found.of("problem") == {"series"}
    wrong = found.one("series", "problem")
    assert wrong["remedy"].endswith(f"metrics: {{names: {{{DECISIONS}: gw_policy_decisions_total}}}}")
    missing = found.one("series", "warning")
    assert (missing["subject"], "stock router" in missing["text"]) == (LATENCY, True)


def test_data_that_end_an_hour_ago(site: Site, tmp_path: Path) -> None:
    with other(site, tmp_path, Scrapes(age=4000, hours=3)):
        found = site.doctor()
    only(found, "newest_sample", "scraping", warnings=("queries", *UNSENT))


def test_a_router_that_can_not_be_scraped_now(site: Site, tmp_path: Path) -> None:
    with other(site, tmp_path, Scrapes(down_for=120)):
        found = site.doctor()
    only(found, "instance", warnings=UNSENT)
    assert found.one("instance")["subject"] == "router:9001"


def test_a_gap_is_told(site: Site, tmp_path: Path) -> None:
    with other(site, tmp_path, Scrapes(gap=(3000, 1800))):
        found = site.doctor()
    assert found.of("problem") == set()
    assert found.one("scraping", "warning")["evidence"]["longest_gap_seconds"] == 1200 + 15


def test_slow_scraping_is_told(site: Site, tmp_path: Path) -> None:
    with other(site, tmp_path, Scrapes(step=120)):
        found = site.doctor()
    assert found.of("problem") == set()
    assert "every 120 s" in found.one("scraping", "warning")["text"]


def test_a_label_for_each_request(site: Site, tmp_path: Path) -> None:
    with other(site, tmp_path, Scrapes(hours=0.1, traces=60)):
        found = site.doctor()
    assert found.of("problem") == set()
    crowded = found.one("cardinality")
    assert (crowded["level"], crowded["subject"]) == ("warning", EVENTS)
    assert crowded["evidence"] == {"series": 62, "exact": True, "labels": {"trace_id": 61}}


def test_metrics_with_too_many_series_to_list_are_counted_by_the_server(sound: Server) -> None:
    config = MetricsConfig(url=sound.url)
    with PrometheusServer(config, {}) as server:
        window = Window.last(1, datetime.now(UTC))
        asking = Remembering(server)
        listed = asking.series(EVENTS, window.start, window.end)
        cut = {EVENTS: Listed(listed.series[:1], complete=False)}
        survey = Survey(server, server, asking, window, frozenset({EVENTS}), cut)
        (check,) = cardinality_checks(config, survey)
    assert (check.level, check.evidence["series"]) == ("ok", {EVENTS: 2})


def test_copies_of_a_pair_of_servers(site: Site, tmp_path: Path) -> None:
    with other(site, tmp_path, Scrapes(replicas=("a", "b"))):
        found = site.doctor()
    assert "copies" in found.of("problem")
    assert found.one("copies")["evidence"]["labels"] == ["prometheus_replica"]


def test_no_transition_yet_is_unknown_and_not_wrong(site: Site, tmp_path: Path) -> None:
    with other(site, tmp_path, Scrapes(without=(TRANSITIONS,))):
        found = site.doctor()
    assert found.of("problem") == set()
    assert found.one("series", "unknown")["subject"] == TRANSITIONS
    assert found.one("dialect")["level"] == "unknown"


class End:
    """The end of the sample world."""

    def now(self) -> datetime:
        return datetime(2025, 2, 3, 23, tzinfo=UTC)

    def wait(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits {seconds} s for a doctor")


def test_the_sample_world_is_right_but_for_its_age(site: Site, tmp_path: Path) -> None:
    with tarfile.open(ROOT / "tests" / "data" / "worlds" / "sample" / "tsdb.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    (tmp_path / "rules.yml").write_text(rules(), encoding="utf-8")
    router = Router(SOUND, start=End().now())
    with (
        RunningServer(router, token=KEY) as admin,
        prometheus(tmp_path / "tsdb", f"rule_files: [{tmp_path / 'rules.yml'}]\n") as url,
    ):
        site.admin = admin.url
        site.configure({"url": url})
        found = Found(site.cli.json("doctor", clock=End()))
    # The server lives today and the samples a while ago; and they carry no instance, by which the rules group.
    only(found, "clock_metrics", warnings=("rules_right", "alerts_sent_to"))
    assert found.result.data["tenants"] == [TENANT]
    assert found.one("queries")["evidence"]["dead"] == []
    assert found.one("scraping")["evidence"]["interval_seconds"] == 60


def _metrics(site: Site) -> dict[str, object]:
    return _config(site)["metrics"]


def _alerts(site: Site) -> dict[str, object]:
    return _config(site)["alerts"]


def _config(site: Site) -> dict:
    return yaml.safe_load((site.cli.folder / "cbops.yaml").read_text(encoding="utf-8"))
