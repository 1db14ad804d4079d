"""What was sent, and how it stands there, as lines for people."""

from __future__ import annotations

from collections.abc import Sequence

from cbops.flows.steps.wording import plural
from cbops.model.answers.sending import SentAnswer, SyncedAnswer
from cbops.model.sending import PreparedRequest

_OUTCOMES = {
    "created": "opened there",
    "found": "was there already",
    "updated": "brought up to date",
    "unchanged": "as it is here",
    "failed": "NOT SENT",
    "prepared": "would be sent",
}


def sent_lines(sent: SentAnswer) -> tuple[str, ...]:
    """One ticket at one target, with its address or what went wrong; with the requests of a dry run."""
    head = f"  {sent.ticket} → {sent.target}: {_OUTCOMES[sent.outcome]}"
    lines = [f"{head}  {sent.url}" if sent.url and sent.outcome != "failed" else head]
    if sent.problem:
        lines += [f"    {sent.problem.message}", f"    {sent.problem.hint}"]
    for request in sent.requests:
        lines += request_lines(request)
    return tuple(lines)


def request_lines(request: PreparedRequest) -> list[str]:
    """A request as it goes over the wire."""
    lines = ["", f"    # {request.why}", f"    {request.method} {request.url}"]
    lines += [f"    {name}: {value}" for name, value in request.headers.items()]
    return [*lines, "", f"    {request.body}"] if request.body is not None else lines


def sent_summary(rollout: str, results: Sequence[SentAnswer]) -> str:
    """How many became what."""
    if not results:
        return f"No ticket of {rollout} is to be sent."
    counts = {
        "sent": sum(each.outcome in ("created", "found") for each in results),
        "brought up to date": sum(each.outcome == "updated" for each in results),
        "as they were": sum(each.outcome == "unchanged" for each in results),
        "NOT sent": sum(each.outcome == "failed" for each in results),
    }
    told = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    return f"{plural(len(results), 'sending')} of {rollout}: {told}."


def synced_lines(seen: SyncedAnswer) -> tuple[str, ...]:
    """One ticket as it stands there, and what that led to."""
    state = "not known" if seen.state is None else seen.state.value
    told = f" ({seen.told})" if seen.told else ""
    changed = (
        "" if seen.state in (None, seen.before) else f", was {seen.before.value if seen.before else 'new'}"
    )
    moved = f"; here it is {seen.moved[-1].words} now" if seen.moved else ""
    lines = [f"  {seen.ticket} at {seen.target}: {state}{told}{changed}{moved}  {seen.url or ''}".rstrip()]
    if seen.problem:
        lines += [f"    {seen.problem.message}", f"    {seen.problem.hint}"]
    return tuple(lines)
