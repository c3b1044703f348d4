"""`query`: the saved queries of a center, and the answer to one of them."""

from __future__ import annotations

from typing import Any

from metric_pipelines.cli import figures
from metric_pipelines.cli.dates import day_of
from metric_pipelines.cli.dimension_words import NONE, dimension_label, member_words
from metric_pipelines.cli.opening import reading, workshop
from metric_pipelines.cli.screen import Screen
from metric_pipelines.cli.values import MOST_ON_A_TERMINAL, csv_of, nothing, say_gaps
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.query_rules import grain_of
from metric_pipelines.errors import UsageError
from metric_pipelines.query import SavedAnswer, answer_saved
from metric_pipelines.settings import Settings


def queries(screen: Screen, center: Center, *, as_json: bool) -> None:
    """Prints the saved queries: what each asks."""
    found = [center.queries[name] for name in sorted(center.queries)]
    if as_json:
        screen.json([query.model_dump(mode="json") for query in found])
        return
    say = screen.say
    screen.title(say("query.title", center=center.settings.label.of(screen.lang)))
    table = screen.table(say("query.name"), say("query.asks"), say("query.metrics"), say("query.by"))
    for query in found:
        by = [say(f"show.grain.{grain_of(center, query)}"), *query.by]
        table.add_row(query.name, query.label.of(screen.lang), ", ".join(query.metrics), ", ".join(by))
    screen.block(table if found else say("query.none"))
    if found:
        screen.next_steps([(f"metric-pipelines query {found[0].name}", say("query.answer"))])


def query(
    screen: Screen,
    settings: Settings,
    name: str | None,
    start: str | None,
    end: str | None,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Prints the answer to a saved query; without a name, which there are.

    Raises: UsageError for an unknown name or dates inside a period, EnvironmentBrokenError where nothing was
    published yet.
    """
    if as_json and as_csv:
        raise UsageError("--json", "together with --csv", "one of them")
    if name is None:
        queries(screen, settings.load(), as_json=as_json)
        return
    first, last = day_of("--start", start), day_of("--end", end)
    shop = workshop(settings)
    if name not in shop.center.queries:
        raise UsageError.unknown_name("", "saved query", name, shop.center.queries)
    with reading(settings, shop) as reader:
        answer = answer_saved(reader, name, first, last)
    if as_json:
        screen.json(_plain(shop.center, answer))
    elif as_csv:
        screen.write(csv_of(answer.columns, answer.rows))
        if answer.unmatched is not None:
            screen.err.print(nothing(screen, answer.unmatched))
        _gaps(screen, answer, aside=True)
    else:
        _table(screen, shop.center, answer)


def _plain(center: Center, answer: SavedAnswer) -> dict[str, Any]:
    return {
        "query": answer.query.name,
        "grain": answer.grain,
        "dimensions": answer.query.by,
        "filter": answer.query.filter,
        "unmatched": answer.unmatched,
        "units": {name: center.metrics[name].unit for name in answer.query.metrics},
        "rows": [dict(zip(answer.columns, row, strict=True)) for row in answer.rows],
        "withheld": {name: [vars(gap) for gap in gaps] for name, gaps in answer.gaps.items() if gaps},
    }


def _table(screen: Screen, center: Center, answer: SavedAnswer) -> None:
    say, query = screen.say, answer.query
    metrics = [center.metrics[name] for name in query.metrics]
    screen.title(query.label.of(screen.lang), say("query.where", filter=query.filter) if query.filter else "")
    if query.description is not None:
        screen.note(query.description.of(screen.lang))
    if answer.rows:
        shown = answer.rows[:MOST_ON_A_TERMINAL] if screen.out.is_terminal else answer.rows
        columns: list[Any] = [say("values.time")]
        columns += [dimension_label(center, metrics[0], name, screen.lang) for name in query.by]
        columns += [(f"{m.label.of(screen.lang)} ({say.unit(m.unit)})", "right") for m in metrics]
        keys, called = 1 + len(query.by), member_words(center, metrics[0], query.by, screen.lang)
        screen.long_table(
            columns,
            [
                [
                    figures.period(answer.grain, row[0]),
                    *(word(member) for word, member in zip(called, row[1:keys], strict=True)),
                    *(_number(value, m.unit) for value, m in zip(row[keys:], metrics, strict=True)),
                ]
                for row in shown
            ],
        )
        if len(shown) < len(answer.rows):
            screen.note(say("values.more", n=f"{len(answer.rows) - len(shown):,}"))
    else:
        screen.block(nothing(screen, answer.unmatched))
    _gaps(screen, answer, aside=False)


def _number(value: Any, unit: str) -> str:
    return NONE if value is None else figures.number(value, unit).removesuffix(" %")


def _gaps(screen: Screen, answer: SavedAnswer, *, aside: bool) -> None:
    for name, gaps in answer.gaps.items():
        say_gaps(screen, gaps, aside=aside, of=f"{name}: ")
