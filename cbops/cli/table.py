"""Every command: its words, one line of help, and where it is, without importing it.

The module is cbops/cli/commands/<group>_<verb>.py (a command of one word: <word>.py) and the function in it is
`command`; its docstring begins with the line of help given here, and a test compares the two.
`answer` is the model of the JSON answer's data.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile


@dataclass(frozen=True, slots=True)
class Entry:
    """One command."""

    words: str  # "monitor daily"
    summary: str
    answer: str  # "module:Class" under cbops.model.answers; "|" between two

    @property
    def group(self) -> str | None:
        """The first of two words; null for a command of one word."""
        group, space, _ = self.words.partition(" ")
        return group if space else None

    @property
    def name(self) -> str:
        """The last word."""
        return self.words.rpartition(" ")[2]

    @property
    def module(self) -> str:
        """Where the function `command` is."""
        return "cbops.cli.commands." + self.words.replace(" ", "_")


GROUPS: dict[str, str] = {
    "canary": "Choose, enable and look at the canary.",
    "monitor": "Collect what the canary showed, day by day.",
    "incident": "Declare provider incidents.",
    "lesson": "Write down what was learned.",
    "ticket": "Signals found, tickets drafted from them, and their life.",
    "notify": "Channels that are told of what happens.",
    "checklist": "The checklist before the rollout.",
    "report": "Write the rollout's documents.",
    "alerts": "Prometheus rules for the rollout.",
    "dashboard": "A Grafana dashboard for the rollout.",
    "journal": "The record, and the proof that nobody changed it.",
    "policy": "The live policy.",
    "replay": "Recorded traffic through the real engine.",
    "sim": "A router to practise on.",
    "episode": "Times in which a circuit was open.",
}

TABLE: tuple[Entry, ...] = (
    Entry(
        "init", "Write cbops.yaml, tenants.yaml and rollouts/ where they are missing.", "record:InitAnswer"
    ),
    Entry(
        "demo", "Play the whole of phase 1 on the embedded router, in about a minute.", "record:DemoAnswer"
    ),
    Entry(
        "doctor",
        "Look whether everything is reachable and right (exit 7 for a problem).",
        "doctor:DoctorAnswer",
    ),
    Entry("canary candidates", "Rank the tenants as canaries, with reasons.", "canary:CandidatesAnswer"),
    Entry("canary select", "Choose the canary and open a rollout.", "canary:SelectAnswer"),
    Entry("canary notify", "Record that the owner was told, how, and the answer.", "canary:NotifyAnswer"),
    Entry("canary approve", "Approve that somebody else enables or proceeds.", "safeguards:ApproveAnswer"),
    Entry("canary enable", "Enable the breaker in the canary's live policy.", "canary:EnableAnswer"),
    Entry(
        "canary adopt", "Open a rollout for a breaker that was enabled outside cbops.", "canary:AdoptAnswer"
    ),
    Entry("canary compare", "Show or set by hand what the canary is compared with.", "canary:CompareAnswer"),
    Entry("canary status", "Where the rollout stands, on one screen.", "status:StatusAnswer"),
    Entry(
        "monitor daily",
        "Collect a day into the log (default: the last ended day).",
        "monitor:MonitorDayAnswer|monitor:MonitorDaysAnswer",
    ),
    Entry("monitor note", "Add an issue, an action or a note to a day.", "monitor:NoteAnswer"),
    Entry(
        "monitor watch",
        "Guard the canary live: warn, pause or roll back on a hard breach.",
        "watch:WatchAnswer|watch:UnpauseAnswer",
    ),
    Entry(
        "monitor scrape", "Fill the embedded sample store from a router's /metrics.", "monitor:ScrapeAnswer"
    ),
    Entry("incident add", "Declare an incident of a provider.", "monitor:IncidentsAnswer"),
    Entry("incident list", "List the declared incidents.", "monitor:IncidentsAnswer"),
    Entry(
        "episode classify",
        "Say whether an open that nothing explains was expected.",
        "monitor:ClassifyAnswer",
    ),
    Entry(
        "evaluate", "Judge the five criteria and recommend (exit 0, 10 or 20).", "judgement:EvaluateAnswer"
    ),
    Entry("decide", "Record a person's decision.", "judgement:DecideAnswer"),
    Entry("rollback", "Disable the breaker and prove that it no longer acts.", "canary:RollbackAnswer"),
    Entry("resume", "Finish or abandon what was in flight.", "canary:ResumeAnswer"),
    Entry("lesson add", "Add a lesson to the log.", "monitor:LessonAnswer"),
    Entry(
        "ticket signals",
        "Find what tickets should be about, in what was collected and judged.",
        "tickets:TicketSignalsAnswer",
    ),
    Entry(
        "ticket create", "Open tickets from signals, or one in your own words.", "tickets:TicketCreateAnswer"
    ),
    Entry("ticket list", "List the tickets of the rollout.", "tickets:TicketListAnswer"),
    Entry("ticket show", "Show a ticket with all its sections.", "tickets:TicketShowAnswer"),
    Entry(
        "ticket update",
        "Move a ticket on, add a note, set its priority, tick an item.",
        "tickets:TicketUpdateAnswer",
    ),
    Entry(
        "ticket send",
        "Send tickets to where your team works (exit 7 where one could not be sent).",
        "sending:TicketSendAnswer",
    ),
    Entry(
        "ticket sync",
        "Take over what became of sent tickets there (exit 7 where one could not be looked at).",
        "sending:TicketSyncAnswer",
    ),
    Entry(
        "notify test",
        "Send a test message to the channels of cbops.yaml (exit 7 where one does not take it).",
        "sending:NotifyTestAnswer",
    ),
    Entry("checklist show", "Show the checklist before the rollout.", "checklist:ChecklistAnswer"),
    Entry(
        "checklist verify",
        "Verify what a machine can of the checklist (exit 7 unless all is right).",
        "checklist:ChecklistVerifyAnswer",
    ),
    Entry("checklist mark", "Record a person's word on an item.", "checklist:ChecklistAnswer"),
    Entry("report log", "Write the execution log.", "record:ReportAnswer"),
    Entry("report day", "Write the entry of a day.", "record:ReportAnswer"),
    Entry("report weekly", "Write the summary of a week.", "record:ReportAnswer"),
    Entry("report final", "Write the final report.", "record:ReportAnswer"),
    Entry(
        "report readiness",
        "Write the page that says go or no-go (exit 7 for no-go).",
        "readiness:ReadinessAnswer",
    ),
    Entry(
        "report templates",
        "List the documents' templates, their variables, and which are your own.",
        "templates:TemplatesAnswer",
    ),
    Entry(
        "alerts render",
        "Write Prometheus rules: the alerts, and what a dashboard needs.",
        "alerts:AlertsRenderAnswer",
    ),
    Entry(
        "alerts check",
        "Hold rule files against the data (exit 7 for an error).",
        "alerts:AlertsCheckAnswer",
    ),
    Entry("dashboard render", "Write a Grafana dashboard of the rollout.", "dashboard:DashboardRenderAnswer"),
    Entry("journal show", "Show the record of the rollout.", "record:JournalShowAnswer"),
    Entry("journal verify", "Prove that nobody changed the record.", "record:JournalVerifyAnswer"),
    Entry("journal seal", "Sign the record up to its last event.", "safeguards:JournalSealAnswer"),
    Entry("policy show", "Show the live policy and its effective breaker.", "canary:PolicyShowAnswer"),
    Entry("policy diff", "Show what enabling would change in the live policy.", "canary:PolicyDiffAnswer"),
    Entry(
        "policy check",
        "Say what a policy means in practice (exit 7 for an error).",
        "checking:PolicyCheckAnswer",
    ),
    Entry("replay run", "Play recorded traffic through policies, side by side.", "replay:ReplayAnswer"),
    Entry("replay tune", "Search better thresholds over recorded traffic.", "tuning:TuneAnswer"),
    Entry("sim serve", "Serve the practice router over HTTP.", "record:SimAnswer"),
)

# Answers that belong to no command of the table.
OTHER_ANSWERS = {"help": "usage:HelpAnswer", "version": "usage:VersionAnswer"}

BY_WORDS = {entry.words: entry for entry in TABLE}


@dataclass(frozen=True, slots=True)
class Located:
    """What the command line is about: a command, a group, or (both null) cbops itself.

    `unknown` is a word that is neither.
    """

    entry: Entry | None = None
    group: str | None = None
    unknown: str | None = None


def locate(words: tuple[str, ...]) -> Located:
    """Find the command in words without global options; --help ends the search, it is about what stands before it."""
    plain = [word for word in takewhile(lambda word: word != "--help", words) if not word.startswith("-")]
    if not plain:
        return Located()
    if plain[0] in BY_WORDS:
        return Located(entry=BY_WORDS[plain[0]])
    if plain[0] not in GROUPS:
        return Located(unknown=plain[0])
    if len(plain) == 1:
        return Located(group=plain[0])
    entry = BY_WORDS.get(f"{plain[0]} {plain[1]}")
    if entry is None:
        return Located(group=plain[0], unknown=plain[1])
    return Located(entry=entry)


def suggestions(located: Located) -> tuple[str, ...]:
    """Commands that may have been meant by an unknown word, best first."""
    if located.unknown is None:
        return ()
    if located.group is not None:
        verbs = {entry.name: entry.words for entry in TABLE if entry.group == located.group}
        near = get_close_matches(located.unknown, verbs, n=2)
        if near:
            return tuple(verbs[name] for name in near)
    names = [*GROUPS, *(entry.words for entry in TABLE if entry.group is None)]
    by_verb = tuple(entry.words for entry in TABLE if entry.group and entry.name == located.unknown)
    return by_verb or tuple(get_close_matches(located.unknown, names, n=2, cutoff=0.7))
