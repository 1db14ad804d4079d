"""From a row's hash to what its few-valued columns mean: judged once for each hash, looked up for each row."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cbops.clients.traces.engine import Numbers
from cbops.clients.traces.judging import Judge, Meaning, Values
from cbops.errors import InputError

# More kinds of rows than any router has: a column of single values was taken for a tenant or the like.
MOST = 1_000_000
_EMPTY = -1


class Codes:
    """An open hash table in NumPy columns, at most a quarter full, so that a lookup is one gather for most rows.

    By code: `kind`, `circuit`, `letter` and `source` (see `judging`); `plain` while all rows are requests.
    """

    def __init__(self, judge: Judge, *, most: int = MOST) -> None:
        self._most = most
        self.judge = judge
        # In order of their codes, without doubles.
        self._known: dict[int, None] = {}
        self.kind: Numbers = np.empty(0, np.uint8)
        self.circuit: Numbers = np.empty(0, np.int32)
        self.letter: Numbers = np.empty(0, np.uint8)
        self.source: Numbers = np.empty(0, np.int32)
        self.plain = True
        self._resize(256)

    def look(self, hashes: Numbers) -> Numbers:
        """The code of each row, -1 where its hash has no meaning yet; a code is a place in the columns below."""
        slots = (hashes & self._mask).view(np.intp)
        codes = self._slot_code[slots]
        others = self._slot_hash[slots] != hashes
        if not others.any():
            return np.asarray(codes)
        left = np.flatnonzero(others & (codes != _EMPTY))
        while len(left):
            slots[left] = (slots[left] + 1) & int(self._mask)
            codes[left] = self._slot_code[slots[left]]
            left = left[(self._slot_hash[slots[left]] != hashes[left]) & (codes[left] != _EMPTY)]
        return np.asarray(codes)

    @staticmethod
    def unknown(hashes: Numbers, codes: Numbers) -> Numbers:
        """The places of rows without a meaning, one for each hash, in their order."""
        if not len(codes) or codes.min() > _EMPTY:
            return codes[:0]
        missing = np.flatnonzero(codes == _EMPTY)
        _, first = np.unique(hashes[missing], return_index=True)
        return np.asarray(missing[np.sort(first)])

    def learn(self, found: Iterable[tuple[int, Values]]) -> None:
        """Judge what hashes stand for; those known already are passed over."""
        new = {key: self.judge.meaning(values) for key, values in found if key not in self._known}
        self._known.update(dict.fromkeys(new))
        if len(self._known) > self._most:
            raise InputError(
                f"the trace has more than {self._most:,} different circuits and outcomes",
                hint="Check the map: a column that differs on every row was taken for a tenant, provider or instance.",
            )
        self._append(list(new.values()))
        size = 1 << (4 * len(self._known)).bit_length()
        if size > len(self._slot_code):
            self._resize(size)
            self._place(list(self._known), 0)
        else:
            self._place(list(new), len(self._known) - len(new))

    def _append(self, meanings: list[Meaning]) -> None:
        self.kind = _longer(self.kind, [meaning.kind for meaning in meanings])
        self.circuit = _longer(self.circuit, [meaning.circuit for meaning in meanings])
        self.letter = _longer(self.letter, [ord(meaning.letter) for meaning in meanings])
        self.source = _longer(self.source, [meaning.source for meaning in meanings])
        self.plain = not self.kind.any()

    def _resize(self, size: int) -> None:
        self._mask = np.uint64(size - 1)
        self._slot_hash = np.zeros(size, np.uint64)
        self._slot_code = np.full(size, _EMPTY, np.intp)

    def _place(self, hashes: list[int], first: int) -> None:
        """Put hashes whose codes begin at `first` into free slots."""
        last = len(self._slot_code) - 1
        for code, key in enumerate(hashes, first):
            slot = key & last
            while self._slot_code[slot] != _EMPTY:
                slot = (slot + 1) & last
            self._slot_hash[slot] = key
            self._slot_code[slot] = code


def _longer(column: Numbers, more: list[int]) -> Numbers:
    return np.concatenate([column, np.array(more, column.dtype)])


def by_code(column: Numbers, codes: Numbers) -> Numbers:
    """The column's value for each code; mostly there is but one, which needs no looking up."""
    if len(column) and (column == column[0]).all():
        return np.full(len(codes), column[0], column.dtype)
    return np.asarray(column[codes])
