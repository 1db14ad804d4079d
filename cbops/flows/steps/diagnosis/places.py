"""The place itself: cbops.yaml, tenants.yaml, the folder of rollouts and the records in it."""

from __future__ import annotations

from collections.abc import Iterator

from cbops.errors import CbopsError, StorageError
from cbops.flows.steps.diagnosis.marking import Mark
from cbops.flows.steps.diagnosis.premises import Homes, Premises, Subject
from cbops.flows.steps.loading import load
from cbops.flows.steps.wording import plural
from cbops.journal.files import try_writing
from cbops.journal.folders import find_rollouts
from cbops.journal.verification import verify
from cbops.model.answers.doctor import DoctorCheck
from cbops.model.state import RolloutState

_SETTINGS = Mark("configuration", "config", "the settings")
_TENANTS = Mark("configuration", "tenants", "the tenants")
_LISTED = Mark("configuration", "tenant_listed", "the tenants")
_FOLDER = Mark("configuration", "rollouts_folder", "the folder of rollouts")
_JOURNAL = Mark("configuration", "journal", "the record")
_REPAIR = "cbops journal verify --rollout {}"


def place_checks(premises: Premises) -> tuple[tuple[DoctorCheck, ...], Homes]:
    """What is found of the place, and what was read there for the other checks."""
    found = [_settings(premises)]
    tenants = None
    try:
        tenants = premises.tenants()
    except CbopsError as error:
        found.append(_TENANTS.failed(error))
    else:
        count = len(tenants.tenants)
        found.append(
            _TENANTS.ok(f"{premises.config.tenants} is read: {plural(count, 'tenant')}", tenants=count)
            if count
            else _TENANTS.warning(
                f"{premises.config.tenants} lists no tenant, so there is none to choose a canary from",
                f"List them in {premises.config.tenants}: tenants: [{{id: …}}]",
            )
        )
    found.append(_folder(premises))
    states: list[RolloutState] = []
    found += _records(premises, states)
    return tuple(found), Homes(tenants, tuple(states))


def listed_checks(premises: Premises, homes: Homes, looked_at: tuple[Subject, ...]) -> Iterator[DoctorCheck]:
    """Tenants that are meant and that tenants.yaml doesn't list."""
    if homes.tenants is None:
        return
    known = {tenant.id for tenant in homes.tenants.tenants}
    for one in looked_at:
        if one.tenant not in known:
            yield _LISTED.about(one.tenant).warning(
                f"{premises.config.tenants} doesn't list the tenant '{one.tenant}', so nobody says who owns it",
                f"List it there: {{id: {one.tenant}, owner: {{name: …}}}}",
            )


def _settings(premises: Premises) -> DoctorCheck:
    config = premises.config
    metrics = f"Prometheus at {config.metrics.url}"
    if config.metrics.source == "embedded":
        metrics = f"the embedded store {config.metrics.path}"
    return _SETTINGS.ok(
        f"{premises.config_path.name} is read (version {config.version}): the router at {config.router.admin_url}, "
        f"metrics from {metrics}",
        version=config.version,
        path=str(premises.config_path),
    )


def _folder(premises: Premises) -> DoctorCheck:
    folder = premises.rollouts
    if folder.exists() and not folder.is_dir():
        return _FOLDER.problem(
            f"{folder} is no folder, and the rollouts are to stand in it", "Set rollouts in cbops.yaml."
        )
    nearest = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    try:
        try_writing(nearest)
    except StorageError as error:
        return _FOLDER.problem(
            f"nothing can be written to {folder.name}/, where the rollouts stand: {error.message}",
            error.hint,
            error=error.code,
        )
    if nearest != folder:
        return _FOLDER.ok(f"{folder.name}/ doesn't exist yet and can be made")
    return _FOLDER.ok(f"{folder.name}/ can be written to")


def _records(premises: Premises, states: list[RolloutState]) -> Iterator[DoctorCheck]:
    """Each rollout's record is proven; the readable ones are added to `states`."""
    try:
        folders = (premises.chosen,) if premises.chosen else find_rollouts(premises.rollouts)
    except CbopsError as error:
        yield _JOURNAL.failed(error)
        return
    if not folders:
        yield _JOURNAL.ok("There is no rollout yet, so there is no record to prove")
    for folder in folders:
        mark = _JOURNAL.about(folder.name)
        try:
            proof = verify(folder)
            if proof.ok:
                states.append(load(folder))
        except CbopsError as error:
            yield mark.failed(error)
            continue
        numbers = {"entries": proof.entries, "evidence": proof.evidence, "head": proof.head_status}
        if proof.problems:
            first = proof.problems[0]
            where = first.file if first.line is None else f"{first.file}:{first.line}"
            yield mark.problem(
                f"the record of {folder.name} is damaged in {plural(len(proof.problems), 'place')}: "
                f"{where}: {first.message}",
                _REPAIR.format(folder.name),
                problems=len(proof.problems),
                **numbers,
            )
        else:
            events = plural(proof.entries, "event")
            files = plural(proof.evidence, "file")
            yield mark.ok(f"the record of {folder.name} is whole: {events}, {files} of evidence", **numbers)
