"""An episode in one line, as the judge classified it."""

from __future__ import annotations

from cbops.model.observation import Episode
from cbops.model.verdict import ClassifiedEpisode
from cbops.render.log_counts import episode_line
from cbops.render.markdown import Markdown
from cbops.render.report_facts import Facts


def classified_line(each: ClassifiedEpisode, facts: Facts) -> Markdown:
    """From when to when a circuit was open, why, and what is known of the cause."""
    seen = [day for day in facts.observations.values() for episode in day.episodes if episode.id == each.id]
    whole = next(
        (episode for day in seen for episode in day.episodes if episode.id == each.id),
        Episode(
            id=each.id, provider=each.provider, opened=each.opened, closed=each.closed, reason=each.reason
        ),
    )
    return episode_line(whole, each, facts.words.get(each.id), facts.tz)
