"""`metrics`: the list of metrics and drafts, or what a query finds."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from metric_pipelines.cli import search
from metric_pipelines.cli.screen import Screen
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.names import Defined
from metric_pipelines.errors import UsageError
from metric_pipelines.settings import Settings

NARROW = 120
"""Below this width the description is left out."""


def metrics(
    screen: Screen,
    settings: Settings,
    query: str,
    department: str | None,
    reading: str | None,
    *,
    as_json: bool,
) -> None:
    """Lists what a query finds, best first; `reading` a source column or table, in any role.

    Raises: UsageError for an unknown department, column or table.
    """
    center = settings.load()
    known = center.settings.departments
    if department is not None and department not in known:
        raise UsageError.unknown_name("--department", "department", department, known)
    every: list[Defined] = [*center.metrics.values(), *center.drafts.values()]
    chosen = [m for m in every if department in (None, m.department)]
    if reading is not None:
        readers = _readers(center, reading)
        chosen = [m for m in chosen if m.name in readers]
    found = search.found(chosen, query)
    if as_json:
        asked = {"query": query, "department": department, "reading": reading}
        screen.json({**asked, "metrics": [in_short(m) for m in found]})
        return
    if not found:
        screen.line(screen.say("metrics.nothing", query=query or reading or ""))
        screen.next_steps([("metric-pipelines metrics", screen.say("metrics.all"))])
        return
    screen.title(screen.say("metrics.found", n=len(found), all=len(every)))
    _list(screen, center, found)
    computed = [m for m in found if not isinstance(m, DraftMetric)]
    if len(computed) < len(found):
        screen.note(screen.say("metrics.drafts", n=len(found) - len(computed)))
    _after(screen, found, search.shared_by(computed, query) if query else [], query)


def _readers(center: Center, source: str) -> list[str]:
    from metric_pipelines.semantics.lineage import metrics_reading  # late: it compiles every metric

    return metrics_reading(center, source)


def in_short(metric: Defined) -> dict[str, object]:
    """A metric in a list, for programs; a draft has the type `draft`, and None for what it lacks."""
    described = metric.description
    return {
        "name": metric.name,
        "code": metric.code,
        "label": {"en": metric.label.en, "zh": metric.label.zh},
        "description": None if described is None else {"en": described.en, "zh": described.zh},
        "synonyms": metric.synonyms,
        "department": metric.department,
        "tier": metric.tier,
        "unit": metric.unit,
        "type": metric.type,
        "grain": None if isinstance(metric, DraftMetric) else metric.grain,
        "dimensions": [] if isinstance(metric, DraftMetric) else metric.dimensions,
    }


def _list(screen: Screen, center: Center, found: Sequence[Defined]) -> None:
    say = screen.say
    wide = not screen.out.is_terminal or screen.out.width >= NARROW
    described = [say("metrics.description")] if wide else []
    named = [say("metrics.name"), say("metrics.label"), say("department")]
    table = screen.table(*named, (say("tier"), "right"), say("unit"), *described)
    for metric in found:
        cells = _cells(screen, center, metric)
        table.add_row(Text(metric.name, style="title"), *(cells if wide else cells[:-1]))
    screen.block(table)


def _cells(screen: Screen, center: Center, metric: Defined) -> list[str | Text]:
    say, lang = screen.say, screen.lang
    label = Text(metric.label.of(lang))
    if isinstance(metric, DraftMetric):
        label.append(f"  {say('draft')}", style="warn")
    department = center.settings.departments[metric.department].label.of(lang)
    described = metric.description.of(lang) if metric.description is not None else ""
    return [label, department, str(metric.tier or ""), say.unit(metric.unit or ""), described]


def _after(screen: Screen, found: Sequence[Defined], shared: Sequence[Metric], query: str) -> None:
    say = screen.say
    steps = [(f"metric-pipelines show {found[0].name}", say("metrics.card"))]
    if shared:
        screen.blank()
        screen.block(Text(say("metrics.shared", word=query, n=len(shared)), style="warn"))
        steps.insert(
            0, (f"metric-pipelines compare {shared[0].name} {shared[1].name}", say("metrics.compare"))
        )
    screen.next_steps(steps)
