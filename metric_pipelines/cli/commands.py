"""What can be typed: commands with their arguments and options; `help_texts.py` says what they do.

Every body imports its page when it is called: a page imports DuckDB, SQLAlchemy, pandas or Dagster, which
take seconds, and `--help` must not wait for them. Nothing else belongs in a body.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from metric_pipelines.cli.completion import (
    channel_names,
    dimension_names,
    grains,
    metric_names,
    query_names,
    schema_kinds,
)
from metric_pipelines.cli.environment import settings
from metric_pipelines.cli.screen import Screen
from metric_pipelines.errors import UsageError

Json = Annotated[bool, typer.Option("--json")]
MetricName = Annotated[str, typer.Argument(metavar="METRIC", autocompletion=metric_names)]


def everywhere(
    context: typer.Context,
    lang: Annotated[
        str | None, typer.Option("--lang", metavar="LANG", autocompletion=lambda: ["en", "zh"])
    ] = None,
    center: Annotated[str | None, typer.Option("--center", metavar="CENTER")] = None,
    debug: Annotated[bool, typer.Option("--debug")] = False,
) -> None:
    """These options are taken out before they come here; they are declared for help and completion."""
    _help_alone(context)


def demo(context: typer.Context) -> None:
    _help_alone(context)


def import_(context: typer.Context) -> None:
    _help_alone(context)


def export(context: typer.Context) -> None:
    _help_alone(context)


def alerts(context: typer.Context) -> None:
    _help_alone(context)


def load_demo(
    context: typer.Context,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY")] = None,
    crm: Annotated[str | None, typer.Option("--crm", metavar="URL")] = None,
    erp: Annotated[str | None, typer.Option("--erp", metavar="URL")] = None,
    oms: Annotated[str | None, typer.Option("--oms", metavar="URL")] = None,
    scale: Annotated[float | None, typer.Option("--scale", metavar="NUMBER")] = None,
    promotions: Annotated[
        Literal["all", "bought"] | None, typer.Option("--promotions", show_default="all")
    ] = None,
    if_missing: Annotated[bool, typer.Option("--if-missing")] = False,
) -> None:
    from metric_pipelines.cli import demo

    given = {"crm": crm, "erp": erp, "oms": oms}
    servers = {name: url for name, url in given.items() if url is not None}
    demo.load_demo(context.obj, settings(), until, servers, scale, promotions, if_missing=if_missing)


def next_day(context: typer.Context) -> None:
    from metric_pipelines.cli import demo

    demo.next_day(context.obj, settings())


def bad_month(
    context: typer.Context, month: Annotated[str, typer.Option("--month", metavar="MONTH")] = "2017-06"
) -> None:
    from metric_pipelines.cli import demo

    demo.bad_month(context.obj, settings(), month)


def fix(context: typer.Context) -> None:
    from metric_pipelines.cli import demo

    demo.fix(context.obj, settings())


def validate(
    context: typer.Context,
    form: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", autocompletion=lambda: ["text", "json"])
    ] = None,
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import validate

    asked = _one_format(form, as_json=as_json)
    _leave(validate.validate(context.obj, settings(), as_json=validate.is_json(asked)))


def schema(
    context: typer.Context,
    kind: Annotated[str | None, typer.Argument(metavar="KIND", autocompletion=schema_kinds)] = None,
) -> None:
    from metric_pipelines.cli import schemas

    schemas.show(context.obj, kind)


def refresh(
    context: typer.Context,
    select: Annotated[
        list[str] | None, typer.Option("--select", "-s", metavar="SEL", autocompletion=metric_names)
    ] = None,
    partitions: Annotated[list[str] | None, typer.Option("--partitions", "-p", metavar="MONTHS")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n")] = False,
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import refresh

    asked = refresh.Asked(select or [], partitions or [])
    if dry_run:
        refresh.dry_run(context.obj, settings(), asked, as_json=as_json)
    else:
        _leave(refresh.refresh(context.obj, settings(), asked, as_json=as_json))


def scorecard(context: typer.Context, as_json: Json = False) -> None:
    from metric_pipelines.cli import scorecard

    scorecard.scorecard(context.obj, settings(), as_json=as_json)


def metrics(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(metavar="QUERY", autocompletion=metric_names)] = None,
    department: Annotated[str | None, typer.Option("--department", "-d", metavar="DEPT")] = None,
    reading: Annotated[str | None, typer.Option("--reading", metavar="COLUMN")] = None,
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import metrics

    metrics.metrics(context.obj, settings(), query or "", department, reading, as_json=as_json)


def show(
    context: typer.Context,
    metric: MetricName,
    columns: Annotated[bool, typer.Option("--columns")] = False,
    sql: Annotated[bool, typer.Option("--sql")] = False,
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import card

    if sql:
        card.show_sql(context.obj, settings(), metric)
    else:
        card.show(context.obj, settings(), metric, columns=columns, as_json=as_json)


def compare(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="METRIC", autocompletion=metric_names)],
    second: Annotated[str, typer.Argument(metavar="METRIC", autocompletion=metric_names)],
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import compare

    compare.compare(context.obj, settings(), first, second, as_json=as_json)


def values(
    context: typer.Context,
    metric: MetricName,
    by: Annotated[
        list[str] | None, typer.Option("--by", "-b", metavar="DIM", autocompletion=dimension_names)
    ] = None,
    grain: Annotated[
        str | None, typer.Option("--grain", "-g", metavar="GRAIN", autocompletion=grains)
    ] = None,
    start: Annotated[str | None, typer.Option("--start", metavar="DAY")] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="DAY")] = None,
    filter: Annotated[str | None, typer.Option("--filter", "-f", metavar="CONDITION")] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv")] = False,
    explain: Annotated[bool, typer.Option("--explain")] = False,
) -> None:
    from metric_pipelines.cli import values

    asked = values.Asked(metric, by or [], grain, start, end, filter, explain)
    values.values(context.obj, settings(), asked, as_json=as_json, as_csv=as_csv)


def query(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="QUERY", autocompletion=query_names)] = None,
    start: Annotated[str | None, typer.Option("--start", metavar="DAY")] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="DAY")] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv")] = False,
) -> None:
    from metric_pipelines.cli import query as page

    page.query(context.obj, settings(), name, start, end, as_json=as_json, as_csv=as_csv)


def health(
    context: typer.Context,
    metric: Annotated[str | None, typer.Argument(metavar="METRIC", autocompletion=metric_names)] = None,
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import health

    _leave(health.health(context.obj, settings(), metric, as_json=as_json))


def site(context: typer.Context, and_open: Annotated[bool, typer.Option("--open")] = False) -> None:
    from metric_pipelines.cli import site

    site.site(context.obj, settings(), and_open=and_open)


def up(
    context: typer.Context,
    read_only: Annotated[bool, typer.Option("--read-only")] = False,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535)] = None,
) -> None:
    from metric_pipelines.cli import up

    _leave(up.up(context.obj, settings(), read_only=read_only, port=port))


def import_excel(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    sheet: Annotated[str | None, typer.Option("--sheet", metavar="NAME")] = None,
    maps: Annotated[list[str] | None, typer.Option("--map", metavar="HEADING=FIELD")] = None,
    department: Annotated[str | None, typer.Option("--department", "-d", metavar="DEPT")] = None,
    into: Annotated[Path | None, typer.Option("--into", metavar="FOLDER")] = None,
    write: Annotated[bool, typer.Option("--write")] = False,
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import import_excel as page

    asked = page.Asked(file, sheet, maps or [], department, into)
    page.import_excel(context.obj, settings(), asked, write=write, as_json=as_json)


def import_dbt(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH")],
    into: Annotated[Path | None, typer.Option("--into", metavar="FOLDER")] = None,
    connection: Annotated[str | None, typer.Option("--connection", metavar="URL")] = None,
    source: Annotated[str, typer.Option("--source", metavar="NAME")] = "dbt",
    department: Annotated[str, typer.Option("--department", "-d", metavar="DEPT")] = "imported",
    owner: Annotated[str, typer.Option("--owner", metavar="MAIL")] = "owner@example.com",
    target: Annotated[str | None, typer.Option("--target", metavar="NAME")] = None,
    assets: Annotated[bool, typer.Option("--assets")] = False,
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import import_dbt as page

    asked = page.Asked(path, into, connection, source, department, owner, target, assets=assets)
    page.import_dbt(context.obj, settings(), asked, as_json=as_json)


def export_dictionary(
    context: typer.Context,
    xlsx: Annotated[Path, typer.Option("--xlsx", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force")] = False,
) -> None:
    from metric_pipelines.cli import export as page

    page.export_dictionary(context.obj, settings(), xlsx, force=force)


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER")],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME")] = None,
    from_excel: Annotated[Path | None, typer.Option("--from-excel", metavar="FILE")] = None,
    from_dbt: Annotated[Path | None, typer.Option("--from-dbt", metavar="PATH")] = None,
) -> None:
    from metric_pipelines.cli import import_dbt
    from metric_pipelines.cli import init as page

    if from_dbt is None:
        page.init(context.obj, folder, name, from_excel)
    else:
        import_dbt.new_center(context.obj, settings(), folder, name, from_excel, from_dbt)


def add_source(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="URL|FILE|FOLDER")],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME")] = None,
    tables: Annotated[list[str] | None, typer.Option("--tables", "-t", metavar="TABLE,...")] = None,
    write: Annotated[bool, typer.Option("--write")] = False,
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import add_source as page

    asked = page.Asked(what, name, tables or [])
    page.add_source(context.obj, settings(), asked, write=write, as_json=as_json)


def doctor(context: typer.Context, as_json: Json = False) -> None:
    from metric_pipelines.cli import doctor as page

    _leave(page.doctor(context.obj, settings(), as_json=as_json))


def alerts_list(context: typer.Context, as_json: Json = False) -> None:
    from metric_pipelines.cli import alerts

    alerts.listed(context.obj, settings(), as_json=as_json)


def alerts_test(
    context: typer.Context,
    channel: Annotated[str | None, typer.Argument(metavar="CHANNEL", autocompletion=channel_names)] = None,
    as_json: Json = False,
) -> None:
    from metric_pipelines.cli import alerts

    _leave(alerts.test(context.obj, settings(), channel, as_json=as_json))


def docs(context: typer.Context, check: Annotated[bool, typer.Option("--check")] = False) -> None:
    from metric_pipelines.cli import reference

    _leave(reference.docs(context.obj, check=check))


COMMANDS: dict[str, Callable[..., Any]] = {
    "load-demo": load_demo,
    "refresh": refresh,
    "scorecard": scorecard,
    "metrics": metrics,
    "show": show,
    "compare": compare,
    "values": values,
    "query": query,
    "health": health,
    "validate": validate,
    "schema": schema,
    "site": site,
    "up": up,
    "doctor": doctor,
    "init": init,
    "add-source": add_source,
    "docs": docs,
}
GROUPS: dict[str, tuple[Callable[..., Any], dict[str, Callable[..., Any]]]] = {
    "import": (import_, {"excel": import_excel, "dbt": import_dbt}),
    "export": (export, {"dictionary": export_dictionary}),
    "alerts": (alerts, {"list": alerts_list, "test": alerts_test}),
    "demo": (demo, {"next-day": next_day, "bad-month": bad_month, "fix": fix}),
}
HIDDEN = frozenset({"docs"})
"""For who works on the project; left out of the list of commands."""


def _help_alone(context: typer.Context) -> None:
    """The help page where no command was given."""
    if context.invoked_subcommand is None:
        screen: Screen = context.obj
        screen.write(context.get_help() + "\n")


def _one_format(form: str | None, *, as_json: bool) -> str:
    """The format asked for: `--json` is `--format json`.

    Raises: UsageError where both are said, and another format.
    """
    if as_json and form not in (None, "json"):
        raise UsageError("--json", f"together with --format {form}", "one of them")
    return "json" if as_json else form or "text"


def _leave(code: int) -> None:
    """Ends the command with an exit code."""
    raise typer.Exit(code)
