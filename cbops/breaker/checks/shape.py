"""Policy checks: keys, types and ranges of the block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from cbops.breaker.checks.data import Subject
from cbops.errors import PolicyError
from cbops.model.checking import PolicyFinding
from cbops.model.policy import BreakerPolicy, refuse_unknown_keys

# Beyond this the router's sums with fractions would overflow; the engine refuses it too.
_LARGEST = 1e300

# The least sensible value of each whole number, and what a smaller one does. half_open_max_calls has a rule
# of its own: with none, the circuit never closes.
_LEAST = {
    "failure_threshold": (1, "every failure opens the circuit, as with 1"),
    "success_threshold": (1, "the first good probe closes the circuit, as with 1"),
    "timeout_ms": (0, "an open circuit lets the very next request through, as with 0"),
    "error_rate_window_seconds": (0, "the window is always empty, so the error rate is always 0"),
    "latency_threshold_ms": (1, "every latency is above it"),
}


def unknown_keys(subject: Subject) -> Iterator[PolicyFinding]:
    """Keys that the router would ignore in silence."""
    for key, value in subject.block.items():
        try:
            refuse_unknown_keys({str(key): value})
        except PolicyError as error:
            yield PolicyFinding(
                code="unknown_key",
                level="error",
                sentence=f"{error.message}: the router ignores it in silence and uses its own value",
                fix=error.hint or "Take it out.",
            )


def wrong_types(subject: Subject) -> Iterator[PolicyFinding]:
    """Values of another kind than the field's, and a block that is none."""
    whole = (subject.document or {}).get("circuit_breaker")
    if not subject.block and whole is not None and not isinstance(whole, Mapping):
        yield PolicyFinding(
            code="wrong_type",
            level="error",
            sentence=f"circuit_breaker is {whole!r}, not an object",
            fix='Write an object, for example {"enabled": true}.',
        )
    for field in _mistyped(subject.block):
        value = subject.block[field]
        wanted = _wanted(field)
        yield PolicyFinding(
            code="wrong_type",
            level="error",
            sentence=f"{field} is {value!r}, not {wanted}",
            fix=f"Write {wanted}, or leave it out: the router's own value is {_default(field)}.",
        )


def out_of_range(subject: Subject) -> Iterator[PolicyFinding]:
    """Numbers of the right kind that mean nothing, or not what they say."""
    unusable = unusable_fields(subject.block) - set(_mistyped(subject.block))
    for field in BreakerPolicy.model_fields:
        if field in unusable:
            yield _out_of_range(
                f"{field} is out of range: it is more than a breaker can count with",
                f"Write a smaller number, or leave it out: the router's own value is {_default(field)}.",
            )
    for field, (least, consequence) in _LEAST.items():
        value = getattr(subject.settings, field)
        if value is not None and value < least:
            yield _out_of_range(
                f"{field} {value} is out of range: {consequence}", f"Set {field} to {least} or more."
            )
    rate = subject.settings.error_rate_threshold
    if rate <= 0:
        yield _out_of_range(
            f"error_rate_threshold {rate} is out of range: "
            "every failure opens the circuit, because any error rate reaches it",
            "Set error_rate_threshold above 0 and up to 1.",
        )


def unusable_fields(block: Mapping[str, object]) -> set[str]:
    """The fields of the block whose value no rule can count with."""
    huge = {
        field
        for field, value in block.items()
        if field in BreakerPolicy.model_fields and isinstance(value, int | float) and abs(value) > _LARGEST
    }
    return huge | set(_mistyped(block))


def _mistyped(block: Mapping[str, object]) -> tuple[str, ...]:
    known = {key: value for key, value in block.items() if key in BreakerPolicy.model_fields}
    try:
        BreakerPolicy.model_validate(known, strict=True)
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors()}
        return tuple(field for field in BreakerPolicy.model_fields if field in wrong)
    return ()


def _wanted(field: str) -> str:
    if field == "enabled":
        return "true or false"
    if field == "latency_threshold_ms":
        return "a whole number or null"
    return "a number" if field == "error_rate_threshold" else "a whole number"


def _default(field: str) -> str:
    value = BreakerPolicy.model_fields[field].default
    return "none" if value is None else str(value).lower()


def _out_of_range(sentence: str, fix: str) -> PolicyFinding:
    return PolicyFinding(code="threshold_out_of_range", level="error", sentence=sentence, fix=fix)
