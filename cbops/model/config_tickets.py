"""Where tickets are sent to."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from cbops.model.base import Frozen, by_default
from cbops.model.config_connection import RetriesConfig, TlsConfig
from cbops.model.config_secrets import HeaderSecret, SecretSource

MAX_TARGETS = 10
NAME = r"^[a-z0-9][a-z0-9_-]{0,39}$"


def near(url: str) -> bool:
    """Whether the address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _encrypted(url: str) -> str:
    """ValueError for an address to which the token would go in clear."""
    if not url.startswith("https://") and not (url.startswith("http://") and near(url)):
        raise ValueError("should begin with https://, or the token goes over the network in clear")
    return url


class TargetConfig(Frozen):
    """What all targets have; `name` is what `--to` takes."""

    name: str = Field(pattern=NAME)
    tls: TlsConfig = by_default(TlsConfig)
    timeout_seconds: float = Field(default=20, gt=0, le=600)
    retries: RetriesConfig = by_default(RetriesConfig, seconds=90)  # also how long a rate limit is waited for


class GithubConfig(TargetConfig):
    """Issues of a repository. GitHub Enterprise Server: `api_url: https://HOST/api/v3`."""

    kind: Literal["github"]
    repository: str = Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$")
    token: SecretSource
    api_url: Annotated[str, AfterValidator(_encrypted)] = "https://api.github.com"
    labels: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=50)], ...], Field(max_length=20)
    ] = ()


class WebhookConfig(TargetConfig):
    """An address of one's own, which takes signed JSON; `secret` signs, and is never sent."""

    kind: Literal["webhook"]
    url: str | SecretSource  # by reference where the address itself is the secret
    secret: SecretSource
    headers: dict[str, str | HeaderSecret] = {}


Target = Annotated[GithubConfig | WebhookConfig, Field(discriminator="kind")]


def _differ(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """ValueError where two have the same name."""
    names = [target.name for target in targets]
    if len(set(names)) < len(names):
        raise ValueError("two targets have the same name")
    return targets


class TicketsConfig(Frozen):
    """`ticket send` and `ticket sync`."""

    targets: Annotated[tuple[Target, ...], Field(max_length=MAX_TARGETS), AfterValidator(_differ)] = ()
