"""The center `retail`, its months of households on a handful of baskets: who is lost is told of months that
are over alone.
"""

from __future__ import annotations

import duckdb
import pytest

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.settings import SHIPPED

BASKETS = """
    (1, '2017-01-05'), (1, '2017-01-05'), (1, '2017-02-10'),
    (2, '2017-01-31'),
    (3, '2017-02-03')
"""


def months(newest: str) -> dict[tuple[str, int], tuple[bool, bool, bool]]:
    """(month, household): active, active before, month over; `newest` is a day with one more basket, by 3."""
    con = duckdb.connect()
    con.execute("create schema models")
    con.execute(
        f"create table models.baskets as select household_id, business_day::date as business_day"
        f" from (values {BASKETS}, (3, '{newest}')) as listed (household_id, business_day)"
    )
    sql = load_valid_center(SHIPPED / "retail").sql["household_months"].strip().rstrip(";")
    rows = con.execute(
        f"select month_start::varchar, household_id, active, active_before, month_over from ({sql})"
    ).fetchall()
    return {(month, household): (a, b, over) for month, household, a, b, over in rows}


def test_who_does_not_come_back_is_lost_once_the_month_is_over() -> None:
    assert months("2017-02-28")["2017-02-01", 2] == (False, True, True)


@pytest.mark.parametrize("newest", ["2017-02-03", "2017-02-27"])
def test_in_the_open_month_nobody_is_lost_yet(newest: str) -> None:
    found = months(newest)
    assert found["2017-02-01", 2] == (False, True, False)
    assert found["2017-01-01", 2] == (True, False, True)


def test_a_month_without_any_basket_is_not_over() -> None:
    assert months("2017-02-28")["2017-03-01", 1] == (False, True, False)
