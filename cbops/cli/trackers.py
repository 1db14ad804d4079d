"""The trackers that cbops.yaml names, with their secrets from where it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbops.cli.endpoints import TLS_FILES, header_values
from cbops.cli.lazy import lazy
from cbops.cli.secrets import secret
from cbops.cli.wiring import SystemClock, Workplace
from cbops.errors import ConfigError, UsageError
from cbops.model.config_tickets import GithubConfig, Target, WebhookConfig

if TYPE_CHECKING:
    from cbops.clients.tickets.tracker import Tracker


def trackers(place: Workplace, only: str | None) -> dict[str, Tracker]:
    """By name; closed when the command ends. ConfigError where none is configured, or a secret can't be had; UsageError
    for a name that there is none of.
    """
    targets = place.config.tickets.targets
    if not targets:
        raise ConfigError(
            f"{place.config_path} names nobody to send tickets to (tickets.targets)",
            hint="Name a repository of GitHub or a webhook: docs/tickets.md, 'Sending'.",
        )
    wanted = [target for target in targets if only in (None, target.name)]
    if not wanted:
        names = ", ".join(target.name for target in targets)
        raise UsageError(f"there is no target '{only}'", hint=f"Targets: {names}.")
    made = {target.name: _made(place, target) for target in wanted}
    for each in made.values():
        place.closing.callback(each.close)
    return made


def _made(place: Workplace, target: Target) -> Tracker:
    section = f"tickets.targets.{target.name}"
    files = {name: str(place.base / value) for name in TLS_FILES if (value := getattr(target.tls, name))}
    located = target.model_copy(update={"tls": target.tls.model_copy(update=files)})
    if isinstance(located, GithubConfig):
        token = secret(located.token, f"{section}.token", place.environ, place.base)
        made: Tracker = lazy("cbops.clients.tickets.github", "GithubIssues")(located, token)
        return made
    return _webhook(place, located, section)


def _webhook(place: Workplace, target: WebhookConfig, section: str) -> Tracker:
    hidden = not isinstance(target.url, str)
    url = (
        target.url
        if isinstance(target.url, str)
        else secret(target.url, f"{section}.url", place.environ, place.base)
    )
    made: Tracker = lazy(
        "cbops.clients.tickets.webhook", "Webhook"
    )(
        target,
        url,
        secret(target.secret, f"{section}.secret", place.environ, place.base),
        header_values(target.headers, place.environ, place.base, section),
        hidden=hidden,
        now=SystemClock().now,  # the receiver holds it against its own clock, whatever the practice router's says
    )
    return made
