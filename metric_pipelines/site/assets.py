"""What the pages of models and source systems show."""

from __future__ import annotations

from typing import Any

from metric_pipelines.dictionary.definitions import Model
from metric_pipelines.dictionary.source_definitions import PLACEHOLDER, Source
from metric_pipelines.errors import MetricPipelinesError
from metric_pipelines.semantics.lineage import model_columns, model_rows
from metric_pipelines.site.changelog import newest_first, of_definitions, of_events
from metric_pipelines.site.dimensions import of_page
from metric_pipelines.site.picture import lineage_picture
from metric_pipelines.site.rules import column_rules, contract_of, expectations_of, judged
from metric_pipelines.site.timeline import Moment
from metric_pipelines.site.views import Views


def model_page(views: Views, model: Model) -> dict[str, Any]:
    """The values of the template `model.html`."""
    key = f"models/{model.name}"
    behind, rows = _lineage(views, model)
    return {
        "model": model,
        "key": key,
        "sql": views.center.sql[model.name].strip(),
        "columns": [(n, c, column_rules(c), behind.get(n, [])) for n, c in model.columns.items()],
        "row_columns": rows,
        "dimensions": of_page(views.center, model.name),
        "contract": contract_of(model),
        "expectations": expectations_of(model),
        "judged": judged(views.shot, key),
        "whys": views.whys(key),
        "picture": lineage_picture(views.graph, key),
        "metrics": _metrics_below(views, key),
        "log": _log(views, [key], key),
    }


def source_page(views: Views, source: Source) -> dict[str, Any]:
    """The values of the template `source.html`; of the connection only its kind: it may hold a secret."""
    keys = [f"{source.name}/{name}" for name in source.tables]
    tables = []
    for key, (name, table) in zip(keys, source.tables.items(), strict=True):
        tables.append(
            {
                "key": key,
                "name": name,
                "table": table,
                "columns": [(n, c, column_rules(c)) for n, c in table.columns.items()],
                "contract": contract_of(table),
                "expectations": expectations_of(table),
                "judged": judged(views.shot, key),
                "whys": views.whys(key),
                "models": sorted(views.graph.dependents[key]),
                "metrics": _metrics_below(views, key),
            }
        )
    return {
        "source": source,
        "kind": kind_of(source.connection),
        "tables": tables,
        "log": _log(views, keys, f"sources/{source.name}"),
    }


def kind_of(connection: str) -> str:
    """The kind of a system, such as `postgresql`; empty where only the environment knows it."""
    known = PLACEHOLDER.sub(lambda found: found["default"] or "", connection)
    scheme, colon, _ = known.partition(":")
    return scheme.partition("+")[0] if colon and scheme.replace("+", "").isalnum() else ""


def _metrics_below(views: Views, key: str) -> list[str]:
    return sorted(k for k in views.graph.downstream(key) if k.startswith("metrics/"))


def _lineage(views: Views, model: Model) -> tuple[dict[str, list[str]], list[str]]:
    try:
        columns = {n: sorted(map(str, c)) for n, c in model_columns(views.center, model.name).items()}
        return columns, sorted(map(str, model_rows(views.center, model.name)))
    except MetricPipelinesError:
        return {}, []


def _log(views: Views, keys: list[str], definition: str) -> list[Any]:
    shot = views.shot
    events = [event for key in keys for event in shot.events_of.get(key, [])]
    own = [
        Moment(m.at, m.definitions, [c for c in m.changes if c.asset == definition]) for m in shot.timeline
    ]
    return newest_first([*of_events(shot, events), *of_definitions(own)])
