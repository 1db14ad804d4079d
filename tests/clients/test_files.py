from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cbops.clients.files import read_block, read_config, read_incidents, read_tenants
from cbops.clients.strict import MAX_BYTES
from cbops.errors import ConfigError, InputError, PolicyError, TenantsError
from cbops.model.config import Config, HeaderSecret
from cbops.model.policy import CANARY_BLOCK
from cbops.model.tenant import Owner, Tenant


@pytest.fixture
def config(tmp_path):
    def read(text):
        path = tmp_path / "cbops.yaml"
        path.write_text(text, encoding="utf-8")
        return read_config(path)

    return read


@pytest.fixture
def tenants(tmp_path):
    def read(text):
        path = tmp_path / "tenants.yaml"
        path.write_text(text, encoding="utf-8")
        return read_tenants(path)

    return read


@pytest.fixture
def incidents(tmp_path):
    def read(text):
        path = tmp_path / "incidents.json"
        path.write_text(text, encoding="utf-8")
        return read_incidents(path)

    return read


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "version: 1\n", "criteria:\nrouter:\n", "\ufeffversion: 1"]
)
def test_what_is_left_out_has_its_default(config, text):
    assert config(text) == Config()


def test_values_are_taken(config):
    read = config(
        "router: {admin_url: 'https://r:8443', auth: {header: Authorization, env: T, scheme: Bearer}}\n"
        "metrics:\n  headers: {X-Scope: team, Authorization: {env: PROM}}\n"
        "timezone: Europe/Berlin\n"
    )
    assert read.router.admin_url == "https://r:8443"
    assert read.metrics.headers == {"X-Scope": "team", "Authorization": HeaderSecret(env="PROM")}
    assert read.timezone == "Europe/Berlin"


WRONG = [
    ("rooter: {}", "rooter (line 1) is not known", "Did you mean 'router'?"),
    ("router:\n  admin_ur: x", "router.admin_ur (line 2) is not known", "Did you mean 'admin_url'?"),
    ("xyzzy: 1", "xyzzy (line 1) is not known", "Known there: version, router"),
    (
        "router: {timeout_seconds: 0}",
        "router.timeout_seconds (line 1) should be greater than 0, not 0",
        "Correct",
    ),
    ("criteria:\n  false_met: .nan", "criteria.false_met (line 2)", "Correct"),
    ("metrics: {source: file}", "should be 'prometheus' or 'embedded', not 'file'", "Correct"),
    ("metrics: {headers: {X: 3}}", "metrics.headers.X (line 1) should be a valid string", "Correct"),
    ("version: 2", "version (line 1) should be 1, not 2", "Correct"),
    ("a: [", "line 2, column 1", "Correct"),
    ("version: 1\nversion: 1", "line 2, column 1: the key 'version' stands twice", "Correct"),
    (
        "router:\n  auth: {env: A}\n  auth: {env: B}",
        "line 3, column 3: the key 'auth' stands twice",
        "Correct",
    ),
    ("- 1", "is not a mapping", "cbops init"),
    ("1: 2", "is not a mapping", "cbops init"),
    ("a: \x00", "control characters", "Correct"),
    ("a: !!python/object:os.system {}", "could not determine a constructor", "Correct"),
    ("timezone: Mars/Base", "cbops.yaml: timezone: 'Mars/Base' is not a time zone", "IANA"),
    ("router: {admin_url: 'localhost:8080'}", "router.admin_url is not the URL of a server", "http://"),
    ("router: {admin_url: 'http://x:99999'}", "router.admin_url is not the URL of a server", "http://"),
    ("metrics: {url: 'http://x/?a=b'}", "metrics.url is not the URL of a server", "http://"),
    ("alerts: {alertmanager_url: 'ftp://x'}", "alerts.alertmanager_url is not the URL", "http://"),
    ("router: {reload_path: '/{tennant}'}", "placeholder", "{tenant} and {policy}"),
    ("router: {auth: {header: 'x y'}}", "router.auth.header is not the name of a header", "Correct"),
    ('metrics: {headers: {X: "a\\nb"}}', "metrics.headers.X holds a control character", "Correct"),
]


@pytest.mark.parametrize(("text", "says", "hint"), WRONG)
def test_what_is_wrong_is_named_with_its_place_and_a_remedy(config, text, says, hint):
    with pytest.raises(ConfigError) as caught:
        config(text)
    assert says in caught.value.message
    assert hint in caught.value.hint


def test_all_that_is_wrong_is_said_at_once_up_to_five(config):
    with pytest.raises(ConfigError) as caught:
        config("".join(f"k{number}: 1\n" for number in range(7)))
    assert caught.value.message.count("is not known") == 5
    assert caught.value.message.endswith("and 2 more")


SECRET = "s3cr3t-t0ken"


@pytest.mark.parametrize(
    "text",
    [
        f"metrics: {{headers: {{Authorization: Bearer {SECRET}}}}}",
        f"metrics: {{headers: {{X-Api-Key: {SECRET}}}}}",
        f"metrics: {{headers: {{Cookie: {SECRET}}}}}",
        f"metrics: {{headers: {{X: {{envv: {SECRET}}}}}}}",
        f"metrics: {{headers: {{X: [{SECRET}]}}}}",
        f"router: {{auth: {{env: {SECRET}}}}}",
        f"router: {{auth: {{token: {SECRET}}}}}",
        f"router: {{admin_url: 'http://user:{SECRET}@host'}}",
        f"metrics: {{headers: {{Y: {{env: {SECRET}}}}}}}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(config, text):
    with pytest.raises(ConfigError) as caught:
        config(text)
    assert SECRET not in caught.value.message + caught.value.hint


def test_a_literal_authorization_gets_the_hint_to_name_a_variable(config):
    with pytest.raises(ConfigError) as caught:
        config("metrics: {headers: {Authorization: Bearer x}}")
    assert "Authorization: {env: NAME}" in caught.value.hint


def test_deep_nesting_is_an_error_and_no_crash(config):
    with pytest.raises(ConfigError):
        config("a: " + "[" * 5000 + "]" * 5000)


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "cbops.yaml")
    assert "cbops init" in caught.value.hint


def test_a_folder_a_huge_file_and_bytes_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="is a folder"):
        read_config(tmp_path)
    path = tmp_path / "cbops.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than 4 MiB"):
        read_config(path)
    path.write_bytes(b"a: \xff")
    with pytest.raises(ConfigError, match=r"not UTF-8 \(byte 4\)"):
        read_config(path)


def test_tenants_are_read_and_what_is_not_said_is_null(tenants):
    read = tenants(
        "tenants:\n- id: acme\n  critical: false\n  owner: {name: Ada}\n  policies: [p1, p2]\n- {id: other}\n"
    )
    assert read.tenants == (
        Tenant(id="acme", critical=False, owner=Owner(name="Ada"), policies=("p1", "p2")),
        Tenant(id="other"),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tenants:\n- id: 12", "tenants.0.id (line 2) should be a valid string, not 12"),
        ("tenants: [{id: a}, {id: a}]", "tenant 'a' stands twice"),
        ("tenants: [{id: ''}]", "empty id"),
        ("tenants:\n- id: a\n  owner: {nam: x}", "tenants.0.owner.nam (line 3) is not known"),
        ("tenants: [{critical: true}]", "tenants.0.id (line 1) is missing"),
        ("tenant: []", "tenant (line 1) is not known"),
        ("tenants: {a: 1}", "tenants (line 1) should be a list"),
        (
            "tenants: [{id: a, owner: Bob}]",
            "tenants.0.owner (line 1) should be a mapping of keys to values, not 'Bob'",
        ),
    ],
)
def test_wrong_tenants_are_named(tenants, text, says):
    with pytest.raises(TenantsError) as caught:
        tenants(text)
    assert says in caught.value.message


def test_an_empty_list_of_tenants_is_no_tenants(tenants):
    assert tenants("tenants:\n").tenants == ()


def test_incidents_are_read(incidents):
    (one,) = incidents(
        '[{"provider": "openai", "from": "2025-01-28T10:00:00", "to": "2025-01-28T12:00:00+01:00"}]'
    )
    assert one.provider == "openai"
    assert one.start == datetime(2025, 1, 28, 10, tzinfo=UTC)
    assert one.end == datetime(2025, 1, 28, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}", "is not a JSON list"),
        ("[1]", "incidents.0 should be a mapping of keys to values, not 1"),
        ('[{"provider": "a", "from": "x", "to": "y"}]', "incidents.0.from should be a valid datetime"),
        ('[{"provider": "a", "from": "2025-01-01", "til": 1}]', "incidents.0.to is missing"),
        ('[{"provider": "a", "provider": "b"}]', "the key 'provider' stands twice"),
        ("[NaN]", "NaN is not JSON"),
        ("[", "line 1, column 2"),
        ("[" * 100000, "nested too deeply"),
    ],
)
def test_wrong_incidents_are_named(incidents, text, says):
    with pytest.raises(InputError) as caught:
        incidents(text)
    assert says in caught.value.message


@pytest.mark.parametrize("document", [CANARY_BLOCK, {"policy_id": "p", "circuit_breaker": CANARY_BLOCK}])
def test_a_block_stands_alone_or_in_a_policy(tmp_path, document):
    path = tmp_path / "block.json"
    path.write_text(json.dumps(document))
    assert read_block(path) == CANARY_BLOCK


@pytest.mark.parametrize("text", ["[]", '{"circuit_breaker": 1}', '{"failure_treshold": 5}', "{"])
def test_a_wrong_block_is_a_policy_error(tmp_path, text):
    path = tmp_path / "block.json"
    path.write_text(text)
    with pytest.raises(PolicyError):
        read_block(path)
