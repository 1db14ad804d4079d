"""Whether policies can be updated: the router is asked to check the live one, which changes nothing."""

from __future__ import annotations

from cbops.errors import AdminMissingError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.live import live_history
from cbops.flows.steps.verifying.finding import Finding
from cbops.model.base import JsonObject
from cbops.model.tenant import Target
from cbops.rollout.planning import live_version

WRONG: JsonObject = {"providers": "none"}  # no router can mean this; it is only shown to the check
AGAIN = "cbops checklist verify policies_updatable"


def updating(admin: AdminPort, target: Target) -> Finding:
    """The admin API takes the key and a document to validate. May raise AdminError.

    A write with `dry_run` isn't tried: a router that passes over that key would write.
    """
    live = live_version(live_history(admin, target.tenant, target.policy))
    if live is None:
        return Finding("unknown", f"no version of {target.policy} of {target.tenant} is live", AGAIN)
    try:
        problems = admin.validate(live.document)
    except AdminMissingError as error:
        return Finding(
            "unknown",
            f"the router has no call that checks a policy: {error.message}",
            "If policies are updated another way: cbops checklist mark policies_updatable --note HOW",
        )
    figures: JsonObject = {"version": live.version, "problems": list(problems)}
    if problems:
        return Finding(
            "failed",
            f"the router refuses the live version {live.version}: {'; '.join(problems[:3])}",
            "Correct the policy; see it: cbops policy show",
            figures,
        )
    strict = bool(admin.validate(WRONG))
    figures["refuses_a_wrong_document"] = strict
    aside = "" if strict else " (it also takes one that is wrong, so its check says little)"
    return Finding(
        "verified", f"the admin API took the live version {live.version} to validate{aside}", None, figures
    )
