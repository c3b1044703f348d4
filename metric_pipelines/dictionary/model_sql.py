"""The SQL of a model, as text: the tables it reads, its normalized form. One SELECT, in DuckDB's SQL."""

from __future__ import annotations

import functools
from collections.abc import Iterator

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
_NOTHING = (type(None), exp.Semicolon)
"""What the parser makes of the end of a text, and of a comment there."""
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
        trees = [tree for tree in sqlglot.parse(sql, dialect="duckdb") if not isinstance(tree, _NOTHING)]
    except sqlglot.errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        found = f"SQL error: {first.get('description', error)} near {first.get('highlight', '')!r}"
        raise DefinitionError(
            f"{where}:{first.get('line', 1)}", found, "one SELECT in DuckDB's SQL"
        ) from error
    except sqlglot.errors.TokenError as error:
        found = "a quote or comment that is opened here and not closed"
        raise DefinitionError(
            f"{where}:{_unclosed(sql)}", found, "one SELECT in DuckDB's SQL", "close it"
        ) from error
    except RecursionError as error:
        raise DefinitionError(
            f"{where}:1", "SQL error: nested too deeply", "flatter SQL", "use CTEs"
        ) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise DefinitionError(f"{where}:1", "not one SELECT", "one SELECT (with CTEs as you like)")
    return trees[0]


def _unclosed(sql: str) -> int:
    """The line from which on SQL cannot be read as words: all before it can."""
    lines = sql.splitlines()
    for read in range(len(lines) - 1, 0, -1):
        try:
            sqlglot.tokenize("\n".join(lines[:read]), dialect="duckdb")
        except sqlglot.errors.TokenError:
            continue
        return read + 1
    return 1


def statement(sql: str) -> str:
    """The SELECT as it is written, line for line, without a semicolon after it and what follows that."""
    words = sqlglot.tokenize(sql, dialect="duckdb")
    while words and words[-1].token_type == sqlglot.TokenType.SEMICOLON:
        sql = sql[: words.pop().start]
    return sql


def tables_read(sql: str, where: str) -> dict[str, int]:
    """Asset keys `<schema>/<table>` of every table the SQL reads, CTEs left out, in order of name; with its
    first line.

    Raises: DefinitionError with file and line where a table has no schema, or is a function.
    """
    for error in wrong_reads(sql, where):
        raise error
    found: dict[str, int] = {}
    for table, line in _tables(parsed(sql, where)):
        key = f"{table.db}/{table.name}"
        found[key] = min(line, found.get(key, line))
    return dict(sorted(found.items()))


def wrong_reads(sql: str, where: str) -> Iterator[DefinitionError]:
    """Tables without a schema, and functions that a model must not call, each with file and line.

    A model reads what its center declares: no file, no other database, no setting, no query in a text; and
    gives the same rows for the same inputs: no chance, no machine's clock.
    Raises: DefinitionError where it cannot be parsed.
    """
    tree = parsed(sql, where)
    for table, line in _tables(tree):
        if not table.db or table.catalog:
            expected = "<source system>.<table> or models.<name>"
            yield DefinitionError(f"{where}:{line}", f"table {table.sql()!r}", expected)
    for node in tree.find_all(exp.Func):
        if isinstance(node.parent, exp.Table):
            continue  # told above
        called = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        beside = isinstance(node.parent, exp.Lateral) and not isinstance(node, (exp.Unnest, exp.Explode))
        if isinstance(node, _VOLATILE) or called in _VOLATILE_NAMES:
            expected, remedy = "the same rows for the same inputs", "join the calendar, whose days end today"
        elif called.startswith(_READERS) or called.endswith("_scan") or beside:
            expected, remedy = "tables of the center", "declare a source"
        else:
            continue
        place = f"{where}:{_line(node, sql)}"
        yield DefinitionError(place, f"function {called} in a model", expected, remedy)


def _tables(tree: exp.Query) -> Iterator[tuple[exp.Table, int]]:
    """The tables it reads, CTEs left out, with their lines."""
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                yield source, int(source.this.meta.get("line", 1))


def _line(called: exp.Func, sql: str) -> int:
    """The line of a call; the parser keeps none of `current_date` and its like, which need no brackets."""
    if "line" in called.meta:
        return int(called.meta["line"])
    words = sqlglot.tokenize(sql, dialect="duckdb")
    return next((word.line for word in words if word.text.upper() == called.sql_name()), 1)


def normalized(sql: str) -> str:
    """The SQL without comments and layout: what a hash of the definition is made of."""
    return parsed(sql, "model").sql(dialect="duckdb", comments=False)
