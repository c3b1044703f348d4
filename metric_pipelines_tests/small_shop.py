"""The small shop at work: its rows as plain values, its database, and a refresh without an orchestrator.

The center's YAML and SQL stand in `small_center/`. What does not belong here: what a test expects.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import duckdb

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.dictionary.months import WHOLE, months_between
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.ledger.ledger import Attempt, Ledger, now, sqlite_url
from metric_pipelines.publication.plan import Scope, Work
from metric_pipelines.publication.refresh import Trouble, refresh, troubles
from metric_pipelines.publication.standing import standing
from metric_pipelines.publication.steps import Outcome, carry_out
from metric_pipelines.publication.workshop import Workshop, open_workshop
from metric_pipelines.warehouse import lake

CENTER = Path(__file__).parent / "small_center"
MONTHS = ["2024-01", "2024-02", "2024-03"]
CATEGORIES = {1: "tea", 2: "tea", 3: "coffee"}
"""Product 4 is ordered too, but not in the master."""
NEW_YORK_WINTER, NEW_YORK_SUMMER = timedelta(hours=5), timedelta(hours=4)
SUMMER_STARTS = datetime(2024, 3, 10, 7)

Order = tuple[int, int, int, str, int, str]
"""order_id, customer_id, product_id, ordered_at (UTC), quantity, amount."""


def orders() -> list[Order]:
    """Twelve orders a month, and one that came on 1 February at 04:30 UTC: in New York, January's."""
    found: list[Order] = [(500, 5, 3, "2024-02-01 04:30:00", 2, "40.25")]
    for m, month in enumerate(MONTHS):
        for i in range(12):
            day = 2 + 5 * (i // 2)
            customer = 1 + (i * (m + 1)) % 4
            amount = Decimal(3 + 2 * i + 5 * m) + Decimal(i) / 100
            stamp = f"{month}-{day:02d} {10 + i:02d}:15:00"
            found.append((100 * m + i + 1, customer, 1 + i % 4, stamp, 1 + i % 3, str(amount)))
    return [*found, (600, 1, 1, "2024-03-31 18:00:00", 1, "7.50")]


def day_of(order: Order) -> str:
    """The shop's own day of an order, by arithmetic."""
    stamp = datetime.fromisoformat(order[3])
    return f"{stamp - (NEW_YORK_SUMMER if stamp >= SUMMER_STARTS else NEW_YORK_WINTER):%Y-%m-%d}"


def revenue_by_month(rows: Iterable[Order] | None = None) -> dict[str, Decimal]:
    """What revenue must be, by plain addition."""
    found: dict[str, Decimal] = {}
    for order in orders() if rows is None else rows:
        month = day_of(order)[:7]
        found[month] = found.get(month, Decimal(0)) + Decimal(order[5])
    return found


def lay_out(home: Path) -> Path:
    """Writes the shop's database below `home`."""
    file = home / "sources" / "shop.sqlite"
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as con, con:
        con.execute(
            "create table orders (order_id integer primary key, customer_id integer, product_id integer,"
            " ordered_at text, quantity integer, amount numeric)"
        )
        con.execute("create table products (product_id integer primary key, category text)")
        con.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", orders())
        con.executemany("insert into products values (?, ?)", list(CATEGORIES.items()))
    return file


def copy_center(folder: Path) -> Path:
    """The center's files, for a test to change."""
    return Path(shutil.copytree(CENTER, folder))


@dataclass
class Shop:
    """A center in a home folder: refreshes it, reads what is published, changes its source.

    `mark` is where the ledger stood before the last refresh.
    """

    center: Path
    home: Path
    mark: int = 0

    @property
    def database(self) -> Path:
        return self.home / "sources" / "shop.sqlite"

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(sqlite_url(self.home / "ledger.sqlite"))

    def open(self, *, ask_sources: bool = True) -> Workshop:
        """The workshop as it is now, or by what was last seen of its sources."""
        return open_workshop(load_valid_center(self.center), self.home, self.ledger, ask_sources=ask_sources)

    def refresh(
        self,
        *,
        assets: Iterable[str] = (),
        months: Iterable[str] = (),
        forced: bool = False,
        read_sources: bool = True,
        fence: Callable[[], None] = lambda: None,
    ) -> Refreshed:
        """Carries out a refresh, step by step, in this process."""
        shop = self.open().fenced(fence)
        self.mark = shop.ledger.mark()
        since = now() if read_sources or forced else None
        scope = Scope(frozenset(assets) or None, frozenset(months) or None, since, forced)
        result = Refreshed(shop)

        def execute(work: Work) -> None:
            result.works.append(work)
            for keys in by_step(shop, work.assets):
                result.outcomes += self.carry_out(keys, months_of(work), shop, forced=forced)

        result.troubles = refresh(shop, scope, execute)
        return result

    def carry_out(
        self,
        keys: Iterable[str],
        months: Iterable[str],
        shop: Workshop | None = None,
        *,
        forced: bool = False,
    ) -> list[Outcome]:
        """One step for some months; it finds none of the views that an earlier one made for itself."""
        opened, con = shop or self.open(), self.connection()
        for schema, view in con.execute(
            "select schema_name, view_name from duckdb_views()"
            " where database_name = 'memory' and not internal"
        ).fetchall():
            con.execute(f'drop view memory."{schema}"."{view}"')
        return carry_out(con, opened, list(keys), list(months), "run", forced=forced)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection for writing to this shop's lake."""
        return _connection(self.home / "lake")

    # What happened, by the ledger

    def stands(self, state: str) -> set[Pair]:
        """The pairs that stand so."""
        facts = self.open(ask_sources=False).facts()
        return {pair for pair, stand in standing(facts.graph, facts.history).items() if stand.state == state}

    def troubles(self) -> list[Trouble]:
        """What is not as it should be."""
        return troubles(self.open(ask_sources=False).facts(), Scope())

    def reason(self, asset: str, month: str) -> str:
        """Why a pair is in trouble."""
        return next(t.reason for t in self.troubles() if t.pair == (asset, month))

    def attempts(self) -> list[Attempt]:
        """The attempts of the last refresh."""
        return [a for a in self.ledger.attempts_of_run("run") if a.id > self.mark]

    def computed(self, kind: str = "") -> set[Pair]:
        """The pairs that the last refresh computed, of assets whose key begins with `kind`."""
        return {a.pair for a in self.attempts() if a.asset.startswith(kind)}

    def published(self) -> set[Pair]:
        """The pairs that the last refresh published."""
        return {a.pair for a in self.attempts() if a.state == "published"}

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the published lake."""
        return self.connection().execute(query).fetchall()

    def months(self, metric: str, expression: str = "sum(value)") -> dict[str, Any]:
        """One number a month from a metric's view."""
        month = "strftime(metric_time, '%Y-%m')"
        return dict(
            self.read(f"select {month}, {expression} from lake.metrics.{metric} group by 1 order by 1")
        )

    # Changes

    def sql(self, statement: str, *values: Any) -> None:
        """Changes the source."""
        with closing(sqlite3.connect(self.database)) as con, con:
            con.execute(statement, values)

    def edit(self, file: str, old: str, new: str) -> None:
        """Changes a text in one of the center's files."""
        path = self.center / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def keep(self, *metrics: str, models: Iterable[str] = ()) -> None:
        """Leaves out all other metrics, and all models but these, the calendar and the order lines."""
        for file in self.center.glob("metrics/*/*.yaml"):
            if file.stem not in metrics:
                file.unlink()
        for file in self.center.glob("queries/*.yaml"):
            file.unlink()
        for file in self.center.glob("models/*"):
            if file.stem not in ("order_lines", "calendar", *models):
                file.unlink()

    def add_metric(self, name: str, like: str, *changes: tuple[str, str]) -> None:
        """Adds a metric that is like another but for its names, with some texts changed."""
        [file] = self.center.glob(f"metrics/*/{like}.yaml")
        text = file.read_text().replace(f"name: {like}\n", f"name: {name}\n")
        for key, own in (("code", f"NEW-{name}"), ("label", f"Our {name}")):
            line = next(line for line in text.splitlines() if line.startswith(f"{key}: "))
            text = text.replace(line, f"{key}: {own}")
        for old, new in changes:
            assert old in text, f"{old!r} is not in {file.name}"
            text = text.replace(old, new)
        (file.parent / f"{name}.yaml").write_text(text, encoding="utf-8")

    def copy(self, folder: Path) -> Shop:
        """The same shop elsewhere, to be changed."""
        center = Path(shutil.copytree(self.center, folder / "center"))
        home = folder / "home"
        shutil.copytree(self.home, home, ignore=shutil.ignore_patterns("*.lock"))
        catalog = home / "lake" / "catalog.sqlite"
        if catalog.exists():  # the catalog of a lake keeps its folder by full path
            with closing(sqlite3.connect(catalog)) as con, con:
                con.execute(
                    "update ducklake_metadata set value = replace(value, ?, ?)", [str(self.home), str(home)]
                )
        return Shop(center, home, self.mark)


def new_shop(folder: Path) -> Shop:
    """The small shop in a folder, with its source laid out and nothing published."""
    center = copy_center(folder / "center")
    lay_out(folder / "home")
    return Shop(center, folder / "home")


@cache
def _kept() -> tuple[duckdb.DuckDBPyConnection, list[Path]]:
    """The connection of this process, and the lake it is attached to: opening one costs more than a step."""
    return lake.connect(), []


def _connection(folder: Path) -> duckdb.DuckDBPyConnection:
    con, attached = _kept()
    if attached != [folder]:
        if attached:
            con.execute("detach lake")
        attached[:] = [folder]
        lake.prepare(con, lake.Lake(folder))
    return con


@dataclass
class Refreshed:
    """What a refresh did."""

    shop: Workshop
    works: list[Work] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def months_of(work: Work) -> list[str]:
    """The months of a rectangle."""
    return [WHOLE] if work.first == WHOLE else months_between(work.first, work.last)


def by_step(shop: Workshop, assets: Iterable[str]) -> list[list[str]]:
    """Assets by the step they are computed in."""
    found: dict[str, list[str]] = {}
    for key in assets:
        found.setdefault(shop.graph.nodes[key].step, []).append(key)
    return list(found.values())
