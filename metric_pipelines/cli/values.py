"""`values`: the numbers of a metric by dimensions and period, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.text import Text

from metric_pipelines.cli import explaining, figures, search
from metric_pipelines.cli.dates import day_of
from metric_pipelines.cli.dimension_words import dimension_label, member_words
from metric_pipelines.cli.opening import reading, workshop
from metric_pipelines.cli.screen import Screen
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.errors import UsageError
from metric_pipelines.query import Answer, Gap, touches
from metric_pipelines.settings import Settings

MOST_ON_A_TERMINAL = 500
KEPT = "†"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet computes a text that begins so (OWASP, CSV injection)."""


@dataclass(frozen=True)
class Asked:
    """What was typed: a metric, dimensions, a grain, a span."""

    metric: str
    by: list[str]
    grain: str | None
    start: str | None
    end: str | None
    filter: str | None = None
    explain: bool = False

    @property
    def dimensions(self) -> list[str]:
        """The dimensions, repeated or separated by commas."""
        return [part.strip() for text in self.by for part in text.split(",") if part.strip()]


def values(screen: Screen, settings: Settings, asked: Asked, *, as_json: bool, as_csv: bool) -> None:
    """Prints a metric's numbers.

    Raises: UsageError for unknown names or dates inside a period, EnvironmentBrokenError where nothing was
    published yet.
    """
    if as_json and as_csv:
        raise UsageError("--json", "together with --csv", "one of them")
    if asked.explain and as_csv:
        raise UsageError("--explain", "together with --csv", "a table, or --json")
    start, end = day_of("--start", asked.start), day_of("--end", asked.end)
    shop = workshop(settings)
    metric = search.the_metric(shop.center, asked.metric)
    with reading(settings, shop) as reader:
        answer = reader.values(
            metric.name, asked.dimensions, asked.grain, start, end, asked.filter, explain=asked.explain
        )
    if as_json:
        told = answer.explanation
        explained = {"explanation": explaining.plain(told, screen.say)} if told else {}
        filtered = {"filter": asked.filter, "unmatched": answer.unmatched} if asked.filter else {}
        screen.json(plain(metric, answer) | filtered | explained)
    elif as_csv:
        screen.write(csv_of(answer.columns, answer.rows))
        if answer.unmatched is not None:
            screen.err.print(nothing(screen, answer.unmatched))
        say_gaps(screen, answer.gaps, aside=True)
    else:
        _table(screen, shop.center, metric, answer)
        if answer.explanation is not None:
            explaining.explain(screen, answer.explanation)


def plain(metric: Metric, answer: Answer) -> dict[str, Any]:
    """The answer as plain values, for programs."""
    return {
        "metric": metric.name,
        "grain": answer.grain,
        "dimensions": answer.dimensions,
        "unit": metric.unit,
        "rows": [dict(zip(answer.columns, row, strict=True)) for row in answer.rows],
        "withheld": [vars(gap) for gap in answer.gaps],
        "source": answer.route,
    }


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV with a header; no text in it is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _table(screen: Screen, center: Center, metric: Metric, answer: Answer) -> None:
    say = screen.say
    labels = [dimension_label(center, metric, name, screen.lang) for name in answer.dimensions]
    names = {"label": metric.label.of(screen.lang), "grain": say(f"show.grain.{answer.grain}")}
    title = (
        say("values.title.by", dimensions=", ".join(labels), **names)
        if labels
        else say("values.title", **names)
    )
    screen.title(title, say(f"values.from.{answer.route}"))
    if answer.rows:
        kept = [gap.month for gap in answer.gaps if gap.kept]
        shown = answer.rows[:MOST_ON_A_TERMINAL] if screen.out.is_terminal else answer.rows
        columns: list[Any] = [
            say("values.time"),
            *labels,
            (f"{say('value')} ({say.unit(metric.unit)})", "right"),
        ]
        called = member_words(center, metric, answer.dimensions, screen.lang)
        rows = [_row(metric, answer, row, kept, called) for row in shown]
        screen.long_table([*columns, ""], rows)
        if len(shown) < len(answer.rows):
            screen.note(say("values.more", n=f"{len(answer.rows) - len(shown):,}"))
    else:
        screen.block(nothing(screen, answer.unmatched))
    say_gaps(screen, answer.gaps, aside=False)


def nothing(screen: Screen, unmatched: str | None) -> Text:
    """Why there are no rows: none fits the filter, or none is published."""
    say = screen.say
    return Text(say("values.empty") if unmatched is None else say("values.unmatched", filter=unmatched))


def _row(
    metric: Metric,
    answer: Answer,
    row: Sequence[Any],
    kept: Sequence[str],
    called: Sequence[Callable[[Any], str]],
) -> list[str]:
    width = len(answer.dimensions)
    mark = KEPT if kept and touches(answer.grain, row[0], kept) else ""
    digits = figures.number(row[1 + width], metric.unit).removesuffix(" %")
    members = [word(member) for word, member in zip(called, row[1 : 1 + width], strict=True)]
    return [figures.period(answer.grain, row[0]), *members, digits, mark]


def say_gaps(screen: Screen, gaps: Iterable[Gap], *, aside: bool, of: str = "") -> None:
    """What is not as of now, each reason once with its months; on stderr beside CSV. Begins with `of`."""

    def alike(gap: Gap) -> tuple[bool, str, str]:
        return gap.kept, gap.state, gap.reason

    for (kept, state, reason), members in groupby(sorted(gaps, key=alike), key=alike):
        months = figures.month_spans(screen.say, [gap.month for gap in members])
        key = "values.kept" if kept else "values.left_out"
        told = screen.say(key, months=months, state=screen.say(f"state.{state}"), reason=reason)
        text = Text(of + told, style="warn")
        if aside:
            screen.err.print(text)
        else:
            screen.block(text)
