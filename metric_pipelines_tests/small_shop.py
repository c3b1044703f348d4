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
from pathlib import Path
from typing import Any

from metric_pipelines.dictionary.months import WHOLE, months_between
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.ledger.ledger import Ledger, now, sqlite_url
from metric_pipelines.publication.plan import Scope, Work
from metric_pipelines.publication.refresh import Trouble, refresh
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
    """Twelve orders a month, and one that is January's in New York only: it came on 1 February at 04:30 UTC."""
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
        con.execute("create table orders (order_id integer primary key, customer_id integer, product_id integer,"
                    " ordered_at text, quantity integer, amount numeric)")  # fmt: skip
        con.execute("create table products (product_id integer primary key, category text)")
        con.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", orders())
        con.executemany("insert into products values (?, ?)", list(CATEGORIES.items()))
    return file


def copy_center(folder: Path) -> Path:
    """The center's files, for a test to change."""
    return Path(shutil.copytree(CENTER, folder))


@dataclass
class Shop:
    """A center in a home folder: refreshes it, reads what is published, changes its source."""

    center: Path
    home: Path

    @property
    def database(self) -> Path:
        return self.home / "sources" / "shop.sqlite"

    @property
    def ledger(self) -> Ledger:
        return Ledger(sqlite_url(self.home / "ledger.sqlite"))

    def open(self) -> Workshop:
        """The workshop as it is now."""
        return open_workshop(load_valid_center(self.center), self.home, self.ledger, ask_sources=True)

    def refresh(self, *, assets: Iterable[str] = (), months: Iterable[str] = (), forced: bool = False,
                read_sources: bool = True, fence: Callable[[], None] = lambda: None) -> Refreshed:  # fmt: skip
        """Carries out a refresh, step by step, in this process."""
        shop = self.open().fenced(fence)
        since = now() if read_sources or forced else None
        scope = Scope(frozenset(assets) or None, frozenset(months) or None, since, forced)
        result = Refreshed(shop)

        def execute(work: Work) -> None:
            result.works.append(work)
            chosen = [WHOLE] if work.first == WHOLE else months_between(work.first, work.last)
            for keys in by_step(shop, work.assets):
                result.outcomes += self.carry_out(keys, chosen, shop, forced=forced)

        result.troubles = refresh(shop, scope, execute)
        return result

    def carry_out(self, keys: Iterable[str], months: Iterable[str], shop: Workshop | None = None, *,
                  forced: bool = False) -> list[Outcome]:  # fmt: skip
        """One step for some months, by a connection of its own."""
        opened = shop or self.open()
        with lake.writer(opened.lake) as con:
            return carry_out(con, opened, list(keys), list(months), "run", forced=forced)

    def sql(self, statement: str, *values: Any) -> None:
        """Changes the source."""
        with closing(sqlite3.connect(self.database)) as con, con:
            con.execute(statement, values)

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the published lake."""
        con = lake.open_reader(lake.Lake(self.home / "lake"))
        try:
            return con.execute(query).fetchall()
        finally:
            con.close()

    def months(self, metric: str, expression: str = "sum(value)") -> dict[str, Any]:
        """One number a month from a metric's view."""
        query = f"select strftime(metric_time, '%Y-%m'), {expression} from lake.metrics.{metric} group by 1 order by 1"
        return dict(self.read(query))

    def add_metric(self, name: str, like: str, *changes: tuple[str, str]) -> None:
        """Adds a metric that is like another, with some texts changed."""
        [file] = self.center.rglob(f"metrics/*/{like}.yaml")
        code = next(line for line in file.read_text().splitlines() if line.startswith("code: "))
        text = file.read_text().replace(f"name: {like}\n", f"name: {name}\n").replace(code, f"code: NEW-{name}")
        for old, new in changes:
            assert old in text, f"{old!r} is not in {file.name}"
            text = text.replace(old, new)
        (file.parent / f"{name}.yaml").write_text(text, encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Changes a text in one of the center's files."""
        path = self.center / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")


@dataclass
class Refreshed:
    """What a refresh did."""

    shop: Workshop
    works: list[Work] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def computed(self, kind: str = "") -> set[tuple[str, str]]:
        """The pairs that were published or withheld, of assets whose key begins with `kind`."""
        states = ("published", "withheld", "unavailable")
        return {o.pair for o in self.outcomes if o.state in states and o.pair[0].startswith(kind)}


def by_step(shop: Workshop, assets: Iterable[str]) -> list[list[str]]:
    """Assets by the step they are computed in."""
    found: dict[str, list[str]] = {}
    for key in assets:
        found.setdefault(shop.graph.nodes[key].step, []).append(key)
    return list(found.values())


def move_home(source: Path, target: Path) -> Path:
    """A copy of a home folder that works where it stands: the catalog of a lake keeps its folder by full path."""
    shutil.copytree(source, target)
    with closing(sqlite3.connect(target / "lake" / "catalog.sqlite")) as con, con:
        con.execute("update ducklake_metadata set value = replace(value, ?, ?)", [str(source), str(target)])
    return target
