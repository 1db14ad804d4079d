"""Bad rows: counted, explained, tolerated up to a number."""

from __future__ import annotations

from cbops.clients.traces.inputs import TraceFile
from cbops.errors import InputError
from cbops.model.traffic import BadRow

SHOWN = 20


class Faults:
    """The rows that were skipped. `allowed`: so many may be."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self.count = 0
        self.rows: list[BadRow] = []

    @property
    def wanted(self) -> int:
        """How many more bad rows should be explained."""
        return SHOWN - len(self.rows)

    def exceeded_by(self, more: int) -> bool:
        """Whether that many further bad rows are too many."""
        return self.count + more > self._allowed

    def skip(self, more: int, explained: list[BadRow]) -> None:
        """Count rows that are left out; some of them are explained."""
        self.count += more
        self.rows.extend(explained)

    def error(self, more: int, first: BadRow) -> InputError:
        """The error for one bad row too many; `first` is the earliest of the trace, or of the last `more`."""
        first = self.rows[0] if self.rows else first
        hint = "Repair the trace, or say with --map how it is to be read; --skip-bad N leaves out up to N bad rows."
        if self._allowed == 0:
            return InputError(told(first), hint=hint)
        total = self.count + more
        return InputError(
            f"at least {total:,} bad rows where up to {self._allowed:,} may be skipped; the first is {told(first)}",
            hint=hint,
            details=tuple(told(row) for row in self.rows[:SHOWN]),
        )


def told(row: BadRow) -> str:
    """A bad row in words."""
    return f"{row.file}, {'row' if row.file.endswith('.parquet') else 'line'} {row.line}: {row.problem}"


def bad_row(file: TraceFile, line: int | None, problem: str) -> BadRow:
    """A bad row of a file."""
    return BadRow(file=str(file), line=line, problem=problem)
