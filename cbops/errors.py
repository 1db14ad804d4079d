"""Every error that cbops raises.

    CbopsError                       exit  what happened
    ├── UsageError                     2   the command line is wrong
    ├── InputError                     3   a file or setting is wrong
    │   ├── ConfigError                    cbops.yaml
    │   ├── TenantsError                   tenants.yaml
    │   ├── PolicyError                    a policy document or breaker block
    │   ├── RecordError                    a journal or its evidence is damaged
    │   └── StorageError                   the disk refused (full, read-only, no permission)
    ├── AdminError                     4   the router's admin API
    │   ├── AdminUnreachableError
    │   ├── AdminRefusedError              401 or 403
    │   ├── AdminMissingError              404: no such tenant or policy
    │   └── AdminAnswerError               an answer that makes no sense
    ├── MetricsError                   5   the metrics source
    │   ├── MetricsUnreachableError
    │   ├── MetricsRefusedError            401 or 403
    │   ├── MetricsQueryError              the server calls the query bad
    │   ├── MetricsAnswerError             an answer that makes no sense
    │   ├── MetricsEmptyError              nothing there of what was asked for
    │   │   ├── MetricsMissingError            no such series
    │   │   └── MetricsNoDataError             series, but no sample in the window
    │   ├── MetricsManyError               several series where one was expected
    │   └── AlertmanagerError              Alertmanager failed
    ├── ConflictError                  6   someone else's change, or the wrong moment
    │   ├── LockedError                    another process holds the rollout
    │   ├── ChangedError                   the live policy isn't what was read
    │   ├── WrongStageError                the rollout is not where this command needs it
    │   └── BlockedError                   a requirement is open and was not overridden
    ├── ChecksFailedError              7   a check found problems
    ├── SendingError                   7   a tracker, a webhook or a channel was to be told
    │   ├── SendingUnreachableError
    │   ├── SendingRefusedError            401 or 403: the token, its rights
    │   ├── SendingMissingError            404 or 410: it isn't there, or out of sight
    │   ├── SendingLaterError              a rate limit, or a server that can't answer now
    │   ├── SendingAnswerError             it doesn't take it, or answers what makes no sense
    │   ├── SendingUnclearError            nobody knows whether it was carried out
    │   └── SendingHeldError               it stands differently there; that comes first
    └── InterruptedByUserError       130   Ctrl-C or SIGTERM

Each class has a stable `code` (kebab-case) for scripts and an `exit_status`; each instance has a
message (what happened, to which thing), a `hint` (what to do now), and sometimes `details`: lines that
must be kept as they are.
Source of the exit statuses: the promises to scripts in docs/commands.md.
"""

from __future__ import annotations

from typing import ClassVar

_LONGEST = 2_000  # characters of a message


class CbopsError(Exception):
    """The root; never raised itself."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str, details: tuple[str, ...] = ()) -> None:
        if len(message) > _LONGEST:  # what a file or a server holds is in it
            message = f"{message[:_LONGEST]}…"
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details


class UsageError(CbopsError):
    """The command line is wrong."""

    code = "usage"
    exit_status = 2


class InputError(CbopsError):
    """A file, a setting or a value is wrong."""

    code = "input"
    exit_status = 3


class ConfigError(InputError):
    """cbops.yaml is missing or wrong."""

    code = "config"


class TenantsError(InputError):
    """tenants.yaml is missing or wrong."""

    code = "tenants"


class PolicyError(InputError):
    """A policy document or its circuit_breaker block is wrong."""

    code = "policy"


class RecordError(InputError):
    """A journal, or evidence that it names, is damaged."""

    code = "record-damaged"


class StorageError(InputError):
    """The disk refused: full, read-only or no permission."""

    code = "storage"


class AdminError(CbopsError):
    """The router's admin API failed."""

    code = "admin"
    exit_status = 4


class AdminUnreachableError(AdminError):
    """No answer from the admin API: nothing listens, a time-out, or a connection cut."""

    code = "admin-unreachable"


class AdminRefusedError(AdminError):
    """The admin API answered 401 or 403."""

    code = "admin-refused"


class AdminMissingError(AdminError):
    """The admin API knows no such tenant or policy."""

    code = "admin-missing"


class AdminAnswerError(AdminError):
    """The admin API answered with an error or with something that makes no sense."""

    code = "admin-answer"


class MetricsError(CbopsError):
    """The metrics source failed."""

    code = "metrics"
    exit_status = 5


class MetricsUnreachableError(MetricsError):
    """No answer from the metrics source."""

    code = "metrics-unreachable"


class MetricsRefusedError(MetricsError):
    """The metrics source answered 401 or 403."""

    code = "metrics-refused"


class MetricsQueryError(MetricsError):
    """The metrics source calls the query bad."""

    code = "metrics-query"


class MetricsAnswerError(MetricsError):
    """The metrics source answered with an error or with something that makes no sense."""

    code = "metrics-answer"


class MetricsEmptyError(MetricsError):
    """The metrics source works and has nothing of what was asked for."""

    code = "metrics-empty"


class MetricsMissingError(MetricsEmptyError):
    """There is no such series, at any time that was looked at."""

    code = "metrics-missing"


class MetricsNoDataError(MetricsEmptyError):
    """There are such series, and none has a sample in the window."""

    code = "metrics-no-data"


class MetricsManyError(MetricsError):
    """Several series answered where one was expected."""

    code = "metrics-many"


class AlertmanagerError(MetricsError):
    """Alertmanager can't be reached, refuses, or gives an answer that makes no sense."""

    code = "alertmanager"


class ConflictError(CbopsError):
    """Someone else's change, or the wrong moment."""

    code = "conflict"
    exit_status = 6


class LockedError(ConflictError):
    """Another process holds the rollout."""

    code = "locked"


class ChangedError(ConflictError):
    """The live policy isn't what was read, or isn't what was written."""

    code = "policy-changed"


class WrongStageError(ConflictError):
    """The rollout is not at the stage that this command needs."""

    code = "wrong-stage"


class BlockedError(ConflictError):
    """A requirement is open and was not overridden on record."""

    code = "blocked"


class ChecksFailedError(CbopsError):
    """A check found problems."""

    code = "checks-failed"
    exit_status = 7


class SendingError(CbopsError):
    """Somebody outside was to be told: a tracker, a webhook, a channel."""

    code = "sending"
    exit_status = 7


class SendingUnreachableError(SendingError):
    """No answer."""

    code = "sending-unreachable"


class SendingRefusedError(SendingError):
    """The answer was 401 or 403."""

    code = "sending-refused"


class SendingMissingError(SendingError):
    """The answer was 404 or 410."""

    code = "sending-missing"


class SendingLaterError(SendingError):
    """A rate limit, or a server that can't answer now."""

    code = "sending-later"


class SendingAnswerError(SendingError):
    """The request isn't taken, or the answer makes no sense."""

    code = "sending-answer"


class SendingUnclearError(SendingError):
    """The request was sent, and nobody knows whether it was carried out."""

    code = "sending-unclear"


class SendingHeldError(SendingError):
    """The ticket stands differently there; that has to be taken over first."""

    code = "sending-held"


class InterruptedByUserError(CbopsError):
    """Ctrl-C or SIGTERM."""

    code = "interrupted"
    exit_status = 130
