"""The clocks: this machine's against those of the servers, as the `Date` of their answers tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cbops.errors import ConfigError
from cbops.flows.steps.diagnosis.marking import Mark
from cbops.measure.skew import Skew, skew_of
from cbops.model.answers.doctor import DoctorCheck
from cbops.model.base import iso
from cbops.model.calendar import zone

WARN_SECONDS = 5.0
PROBLEM_SECONDS = 60.0
_SYNCHRONISE = (
    "Synchronise the clocks (NTP) of this machine and of that server: days and proofs are cut by them."
)
_ZONE = Mark("clocks", "time_zone", "the time zone")


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer: when it was asked for and had arrived by this machine, and the server's `Date` (null: it sent none)."""

    sent: datetime
    received: datetime
    date: datetime | None


def clock_check(check: str, server: str, reading: Reading | None, why: str = "") -> DoctorCheck:
    """The skew against one server. `reading` null: it did not answer, as `why` says."""
    mark = Mark("clocks", check, f"the clock of {server}")
    if reading is None:
        return mark.not_asked(why)
    if reading.date is None:
        return mark.unknown(f"the clock of {server} is not known: its answers carry no Date")
    skew = skew_of(reading.sent, reading.received, reading.date)
    numbers = {
        "least_seconds": round(skew.low, 3),
        "most_seconds": round(skew.high, 3),
        "round_trip_seconds": round((reading.received - reading.sent).total_seconds(), 3),
        "date": iso(reading.date),
    }
    if skew.certain == 0:
        bound = max(abs(skew.low), abs(skew.high))
        return mark.ok(
            f"this machine and {server} have the same time, as far as a Date of whole seconds tells (within {bound:.1f} s)",
            **numbers,
        )
    text = f"this machine's clock is {_told(skew)} that of {server}"
    if skew.certain > PROBLEM_SECONDS:
        return mark.problem(text, _SYNCHRONISE, **numbers)
    if skew.certain > WARN_SECONDS:
        return mark.warning(text, _SYNCHRONISE, **numbers)
    return mark.ok(text, **numbers)


def _told(skew: Skew) -> str:
    word = "ahead of" if skew.low > 0 else "behind"
    return f"at least {seconds(skew.certain)} {word}"


def seconds(length: float) -> str:
    """`7.3 s`, `4 min`, `3 h`, `12 days`: a length of time, roughly."""
    for size, unit in ((172_800, 86_400), (7200, 3600), (120, 60)):
        if length >= size:
            names = {86_400: "days", 3600: "h", 60: "min"}
            return f"{length / unit:.0f} {names[unit]}"
    return f"{length:.1f} s"


def zone_check(name: str, now: datetime) -> DoctorCheck:
    """The time zone in which the rollout's days are cut."""
    try:
        local = now.astimezone(zone(name))
    except ConfigError as error:
        return _ZONE.failed(error)
    return _ZONE.ok(f"days are cut in the time zone {name}, where it is {local:%Y-%m-%d %H:%M} ({local:%z})")
