"""`monitor watch` for real: the practice router as a process, a Prometheus that scrapes it and goes away for a while."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_server import free_port, prometheus, until

from cbops.clients.admin import AdminClient
from cbops.model.config import RouterConfig
from cbops.model.policy import CANARY_BLOCK, with_breaker
from cbops.rollout.planning import enables, live_version
from tests.conftest import ROOT, Cli

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.long]

KEY = "practice"
TENANT, POLICY = "tenant_canary", "canary_policy"
GUARD = {"interval_seconds": 1, "jitter": 0, "stale_seconds": 2, "readings": 2, "policy_seconds": 5}


@pytest.fixture
def router(cli: Cli):
    """`cbops sim serve` in real time; its address."""
    port = free_port()
    words = [sys.executable, "-m", "cbops", "sim", "serve", "--port", str(port)]
    cli.environ["CBOPS_ADMIN_TOKEN"] = KEY
    with subprocess.Popen(
        words,
        env={**cli.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert "on http://" in process.stderr.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.communicate(timeout=30)


def configure(folder: Path, router: str, source: str, **guard: object) -> None:
    settings = {
        "version": 1,
        "router": {"admin_url": router},
        "metrics": {"url": source, "timeout_seconds": 2},
        "guard": {**GUARD, **guard},
    }
    (folder / "cbops.yaml").write_text(yaml.safe_dump(settings))
    owner = {"name": "platform", "contact": "p@canary.example", "responsive": True}
    tenant = {"id": TENANT, "critical": False, "policies": [POLICY], "owner": owner}
    (folder / "tenants.yaml").write_text(yaml.safe_dump({"tenants": [tenant]}))


def test_a_source_that_goes_away_is_blind_time_and_a_hard_breach_is_rolled_back_and_proven(cli, router):
    folder, port = cli.folder, free_port()
    source = f"http://127.0.0.1:{port}"
    job = f"{{job_name: router, static_configs: [{{targets: ['{router.removeprefix('http://')}']}}]}}"
    configured = f"global: {{scrape_interval: 1s}}\nscrape_configs: [{job}]\n"
    configure(folder, router, source)
    counted = f'sum(router_policy_decisions_total{{tenant_id="{TENANT}"}})'

    def decisions() -> bool:
        answer = httpx.get(f"{source}/api/v1/query", params={"query": counted}, timeout=5).json()
        return bool(answer["data"]["result"])

    with AdminClient(RouterConfig(admin_url=router), KEY) as admin, ThreadPoolExecutor(1) as beside:
        _, document = admin.latest(TENANT, POLICY)
        admin.put(TENANT, POLICY, with_breaker(document, CANARY_BLOCK), version="1.1", comment="by hand")
        admin.reload(TENANT, POLICY)
        enabled = datetime.now(UTC).isoformat()
        words = ["canary", "adopt", TENANT, "--policy", POLICY, "--provider", "openai"]
        assert cli.json(*words, "--enabled-at", enabled).status == 0
        with prometheus(folder / "tsdb", configured, port=port):
            until(decisions, "the canary's first decision")
            watching = beside.submit(
                cli.process, "monitor", "watch", "--for", "9s", "--auto-rollback", "--format", "json"
            )
            heartbeat = next((folder / "rollouts").iterdir()) / "guard" / "heartbeat.json"
            until(heartbeat.exists, "the first reading")
        with prometheus(folder / "tsdb", configured, port=port):
            seen = watching.result(60)
            assert (seen.status, seen.data["breach_count"], seen.data["rolled_back"]) == (0, 0, None), seen
            assert seen.data["blind_seconds"] >= 1
            assert seen.data["blind"] is None
            assert enables(live_version(admin.history(TENANT, POLICY)))

            configure(folder, router, source, latency={"above_ms": 0.001, "min_results": 1})
            done = cli.json("monitor", "watch", "--for", "30s", "--auto-rollback", "--wait", "60s")
            assert (done.status, done.data["rolled_back"]) == (20, True), done
            assert done.data["proof"]["proven"], done.data["proof"]
            assert not enables(live_version(admin.history(TENANT, POLICY)))
    assert cli("journal", "verify").status == 0
