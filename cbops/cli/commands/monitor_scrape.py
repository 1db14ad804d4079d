"""`cbops monitor scrape`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from cbops.cli.options import interval, seconds, words
from cbops.cli.wiring import workplace
from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.flows.outcome import Outcome
from cbops.flows.scraping import scrape
from cbops.model.answers.monitor import ScrapeAnswer


def command(
    context: typer.Context,
    url: Annotated[
        str, typer.Option("--url", metavar="URL", parser=words, help="The router's metrics page.")
    ] = "http://127.0.0.1:9001/metrics",
    every: Annotated[
        float,
        typer.Option(
            "--every", metavar="TIME", parser=interval, help="The interval: 15s, 5m. At least 0.1s."
        ),
    ] = 15,
    duration: Annotated[
        float,
        typer.Option("--for", metavar="TIME", parser=seconds, help="How long: 90s, 6h, 3d. 0: one scrape."),
    ] = 0,
    instance: Annotated[
        str, typer.Option("--instance", metavar="NAME", parser=words, help="The target's label.")
    ] = "router:9001",
) -> Outcome[ScrapeAnswer]:
    """Fill the embedded sample store from a router's /metrics.

    For places without a Prometheus: with 'metrics.source: embedded' days are collected from this store.
    Ctrl-C ends it with what it has got.
    """
    place = workplace(context)
    path = place.base / place.config.metrics.path
    store = place.closing.enter_context(SampleStore(path))
    scraper = place.closing.enter_context(Scraper(url, store, instance=instance, job="router"))
    until = place.clock.now() + timedelta(seconds=duration) if duration else None
    return scrape(scraper, store, place.clock, url=url, path=str(path), every=every, until=until)
