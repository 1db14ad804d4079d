"""Recorded traffic of one tenant, where the trace tells tenants apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cbops.errors import InputError
from cbops.flows.ports import TrafficPort
from cbops.model.traffic import TrafficChunk, TrafficSummary


@dataclass(slots=True)
class TenantTraffic:
    """A TrafficPort: the tenant's requests, or all of them where the trace names no tenant at all.

    `opened` makes the traffic, narrowed to the tenant or not. InputError when the trace names only others.
    """

    tenant: str
    opened: Callable[[str | None], TrafficPort]
    narrowed: bool = field(default=True, init=False)  # false once it was found that no tenant is named
    _traffic: TrafficPort | None = field(default=None, init=False)

    def chunks(self) -> Iterator[TrafficChunk]:
        """The requests in order of arrival."""
        self.narrowed = True
        self._traffic = self.opened(self.tenant)
        refusal: InputError | None = None
        try:
            first = next(chunks := self._traffic.chunks(), None)
        except InputError as error:  # a file without a column for tenants, or something that comes again
            first, refusal = None, error
        else:
            if first is not None:
                yield first
                yield from chunks
        if first is None and not self._traffic.summary.denied_in_production:
            yield from self._all(refusal or self._none())

    def _all(self, refusal: InputError) -> Iterator[TrafficChunk]:
        """Every request; the refusal where one of them is some tenant's."""
        self.narrowed = False
        self._traffic = self.opened(None)
        for chunk in self._traffic.chunks():
            if any(circuit.tenant is not None for circuit in chunk.circuits):
                raise refusal
            yield chunk

    def _none(self) -> InputError:
        return InputError(
            f"the trace holds no request of {self.tenant}, the rollout's tenant",
            hint="Replay all of it: --all-tenants. Or another tenant's: --tenant TENANT",
        )

    @property
    def summary(self) -> TrafficSummary:
        """What was read; complete after the last chunk."""
        if self._traffic is None:
            return self.opened(self.tenant).summary
        return self._traffic.summary
