"""Which dialect a rendered file is in, and where the file goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cbops.errors import ConflictError, MetricsError
from cbops.flows.ports import SamplePort
from cbops.journal.files import read_bytes, write_atomically
from cbops.measure.names import TRANSITIONS, documented, server_query
from cbops.measure.transitions import dialect_of
from cbops.model.answers.alerts import DialectFrom
from cbops.model.config import MetricsConfig
from cbops.model.observation import Dialect

_STEP = 300
_BACK = timedelta(minutes=10)  # and as far as a source looks back anyway


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is rendered: the words for it, and its file's name in a rollout's folder and outside of one."""

    words: str  # "the rules are"
    wrong: str  # what becomes of it in the wrong dialect: "they never fire"
    again: str  # how to get another one
    name: str
    alone: str


RULES = Rendered(
    "the rules are", "they never fire", "render a second file", "alerts.yml", "circuit-breaker-alerts.yml"
)
DASHBOARD = Rendered(
    "the dashboard is",
    "its states and opens stay 0",
    "render a second dashboard",
    "dashboard.json",
    "circuit-breaker-dashboard.json",
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The dialect, what said so, and what a person must know of it."""

    dialect: Dialect
    by: DialectFrom
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the file goes: to stdout, to `out`, to the rollout's folder, or into the current one.

    `force`: over a file that cbops didn't write.
    """

    folder: Path | None = None
    out: Path | None = None
    stdout: bool = False
    force: bool = False
    what: Rendered = RULES

    @property
    def path(self) -> Path:
        """The file."""
        return self.out or (self.folder / self.what.name if self.folder else Path(self.what.alone))

    def write(self, text: str, is_untouched: Callable[[str], bool]) -> bool:
        """Whether the file is another one now; ConflictError where one stands that cbops didn't write so."""
        new = text.encode()
        old = read_bytes(self.path)
        if old == new:
            return False
        if old is not None and not self.force and not is_untouched(old.decode(errors="replace")):
            raise ConflictError(
                f"{self.path} is not as cbops wrote it: it was made or changed by somebody else",
                hint="Look at it, then write over it with --force, or to another place with --out PATH.",
            )
        write_atomically(self.path, new)
        return True


def choose_dialect(
    metrics: MetricsConfig,
    source: SamplePort | None,
    now: datetime | None,
    missing: str,
    what: Rendered = RULES,
) -> Chosen:
    """The configuration's dialect, else that of the transitions which the source has; `router` where neither says.

    `missing` says why there is no source.
    """
    if metrics.dialect != "auto":
        return Chosen(metrics.dialect, "configuration")
    if source is None or now is None:
        return _default(missing, what)
    query = server_query(metrics, "which dialect the router speaks", (TRANSITIONS,), step_seconds=_STEP)
    try:
        found = documented(metrics, source.fetch(query, now - _BACK, now))
    except MetricsError as error:
        return _default(error.message, what)
    dialect = dialect_of(found, "auto")
    if dialect is None:
        return _default("the metrics source has no transition of any circuit", what)
    others = sum("state" in one.labels and "to" not in one.labels for one in found)
    if dialect == "router" and others:
        both = f"the metrics source has both dialects; {others} series of the documented one are passed over"
        return Chosen(dialect, "metrics", (f"{both}: {what.again} with --dialect documented",))
    return Chosen(dialect, "metrics")


def _default(why: str, what: Rendered) -> Chosen:
    told = f"{what.words} in the router dialect, because nothing says which is spoken: {why}"
    return Chosen("router", "default", (f"{told}. If it is the other one, {what.wrong}.",))
