"""How long circuits stayed open, and what that saved: time to half-open, episodes, calls saved."""

from __future__ import annotations

from cbops.measure.names import DECISIONS, EVENTS, FALLBACK_REASON
from cbops.measure.panels.counting import RANGE, block, counted, over, stepped, there
from cbops.measure.panels.states import half_open_now, open_now
from cbops.measure.panels.words import Words
from cbops.model.dashboard import BoardPanel, BoardQuery, DashboardSettings


def time_to_half_open(words: Words, settings: DashboardSettings) -> BoardPanel:
    """Waiting divided by half-opens."""
    wait = waited(words)
    half = counted(words, words.to("half_open"), RANGE)
    policy = (
        ""
        if settings.timeout_ms is None
        else f" The policy's timeout_ms is {settings.timeout_ms} ({settings.timeout_ms / 1000:g} s)."
    )
    return BoardPanel(
        id=8,
        title="Time to half-open",
        description=(
            "The time that circuits were open, divided by the half-opens that followed. Open time is what the scrapes showed, "
            "minute by minute, so a single open is known to a minute and the mean of many well."
            + policy
            + " Look for: much "
            "longer than timeout_ms, which means that no request came to ask (only traffic moves an open circuit on). "
            "0 in 'mean': no half-open, or opens too brief for any scrape."
        ),
        kind="table",
        unit="seconds",
        queries=(
            BoardQuery(id="half_opens", expr=half, legend="half-opens", instant=True, unit="count"),
            BoardQuery(id="open_time", expr=wait, legend="time open", instant=True),
            BoardQuery(
                id="time_to_half_open",
                expr=f"(\n{block(wait)}\n)\n/ clamp_min((\n{block(half)}\n), 1)\n* ((\n{block(half)}\n) > bool 0)",
                legend="mean time to half-open",
                instant=True,
            ),
        ),
        width=12,
        height=8,
    )


def waited(words: Words) -> str:
    """Seconds for which circuits were open, all instances added up."""
    spent = over(f"60 * count by ({words.circuit}) (\n{block(open_now(words))}\n)", RANGE)
    return f"{spent}\nor {there(words, RANGE)}"


def episodes(words: Words) -> BoardPanel:
    """Number and length."""
    unclosed = over(
        f"60 * max by ({words.circuit}) (\n"
        f"  clamp_max({_inner(open_now(words))}, 1)\n  or\n  clamp_max({_inner(half_open_now(words))}, 1)\n)",
        RANGE,
    )
    length = f"{unclosed}\nor {there(words, RANGE)}"
    number = _episodes(words)
    return BoardPanel(
        id=9,
        title="Episodes",
        description=(
            "An episode runs from an open of a closed circuit to its next close, half-opens and further opens included. "
            "Where several router instances have episodes of a circuit, the number is that of the instance with the most. "
            "The time is what the scrapes showed, minute by minute. Look for: long ones after the provider has recovered."
            + (
                ""
                if words.dialect == "router"
                else " This dialect names only targets: an episode that is half-open as the range begins or ends may be missed "
                "or counted twice."
            )
        ),
        kind="table",
        unit="seconds",
        queries=(
            BoardQuery(id="episodes", expr=number, legend="episodes", instant=True, unit="count"),
            BoardQuery(id="episode_time", expr=length, legend="time not closed", instant=True),
            BoardQuery(
                id="episode_mean",
                expr=f"(\n{block(length)}\n)\n/ clamp_min((\n{block(number)}\n), 1)",
                legend="time per episode",
                instant=True,
            ),
        ),
        width=12,
        height=8,
    )


def _inner(text: str) -> str:
    return "(\n" + block(block(text)) + "\n  )"


def _episodes(words: Words) -> str:
    """Moves from closed to open, of the instance with the most."""
    by = words.instance_circuit
    if words.dialect == "router":
        opened = over(stepped(words, words.moved({"from": "closed", "to": "open"}), by), RANGE)
        return f"max by ({words.circuit}) (\n{block(opened)}\n)\nor {there(words, RANGE)}"
    # Opens are those of closed circuits and failed probes; half-opens end as failed probes or closes.
    parts = [over(stepped(words, words.to(to), by), RANGE) for to in ("open", "half_open", "closed")]
    went, half, closed = (f"(\n{block(part)}\n)" for part in parts)
    found = f"{went}\n- ({half} or 0 * {went})\n+ ({closed} or 0 * {went})"
    return f"clamp_min(max by ({words.circuit}) (\n{block(found)}\n), 0)\nor {there(words, RANGE)}"


def calls_saved(words: Words) -> BoardPanel:
    """Denials, and where they went."""
    tenant = words.everyone.tenant
    exists = f"0 * sum by ({tenant}) (last_over_time({words.seen}[{RANGE}]))"

    def total(selector: str) -> str:
        return f"{over(stepped(words, selector, tenant), RANGE)}\nor {exists}"

    denied = total(words.tenants.selector(EVENTS, event_type="fail_fast"))
    fallback = total(words.tenants.selector(DECISIONS, reason=FALLBACK_REASON))
    return BoardPanel(
        id=10,
        title="Calls saved",
        description=(
            "What the open circuits of each tenant, all its providers together, kept away from failing providers in the range: "
            "requests denied, those of them that a fallback answered, and those without a fallback. The last are still sent "
            "to the provider by the stock router (or rejected, where metrics.denied_without_fallback says so). "
            "Look for: many without a fallback, for which the breaker gains little." + words.uncounted
        ),
        kind="table",
        unit="count",
        queries=(
            BoardQuery(id="denied", expr=denied, legend="denied", instant=True),
            BoardQuery(id="saved_by_fallback", expr=fallback, legend="sent to the fallback", instant=True),
            BoardQuery(
                id="denied_without_fallback",
                expr=f"clamp_min((\n{block(denied)}\n)\n- (\n{block(fallback)}\n), 0)",
                legend="without a fallback",
                instant=True,
            ),
        ),
        width=12,
        height=8,
    )
