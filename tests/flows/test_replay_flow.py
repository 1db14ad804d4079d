"""`replay run` where there is a rollout: its policy, the live one, its incidents, its tenant, and its record."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from flow_world import POLICY, PROVIDER, TENANT
from recorded import quiet_night, request, written

from cbops.errors import InputError, UsageError
from cbops.flows.replay import run
from cbops.flows.steps.compared import Asked, Live, compared, named_files
from cbops.flows.steps.forecast_record import keep_forecast
from cbops.flows.steps.loading import last_forecast
from cbops.flows.steps.recording import Who
from cbops.model.base import from_ms
from cbops.model.forecast import LIMIT, Forecast
from cbops.model.policy import CANARY_BLOCK
from cbops.model.traffic import Circuit, TrafficChunk, TrafficSummary
from cbops.render.replayed import headline

NIGHT = "night.jsonl"


@pytest.fixture
def trace(work):
    return written(work.folder / NIGHT, quiet_night(tenant_id=TENANT, provider_id=PROVIDER))


def names(data):
    return [policy["name"] for policy in data["forecast"]["policies"]]


def replay(work, *words):
    return work.ok("replay", "run", "--trace", NIGHT, *words)


def test_before_enabling_the_live_policy_has_no_breaker_and_is_left_out(work, trace):
    name = work.select()
    data = replay(work)
    assert names(data) == ["policy", "no breaker"]
    assert data["rollout"] == name
    assert data["notes"] == [
        "policy: the block that canaries begin with",
        f"the live policy ({TENANT}/{POLICY} {work.router.version()}) enables no breaker",
        f"rollout {name}: 0 declared incidents; its tenant {TENANT} alone, where the trace names tenants",
    ]


def test_after_enabling_the_rollouts_block_is_the_one_and_the_same_as_the_live_one(work, trace):
    name = work.enabled().name
    data = replay(work)
    assert names(data) == ["policy", "no breaker"]
    assert data["notes"][0] == f"policy: the block of rollout {name}"
    assert data["notes"][1].endswith(", the same as the policy asked for")


def test_another_policy_stands_beside_the_live_one(work, trace):
    work.enabled()
    (work.folder / "mine.json").write_text(json.dumps({**CANARY_BLOCK, "failure_threshold": 9}))
    data = replay(work, "--policy-file", "mine.json")
    assert names(data) == ["policy", "live", "no breaker"]
    assert data["forecast"]["policies"][0]["block"]["failure_threshold"] == 9
    assert data["forecast"]["policies"][1]["block"]["failure_threshold"] == 5
    work.wire.calls.clear()
    assert names(replay(work, "--policy-file", "mine.json", "--no-live")) == ["policy", "no breaker"]
    assert work.wire.calls == []


def test_a_router_that_does_not_answer_is_a_note_and_no_warning(work, trace):
    work.enabled()
    work.wire.down()
    result = work("replay", "run", "--trace", NIGHT)
    assert result.status == 0
    assert result.answer["warnings"] == []
    assert names(result.data) == ["policy", "no breaker"]
    assert result.data["notes"][1].startswith("no live policy: ")


def test_a_live_breaker_that_can_not_be_played_is_a_note(work, trace):
    work.enabled()
    live = work.router.live()
    work.router.write({**live, "circuit_breaker": {**live["circuit_breaker"], "failure_threshold": "many"}})
    assert "can't be played: circuit_breaker.failure_threshold" in replay(work)["notes"][1]


def test_the_declared_incidents_of_the_rollout_count(work):
    work.enabled()
    whose = {"tenant_id": TENANT, "provider_id": PROVIDER}
    # Two weeks before: an incident can't be declared for the future.
    rows = [request(m - 20_160, "failure" if m == 120 else "success", **whose) for m in range(240)]
    written(work.folder / NIGHT, rows)
    before = replay(work)["forecast"]["policies"][0]["totals"]
    span = ("--from", "2025-01-13T10:59Z", "--to", "2025-01-13T11:05Z")
    work.ok("incident", "add", "--provider", PROVIDER, *span)
    data = replay(work)
    after = data["forecast"]["policies"][0]
    assert (before["opens"], before["expected"]) == (1, 0)
    assert (after["totals"]["opens"], after["totals"]["expected"]) == (1, 1)
    assert after["circuits"][0]["episodes"][0]["source"] == "incident"
    assert any("1 declared incident;" in note for note in data["notes"])


def test_only_the_tenant_of_the_rollout_is_replayed_unless_all_are_wanted(work):
    work.select()
    rows = [request(m, tenant_id=t, provider_id="p") for m in range(10) for t in (TENANT, "other")]
    written(work.folder / NIGHT, rows)
    assert replay(work)["forecast"]["traffic"]["requests"] == 10
    everything = replay(work, "--all-tenants")
    assert everything["forecast"]["traffic"]["requests"] == 20
    assert not any("alone" in note for note in everything["notes"])
    other = replay(work, "--tenant", "other")
    assert [str(c["circuit"]["tenant"]) for c in other["forecast"]["policies"][0]["circuits"]] == ["other"]


def test_a_trace_without_tenants_is_replayed_whole(work):
    work.select()
    written(work.folder / NIGHT, quiet_night())
    assert replay(work)["forecast"]["traffic"]["requests"] == 720


def test_a_trace_of_which_only_a_part_names_tenants_is_refused(work):
    work.select()
    written(work.folder / NIGHT, quiet_night())
    written(work.folder / "later.jsonl", [request(2000, tenant_id=TENANT)])
    error = work.refused(3, "input", "replay", "run", "--trace", NIGHT, "later.jsonl")
    assert "has no column for tenant" in error["message"]
    assert (
        work.ok("replay", "run", "--trace", NIGHT, "later.jsonl", "--all-tenants")["forecast"]["traffic"][
            "requests"
        ]
        == 721
    )


def test_a_trace_that_can_not_be_read_is_refused_as_without_a_rollout(work):
    work.select()
    (work.folder / NIGHT).write_text(
        '{"ts": 5, "latency_ms": 1, "outcome": "success"}\n{"ts": 6, "latency_ms": -1, "outcome": "success"}\n'
    )
    assert "night.jsonl" in work.refused(3, "input", "replay", "run", "--trace", NIGHT)["message"]


def test_a_trace_of_other_tenants_is_refused_with_the_way_out(work):
    work.select()
    written(work.folder / NIGHT, quiet_night(tenant_id="other"))
    error = work.refused(3, "input", "replay", "run", "--trace", NIGHT)
    assert error["message"] == f"the trace holds no request of {TENANT}, the rollout's tenant"
    assert "--all-tenants" in error["hint"]


def test_the_forecast_goes_on_record_and_into_the_log(work, trace):
    folder = work.enabled()
    before = work.text("report", "log", "--stdout").stdout
    assert "Dry-Run Forecast" not in before
    data = replay(work, "--record", "--by", "Ada Example")
    assert data["recorded"] is True
    assert work.types(folder)[-1] == "forecasted"
    state = work.state(folder)
    event = state.forecasts[-1].forecasted
    assert event.summary == data["forecast"]["summary"][0]
    assert (event.policy, event.requests, event.approximate) == ("policy", 720, False)
    assert last_forecast(folder, state) == Forecast.model_validate(data["forecast"])
    work.verified()
    after = work.text("report", "log", "--stdout").stdout
    start = after.index("**Dry-Run Forecast**: ")
    end = after.index("\n\n### Step 3")
    assert after[: start - 2] + after[end:] == before.rstrip("\n")[: start - 2] + before[start - 2 :]
    part = after[start:end]
    assert "- **Recorded**: by Ada Example, " in part
    assert "| replayed | policy | no breaker |" in part
    assert part.endswith(LIMIT)
    assert "Search better" not in work.text("replay", "run", "--trace", NIGHT, "--record").stdout


def test_the_log_has_the_latest_forecast(work, trace):
    work.enabled()
    replay(work, "--record")
    written(work.folder / NIGHT, quiet_night(6, tenant_id=TENANT))
    replay(work, "--record")
    log = work.text("report", "log", "--stdout").stdout
    assert log.count("Dry-Run Forecast") == 1
    assert "360 requests, " in log


def test_evidence_that_is_no_forecast_is_said(work, trace):
    folder = work.enabled()
    replay(work, "--record")
    sha = work.state(folder).forecasts[-1].forecasted.forecast
    (folder / "evidence" / sha).write_text("{}")
    assert "damaged" in work.refused(3, "record-damaged", "report", "log")["message"]


def test_without_record_nothing_is_written(work, trace):
    folder = work.enabled()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    replay(work)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_failed_replay_records_nothing(work):
    folder = work.enabled()
    types = work.types(folder)
    written(work.folder / NIGHT, [request(0, admitted=False, tenant_id=TENANT)])
    work.refused(3, "input", "replay", "run", "--trace", NIGHT, "--record")
    assert work.types(folder) == types


def test_a_rollout_that_is_over_is_taken_only_where_it_is_named(work, trace):
    name = work.enabled().name
    work.rollback()
    data = replay(work)
    assert data["rollout"] is None
    assert (
        data["notes"][0] == f"rollout {name} is over and not taken into account; to do so: --rollout {name}"
    )
    assert replay(work, "--rollout", name)["rollout"] == name


def test_a_damaged_record_stands_in_the_way_only_of_recording(work, trace):
    folder = work.enabled()
    (folder / "journal.jsonl").write_text("nonsense\n")
    data = replay(work)
    assert data["rollout"] is None
    assert data["notes"][0].startswith("no rollout is taken into account: ")
    work.refused(3, "record-damaged", "replay", "run", "--trace", NIGHT, "--record")


# --- the flow itself, over traffic of any origin ---


@dataclass
class Given:
    """A TrafficPort over requests that are given."""

    outcomes: str
    facts: dict[str, object] = field(default_factory=dict)
    begun: int = 1

    def chunks(self) -> Iterator[TrafficChunk]:
        for _ in range(self.begun):
            for start in range(0, len(self.outcomes), 10):
                letters = bytearray(self.outcomes[start : start + 10], "ascii")
                yield TrafficChunk(
                    arrival=array(
                        "q", [1_737_968_400_000 + 60_000 * (start + n) for n in range(len(letters))]
                    ),
                    latency=array("q", [100] * len(letters)),
                    outcome=letters,
                    circuit=array("i", [0] * len(letters)),
                    circuits=(Circuit(tenant="t", provider="p"),),
                    begins=start == 0,
                )

    @property
    def summary(self) -> TrafficSummary:
        count = len(self.outcomes)
        known = {"begins": from_ms(1_737_968_400_000), "ends": from_ms(1_737_968_400_000 + 60_000 * count)}
        values = {"origin": "files", "requests": count, **(known if count else {}), **self.facts}
        return TrafficSummary.model_validate(values)


POLICIES = {"policy": CANARY_BLOCK, "no breaker": None}


def test_the_origin_of_the_traffic_does_not_matter_and_an_approximation_is_said_first():
    given = Given(
        "s" * 60 + "f" + "s" * 60, {"origin": "prometheus", "approximate": True, "note": "spread evenly"}
    )
    outcome = run(given, POLICIES)
    assert outcome.headline.startswith("Approximation: ")
    assert outcome.data.forecast.policies[0].totals.opens == 1
    assert any("(approximation)" in line for line in outcome.body)
    assert outcome.body[-1] == LIMIT


def test_the_count_goes_on_with_each_chunk_and_begins_again_with_the_traffic():
    seen: list[int] = []
    run(Given("s" * 25, begun=2), POLICIES, progress=seen.append)
    assert seen == [10, 20, 25, 10, 20, 25]


def test_no_request_is_no_answer():
    facts = {"denied_in_production": 1, "skipped": 2}
    with pytest.raises(InputError, match="left out: 1 request denied in production and 2 rows"):
        run(Given("", facts), POLICIES)
    with pytest.raises(InputError, match=r"replayed$"):
        run(Given(""), POLICIES)


def test_skipped_rows_are_named_as_far_as_they_are_known():
    rows = [
        {"file": "a.csv", "line": 3, "problem": "no time"},
        {"file": "b", "line": None, "problem": "no end"},
    ]
    outcome = run(Given("s" * 10, {"skipped": 5, "skipped_rows": rows}), POLICIES)
    assert outcome.warnings == ("5 rows skipped: a.csv:3: no time; b: no end and 3 more rows",)


def test_a_forecast_without_sentences_still_has_a_headline():
    assert headline(run(Given("s"), POLICIES).data.forecast.model_copy(update={"summary": ()})) == "Replayed."


def test_policies_are_put_side_by_side_in_their_order():
    asked = Asked(CANARY_BLOCK, "a test")
    other = {**CANARY_BLOCK, "timeout_ms": 1}
    told = compared(asked, Live(other, "live: t/p 1.4"), {"x.json": other})
    assert list(told.policies) == ["policy", "live", "x.json", "no breaker"]
    assert told.notes == ("policy: a test", "live: t/p 1.4")
    # What the router fills in, and whether the block is enabled so far, makes no other policy of it.
    spelt = {"failure_threshold": 5, "timeout_ms": 30000, "enabled": False}
    assert list(compared(Asked(spelt, "a test"), Live(CANARY_BLOCK, "live"), {}).policies) == [
        "policy",
        "no breaker",
    ]
    assert list(compared(asked, None, {}).policies) == ["policy", "no breaker"]


def test_files_are_known_by_their_names_as_long_as_those_differ(tmp_path):
    first, second, named = tmp_path / "a.json", tmp_path / "b" / "a.json", tmp_path / "live"
    assert named_files((first, second, named)) == {"a.json": first, str(second): second, str(named): named}
    with pytest.raises(UsageError, match="given twice"):
        named_files((first, first, first))


def test_a_forecast_of_no_policy_can_not_be_recorded(work):
    folder = work.enabled()
    nothing = Forecast(traffic=TrafficSummary(origin="files"), policies=(), timeline=None)
    who = Who(actor="ada", command="replay run", clock=work.clock)
    with pytest.raises(InputError, match="no policy"):
        keep_forecast(folder, who, nothing)
