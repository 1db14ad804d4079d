"""The OpenAPI document says what the server does: schemathesis calls it with all that the document allows."""

from __future__ import annotations

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis.specs.openapi.checks import positive_data_acceptance
from simulator_worlds import KEY, world

from cbops.simulator.api import create_app
from cbops.simulator.router import Router

APP = create_app(Router(world(rpm=0.02)), KEY)
OPERATIONS = {
    operation.label: operation
    for operation in (
        found.ok() for found in schemathesis.openapi.from_asgi("/openapi.json", APP).get_all_operations()
    )
}
# What makes a policy valid is more than a schema of its body says; the contract tests write valid ones.
MORE_THAN_A_SCHEMA = {"PUT /api/v1/admin/policies/{tenant}/{policy}": [positive_data_acceptance]}


# The clock is advanced by the calls themselves, so the examples are few.
@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.filterwarnings("default")  # schemathesis' own
def test_a_call_does_what_the_openapi_document_says(label: str) -> None:
    operation = OPERATIONS[label]

    @hypothesis.settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @hypothesis.given(case=operation.as_strategy())
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(headers={"x-api-key": KEY}, excluded_checks=MORE_THAN_A_SCHEMA.get(label, []))

    check()


def test_every_call_of_the_admin_api_is_in_the_document() -> None:
    base = "/api/v1/admin/policies"
    assert {
        f"GET {base}/",
        f"GET {base}/{{tenant}}/{{policy}}",
        f"POST {base}/validate",
        f"POST {base}/dry-run",
        f"PUT {base}/{{tenant}}/{{policy}}",
        f"POST {base}/{{tenant}}/{{policy}}/rollback",
        f"GET {base}/{{tenant}}/{{policy}}/history",
        "POST /admin/policies/{tenant}/{policy}/reload",
        "POST /admin/circuit-breaker/disable",
    } <= set(OPERATIONS)


def test_every_admin_call_says_that_it_wants_a_key() -> None:
    paths = APP.openapi()["paths"]
    secured = {path for path, calls in paths.items() if all(call.get("security") for call in calls.values())}
    assert set(paths) - secured == {"/metrics", "/health"}
