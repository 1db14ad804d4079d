"""How numbers look: units, colours, and words beside the colours."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from cbops.model.dashboard import Unit

UNITS: dict[Unit, str] = {
    "count": "none",
    "share": "percentunit",
    "seconds": "s",
    "milliseconds": "ms",
    "state": "none",
    "alert": "none",
    "instant": "dateTimeAsIso",
}
STATES = {
    "0": ("closed", "green"),
    "1": ("open", "red"),
    "2": ("half-open", "yellow"),
    "3": ("open, passing", "blue"),
}
ALERTS = {"0": ("none", "green"), "1": ("firing", "red")}
MAPPED: dict[Unit, dict[str, tuple[str, str]]] = {
    "state": STATES,
    "alert": ALERTS,
    "instant": {"0": ("not in this range", "text")},
}


def mapping(unit: Unit) -> list[ValueMap]:
    """The words and colours of numbers that stand for something; none for measures."""
    found = MAPPED.get(unit)
    if found is None:
        return []
    results = {
        value: ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(found.items())
    }
    return [ValueMap(results)]


def steps(unit: Unit, line: float | None) -> ThresholdsConfig:
    """Colours by height; green throughout where no number is bad as such."""
    found = [Threshold(value=None, color="green")]
    if unit == "state":
        found += [
            Threshold(value=1, color="red"),
            Threshold(value=2, color="yellow"),
            Threshold(value=3, color="blue"),
        ]
    elif unit == "alert":
        found.append(Threshold(value=1, color="red"))
    elif line is not None:
        found.append(Threshold(value=line, color="red"))
    return ThresholdsConfig(mode=ThresholdsMode.ABSOLUTE, steps=found)


def column(unit: Unit) -> list[DynamicConfigValue]:
    """A table's column, or a line, whose unit is not the panel's."""
    found = [
        DynamicConfigValue(id_val="unit", value=UNITS[unit]),
        DynamicConfigValue(id_val="mappings", value=mapping(unit)),
    ]
    if unit == "count":
        found.append(DynamicConfigValue(id_val="decimals", value=0))
    if unit in ("state", "alert"):
        found += [
            DynamicConfigValue(id_val="thresholds", value=steps(unit, None)),
            DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
        ]
    return found
