"""What the first page and the page of changes show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from metric_pipelines.ledger.log import Event
from metric_pipelines.site.changelog import Entry, newest_first, of_definitions, of_events
from metric_pipelines.site.timeline import Moment
from metric_pipelines.site.views import Views

SPAN = timedelta(days=30)
PARTS = ("definitions", "withheld", "released", "restated")


def index(views: Views) -> dict[str, Any]:
    """The values of the template `index.html`."""
    rows, drafts = list(views.rows.values()), views.drafts
    used = {row.metric.department for row in rows} | {row.draft.department for row in drafts}
    tiers = {row.metric.tier for row in rows} | {row.draft.tier for row in drafts if row.draft.tier}
    owners = {owner for row in rows for owner in views.owners_of(row.metric)}
    departments = views.center.settings.departments.items()
    return {
        "rows": rows,
        "drafts": drafts,
        "all": len(rows) + len(drafts),
        "states": views.counted(rows, drafts),
        "departments": [(name, d) for name, d in departments if name in used],
        "tiers": sorted(tiers),
        "owners": sorted(owners | {owner for row in drafts for owner in row.owners}),
    }


def changes(views: Views) -> dict[str, Any]:
    """The values of the template `changes.html`: since the last build, and in the last 30 days."""
    shot, build = views.shot, views.build
    recent = build.at - SPAN
    month = _parts(
        views, [e for e in shot.events if e.at >= recent], [m for m in shot.timeline if m.at >= recent]
    )
    if build.since is None:
        return {"recent": month, "since": None}
    since = build.since
    new = [e for e in shot.events if e.id > build.since_mark]
    return {"recent": month, "since": _parts(views, new, [m for m in shot.timeline if m.at > since])}


def _parts(views: Views, events: list[Event], moments: list[Moment]) -> dict[str, list[Entry]]:
    """Entries by kind; a month that was both withheld and released shows in both."""
    found: dict[str, list[Entry]] = {"definitions": newest_first(of_definitions(moments))}
    for what in ("withheld", "released", "restated"):
        found[what] = newest_first(of_events(views.shot, [e for e in events if e.what == what]))
    return found
