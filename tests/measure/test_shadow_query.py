"""The places of a shadow criterion's expression."""

from __future__ import annotations

from datetime import UTC, date, datetime

from cbops.measure import shadow_query
from cbops.model.observation import DayWindow
from cbops.model.tenant import Target

WINDOW = DayWindow(
    day=1,
    date=date(2025, 1, 27),
    start=datetime(2025, 1, 27, 9, tzinfo=UTC),
    end=datetime(2025, 1, 28, tzinfo=UTC),
    partial=False,
    full=False,
)


def asked(template: str, tenant: str = "acme", provider: str = "openai") -> str:
    return shadow_query(template, Target(tenant=tenant, policy="p", provider=provider), WINDOW)


def test_each_place_is_filled_in_and_the_braces_of_promql_stay() -> None:
    template = 'sum(increase(x{tenant_id="{tenant}",p="{provider}"}[{range}])) / sum(y{tenant="{tenant}"})'
    assert asked(template) == (
        'sum(increase(x{tenant_id="acme",p="openai"}[54000s])) / sum(y{tenant="acme"})'
    )


def test_what_a_name_holds_stays_inside_its_quotes_and_is_no_place() -> None:
    assert asked('x{t="{tenant}"}', tenant='a"b\\c') == 'x{t="a\\"b\\\\c"}'
    assert asked('x{t="{tenant}"}', tenant="{provider}") == 'x{t="{provider}"}'
