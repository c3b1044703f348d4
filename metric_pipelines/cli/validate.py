"""`validate`: all definitions of the center, and their SQL over empty tables; no data is touched."""

from __future__ import annotations

from typing import Any

from metric_pipelines.cli.figures import month_spans
from metric_pipelines.cli.screen import Screen
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Graph, build_graph
from metric_pipelines.errors import DefinitionError, InvalidCenterError, UsageError
from metric_pipelines.ingest import scheme_problems
from metric_pipelines.publication.rehearsal import examined_and_rehearsed
from metric_pipelines.settings import Settings

FORMATS = ("text", "json")


def is_json(form: str) -> bool:
    """Whether JSON is asked for.

    Raises: UsageError for a format that there is not.
    """
    if form not in FORMATS:
        raise UsageError.unknown_name("--format", "format", form, FORMATS)
    return form == "json"


def validate(screen: Screen, settings: Settings, *, as_json: bool) -> int:
    """Says what the center holds, or all its problems; returns the exit code.

    Raises: DefinitionError with the problems, where JSON is not asked for.
    """
    try:
        center, problems = examined_and_rehearsed(settings.kept_folder())
        problems += scheme_problems(center)
        if problems:
            raise InvalidCenterError(str(center.folder), problems)
    except DefinitionError as error:
        if not as_json:
            raise
        screen.json({"valid": False, "center": str(settings.center_folder), "problems": _problems(error)})
        return error.exit_code
    graph = build_graph(center, center.settings.partitions.end or center.settings.partitions.start)
    counts = counted(center, graph)
    if as_json:
        screen.json({"valid": True, "center": str(settings.center_folder), "counts": counts, "problems": []})
        return 0
    say = screen.say
    screen.title(say("validate.good", center=center.settings.label.of(screen.lang)), str(center.folder))
    screen.blank()
    screen.pairs([(say(f"validate.{name}"), str(count)) for name, count in counts.items()])
    if center.settings.partitions.end:
        screen.pairs([(say("validate.months"), month_spans(say, graph.months))])
    return 0


def _problems(error: DefinitionError) -> list[dict[str, str | int | None]]:
    found: list[Any] = list(error.problems) if isinstance(error, InvalidCenterError) else [error]
    return [
        {"where": p.where, **_place(p.where), "found": p.found, "expected": p.expected, "remedy": p.remedy}
        for p in found
    ]


def _place(where: str) -> dict[str, str | int | None]:
    """File and line of a place; a whole file or folder has no line."""
    file, _, line = where.rpartition(":")
    return {"file": file, "line": int(line)} if file and line.isdigit() else {"file": where, "line": None}


def counted(center: Center, graph: Graph) -> dict[str, int]:
    """How much the center defines."""
    tables = [table for source in center.sources.values() for table in source.tables.values()]
    rules = [
        asset.checks.expectations for asset in [*tables, *center.models.values(), *center.metrics.values()]
    ]
    drafts = {"drafts": len(center.drafts)} if center.drafts else {}
    return {
        "sources": len(center.sources),
        "tables": len(tables),
        "models": len(center.models),
        "metrics": len(center.metrics),
        **drafts,
        "departments": len(center.settings.departments),
        "channels": len(center.channels),
        "queries": len(center.queries),
        "expectations": sum(len(found) for found in rules),
        "assets": len(graph.nodes),
    }
