"""What the pages of departments and owners (指标归属) show, and their lists."""

from __future__ import annotations

from typing import Any

from metric_pipelines.dictionary.reviews import review_due
from metric_pipelines.site.views import Row, Views


def departments(views: Views) -> dict[str, Any]:
    """The values of the template `departments.html`."""
    listed = [(name, found, _of(views, name)) for name, found in views.center.settings.departments.items()]
    return {"departments": [(name, d, rows, views.counted(rows)) for name, d, rows in listed]}


def department(views: Views, name: str) -> dict[str, Any]:
    """The values of the template `department.html`."""
    rows = _of(views, name)
    owners = sorted({row.metric.owners.business for row in rows})
    return {
        "name": name,
        "department": views.center.settings.departments[name],
        "rows": rows,
        "states": views.counted(rows),
        "owners": owners,
    }


def _of(views: Views, name: str) -> list[Row]:
    return [row for row in views.rows.values() if row.metric.department == name]


def owners(views: Views) -> dict[str, Any]:
    """The values of the template `owners.html`."""
    listed = [(owner, owned(views, owner)) for owner in views.owner_files]
    return {"owners": sorted(listed, key=lambda one: (-len(one[1]["rows"]), one[0]))}


def owned(views: Views, owner: str) -> dict[str, Any]:
    """The values of the template `owner.html`: all that an owner answers for."""
    metrics = [row for row in views.rows.values() if owner in views.owners_of(row.metric)]
    overdue = [row for row in metrics if review_due(row.metric) < views.shot.today]
    return {
        "owner": owner,
        "rows": metrics,
        "business": [row for row in metrics if row.metric.owners.business == owner],
        "technical": [row for row in metrics if row.metric.owners.technical == owner],
        "states": views.counted(metrics),
        "models": [f"models/{m.name}" for m in views.center.models.values() if _answers(m.owners, owner)],
        "sources": [s for s in views.center.sources.values() if _answers(s.owners, owner)],
        "overdue": overdue,
    }


def _answers(found: Any, owner: str) -> bool:
    return owner in (found.business, found.technical)
