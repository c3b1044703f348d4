"""Rules between the files of a center, each problem a value with file and line; all are collected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from zoneinfo import available_timezones

from metric_pipelines.dictionary import channels, shapes
from metric_pipelines.dictionary.center_files import Center, UnreadableFilesError, load_center
from metric_pipelines.dictionary.dimensions import BY
from metric_pipelines.dictionary.expectation_rules import expectation_problems
from metric_pipelines.dictionary.filters import JOINED, parsed_expression
from metric_pipelines.dictionary.graph import build_graph
from metric_pipelines.dictionary.member_rules import member_problems
from metric_pipelines.dictionary.metric_rules import COLUMNS, metric_problems, shape_problems
from metric_pipelines.dictionary.model_sql import tables_read, wrong_reads
from metric_pipelines.dictionary.months import MONTH_COLUMN as MONTH
from metric_pipelines.dictionary.names import Defined, as_said
from metric_pipelines.dictionary.problems import caught, department_problems
from metric_pipelines.dictionary.quarrels import quarrel_problems, retired_problems
from metric_pipelines.dictionary.query_rules import query_problems
from metric_pipelines.dictionary.source_definitions import PLACEHOLDER
from metric_pipelines.dictionary.stray_files import stray_problems
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import DefinitionError, InvalidCenterError, Problem, did_you_mean, listed

RESERVED = (MONTH, *COLUMNS)
"""Columns that every metric's table or view has."""
SCHEMAS = (
    "models",
    "metrics",
    "groups",
    "main",
    "information_schema",
    "pg_catalog",
    "lake",
    "memory",
    "system",
    "temp",
    "source_system",
    "joined_models",
)
"""Schemas and databases of the warehouse, which no source system may be called by."""


def load_valid_center(folder: Path) -> Center:
    """The center in `folder`, valid as a whole.

    Raises: InvalidCenterError with every problem.
    """
    center, problems = examined(folder)
    if problems:
        raise InvalidCenterError(str(folder), problems)
    return center


def examined(folder: Path) -> tuple[Center, list[Problem]]:
    """What can be read of the center in `folder`, and every problem of it, in files and between them.

    Raises: InvalidCenterError where center.yaml cannot be read, DefinitionError where there is none.
    """
    try:
        center = load_center(folder)
    except UnreadableFilesError as error:
        return error.center, [*error.problems, *_of_the_others(error)]
    return center, list(dict.fromkeys(problems_of(center)))  # broken SQL is found by its model and the graph


def _of_the_others(error: UnreadableFilesError) -> Iterator[Problem]:
    """The problems of the files that can be read. What names one that cannot is left out, and so is, beside
    models that cannot, what these may have given: dimensions by join, the calendar.
    """
    unread = [file for file in error.unread if file.suffix != ".sql"]
    words = [rf"unknown (metric|model|table) '(models\.)?{re.escape(file.stem)}\b" for file in unread]
    if any(file.is_relative_to(error.center.folder / "models") for file in unread):
        words += [rf"\w{BY}\w", "time_spine: true"]
    follows = re.compile("|".join(words) or "(?!)")
    for problem in dict.fromkeys(problems_of(error.center)):
        if not follows.search(f"{problem.found} {problem.remedy}"):
            yield problem


def sound_metrics(center: Center) -> list[str]:
    """The metrics that are valid with all they are computed from."""
    good = {name for name, metric in center.metrics.items() if not list(metric_problems(center, metric))}
    return _sound(
        center, {n for n in _sound(center, good) if not list(shape_problems(center, center.metrics[n]))}
    )


def problems_of(center: Center) -> Iterator[Problem]:
    """Every problem between files: names, columns, expressions, circles."""
    yield from stray_problems(center.folder)
    yield from _settings(center)
    yield from _sources(center)
    yield from _models(center)
    yield from _channels(center)
    wrong = {name: list(metric_problems(center, metric)) for name, metric in center.metrics.items()}
    yield from (problem for found in wrong.values() for problem in found)
    yield from _drafts(center)
    yield from _codes(center)
    yield from retired_problems(center)
    yield from _circles(center)
    yield from _between_metrics(center, {name for name, found in wrong.items() if not found})


def _between_metrics(center: Center, good: set[str]) -> Iterator[Problem]:
    """What can be asked only of metrics that are `good` by themselves with all they are computed from."""
    shapes_ = {name: list(shape_problems(center, center.metrics[name])) for name in _sound(center, good)}
    yield from (problem for found in shapes_.values() for problem in found)
    sound = _sound(center, {name for name, found in shapes_.items() if not found})
    yield from quarrel_problems(center, sound)
    unsound = center.metrics.keys() - sound
    for query in center.queries.values():
        if unsound.isdisjoint(query.metrics):
            yield from query_problems(center, query)


def _sound(center: Center, good: set[str]) -> list[str]:
    """Of the metrics that are good by themselves, those whose inputs all are; none of a circle."""
    known: dict[str, bool] = {}

    def holds(name: str) -> bool:
        if name not in known:
            known[name] = False  # while it is asked for its inputs
            inputs = shapes.input_names(center.metrics[name]) if name in good else []
            known[name] = name in good and all(holds(part) for part in inputs)
        return known[name]

    return [name for name in center.metrics if holds(name)]


@cache
def _time_zones() -> frozenset[str]:
    """The names that this machine knows; looked up once, since that reads hundreds of files."""
    return frozenset(available_timezones())


def _settings(center: Center) -> Iterator[Problem]:
    if center.settings.time_zone not in _time_zones():
        remedy = did_you_mean(center.settings.time_zone, _time_zones())
        yield Problem(
            center.where("center", "time_zone"),
            f"time zone {center.settings.time_zone!r}",
            "an IANA name",
            remedy,
        )
    last = center.settings.partitions.end
    if last is not None and last < center.settings.partitions.start:
        yield Problem(center.where("center", "partitions", "end"), f"end {last}", "a month not before start")
    if sum(model.time_spine for model in center.models.values()) != 1:
        yield Problem(
            str(center.folder / "models"), "not exactly one model with time_spine: true", "one calendar model"
        )


def _channels(center: Center) -> Iterator[Problem]:
    for name, channel in center.channels.items():
        at = center.where(f"alerts/{name}", "url")
        wrong = channels.malformed(channel.url)
        if wrong:
            yield Problem(
                at, wrong, "an Apprise URL such as slack://${SLACK_TOKENS}, or ${SLACK_WEBHOOK} alone"
            )
        for secret in [] if wrong else channels.clear_secrets(channel.url):
            yield Problem(
                at,
                f"{secret} stands in the file",
                "secrets from the environment",
                "write ${NAME} in its place, set the variable NAME, and change the secret: files are copied",
            )
        known = center.settings.departments
        for department in channel.departments:
            if department not in known:
                where = center.where(f"alerts/{name}", "departments")
                found = f"unknown department {department!r}"
                yield Problem(where, found, f"one of {listed(known)}", did_you_mean(department, known))


def _sources(center: Center) -> Iterator[Problem]:
    for name, source in center.sources.items():
        key = f"sources/{name}"
        if name in SCHEMAS:
            yield Problem(center.where(key), f"a source system named {name!r}", "another name")
        yield from _connection(center.where(key, "connection"), name, source.connection)
        if source.time_zone not in _time_zones():
            yield Problem(
                center.where(key, "time_zone"), f"time zone {source.time_zone!r}", "an IANA name, such as UTC"
            )
        for table_name, table in source.tables.items():
            at = (key, "tables", table_name)
            yield from _table_columns(center, at, table.columns, table.partition_by, table.checks.unique)
            yield from expectation_problems(center, at, table.checks.expectations, table.columns)
            if table.incremental is not None and source.connection.startswith("file:"):
                where, found = center.where(*at, "incremental"), "incremental reading of a file"
                yield Problem(where, found, "a database: files are read whole", "leave incremental out")
            if table.in_place and not source.connection.startswith("file:"):
                where, found = center.where(*at, "in_place"), "in_place of a database"
                yield Problem(where, found, "a folder of Parquet files: file:...", "leave in_place out")
            for column, spec in table.columns.items():
                if spec.type == "any":
                    where = center.where(*at, "columns", column)
                    yield Problem(where, f"column {column} of type any", "the type it is read as")


def _connection(where: str, name: str, connection: str) -> Iterator[Problem]:
    """A URL or a folder of files, without a secret in the clear; what is found is not repeated."""
    filled = PLACEHOLDER.sub("x", connection)
    if "${" in filled:
        yield Problem(where, "a ${ that is no variable", "${NAME} or ${NAME:-default}")
    elif not connection.startswith("${") and not re.match(r"file:|[a-z][a-z0-9+_]*://", filled):
        yield Problem(
            where, "a connection that is no URL", "such as sqlite:///sources/crm.sqlite or file:exports"
        )
    secret = re.match(r"[a-z0-9+_]+://[^/@]*?:([^@/]*)@", connection)
    if secret is not None and secret[1] and not PLACEHOLDER.search(secret[1]):
        expected = f"${{{name.upper()}_PASSWORD}} in its place"
        yield Problem(where, "a password in the file", expected, "set it in the environment, and change it")


def _table_columns(
    center: Center,
    at: tuple[str, ...],
    columns: Mapping[str, Column],
    partition_by: str | None,
    unique: list[list[str]],
) -> Iterator[Problem]:
    if not columns:
        yield Problem(center.where(*at, "columns"), "no columns", "each column with its type")
    if MONTH in columns:
        where = center.where(*at, "columns", MONTH)
        yield Problem(where, f"{MONTH!r} is a name of ours", "another name")
    for column in columns:
        same = next(other for other in columns if other.lower() == column.lower())
        if same != column:
            found = f"columns {same!r} and {column!r}"
            yield Problem(center.where(*at, "columns", column), found, "names that differ by more than case")
    named = [(partition_by, "partition_by")] if partition_by else []
    named += [(column, "checks") for columns_ in unique for column in columns_]
    for column, place in named:
        if column not in columns:
            found, near = f"unknown column {column!r}", did_you_mean(column, columns)
            yield Problem(center.where(*at, place), found, f"one of {listed(columns)}", near)
        elif place == "partition_by" and columns[column].type not in ("date", "timestamp"):
            found = f"partition_by {column}, which is of type {columns[column].type}"
            yield Problem(center.where(*at, place), found, "a column of type date or timestamp")


def _models(center: Center) -> Iterator[Problem]:
    tables = {f"{s.name}/{t}" for s in center.sources.values() for t in s.tables} | {
        f"models/{m}" for m in center.models
    }
    for name, model in center.models.items():
        key, columns = f"models/{name}", list(model.columns)
        yield from _table_columns(center, (key,), model.columns, model.partition_by, model.checks.unique)
        yield from expectation_problems(center, (key,), model.checks.expectations, model.columns)
        for column, place in [(model.time, "time")] if model.time else []:
            if column not in columns:
                yield Problem(
                    center.where(key, place), f"unknown column {column!r}", f"one of {listed(columns)}"
                )
            elif model.columns[column].type not in ("date", "timestamp"):
                found = f"time {column}, which is of type {model.columns[column].type}"
                yield Problem(center.where(key, place), found, "a column of type date or timestamp")
        if model.time_spine and (model.partition_by or "date_day" not in columns):
            found = "a calendar with partition_by" if model.partition_by else "a calendar without date_day"
            yield Problem(center.where(key, "time_spine"), found, "date_day, whole: it is small")
        if sum(entity.type == "primary" for entity in model.entities) > 1:
            yield Problem(center.where(key, "entities"), "two primary entities", "one, and unique ones")
        named = [entity.name for entity in model.entities]
        for twice in sorted({n for n in named if named.count(n) > 1}):
            yield Problem(center.where(key, "entities"), f"entity {twice!r} twice", "each name once")
        for i, entity in enumerate(model.entities):
            where = center.where(key, "entities", i)
            yield from caught(partial(parsed_expression, entity.expr, columns, where, JOINED))
        for dimension, spec in model.dimensions.items():
            where = center.where(key, "dimensions", dimension)
            if dimension in RESERVED:
                yield Problem(where, f"{dimension!r} is a name of ours", "another name, with expr: <column>")
            yield from caught(partial(parsed_expression, spec.expr or dimension, columns, where))
            yield from member_problems(center, model, dimension)
        yield from _tables(center, name, tables)


def _tables(center: Center, model: str, known: set[str]) -> Iterator[Problem]:
    file, sql = str(center.sql_file(model)), center.sql.get(model)
    if sql is None:
        return  # it cannot be read, reported as such
    try:
        wrong = list(wrong_reads(sql, file))
    except DefinitionError as error:
        wrong = [error]
    yield from (Problem(error.where, error.found, error.expected, error.remedy) for error in wrong)
    for table, line in {} if wrong else tables_read(sql, file).items():
        if table not in known:
            name, names = table.replace("/", "."), {k.replace("/", ".") for k in known}
            found, near = f"unknown table {name!r}", did_you_mean(name, names)
            yield Problem(f"{file}:{line}", found, f"one of {listed(names)}", near)


def _drafts(center: Center) -> Iterator[Problem]:
    """A draft needs a known department; nothing else of it can be wrong between files but its code."""
    for name, draft in center.drafts.items():
        yield from department_problems(center, f"metrics/{name}", draft.department)


def _circles(center: Center) -> Iterator[Problem]:
    for seen in _circles_of_metrics(center):
        yield Problem(
            center.where(f"metrics/{seen[0]}"),
            "circular metrics: " + " -> ".join(seen),
            "inputs that do not lead back",
            f"compute one of them from others than {' and '.join(dict.fromkeys(seen))}",
        )
    try:
        build_graph(replace(center, metrics={}), center.settings.partitions.start)
    except DefinitionError as error:
        yield Problem(error.where, error.found, error.expected, error.remedy)
    except KeyError:
        return  # an unknown table, reported above


def _circles_of_metrics(center: Center) -> Iterator[list[str]]:
    """The metrics that lead back to one another, the first of each circle at its end again."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> Iterator[list[str]]:
        if name in path:
            yield [*path[path.index(name) :], name]
        elif name not in done:
            done.add(name)
            for part in shapes.input_names(center.metrics[name]):
                if part in center.metrics:
                    yield from walk(part, [*path, name])

    for name in center.metrics:
        yield from walk(name, [])


def _codes(center: Center) -> Iterator[Problem]:
    """Codes are unique, however they are punctuated."""
    codes: dict[str, Defined] = {}
    for metric in [*center.metrics.values(), *center.drafts.values()]:
        if metric.code is None:
            continue
        first = codes.setdefault(as_said(metric.code), metric)
        if first is not metric:
            other = "" if first.code == metric.code else f", written {first.code!r} there"
            found = f"code {metric.code!r} is that of {first.name} too{other}"
            where = center.where(f"metrics/{metric.name}", "code")
            remedy = f"give the newer of {metric.name} and {first.name} another"
            yield Problem(where, found, "a code of its own", remedy)
