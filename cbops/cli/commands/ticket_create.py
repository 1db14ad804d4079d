"""`cbops ticket create`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.options import By, words
from cbops.cli.wiring import workplace
from cbops.errors import UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.tickets import create_from_signals, create_written
from cbops.model.answers.tickets import TicketCreateAnswer
from cbops.model.ticket import TicketBody, TicketDraft, TicketKind, TicketPriority


def command(
    context: typer.Context,
    *,
    from_signal: Annotated[
        str | None,
        typer.Option(
            "--from-signal", metavar="all|ID", parser=words, help="For all signals, or the one of this id."
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option("--title", metavar="TEXT", parser=words, help="Brief description, in own words."),
    ] = None,
    issue: Annotated[
        str | None,
        typer.Option("--issue", metavar="TEXT", parser=words, help="What is wrong. Default: the title."),
    ] = None,
    kind: Annotated[
        TicketKind, typer.Option("--kind", help="Of a ticket in own words.")
    ] = TicketKind.OPERATOR_WRITTEN,
    priority: Annotated[TicketPriority, typer.Option("--priority", help="Of it.")] = TicketPriority.MEDIUM,
    current: Annotated[
        list[str] | None, typer.Option("--current", metavar="TEXT", help="Current behavior; several times.")
    ] = None,
    expected: Annotated[
        list[str] | None, typer.Option("--expected", metavar="TEXT", help="Expected behavior; several times.")
    ] = None,
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", metavar="TEXT", help="Metrics and logs; several times.")
    ] = None,
    proposal: Annotated[
        list[str] | None, typer.Option("--proposal", metavar="TEXT", help="Proposed solution; several times.")
    ] = None,
    impact: Annotated[
        str | None, typer.Option("--impact", metavar="TEXT", parser=words, help="What users have of it.")
    ] = None,
    by: By = None,
) -> Outcome[TicketCreateAnswer]:
    """Open tickets from signals, or one in your own words.

    A signal that has a ticket brings it up to date instead; the same words twice are one ticket.
    """
    place = workplace(context)
    folder = place.rollout()
    if (from_signal is None) == (title is None):
        raise UsageError(
            "a ticket comes from signals or from words", hint="Give --from-signal all|ID, or --title TEXT."
        )
    if from_signal is not None:
        if issue or current or expected or evidence or proposal or impact:
            raise UsageError(
                "--from-signal takes no words", hint="Add them later: cbops ticket update ID --note TEXT"
            )
        return place.told(
            folder, create_from_signals(folder, place.who(by), place.config.criteria, from_signal)
        )
    who = place.who(by)
    written = TicketDraft(
        fingerprint="",
        kind=kind,
        title=title or "",
        priority=priority,
        signal="written by hand",
        last_seen=who.clock.now(),
        body=TicketBody(
            issue=issue or title or "",
            current=tuple(current or ()),
            expected=tuple(expected or ()),
            evidence=tuple(evidence or ()),
            proposal=tuple(proposal or ()),
            user_impact=impact,
        ),
    )
    return place.told(folder, create_written(folder, who, written))
