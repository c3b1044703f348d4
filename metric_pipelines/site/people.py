"""What the pages of departments and owners (指标归属) show, and their lists."""

from __future__ import annotations

from typing import Any

from metric_pipelines.dictionary.reviews import review_due
from metric_pipelines.site.views import DraftRow, Row, Views


def departments(views: Views) -> dict[str, Any]:
    """The values of the template `departments.html`."""
    listed = []
    for name, found in views.center.settings.departments.items():
        rows, drafts = _of(views, name), _drafts_of(views, name)
        listed.append((name, found, len(rows) + len(drafts), views.counted(rows, drafts)))
    return {"departments": listed}


def department(views: Views, name: str) -> dict[str, Any]:
    """The values of the template `department.html`."""
    rows, drafts = _of(views, name), _drafts_of(views, name)
    owners = {row.metric.owners.business for row in rows}
    owners |= {row.draft.owners.business for row in drafts if row.draft.owners.business}
    return {
        "name": name,
        "department": views.center.settings.departments[name],
        "rows": rows,
        "drafts": drafts,
        "states": views.counted(rows, drafts),
        "owners": sorted(owners),
    }


def _of(views: Views, name: str) -> list[Row]:
    return [row for row in views.rows.values() if row.metric.department == name]


def _drafts_of(views: Views, name: str) -> list[DraftRow]:
    return [row for row in views.drafts if row.draft.department == name]


def owners(views: Views) -> dict[str, Any]:
    """The values of the template `owners.html`."""
    listed = [(owner, owned(views, owner)) for owner in views.owner_files]
    return {"owners": sorted(listed, key=lambda one: (-len(one[1]["rows"]), one[0]))}


def owned(views: Views, owner: str) -> dict[str, Any]:
    """The values of the template `owner.html`: all that an owner answers for."""
    metrics = [row for row in views.rows.values() if owner in views.owners_of(row.metric)]
    drafts = [row for row in views.drafts if owner in row.owners]
    overdue = [row for row in metrics if review_due(row.metric) < views.shot.today]
    return {
        "owner": owner,
        "rows": metrics,
        "business": [row for row in metrics if row.metric.owners.business == owner],
        "technical": [row for row in metrics if row.metric.owners.technical == owner],
        "drafts": drafts,
        "states": views.counted(metrics, drafts),
        "models": [f"models/{m.name}" for m in views.center.models.values() if _answers(m.owners, owner)],
        "sources": [s for s in views.center.sources.values() if _answers(s.owners, owner)],
        "overdue": overdue,
    }


def _answers(found: Any, owner: str) -> bool:
    return owner in (found.business, found.technical)
