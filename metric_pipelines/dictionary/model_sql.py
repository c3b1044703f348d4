"""The SQL of a model, as text: the tables it reads, its normalized form. One SELECT, in DuckDB's SQL."""

from __future__ import annotations

import functools

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from metric_pipelines.errors import DefinitionError

_READERS = (
    "read_",
    "glob",
    "sniff_",
    "parquet_",
    "sqlite_",
    "postgres_",
    "query",
    "duckdb_",
    "pragma_",
    "getenv",
)
_VOLATILE = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime, exp.Rand, exp.Uuid)
_VOLATILE_NAMES = (
    "random", "setseed", "now", "today", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "nextval", "currval",
    "get_current_time", "get_current_timestamp", "transaction_timestamp", "current_localtimestamp",
)  # fmt: skip


@functools.lru_cache(maxsize=512)
def parsed(sql: str, where: str) -> exp.Query:
    """The parsed SELECT.

    Raises: DefinitionError with file and line where it is not exactly one SELECT.
    """
    try:
        trees = [tree for tree in sqlglot.parse(sql, dialect="duckdb") if tree is not None]
    except sqlglot.errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        found = f"SQL error: {first.get('description', error)} near {first.get('highlight', '')!r}"
        raise DefinitionError(
            f"{where}:{first.get('line', 1)}", found, "one SELECT in DuckDB's SQL"
        ) from error
    except sqlglot.errors.TokenError as error:
        raise DefinitionError(f"{where}:1", f"SQL error: {error}", "one SELECT in DuckDB's SQL") from error
    except RecursionError as error:
        raise DefinitionError(
            f"{where}:1", "SQL error: nested too deeply", "flatter SQL", "use CTEs"
        ) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise DefinitionError(f"{where}:1", "not one SELECT", "one SELECT (with CTEs as you like)")
    return trees[0]


def tables_read(sql: str, where: str) -> dict[str, int]:
    """Asset keys `<schema>/<table>` of every table the SQL reads, CTEs left out, in order of name; with its
    first line.

    Raises: DefinitionError with file and line where a table has no schema, or is a function.
    """
    found: dict[str, int] = {}
    for scope in traverse_scope(parsed(sql, where)):
        for source in scope.sources.values():
            if not isinstance(source, exp.Table):
                continue
            line = int(source.this.meta.get("line", 1))
            if not source.db or source.catalog:
                expected = "<source system>.<table> or models.<name>"
                raise DefinitionError(f"{where}:{line}", f"table {source.sql()!r}", expected)
            key = f"{source.db}/{source.name}"
            found[key] = min(line, found.get(key, line))
    _refuse_functions_that_read(parsed(sql, where), where)
    return dict(sorted(found.items()))


def _refuse_functions_that_read(tree: exp.Query, where: str) -> None:
    """A model reads what its center declares: no file, no other database, no setting, no query in a text; and
    gives the same rows for the same inputs: no chance, no machine's clock.
    """
    for node in tree.find_all(exp.Func):
        called = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        if isinstance(node, _VOLATILE) or called in _VOLATILE_NAMES:
            expected, remedy = "the same rows for the same inputs", "join the calendar, whose days end today"
            raise DefinitionError(where, f"function {called} in a model", expected, remedy)
        beside = isinstance(node.parent, exp.Lateral) and not isinstance(node, (exp.Unnest, exp.Explode))
        if called.startswith(_READERS) or called.endswith("_scan") or beside:
            raise DefinitionError(
                where, f"function {called} in a model", "tables of the center", "declare a source"
            )


def normalized(sql: str) -> str:
    """The SQL without comments and layout: what a hash of the definition is made of."""
    return parsed(sql, "model").sql(dialect="duckdb", comments=False)
