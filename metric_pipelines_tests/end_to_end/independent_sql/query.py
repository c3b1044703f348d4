"""A metric in plain SQL, and the dimensions that it is computed by."""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = {
    "store": "store_id",
    "campaign": "campaign_id",
    "product__type": "product_type",
    "product__manufacturer": "manufacturer",
    "day__weekday": "weekday",
    "day__weekend": "weekend",
    "household__income": "income",
    "household__age": "age",
    "household__home_ownership": "home_ownership",
    "household__marital_status": "marital_status",
    "household__size": "household_size",
    "household__composition": "household_comp",
    "household__children": "kids_count",
}
"""The column that is a dimension, where it is called otherwise."""


@dataclass(frozen=True)
class Query:
    """SQL that ends in rows (day, value), a month being its first day; rows without a value are none.

    `{by}` stands where a dimension's column goes, with its comma, before the value and where rows are
    grouped; `{same}` for the condition that it is the same in `a` and `b`.
    """

    sql: str
    dimensions: tuple[str, ...]
    daily: bool = False

    def text(self, dimension: str | None) -> str:
        """The query as it is, or by a dimension: then its rows are (day, member, value)."""
        if dimension is None:
            return self.sql.format(by="", same="")
        column = COLUMNS.get(dimension, dimension)
        return self.sql.format(by=f"{column}, ", same=f"and a.{column} = b.{column}")
