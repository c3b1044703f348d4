"""The three source systems as values: databases, tables, columns, and the query that fills each table.

A query is DuckDB SQL over the package's files, one view per file. Declared types are those DuckDB's SQLite
scanner reads well: INTEGER becomes BIGINT, TEXT VARCHAR, DATE and TIMESTAMP (kept as ISO text) themselves,
DECIMAL(18,2) DOUBLE. What does not belong here: reading or writing; that is `journey`, `database` and
`layout`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, TypeAlias

from metric_pipelines.demo.business_days import LAST_DAY, Days

Bound: TypeAlias = datetime | int


@dataclass(frozen=True)
class Table:
    """One table: `columns` is the body of its create statement, `select` names the columns it fills.

    With `bounds` the table grows by business days and `select` takes the two half-open bounds as parameters;
    without, it is master data and always whole. `index` is created after the rows are in. A table `in_bulk`
    has so many rows that they never become values of Python: its `select` comes in the order of its key.
    """

    name: str
    columns: str
    select: str
    bounds: Callable[[Days], tuple[Bound, Bound]] | None = None
    index: str = ""
    in_bulk: bool = False

    def parameters(self, days: Days) -> list[Bound]:
        return list(self.bounds(days)) if self.bounds else []


@dataclass(frozen=True)
class Database:
    """One source system: the file it lives in and its tables. `layout` is marked in the file, and raised with
    every change of a table or of its rows, so that older files are laid out anew.
    """

    file: str
    tables: tuple[Table, ...]
    layout: int = 1

    @property
    def name(self) -> str:
        """What the center calls it: `crm`, `erp`, `oms`."""
        return self.file.removesuffix(".sqlite")

    @property
    def growing(self) -> tuple[Table, ...]:
        """The tables that get rows every business day."""
        return tuple(table for table in self.tables if table.bounds)

    def complete_at(self, until: date) -> date:
        """The day to mark the database with when laid out `until` then; master data is always whole."""
        return until if self.growing else LAST_DAY


HOUSEHOLDS = Table(
    "households",
    "household_id INTEGER NOT NULL PRIMARY KEY",
    """
    select household_id from transactions
    union select household_id from demographics
    union select household_id from campaigns
    order by household_id
    """,
)

DEMOGRAPHICS = Table(
    "demographics",
    """
    household_id INTEGER NOT NULL PRIMARY KEY,
    age TEXT, income TEXT, home_ownership TEXT, marital_status TEXT,
    household_size TEXT, household_comp TEXT, kids_count TEXT
    """,
    """
    select household_id, age, income, home_ownership, marital_status,
        household_size, household_comp, kids_count
    from demographics order by household_id
    """,
)

CAMPAIGNS = Table(
    "campaigns",
    """
    campaign_id INTEGER NOT NULL PRIMARY KEY, campaign_type TEXT NOT NULL,
    start_date DATE NOT NULL, end_date DATE NOT NULL
    """,
    """
    select campaign_id, campaign_type,
        strftime(start_date, '%Y-%m-%d') as start_date, strftime(end_date, '%Y-%m-%d') as end_date
    from campaign_descriptions order by campaign_id
    """,
)

CAMPAIGN_MAILINGS = Table(
    "campaign_mailings",
    "campaign_id INTEGER NOT NULL, household_id INTEGER NOT NULL, PRIMARY KEY (campaign_id, household_id)",
    "select campaign_id, household_id from campaigns order by campaign_id, household_id",
)

# The marketing department's list holds 4,872 rows twice, so the table has no key.
COUPONS = Table(
    "coupons",
    "coupon_upc INTEGER NOT NULL, product_id INTEGER NOT NULL, campaign_id INTEGER NOT NULL",
    "select coupon_upc, product_id, campaign_id from coupons order by campaign_id, coupon_upc, product_id",
)

COUPON_REDEMPTIONS = Table(
    "coupon_redemptions",
    """
    redemption_id INTEGER NOT NULL PRIMARY KEY,
    household_id INTEGER NOT NULL, coupon_upc INTEGER NOT NULL, campaign_id INTEGER NOT NULL,
    redemption_date DATE NOT NULL
    """,
    """
    select household_id, coupon_upc, campaign_id, strftime(redemption_date, '%Y-%m-%d') as redemption_date
    from coupon_redemptions as redemption
    where redemption.redemption_date >= ? and redemption.redemption_date < ?
    order by redemption.redemption_date, household_id, coupon_upc, campaign_id
    """,
    bounds=Days.in_local_time,
)

# Money is cast to cents, as its column is declared: 28 values of the package are not zero but 1e-15 or so,
# the dust of somebody's floating-point sum. All others are cents already.
TRANSACTIONS = Table(
    "transactions",
    """
    basket_id INTEGER NOT NULL, product_id INTEGER NOT NULL,
    household_id INTEGER NOT NULL, store_id INTEGER NOT NULL, quantity INTEGER NOT NULL,
    sales_value DECIMAL(18,2) NOT NULL, retail_disc DECIMAL(18,2) NOT NULL,
    coupon_disc DECIMAL(18,2) NOT NULL, coupon_match_disc DECIMAL(18,2) NOT NULL,
    week INTEGER NOT NULL, transaction_timestamp TIMESTAMP NOT NULL,
    PRIMARY KEY (basket_id, product_id)
    """,
    """
    select basket_id, product_id, household_id, store_id, quantity,
        sales_value::decimal(18,2)::double as sales_value,
        retail_disc::decimal(18,2)::double as retail_disc,
        coupon_disc::decimal(18,2)::double as coupon_disc,
        coupon_match_disc::decimal(18,2)::double as coupon_match_disc,
        week, strftime(transaction_timestamp, '%Y-%m-%d %H:%M:%S') as transaction_timestamp
    from transactions as line
    where line.transaction_timestamp >= ? and line.transaction_timestamp < ?
    order by line.transaction_timestamp, basket_id, product_id
    """,
    bounds=Days.in_utc,
    index="create index transactions_by_time on transactions (transaction_timestamp)",
)

PRODUCTS = Table(
    "products",
    """
    product_id INTEGER NOT NULL PRIMARY KEY, manufacturer_id INTEGER NOT NULL,
    department TEXT, brand TEXT, product_category TEXT, product_type TEXT, package_size TEXT
    """,
    """
    select product_id, manufacturer_id, department, brand, product_category, product_type, package_size
    from products order by product_id
    """,
)

STORES = Table(
    "stores",
    "store_id INTEGER NOT NULL PRIMARY KEY",
    "select store_id from transactions union select store_id from promotions order by store_id",
)

# The grocer numbers its weeks and keeps no date of them: `week_start` is the one thing added. A week turns at
# Monday 00:00 of the stores' time, in all 53 weeks of the transactions; week 1 is the one Sunday before the
# first Monday of the year, and begins with the year. (product_id, store_id, week) is there twice for 12,785
# keys; all five columns together are the key, and the file is kept in its order, which needs no index.
PROMOTIONS = Table(
    "promotions",
    """
    week_start DATE NOT NULL, week INTEGER NOT NULL, product_id INTEGER NOT NULL, store_id INTEGER NOT NULL,
    display_location CHAR(1) NOT NULL, mailer_location CHAR(1) NOT NULL,
    PRIMARY KEY (week_start, product_id, store_id, display_location, mailer_location)
    """,
    """
    select
        strftime(
            greatest(date '2017-01-01', date '2016-12-26' + cast(7 * (week - 1) as integer)), '%Y-%m-%d'
        ) as week_start,
        week, product_id, store_id, display_location, mailer_location
    from promotions
    where week >= $1 and week < $2
    order by week, product_id, store_id, display_location, mailer_location
    """,
    bounds=Days.in_weeks,
    in_bulk=True,
)

# Those of products that the panel bought in that store and week, 280,287 rows, and the first of each store
# and week, so that the same stores take part: no number of what was sold depends on the others. The weeks are
# said of each table that is read: to read all of the year for a few took twice as long.
BOUGHT_PROMOTIONS = replace(
    PROMOTIONS,
    in_bulk=False,
    select=PROMOTIONS.select.replace(
        "from promotions",
        """
        from promotions semi join (
            select product_id, store_id, week from transactions
            where week >= $1 and week < $2
            union all
            select min(product_id) as product_id, store_id, week from promotions
            where week >= $1 and week < $2
            group by store_id, week
        ) as kept using (product_id, store_id, week)
        """,
    ),
)

CRM = Database(
    "crm.sqlite",
    (HOUSEHOLDS, DEMOGRAPHICS, CAMPAIGNS, CAMPAIGN_MAILINGS, COUPONS, COUPON_REDEMPTIONS),
)
ERP = Database("erp.sqlite", (PRODUCTS, STORES, PROMOTIONS), layout=2)
SMALL_ERP = Database("erp.sqlite", (PRODUCTS, STORES, BOUGHT_PROMOTIONS), layout=3)
OMS = Database("oms.sqlite", (TRANSACTIONS,))

# The order system comes last: what is in it is in the others too.
DATABASES = (CRM, ERP, OMS)

Promotions: TypeAlias = Literal["all", "bought"]
ERPS: dict[Promotions, Database] = {"all": ERP, "bought": SMALL_ERP}
