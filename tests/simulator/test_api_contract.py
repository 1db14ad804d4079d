"""What the admin client relies on, asked of the practice router over a real connection."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from simulator_worlds import KEY

from cbops.clients.admin import AdminClient
from cbops.errors import AdminAnswerError, AdminMissingError, AdminRefusedError, InputError
from cbops.model.config import AuthConfig, RouterConfig
from cbops.model.policy import CANARY_BLOCK, with_breaker
from cbops.simulator.server import RunningServer

CANARY = ("tenant_canary", "canary_policy")
BASE = "/api/v1/admin/policies"


@pytest.fixture
def admin(server: RunningServer) -> Iterator[AdminClient]:
    with AdminClient(RouterConfig(admin_url=server.url), KEY) as client:
        yield client


@pytest.fixture
def reader(shared: RunningServer) -> Iterator[AdminClient]:
    """On a server that the tests share, so nothing that they have in common is written."""
    with AdminClient(RouterConfig(admin_url=shared.url), KEY) as client:
        yield client


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"x-api-key": KEY}) as client:
        yield client


def test_the_list_has_every_policy(reader: AdminClient) -> None:
    listed = [(info.tenant, info.policy) for info in reader.policies()]
    assert listed == sorted(listed)
    assert CANARY in listed
    assert ("tenant_pilot", "default") in listed


def test_the_list_of_a_tenant_has_only_its_own(reader: AdminClient) -> None:
    assert {info.policy for info in reader.policies("tenant_search")} == {"default", "suggest"}
    assert reader.policies("nobody") == ()


def test_the_list_is_read_page_by_page(admin: AdminClient) -> None:
    for number in range(250):
        admin.put(
            f"many_{number:03}",
            "p",
            {"version": "1.0", "providers": [{"name": "x", "weight": 1}]},
            version="1.0",
            comment="",
        )
    assert len(admin.policies()) == 256


def test_a_written_version_is_live_at_once_and_the_latest(admin: AdminClient) -> None:
    _, document = admin.latest(*CANARY)
    after = with_breaker(document, CANARY_BLOCK)
    answer = admin.put(*CANARY, after, version="1.1", comment="canary")
    assert (answer.new_version, answer.previous_version) == ("1.1", "1.0")
    assert admin.latest(*CANARY) == ("1.1", after)
    history = admin.history(*CANARY)
    assert [(each.version, each.is_active) for each in history] == [("1.1", True), ("1.0", False)]
    assert (history[0].comment, history[0].created_by) == ("canary", "admin")


def test_a_version_that_is_not_above_the_highest_is_a_conflict(admin: AdminClient) -> None:
    _, document = admin.latest(*CANARY)
    with pytest.raises(AdminAnswerError, match=r"409 \(version 1.0 is not above the highest, which is 1.0\)"):
        admin.put(*CANARY, document, version="1.0", comment="")
    assert len(admin.history(*CANARY)) == 1


def test_an_invalid_policy_is_refused_and_not_written(admin: AdminClient) -> None:
    wrong = {"version": "1.1", "providers": [{"name": "openai", "weight": 101}]}
    assert admin.validate(wrong) == (
        "providers.0.weight: must be a number from 0 to 100",
        "providers: at least one provider needs a weight above 0",
    )
    with pytest.raises(AdminAnswerError, match="must be a number from 0 to 100"):
        admin.put(*CANARY, wrong, version="1.1", comment="")
    assert admin.latest(*CANARY)[0] == "1.0"


def test_a_valid_policy_has_no_complaints(reader: AdminClient) -> None:
    assert reader.validate(reader.latest(*CANARY)[1]) == ()


def test_an_unknown_policy_is_missing(reader: AdminClient) -> None:
    with pytest.raises(AdminMissingError, match="there is no policy 'nothing' of tenant 'nobody'"):
        reader.history("nobody", "nothing")
    with pytest.raises(AdminMissingError):
        reader.latest("nobody", "nothing")
    with pytest.raises(AdminMissingError):
        reader.reload("nobody", "nothing")


def test_reload_and_the_global_switch_are_answered(admin: AdminClient) -> None:
    admin.reload(*CANARY)
    admin.disable_all()


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "per%cent",
        "per%2Fcent",
        "ümläut",
        "question?mark",
        "a#b",
        "a;b=c&d+e",
        "{policy}",
        "…",
        "a:b@c",
    ],
)
def test_an_odd_name_is_one_part_of_the_path(reader: AdminClient, name: str) -> None:
    document = {"version": "1.0", "providers": [{"name": "openai", "weight": 100}]}
    reader.put(name, name, document, version="1.0", comment="")
    assert reader.latest(name, name) == ("1.0", document)
    assert [info.tenant for info in reader.policies(name)] == [name]
    reader.reload(name, name)


def test_a_slash_in_a_name_reaches_no_other_call(admin: AdminClient, http: httpx.Client) -> None:
    with pytest.raises(AdminAnswerError, match="400"):
        admin.latest("tenant_canary", "canary_policy/history")
    assert http.post("/admin/policies/a/b%2Freload/reload").status_code == 400


@pytest.mark.parametrize("auth", [AuthConfig(), AuthConfig(header="Authorization", scheme="Bearer")])
def test_both_ways_of_signing_are_taken(shared: RunningServer, auth: AuthConfig) -> None:
    with AdminClient(RouterConfig(admin_url=shared.url, auth=auth), KEY) as admin:
        assert admin.policies()


@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_the_right_key_nothing_is_answered_or_changed(
    server: RunningServer, admin: AdminClient, token: str | None
) -> None:
    _, document = admin.latest(*CANARY)
    with AdminClient(RouterConfig(admin_url=server.url), token) as stranger:
        for act in (
            stranger.policies,
            lambda: stranger.history(*CANARY),
            lambda: stranger.latest(*CANARY),
            lambda: stranger.validate(document),
            lambda: stranger.put(*CANARY, document, version="1.1", comment=""),
            lambda: stranger.reload(*CANARY),
            stranger.disable_all,
        ):
            with pytest.raises(AdminRefusedError, match="401"):
                act()
    assert [each.version for each in admin.history(*CANARY)] == ["1.0"]


def test_a_dry_put_writes_nothing(http: httpx.Client) -> None:
    document = http.get(f"{BASE}/tenant_canary/canary_policy").json()["policy_json"]
    answer = http.put(
        f"{BASE}/tenant_canary/canary_policy", json={"policy_json": document, "dry_run": True}
    ).json()
    assert (answer["success"], answer["new_version"], answer["previous_version"]) == (True, "1.1", "1.0")
    assert len(http.get(f"{BASE}/tenant_canary/canary_policy/history").json()["versions"]) == 1


def test_rollback_makes_an_old_version_live_and_writes_none(http: httpx.Client, admin: AdminClient) -> None:
    path = f"{BASE}/tenant_canary/canary_policy"
    _, document = admin.latest(*CANARY)
    admin.put(*CANARY, with_breaker(document, CANARY_BLOCK), version="1.1", comment="")
    answer = http.post(f"{path}/rollback", json={"target_version": "1.0"}).json()
    assert (answer["current_version"], answer["previous_version"]) == ("1.0", "1.1")
    assert [(each.version, each.is_active) for each in admin.history(*CANARY)] == [
        ("1.1", False),
        ("1.0", True),
    ]
    # The latest version is no longer the live one.
    assert http.get(path).json()["info"] == {
        "tenant_id": "tenant_canary",
        "policy_id": "canary_policy",
        "version": "1.1",
        "status": "inactive",
    }
    assert http.get(path, params={"version": "1.0"}).json()["info"]["status"] == "active"
    # The next version is above the highest, not above the live one.
    assert http.put(path, json={"policy_json": document}).json()["new_version"] == "1.2"


def test_rollback_to_a_version_that_never_was_is_missing(http: httpx.Client) -> None:
    answer = http.post(f"{BASE}/tenant_canary/canary_policy/rollback", json={"target_version": "9.9"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_dry_run_says_where_a_request_would_go_and_why(http: httpx.Client) -> None:
    body = {
        "tenant_id": "tenant_search",
        "policy_id": "default",
        "request": {"message": {}, "context": {"x": 1}},
    }
    answer = http.post(f"{BASE}/dry-run", json=body).json()
    assert (answer["provider_id"], answer["reason"], answer["context"]) == ("openai", "weighted", {"x": 1})
    assert answer["steps"][0] == "openai has the largest weight, 70% of requests"
    assert answer["metadata"] == {"version": "1.0"}


def test_unknown_keys_are_only_warnings_and_only_when_strict(http: httpx.Client) -> None:
    document = {
        "version": "1.0",
        "providers": [{"name": "x", "weight": 1}],
        "typo": 1,
        "circuit_breaker": {"timeout": 5},
    }
    strict = http.post(f"{BASE}/validate", json={"policy_json": document, "strict": True}).json()
    assert strict["valid"]
    assert [each["path"] for each in strict["warnings"]] == ["typo", "circuit_breaker.timeout"]
    assert http.post(f"{BASE}/validate", json={"policy_json": document}).json()["warnings"] == []


def test_the_list_is_cut_into_pages(http: httpx.Client) -> None:
    page = http.get(BASE, params={"limit": 2, "offset": 4}).json()
    assert (page["total"], page["limit"], page["offset"]) == (6, 2, 4)
    assert [(each["tenant_id"], each["policy_id"]) for each in page["policies"]] == [
        ("tenant_search", "default"),
        ("tenant_search", "suggest"),
    ]
    assert http.get(f"{BASE}/", params={"policy_id": "suggest"}).json()["total"] == 1


def test_the_use_of_a_policy_is_counted(http: httpx.Client) -> None:
    http.post("/sim/advance", json={"seconds": 3600}).raise_for_status()
    metadata = http.get(f"{BASE}/tenant_canary/canary_policy").json()["metadata"]
    assert metadata["request_count"] > 500
    assert metadata["last_used_at"].startswith("2025-01-24T00:59")
    assert http.get(f"{BASE}/tenant_pilot/default").json()["metadata"]["last_used_at"] is None


def test_an_id_that_no_path_can_carry_is_refused_before_it_is_sent(reader: AdminClient) -> None:
    for name in ("", ".", "..", "a\nb", "a\x7fb", "\ud800"):
        with pytest.raises(InputError):
            reader.latest(name, "policy")
        with pytest.raises(InputError):
            reader.reload("tenant", name)
