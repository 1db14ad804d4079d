"""An example for every command's help: the very lines that docs/commands.md shows, which a test runs there."""

from __future__ import annotations

import shlex

WIDTH = 76  # of a line of help in 80 columns

EXAMPLES: dict[str, tuple[str, ...]] = {
    "init": ("cbops init",),
    "demo": ("cbops demo --dir played",),
    "doctor": ("cbops doctor", "cbops doctor --tenant tenant_canary --strict --format json"),
    "canary candidates": ("cbops canary candidates",),
    "canary select": ("cbops canary select tenant_canary --policy canary_policy --provider openai",),
    "canary notify": ('cbops canary notify --how mail --answer "go ahead"',),
    "canary approve": ('cbops canary approve enable --yes --by "Bo Example" --note "talked it through"',),
    "canary enable": ("cbops canary enable --dry-run", "cbops canary enable --yes"),
    "canary adopt": (
        "cbops canary adopt tenant_canary --policy canary_policy --provider openai --enabled-at 2025-01-27T09:00:00Z",
    ),
    "canary compare": (
        'cbops canary compare --controls tenant_billing --reason "the only one with the same prompts"',
    ),
    "canary status": ("cbops canary status", "cbops canary status --watch --interval 10s --for 30s"),
    "monitor daily": ("cbops monitor daily",),
    "monitor note": ('cbops monitor note --kind action "asked the provider for a report"',),
    "monitor watch": ("cbops monitor watch --for 5m",),
    "monitor scrape": ("cbops monitor scrape --url http://127.0.0.1:8080/metrics --every 15s --for 5m",),
    "incident add": (
        'cbops incident add --provider openai --from 2025-01-29T14:00Z --to 2025-01-29T14:40Z --note "status page: elevated errors"',
    ),
    "incident list": ("cbops incident list",),
    "episode classify": (
        'cbops episode classify openai-20250129T140100Z unexpected --reason "nobody noticed anything"',
    ),
    "evaluate": ("cbops evaluate",),
    "decide": ('cbops decide extend --by "Ada Example" --reason "one more week of evidence"',),
    "rollback": ('cbops rollback --reason "end of the practice" --wait 5m --yes',),
    "resume": ("cbops resume",),
    "lesson add": ('cbops lesson add --kind tuning "a timeout of 60 s would probe less during an outage"',),
    "ticket signals": ("cbops ticket signals",),
    "ticket create": ('cbops ticket create --from-signal all --by "Ada Example"',),
    "ticket list": ("cbops ticket list",),
    "ticket show": ("cbops ticket show CB-OPS-001",),
    "ticket update": ('cbops ticket update CB-OPS-001 --to triaged --priority low --by "Ada Example"',),
    "ticket send": ("cbops ticket send --dry-run",),
    "ticket sync": ("cbops ticket sync",),
    "notify test": ("cbops notify test",),
    "checklist show": ("cbops checklist show",),
    "checklist verify": ("cbops checklist verify disabled_by_default reload_works --yes",),
    "checklist mark": ('cbops checklist mark dashboards alert_rules --note "reviewed on Monday"',),
    "report log": ("cbops report log", "cbops report log --blank --out blank.md"),
    "report day": ("cbops report day --day 1",),
    "report weekly": ("cbops report weekly",),
    "report final": ("cbops report final",),
    "report readiness": ("cbops report readiness",),
    "report templates": ("cbops report templates", "cbops report templates ticket"),
    "alerts render": ("cbops alerts render",),
    "alerts check": ("cbops alerts check own.yml --days 3 --format json",),
    "dashboard render": ("cbops dashboard render",),
    "journal show": ("cbops journal show",),
    "journal verify": ("cbops journal verify --against-router",),
    "journal seal": ("cbops journal seal --new-key seal.key --out kept-elsewhere.json",),
    "policy show": ("cbops policy show",),
    "policy diff": ("cbops policy diff tenant_canary canary_policy",),
    "policy check": ("cbops policy check",),
    "replay run": ("cbops replay run --trace requests.jsonl --svg forecast.svg --record",),
    "replay tune": ("cbops replay tune --trace requests.jsonl --write better.json",),
    "sim serve": ("cbops sim serve --clock virtual",),
}


def block(words: str) -> str:
    """The examples of a command as its help ends with them, before the global options; empty where it has none."""
    lines = [line for example in EXAMPLES.get(words, ()) for line in folded(example)]
    # The first line is click's sign that what follows keeps its lines.
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines))) + "\n\n" if lines else ""


def folded(example: str) -> list[str]:
    """The line as a shell takes it, broken before an option where it is too long."""
    if len(example) <= WIDTH:
        return [example]
    lines = [""]
    for word in _words(example):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if len(longer) <= WIDTH - 2 or not lines[-1].strip():
            lines[-1] = longer
        else:
            lines.append(f"    {word}")
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def _words(example: str) -> list[str]:
    """The command with its arguments, then each option with its value, as they were written."""
    found: list[str] = []
    lexer = shlex.shlex(example, posix=False)
    lexer.whitespace_split = True
    for word in lexer:
        before = found[-1] if found else ""
        if found and not word.startswith("--") and (" " not in before or not before.startswith("--")):
            found[-1] = f"{before} {word}"
        else:
            found.append(word)
    return found
