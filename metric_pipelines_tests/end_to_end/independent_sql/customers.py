"""Households: who bought, for the first time, again, no more."""

from __future__ import annotations

from metric_pipelines_tests.end_to_end.independent_sql.query import Query

# Each household in the month after one in which it bought, and whether it bought there too. January 2018 is
# beyond the data.
AFTER = """
    select b.* replace ((b.month + interval 1 month)::date as month), exists (
        from active as a where a.household_id = b.household_id and a.month = b.month + interval 1 month
    ) as came from active as b where b.month < '2017-12-01'
"""

QUERIES: dict[str, Query] = {
    "active_households": Query(
        "select month, {by}count(distinct household_id) from lines group by all",
        ("household__income", "household__children", "store", "hour"),
    ),
    "new_households": Query(
        """
        select month, {by}count(*) from active as a
        where not exists (from active as b where b.household_id = a.household_id and b.month < a.month)
        group by all
        """,
        ("household__income", "household__home_ownership"),
    ),
    "returning_households": Query(
        """
        select month, {by}count(*) filter (where last_before < month - interval 1 month) from (
            select a.*, (
                select max(b.month) from active as b
                where b.household_id = a.household_id and b.month < a.month
            ) as last_before from active as a
        ) group by all
        """,
        ("household__income", "household__age"),
    ),
    "lapsed_households": Query(
        f"select month, {{by}}count(*) from ({AFTER}) where not came group by all",
        ("household__income", "household__marital_status"),
    ),
    "households_active_before": Query(
        f"select month, {{by}}count(*) from ({AFTER}) group by all",
        ("household__income", "household__size"),
    ),
    "retained_households": Query(
        f"select month, {{by}}count(*) from ({AFTER}) where came group by all",
        ("household__income", "household__composition"),
    ),
    "household_retention": Query(
        f"""
        select month, {{by}}nullif(count(*) filter (where came), 0)::double / count(*)
        from ({AFTER}) group by all
        """,
        ("household__income", "household__age"),
    ),
    "repeat_households": Query(
        "select month, {by}count(*) from active where baskets > 1 group by all",
        ("household__income", "household__children"),
    ),
    "repeat_rate": Query(
        """
        select month, {by}nullif(count(*) filter (where baskets > 1), 0)::double / count(*)
        from active group by all
        """,
        ("household__income", "household__size"),
    ),
    "baskets_per_active_household": Query(
        """
        select month, {by}count(distinct basket_id)::double / count(distinct household_id)
        from lines group by all
        """,
        ("store", "household__income"),
    ),
    "revenue_per_active_household": Query(
        "select month, {by}sum(sales_value)::double / count(distinct household_id) from lines group by all",
        ("store", "household__income", "day__weekend"),
    ),
}
