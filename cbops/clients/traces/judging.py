"""What a row's circuit and outcome columns mean, in plain Python: the fast path asks once for each combination."""

from __future__ import annotations

from dataclasses import dataclass

from cbops.clients.traces.outcomes import Rules, of_error
from cbops.clients.traces.sql import BLANK, DENIED, SOUND
from cbops.model.traffic import Circuit

# Kinds of rows: a request; another circuit's; denied in production; wrong; a blank line.
REQUEST, PASSED, REFUSED, WRONG, NOTHING = 0, 1, 2, 3, 4
# A row that names no source: nobody knows what came before it.
NO_SOURCE = -1
_YES = ("true", "1", "yes", "y", "t", "1.0", "")

Values = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A kind, the place of the circuit, the outcome's letter, and the place of the source."""

    kind: int
    circuit: int = 0
    letter: str = "l"
    source: int = 0


@dataclass(frozen=True, slots=True)
class Circuits:
    """Circuits and sources in order of appearance; both lists only grow."""

    circuits: dict[Circuit, int]
    sources: dict[str, int]


class Judge:
    """Judges rows of one file; circuits are shared with the other files."""

    def __init__(self, rules: Rules, only: Circuit | None, places: Circuits, *, error_only: bool) -> None:
        self._rules = rules
        self._only = only
        self._places = places
        self._error_only = error_only

    def meaning(self, values: Values) -> Meaning:
        """The meaning of a row with these values; see `sql.few` for their names."""
        if int(values["form"] or SOUND) == BLANK:
            return Meaning(NOTHING)
        if int(values["form"] or SOUND) != SOUND:
            return Meaning(WRONG)
        circuit = Circuit(**{part: _named(values.get(part)) for part in ("instance", "tenant", "provider")})
        if not self._wanted(circuit):
            return Meaning(PASSED)
        admitted = admitted_of(values.get("admitted"))
        if admitted is False:
            return Meaning(REFUSED)
        letter = self.letter(values)
        without = (values["without"] or "").lower() == "true"
        if admitted is None or letter is None or (without and letter != "l"):
            return Meaning(WRONG)
        source = _named(values.get("source")) or circuit.instance
        return Meaning(
            REQUEST,
            self._places.circuits.setdefault(circuit, len(self._places.circuits)),
            letter,
            NO_SOURCE
            if source is None
            else self._places.sources.setdefault(source, len(self._places.sources)),
        )

    def letter(self, values: Values) -> str | None:
        """`s`, `f`, `i` or `l`; null when no rule tells. The outcome comes before the status, the status before the error.

        A row with none of them and no latency is lost; with a latency it is a success where the trace records
        only errors.
        """
        outcome, status, error = (_named(values.get(name)) for name in ("outcome", "status", "error"))
        if outcome is not None:
            return self._rules.of_outcome(outcome)
        if status is not None:
            return self._rules.of_status(status)
        if error is not None:
            return error if error in ("f", "i") else of_error(error)
        if (values["without"] or "").lower() == "true":
            return "l"
        return "s" if self._error_only else None

    def _wanted(self, circuit: Circuit) -> bool:
        only = self._only
        return only is None or all(
            wanted is None or wanted == has
            for wanted, has in (
                (only.instance, circuit.instance),
                (only.tenant, circuit.tenant),
                (only.provider, circuit.provider),
            )
        )


def admitted_of(text: str | None) -> bool | None:
    """Whether production admitted the request; what isn't said is true, what makes no sense is null."""
    word = (text or "").strip().lower()
    if word in DENIED:
        return False
    return True if word in _YES else None


def _named(text: str | None) -> str | None:
    return (text or "").strip() or None
