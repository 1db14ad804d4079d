"""A replay in words for the terminal."""

from __future__ import annotations

import pytest
from forecast_samples import START, approximate, circuit, episode, forecast, outage, relative, totals

from cbops.model.forecast import LIMIT, Outcomes, PolicyForecast, Wedge
from cbops.model.policy import CANARY_BLOCK
from cbops.model.traffic import Circuit
from cbops.render.figures import side_by_side
from cbops.render.replayed import replay_lines


def told(made, **more):
    return "\n".join(replay_lines(made, **more))


def with_circuits(*circuits):
    made = forecast()
    return made.model_copy(
        update={"policies": (made.policies[0].model_copy(update={"circuits": circuits}), *made.policies[1:])}
    )


def test_the_limit_comes_last_whatever_there_is():
    for made in (forecast(), relative(), approximate(), forecast(policies=(), timeline=None, summary=())):
        assert replay_lines(made)[-1] == LIMIT


def test_the_headline_is_not_said_twice():
    made = forecast()
    assert made.summary[0] not in told(made)
    assert made.summary[1] in told(made)


def test_policies_stand_side_by_side():
    lines = replay_lines(forecast())
    head = next(line for line in lines if line.split() == ["policy", "live", "no", "breaker"])
    opens = next(line for line in lines if line.startswith("  opens "))
    assert opens.split() == ["opens", "2", "1", "0"]
    assert len(head) == len(opens)
    assert "  time to open (median)     12 s    none        none" in lines
    assert "  outages missed          0 of 1  1 of 1      1 of 1" in lines


def test_policies_that_do_not_fit_stand_below():
    made = forecast()
    further = tuple(made.policies[0].model_copy(update={"name": f"a-policy-of-{n}.json"}) for n in range(5))
    made = made.model_copy(update={"policies": further})
    for width in (40, 80, 120):
        lines = replay_lines(made.model_copy(update={"timeline": None}), width)
        table = lines[lines.index("Policies side by side:") + 1 :]
        table = table[: table.index("")]
        assert max(map(len, table)) <= max(width, 46)
        names = " ".join(line for line in table if "a-policy" in line).split()
        assert names == [policy.name for policy in further]
        assert len(table) % 15 == 0


def test_an_episode_tells_when_why_and_the_evidence():
    text = told(forecast())
    assert (
        "  2025-01-27 11:00:00 to 11:00:36 UTC (36 s): error_rate_threshold_exceeded, 1 of 2 results failed; "
        "3 calls denied (3 good)\n"
        "    unexpected: 1 of 2 results failed, and no other within 10 min\n"
    ) in text
    assert (
        "reopened 4 times: failure_threshold_exceeded, 5 of 9 results failed; 77 calls denied (37 good)"
        in text
    )


def test_an_episode_that_never_closed_says_so_and_a_cheap_one_too():
    text = told(with_circuits(circuit(episodes=(episode(1, None, denied=Outcomes()),))))
    assert "2025-01-27 10:00:00 UTC, not closed when the trace ended: " in text
    assert "; no call denied" in text


def test_ten_episodes_are_shown_and_the_others_counted():
    some = circuit(episodes=tuple(episode(hour, 0.1) for hour in range(0, 24, 2)))
    more = circuit(number=2, episodes=tuple(episode(hour, 0.1) for hour in range(1, 6, 2)))
    lines = replay_lines(with_circuits(some, more))
    first = lines.index("Opens with policy:") + 1
    shown = [line for line in lines[first : first + 20] if line.startswith("  tenant_canary/")]
    # In order of their opening, over both circuits: hours 0 to 6, then every other one.
    assert [line.split(": ")[0].strip() for line in shown[:4]] == [
        "tenant_canary/openai",
        "tenant_canary/openai2",
        "tenant_canary/openai",
        "tenant_canary/openai2",
    ]
    assert lines[first + 20] == "  and 5 more opens"


@pytest.mark.parametrize(
    ("more", "reaction"),
    [
        ({}, "open after 12 s, closed 31 s after it ended"),
        ({"opened_after_ms": 0, "closed_after_ms": 0}, "open already, closed by its end"),
        ({"closed_after_ms": None}, "open after 12 s, not closed when the trace ended"),
        ({"opened_after_ms": None, "closed_after_ms": None}, "never opened"),
    ],
)
def test_an_outage_tells_how_the_breaker_met_it(more, reaction):
    text = told(with_circuits(circuit(outages=(outage(**more),))))
    assert f"(2 h), declared: 60 of 80 results failed; {reaction}\n" in text
    assert "seen in the trace: " in told(with_circuits(circuit(outages=(outage(source="trace"),))))


def test_circuits_are_listed_where_there_are_several_the_worst_first():
    assert "the worst first" not in told(forecast())
    wedged = circuit(number=2, episodes=(), wedge=Wedge(since=START, denied=Outcomes(success=1)))
    calm = [circuit(number=n, episodes=()) for n in range(3, 13)]
    lines = replay_lines(with_circuits(*calm, circuit(), wedged))
    first = lines.index("Circuits with policy, the worst first:") + 1
    assert lines[first] == (
        "  tenant_canary/openai2: 4,800 requests, 0 opens (0 not expected), 80 denied (40 good), wedged half-open"
    )
    assert lines[first + 1].startswith("  tenant_canary/openai: 4,800 requests, 2 opens (1 not expected)")
    assert lines[first + 10] == "  and 2 more circuits"


def test_what_was_read_is_said_with_its_notes():
    made = forecast()
    traffic = made.traffic.model_copy(update={"files": ("/a/b", "c"), "note": "as read"})
    text = told(made.model_copy(update={"traffic": traffic}), notes=("policy: mine", "two\nlines"))
    assert "(1 d 16 h), from 2 files\n  as read\n  policy: mine\n  two lines\n" in text
    alone = made.traffic.model_copy(update={"files": ("/a/b.csv",)})
    assert "from 1 file (b.csv)\n" in told(made.model_copy(update={"traffic": alone}))


def test_an_approximation_is_marked():
    text = told(approximate())
    assert "Policies side by side (approximation):" in text
    assert "Timeline (approximation):" in text
    assert ", from the counters of Prometheus" in text
    traffic = approximate().traffic.model_copy(update={"origin": "embedded"})
    embedded = approximate().model_copy(update={"traffic": traffic})
    assert "from the counters of the embedded store" in told(embedded)


def test_a_circuit_that_the_trace_does_not_name_is_the_circuit():
    assert "the circuit: " in told(with_circuits(circuit(circuit=Circuit()), circuit()))


def test_no_line_holds_a_line_break_whatever_the_names_are():
    made = forecast(lambda word: f"{word}\nX\x1b[31m")
    assert not [line for line in replay_lines(made) if "\n" in line or "\x1b" in line]


def test_every_figure_is_there_for_every_policy():
    lonely = PolicyForecast(
        name="p", block=CANARY_BLOCK, totals=totals(outages=0, outages_missed=0), circuits=()
    )
    figures = side_by_side(forecast(policies=(lonely,)))
    assert {figure.label: figure.values for figure in figures}["outages missed"] == ("no outage",)
    assert all(len(figure.values) == 1 for figure in figures)
    assert len(figures) == 14
