"""The execution log from the pre-rollout checklist to the enabling of the breaker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from cbops.model.base import JsonObject
from cbops.model.checklist import ITEMS, ItemId
from cbops.model.forecast import Forecast
from cbops.model.plan import OverrideNote, Rehearsal, Weighed
from cbops.model.policy import CANARY_BLOCK
from cbops.model.standing import ItemStanding, Person, standing
from cbops.model.state import EnableRecord, NotificationRecord, RolloutState
from cbops.model.tenant import Owner
from cbops.render import text
from cbops.render.log_forecast import forecast_view
from cbops.render.log_view import (
    PLACEHOLDER,
    EnableView,
    Field,
    LoadTestView,
    SelectionView,
    Tick,
)
from cbops.render.log_words import (
    NONE,
    NONE_RECORDED,
    NOT_RECORDED,
    approvals,
    begun,
    signed,
    unfilled,
    when,
)
from cbops.render.markdown import EMPTY, Markdown, joined, json_block, phrase

_SELECTION = ("traffic", "criticality", "owner")
_FURTHER = {
    "fallback": Markdown("Fallback"),
    "breaker": Markdown("Breaker"),
    "circuit": Markdown("Circuit"),
}


def load_test_view(state: RolloutState | None, tz: tzinfo) -> LoadTestView:
    """The load tests: what was found of them, or the checklist's word on them, or that there is none."""
    stands = _stands(state).get("load_tests")
    if stands is not None and stands.at is not None:
        return _load_test_told(stands, tz)
    over = begun(state)
    status = phrase("⚠️ **Pending** ({})", PLACEHOLDER)
    if over:
        reason = _set_aside(state, "load_tests")
        status = phrase("⚠️ **Set Aside** ({})", reason) if reason else Markdown("⚠️ **Not Recorded**")
    told = unfilled(over=over, said=NONE_RECORDED)
    return LoadTestView(status=status, note=told, first_action=told, done=EMPTY, fixed=told)


def _load_test_told(stands: ItemStanding, tz: tzinfo) -> LoadTestView:
    done = stands.done
    words = {"verified": "✅ **Passed**", "attested": "✅ **Passed**", "failed": "❌ **Failed**"}
    status = Markdown(words.get(stands.state, "⚠️ **Unknown**"))
    first = Markdown("No further action" if done else "Fix what keeps the load tests from passing")
    return LoadTestView(
        status=phrase("{} ({})", status, _told(stands, tz)),
        note=_rests_on(stands) or NONE,
        first_action=first,
        done=Markdown(" — ✅ done") if done else EMPTY,
        fixed=NONE_RECORDED,
    )


def _stands(state: RolloutState | None) -> dict[ItemId, ItemStanding]:
    """How each item stands as of the last event (or of the enabling), so that rendering again gives the same."""
    return {one.item: one for one in standing(state, state.last_at)} if state else {}


def checklist_view(state: RolloutState | None, tz: tzinfo) -> Mapping[ItemId, Tick]:
    """Each item: ticked when a machine or a person vouches for it, with who said so, when, and what it rests on."""
    listed = _stands(state)
    return {item: _tick(state, listed.get(item), item, tz) for item in ITEMS}


def _tick(state: RolloutState | None, stands: ItemStanding | None, item: ItemId, tz: tzinfo) -> Tick:
    reason = _set_aside(state, item)
    aside = phrase("; set aside: {}", reason) if reason else EMPTY
    if stands is None or stands.at is None:
        if not begun(state):
            return Tick()
        return Tick(remark=phrase(" — ⚠️ not recorded{}", aside))
    mark = Markdown("✅" if stands.done else "⚠️")
    rests = _rests_on(stands)
    said = phrase(" — {} {}{}", mark, _told(stands, tz), phrase(": {}", rests) if rests else EMPTY)
    return Tick(ticked=stands.done, remark=said if stands.done else phrase("{}{}", said, aside))


def _rests_on(stands: ItemStanding) -> Markdown | None:
    """What was found and said of it, who is named for it, and where the figures are."""
    weighed = stands.found is not None or stands.stale
    told = phrase("{}", stands.evidence) if weighed else phrase("{}", stands.note) if stands.note else None
    named = [_person(one) for one in stands.people if one.read or one.name != stands.by]
    if named:
        told = joined([*([told] if told else []), *named], "; ")
    if told is not None and stands.finding is not None:
        told = phrase("{} (evidence {})", told, Markdown(f"`{stands.finding[:12]}`"))
    return told


def _person(person: Person) -> Markdown:
    named = phrase("{} ({})", person.name, person.on)
    return phrase("{} read {}", named, ", ".join(person.read)) if person.read else named


def _told(stands: ItemStanding, tz: tzinfo) -> Markdown:
    assert stands.at is not None
    marked = not stands.done and stands.found is None and not stands.stale
    state = Markdown(f"marked {stands.state}" if marked else stands.state)
    return phrase("{} {}", state, signed(stands.by or "", stands.at, tz))


def _set_aside(state: RolloutState | None, requirement: str) -> str | None:
    notes = state.enable.overrides if state and state.enable else ()
    return next((note.reason for note in notes if note.requirement == requirement), None)


def selection_view(state: RolloutState | None, tz: tzinfo) -> SelectionView:
    """Step 1: who was chosen, why, what was set aside, and whether the owner knows."""
    if state is None:
        return SelectionView(
            tenant=Markdown("`[TO BE SELECTED]`"),
            weighed=dict.fromkeys(_SELECTION, EMPTY),
            further=(),
            date=PLACEHOLDER,
            notified=PLACEHOLDER,
            overrides=(),
        )
    target = state.target
    adopted = phrase("{} (adopted: the breaker was enabled outside cbops)", when(state.opened_at, tz))
    return SelectionView(
        tenant=phrase("{} (policy {}, provider {})", target.tenant, target.policy, target.provider),
        weighed={name: _weighed(state, name) for name in _SELECTION},
        further=tuple(
            phrase("{}{}", _FURTHER[reason.criterion], _verdict(reason))
            for reason in state.reasons
            if reason.criterion in _FURTHER
        ),
        date=adopted if state.adopted else phrase("{} {}", when(state.opened_at, tz), _by(state)),
        notified=_notified(state, tz),
        overrides=_overrides(state.overrides),
    )


def _by(state: RolloutState) -> Markdown:
    return phrase("by {}", state.opened_by)


def _weighed(state: RolloutState, criterion: str) -> Markdown:
    reasons = [reason for reason in state.reasons if reason.criterion == criterion]
    if not reasons:
        return Markdown(" — ⚠️ not weighed")
    return joined((_verdict(reason) for reason in reasons), "")


def _verdict(reason: Weighed) -> Markdown:
    mark = Markdown("✅" if reason.verdict == "for" else "⚠️")
    unsure = Markdown("unknown: ") if reason.verdict == "unknown" else EMPTY
    return phrase(" — {} {}{}", mark, unsure, reason.reason)


def _notified(state: RolloutState, tz: tzinfo) -> Markdown:
    if state.notifications:
        return joined(_notification(each, state.owner, tz) for each in state.notifications)
    reason = _set_aside(state, "owner_notified")
    if reason:
        return phrase("⚠️ Set aside: {}", reason)
    return unfilled(over=begun(state))


def _notification(record: NotificationRecord, owner: Owner | None, tz: tzinfo) -> Markdown:
    told = phrase("{}, {}", when(record.notified.notified_at, tz), _owner(owner))
    answer = (
        phrase("answer: {}", record.notified.answer) if record.notified.answer else Markdown("no answer yet")
    )
    return phrase("{}, by {}, how: {}, {}", told, record.actor, record.notified.how, answer)


def _owner(owner: Owner | None) -> Markdown:
    if owner is None:
        return Markdown("owner not named")
    return phrase("{} ({})", owner.name, owner.contact) if owner.contact else phrase("{}", owner.name)


def _overrides(notes: tuple[OverrideNote, ...]) -> tuple[Markdown, ...]:
    return tuple(phrase("{}: {}", note.requirement, note.reason) for note in notes)


def enable_view(state: RolloutState | None, tz: tzinfo, forecast: Forecast | None = None) -> EnableView:
    """Step 2: the policy as it was applied, each step with its time, the rehearsal and the forecast."""
    enable = state.enable if state else None
    rehearsal = state.rehearsals[-1].rehearsal if state and state.rehearsals else None
    return EnableView(
        policy_json=_policy_json(state),
        date=_action_date(state, tz),
        updated=_updated(state, tz),
        reloaded=_reloaded(state, tz),
        verification=_verification(state),
        rehearsal=_rehearsal(rehearsal) if rehearsal else None,
        forecast=forecast_view(state, forecast, tz),
        overrides=_overrides(enable.overrides) if enable else (),
        approvals=approvals(state, "enable", tz),
    )


def _policy_json(state: RolloutState | None) -> Markdown:
    if state is None:
        return json_block({"policy_id": "canary_policy", "circuit_breaker": CANARY_BLOCK})
    planned = state.enable.block if state.enable else None
    # An adopted policy that could not be read has no block that could be shown.
    block = state.block or planned or (None if state.adopted else CANARY_BLOCK)
    return json_block({"policy_id": state.target.policy, "circuit_breaker": block and _in_order(block)})


def _in_order(block: JsonObject) -> JsonObject:
    """The same block with its keys as the seed document has them, others behind."""
    return {key: block[key] for key in sorted(block, key=[*CANARY_BLOCK, *sorted(block)].index)}


def _in_force(state: RolloutState | None) -> EnableRecord | None:
    """The enabling, unless it was given up."""
    enable = state.enable if state else None
    return None if enable is None or enable.abandoned is not None else enable


def _action_date(state: RolloutState | None, tz: tzinfo) -> Markdown:
    if state is None:
        return PLACEHOLDER
    if state.enabled_at is not None:
        return when(state.enabled_at, tz)
    enable = state.enable
    if enable is None:
        return PLACEHOLDER
    attempt = signed(enable.actor, enable.intended_at, tz, enable.system)
    if enable.abandoned is not None:
        return phrase("{} (attempt {} abandoned: {})", PLACEHOLDER, attempt, enable.abandoned)
    return phrase("begun {}", attempt)


def _updated(state: RolloutState | None, tz: tzinfo) -> Markdown:
    enable = _in_force(state)
    if enable is not None and enable.written_at is not None:
        versions = phrase("version {} (was {})", enable.new_version, enable.read_version)
        return phrase("{}, {}", versions, signed(enable.actor, enable.written_at, tz, enable.system))
    if state is not None and state.adopted:
        version = phrase(", version {}", state.enabled_version) if state.enabled_version else EMPTY
        return phrase("Outside cbops{}", version)
    return unfilled(over=begun(state))


def _reloaded(state: RolloutState | None, tz: tzinfo) -> Markdown:
    enable = _in_force(state)
    if enable is not None and enable.reloaded_at is not None:
        return when(enable.reloaded_at, tz)
    return unfilled(over=begun(state))


def _verification(state: RolloutState | None) -> Markdown:
    enable = _in_force(state)
    if enable is not None and enable.verification is not None:
        return phrase("{}", enable.verification)
    if state is not None and state.adopted and state.block is None:
        return Markdown("Not recorded: the live policy could not be read")
    return unfilled(over=begun(state), said=NOT_RECORDED)


def _rehearsal(rehearsal: Rehearsal) -> Field:
    if not rehearsal.passed:
        value = Markdown("⚠️ failed in the real engine")
    else:
        opened = text.counted(rehearsal.opened_after_failures, "failure")
        value = phrase("✅ passed in the real engine: opened after {}", opened)
        if rehearsal.recovered_after_ms is not None:
            value = phrase(
                "{}, recovered after {}", value, text.duration(rehearsal.recovered_after_ms / 1000)
            )
    return Field(value, tuple(phrase("{}", step) for step in rehearsal.steps))
