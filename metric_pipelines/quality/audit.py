"""The audit of a step: every staged asset's contract and expectations, a verdict a check and month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.quality.contract import Contracts, held
from metric_pipelines.quality.expectations import Expectations, Judged
from metric_pipelines.quality.rules import Rules
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import MONTH, exists

Verdicts = dict[str, list[Verdict]]
"""Verdicts by month (or for the whole)."""


def audit(
    con: duckdb.DuckDBPyConnection,
    staged: list[Staged],
    rules: Mapping[str, Rules],
    places: Mapping[str, str],
) -> dict[str, Verdicts]:
    """The verdicts of staged assets, by asset and month; `places` says where an asset's checks are defined.

    Raises: DefinitionError where a check cannot be carried out as it is written.
    """
    by_contract = contract_verdicts(con, staged, rules)
    rows = rows_of(con, staged, rules)
    asked = [Judged(s.table, rules[s.key], s.months, rows[s.key], places[s.key]) for s in staged]
    by_expectation = Expectations(con).verdicts(asked)
    return {
        item.key: {month: [by_contract[item.key][month], expected[month]] for month in item.months}
        for item, expected in zip(staged, by_expectation, strict=True)
    }


def contract_verdicts(
    con: duckdb.DuckDBPyConnection, staged: list[Staged], rules: Mapping[str, Rules]
) -> dict[str, dict[str, Verdict]]:
    """The contracts' verdicts by asset and month. Metrics of one table are judged together first: what holds
    of all its rows holds of each metric's.
    """
    contracts, found = Contracts(con), dict[str, dict[str, Verdict]]()
    groups: dict[str, list[Staged]] = {}
    for item in staged:
        groups.setdefault(item.table, []).append(item)
    for table, items in groups.items():
        own = [rules[item.key] for item in items]
        if len(items) > 1 and contracts.hold_together(table, own):
            found |= {item.key: dict.fromkeys(item.months, held(rules[item.key])) for item in items}
        else:
            for item in items:
                rule = rules[item.key]
                found[item.key] = contracts.verdicts(table, rule, item.months, _published(con, item))
    return found


def _published(con: duckdb.DuckDBPyConnection, item: Staged) -> str | None:
    """What is published of a monthly table; a metric's rows have their day in their key."""
    if item.columns is not None or item.months == [WHOLE] or not exists(con, *item.key.split("/")):
        return None
    relation = tables.relation(item.key)
    return relation if MONTH in tables.columns(con, relation) else None


def rows_of(
    con: duckdb.DuckDBPyConnection, staged: Sequence[Staged], rules: Mapping[str, Rules]
) -> dict[str, dict[str, int]]:
    """Rows of assets in each staged month (or in the whole), one query a table; of a view, none where no rule
    asks for them.
    """
    found: dict[str, dict[str, int]] = {}
    groups: dict[str, list[Staged]] = {}
    for item in staged:
        if item.view and not _asks_for_rows(rules[item.key]):
            found[item.key] = dict.fromkeys(item.months, 0)
        else:
            groups.setdefault(item.table, []).append(item)
    for table, items in groups.items():
        months = items[0].months
        counts = ", ".join(f"count(case when {_own(rules[item.key])} then 1 end)" for item in items)
        query = f"select {tables.month_of(months)}, {counts} from {table} group by 1"
        rows = {str(row[0]): row[1:] for row in con.execute(query).fetchall()}
        for at, item in enumerate(items):
            found[item.key] = {m: int(rows[m][at]) if m in rows else 0 for m in months}
    return found


def _asks_for_rows(rules: Rules) -> bool:
    return bool(rules.min_rows or rules.max_rows is not None or rules.expectations)


def _own(rules: Rules) -> str:
    """The condition of the rows that belong to an asset."""
    return " or ".join(f'"{c}" is not null' for c in rules.some) or "true"
