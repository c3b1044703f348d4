"""The lower half of a metric's card: last values, checks with their verdicts, lineage, source columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from metric_pipelines.cli import figures, lineage_trees
from metric_pipelines.cli.checks import Checked, checked
from metric_pipelines.cli.opening import Opened
from metric_pipelines.cli.screen import Screen
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.rollups import is_reconciled
from metric_pipelines.dictionary.yaml_types import Expectation
from metric_pipelines.semantics.lineage import columns_behind

RESULT_STYLES = {"passed": "good", "warned": "warn", "failed": "bad"}


def values(screen: Screen, metric: Metric, months: Sequence[dict[str, Any]]) -> None:
    """The last months, each with its change."""
    say = screen.say
    screen.heading(say("show.values"))
    table = screen.table(say("month"), (say("value"), "right"), (say("show.change"), "right"), say("state"))
    for row in months:
        state = screen.state(row["state"])
        if row["value"] is not None and row["state"] != "published":
            state.append(f"  {say('show.kept')}", style="note")
        value = figures.with_unit(say, row["value"], metric.unit)
        table.add_row(row["month"], value, _moved(screen, row["before"], row["value"], metric), state)
    screen.block(table)


def _moved(screen: Screen, before: Any, value: Any, metric: Metric) -> Text:
    if before is None or value is None:
        return Text("")
    difference = float(value) - float(before)
    relative = difference / abs(float(before)) if before else None
    style = "neutral"
    if difference and metric.direction != "none":
        style = "good" if (difference > 0) == (metric.direction == "up") else "bad"
    return Text(figures.difference(screen.say, difference, relative, metric.unit), style=style)


def checks(screen: Screen, found: Opened, metric: Metric) -> None:
    """Each check: its rules, and what it said of which months."""
    say = screen.say
    screen.heading(say("show.checks"))
    verdicts = list(checked(found, f"metrics/{metric.name}"))
    rules = {"contract": _contract(screen, metric), "expectations": _expectations(screen, metric)}
    rules |= {"reconcile": [say("show.rule.reconcile")]} if is_reconciled(metric) else {}
    for check, listed in rules.items():
        screen.block(Text(say(f"show.check.{check}"), style="title"))
        said = [one for one in verdicts if one.check == check]
        rows: list[tuple[str, str | Text]] = [(say("show.rules"), Text("\n".join(listed) or say("none")))]
        rows += [(say("show.verdict"), text) for text in _verdicts(screen, said)]
        screen.pairs(rows)


def _verdicts(screen: Screen, said: Sequence[Checked]) -> list[Text]:
    """One line for each kind of verdict, worst first, with its months and reason."""
    lines = []
    for result in ("failed", "warned", "passed"):
        alike = [one for one in said if one.result == result]
        if alike:
            months = figures.month_spans(screen.say, [one.month for one in alike])
            text = Text.assemble((screen.say(f"show.{result}"), RESULT_STYLES[result]), f"  {months}")
            reasons = dict.fromkeys(one.reason for one in alike if one.reason)
            lines.append(text.append("".join(f"\n{reason}" for reason in reasons), style="note"))
    return lines


def _contract(screen: Screen, metric: Metric) -> list[str]:
    say, checks = screen.say, metric.checks
    rules = [say("show.rule.keys", keys=", ".join(["metric_time", *metric.dimensions]))]
    rules += [say("show.rule.min", value=f"{checks.min:g}")] if checks.min is not None else []
    rules += [say("show.rule.max", value=f"{checks.max:g}")] if checks.max is not None else []
    return rules


def _expectations(screen: Screen, metric: Metric) -> list[str]:
    checks, say = metric.checks, screen.say
    rows = [say("show.rule.min_rows", n=checks.min_rows)] if checks.min_rows else []
    return [*rows, *(_expectation(screen, rule) for rule in checks.expectations)]


def _expectation(screen: Screen, rule: Expectation) -> str:
    arguments = ", ".join(f"{key}={value}" for key, value in rule.arguments.items() if key != "column")
    warns = f" {screen.say('show.rule.warn')}" if rule.severity == "warn" else ""
    return f"{rule.expect.removeprefix('expect_')}({arguments}){warns}"


def lineage(screen: Screen, found: Opened, metric: Metric) -> None:
    """Where it comes from, and what reads it."""
    key, graph = f"metrics/{metric.name}", found.facts.graph
    screen.heading(screen.say("show.upstream"))
    screen.block(lineage_trees.upstream(screen, found.center, graph, key))
    screen.heading(screen.say("show.downstream"))
    if graph.dependents[key]:
        screen.block(lineage_trees.downstream(screen, found.center, graph, key))
    else:
        screen.block(screen.say("none"))


def columns(screen: Screen, center: Center, metric: Metric) -> None:
    """The source columns it is computed from, and what each is for."""
    say = screen.say
    screen.heading(say("show.columns"))
    table = screen.table(say("show.column"), say("show.role"))
    for row in plain_columns(center, metric):
        table.add_row(row["column"], ", ".join(say(f"show.role.{role}") for role in row["roles"]))
    screen.block(table)


def plain_columns(center: Center, metric: Metric) -> list[dict[str, Any]]:
    """Source columns with their roles, for programs."""
    uses = sorted(columns_behind(center, f"metrics/{metric.name}"), key=lambda use: str(use.column))
    return [{"column": str(use.column), "roles": sorted(use.roles)} for use in uses]
