"""Names for the shell's completion: tenants, policies, providers, rollouts, tickets, checklist items, scenarios.

Read from files alone, and quickly: no server is asked, nothing is checked, and what can't be read gives no names.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import typer
from typer.core import TyperGroup

from cbops.cli.lazy import lazy

CONFIG = "cbops.yaml"
LARGEST = 4 * 1024 * 1024  # bytes of a file that is read while somebody waits for a key
GLOBAL = ("config", "rollout", "output", "quiet", "verbose", "no_color")
# Where what another command wants to be called by is read from, by the option or the argument's metavar.
KINDS = {
    "--tenant": "tenants",
    "TENANT": "tenants",
    "--policy": "policies",
    "POLICY": "policies",
    "--provider": "providers",
    "PROVIDER": "providers",
    "--rollout": "rollouts",
    "--scenario": "scenarios",
    "ticket ID": "tickets",
    "ticket ID|all": "tickets",
    "ticket TICKET": "tickets",
    "ITEM...": "items",
    "ITEM": "items",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the files beside a cbops.yaml name. `line`: what stands on the command line, for the policies of a tenant
    that is named there.
    """

    config: Path | None
    line: tuple[str, ...] = ()

    def of(self, kind: str) -> Iterator[str]:
        """The names of a kind, the likeliest first; some may come twice."""
        if kind == "items":
            yield from (*get_args(lazy("cbops.model.checklist", "ItemId")), "all")
        elif kind == "scenarios":
            yield from lazy("cbops.simulator.scenarios", "SCENARIOS")
        elif kind == "tenants":
            yield from (str(each.get("id")) for each in self._tenants())
            yield from (target["tenant"] for target in self._targets())
        elif kind == "policies":
            yield from self._policies()
        elif kind == "providers":
            yield from (target["provider"] for target in self._targets())
        elif kind == "rollouts":
            yield from (folder.name for folder in self._rollouts())
        elif kind == "tickets":
            for folder in self._rollouts():
                yield from (path.stem for path in sorted((folder / "tickets").glob("CB-OPS-*.md")))

    def _policies(self) -> Iterator[str]:
        owned = [
            (str(each.get("id")), str(name))
            for each in self._tenants()
            for name in each.get("policies") or ()
        ]
        owned += [(target["tenant"], target["policy"]) for target in self._targets()]
        named = {tenant for tenant, _ in owned if tenant in self.line}
        yield from (policy for tenant, policy in owned if tenant in named or not named)

    def _settings(self) -> Mapping[str, Any]:
        return {} if self.config is None else _mapping(self.config)

    def _place(self, key: str, usual: str) -> Path:
        base = Path() if self.config is None else self.config.parent
        return base / str(self._settings().get(key) or usual)

    def _tenants(self) -> Iterator[Mapping[str, Any]]:
        listed = _mapping(self._place("tenants", "tenants.yaml")).get("tenants")
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict):
                yield each

    def _rollouts(self) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            for path in sorted(self._place("rollouts", "rollouts").iterdir()):
                if (path / "journal.jsonl").is_file():
                    yield path

    def _targets(self) -> Iterator[Mapping[str, str]]:
        """What each rollout is about, as its first event says."""
        for folder in self._rollouts():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                with (folder / "journal.jsonl").open("rb") as file:
                    target = json.loads(file.readline(65_536))["data"]["target"]
                yield {key: str(target[key]) for key in ("tenant", "policy", "provider")}


def _mapping(path: Path) -> Mapping[str, Any]:
    """A YAML file as it stands, empty where it can't be read."""
    try:
        if path.stat().st_size > LARGEST:
            return {}
        loaded = lazy("yaml", "load")(path.read_bytes(), Loader=_loader())
    except (OSError, ValueError, RecursionError, lazy("yaml", "YAMLError")):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _loader() -> Any:  # noqa: ANN401 - a class of PyYAML's, the fast one where it was built
    try:
        return lazy("yaml", "CSafeLoader")
    except AttributeError:
        return lazy("yaml", "SafeLoader")


def attach(root: TyperGroup, words: Iterable[str], line: tuple[str, ...]) -> None:
    """Let every parameter of the command at those words complete by name, and take the global options behind it.

    `line` is all that was typed.
    """
    common = [param for param in root.params if param.name in GLOBAL]
    formats = next(param for param in common if param.name == "output")
    item = type(formats.shell_complete(typer.Context(root), "")[0])
    command: Any = root
    path = tuple(words)
    for word in path:
        command = command.commands.get(word) if hasattr(command, "commands") else None
        if command is None:
            break
        for param in common:
            if all(param.name != other.name for other in command.params):
                command.params.append(param)
        _named(command.params, item, line, path[0])
    _named(root.params, item, line, "")


def _named(params: Iterable[Any], item: Callable[[str], Any], line: tuple[str, ...], group: str) -> None:
    for param in params:
        signs = [*param.opts, param.metavar or "", f"{group} {param.metavar}"]
        kind = next((KINDS[sign] for sign in signs if sign in KINDS), None)
        if kind is not None:
            param.shell_complete = _completer(kind, item, line)


def _completer(
    kind: str, item: Callable[[str], Any], line: tuple[str, ...]
) -> Callable[[Any, str], list[Any]]:
    def complete(context: Any, incomplete: str) -> list[Any]:  # noqa: ANN401 - the context of Typer's own click
        named = _config(context)
        names = Names(named or lazy("cbops.cli.wiring", "find_config")(Path.cwd()), line)
        found = dict.fromkeys(name for name in names.of(kind) if name.startswith(incomplete))
        return [item(name) for name in found if _harmless(name)]

    return complete


def _config(context: Any) -> Path | None:  # noqa: ANN401 - as above
    """The `--config` of the line, before the command or behind it."""
    while context is not None:
        if found := context.params.get("config"):
            return Path(found)
        context = context.parent
    return None


def _harmless(name: str) -> bool:
    """Whether a shell can take it as one word as it is; others would need quotes that shells write differently."""
    return bool(name) and all(each.isalnum() or each in "._-:@+/" for each in name)
