"""What a rollout's documents share: the facts, the pictures beside them, and where both are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cbops.errors import InputError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.days import Collected
from cbops.flows.steps.loading import evaluation, last_forecast, last_tuning, load
from cbops.flows.steps.wording import plural
from cbops.journal.files import make_folder, write_atomically
from cbops.model.answers.record import ReportAnswer
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Observation
from cbops.render.charts.rollout import Picture, drawn, pictures
from cbops.render.charts.svg import available
from cbops.render.log_view import PictureView
from cbops.render.markdown import Markdown, escape
from cbops.render.report_facts import Facts
from cbops.render.rollout_figures import RolloutFigures, rollout_figures

FOLDER = "pictures"
NO_EXTRA = "without pictures: install the extra that draws them: pip install 'cbops[charts]'"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document goes: beside the record, to `out`, or to stdout. `own`: the user's templates."""

    out: Path | None = None
    stdout: bool = False
    own: Path | None = None
    pictures: bool = True


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pictures by their names; `svg` by the path from the document."""

    views: Mapping[str, PictureView]
    svg: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    def among(self, *names: str) -> tuple[PictureView, ...]:
        """Those that were drawn, in this order."""
        return tuple(self.views[name] for name in names if name in self.views)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is to be written; `rollout` null: the empty log."""

    kind: str
    title: str
    name: str  # of its file under the rollout
    text: str
    drawn: Drawn


NOTHING = Drawn({}, {})


def facts_of(folder: Path, criteria: CriteriaConfig) -> Facts:
    """Everything on record that documents are told from."""
    state = load(folder)
    collected = Collected.of(folder, state, criteria)
    judged = state.evaluations[-1].evaluated.evaluation if state.evaluations else None
    return Facts(
        state=state,
        observations={seen.window.day: seen for seen in (*collected.baseline, *collected.days)},
        classified={episode.id: episode for episode in collected.classified},
        evaluation=None if judged is None else evaluation(folder, judged),
        forecast=last_forecast(folder, state),
        tuning=last_tuning(folder, state),
    )


def figures_of(facts: Facts, days: Mapping[int, Observation] | None = None) -> RolloutFigures:
    """What the pictures of these days are drawn from (none given: of all)."""
    return rollout_figures(
        facts.state,
        observations=facts.observations if days is None else days,
        classified=facts.classified,
        evaluation=facts.evaluation,
    )


def draw(figures: Callable[[], RolloutFigures], place: Place, prefix: str = "", *only: str) -> Drawn:
    """The pictures of a document, those of these names alone where some are given.

    Nothing, with a warning, where the extra is missing.
    """
    if not place.pictures:
        return NOTHING
    if not available():
        return Drawn({}, {}, (NO_EXTRA,))
    chosen = [each for each in pictures(figures()) if not only or each.name in only]
    paths = {each.name: f"{FOLDER}/{prefix}{each.name}.svg" for each in chosen}
    return Drawn(
        views={each.name: _view(each, paths[each.name]) for each in chosen},
        # What goes to stdout has nothing beside it that could be written.
        svg={} if place.stdout else {paths[each.name]: drawn(each) for each in chosen},
    )


def _view(picture: Picture, path: str) -> PictureView:
    return PictureView(alt=escape(f"{picture.title}. {picture.alt}"), path=Markdown(path))


def written(document: Document, folder: Path | None, place: Place) -> Outcome[ReportAnswer]:
    """The document at its place, its pictures in a folder beside it; or handed over for stdout.

    InputError where the folder of its place is not there, StorageError where it can't be written.
    """
    size = len(document.text.encode())
    rollout = folder.name if folder else None
    path = place.out or (folder / document.name if folder else None)
    if place.stdout or path is None:
        return Outcome(
            data=ReportAnswer(
                rollout=rollout, document=document.kind, path=None, bytes=size, text=document.text
            ),
            headline=f"{document.title[0].upper()}{document.title[1:]}.",
            next_step="",
            document=document.text,
            warnings=document.drawn.warnings,
        )
    if not path.parent.is_dir():
        raise InputError(
            f"{path} cannot be written: its folder is not there",
            hint="Create it, or name another: --out PATH",
        )
    beside = {path.parent / name: svg for name, svg in document.drawn.svg.items()}
    if beside:
        make_folder(path.parent / FOLDER)
    for each, svg in beside.items():
        write_atomically(each, svg.encode(), shared=True)
    write_atomically(path, document.text.encode(), shared=True)
    more = f" and {plural(len(beside), 'picture')} beside it" if beside else ""
    return Outcome(
        data=ReportAnswer(
            rollout=rollout,
            document=document.kind,
            path=str(path),
            bytes=size,
            pictures=tuple(str(each) for each in beside),
        ),
        headline=f"Wrote {document.title}: {path} ({size:,} bytes){more}.",
        warnings=document.drawn.warnings,
        next_step="Commit it, or send it on; rendering again gives the same bytes.",
    )
