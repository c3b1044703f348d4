"""List prices, discounts, and what manufacturers pay."""

from __future__ import annotations

from metric_pipelines_tests.end_to_end.independent_sql.query import Query

LIST = "(sum(sales_value) + sum(retail_disc) + sum(coupon_match_disc))"
DISCOUNTS = "(sum(retail_disc) + sum(coupon_match_disc))"

QUERIES: dict[str, Query] = {
    "list_revenue": Query(
        f"select month, {{by}}{LIST} from lines group by all",
        ("department", "store", "brand", "household__age"),
    ),
    "discounts": Query(
        f"select month, {{by}}{DISCOUNTS} from lines group by all",
        ("department", "store", "product__type"),
    ),
    "retail_discounts": Query(
        "select month, {by}sum(retail_disc) from lines group by all",
        ("department", "store", "household__income"),
    ),
    "coupon_match_discounts": Query(
        "select month, {by}sum(coupon_match_disc) from lines where coupon_match_disc > 0 group by all",
        ("department", "store", "product__manufacturer"),
    ),
    "manufacturer_coupons": Query(
        "select month, {by}sum(coupon_disc) from lines where coupon_disc > 0 group by all",
        ("department", "store", "product__manufacturer"),
    ),
    "discount_rate": Query(
        f"select month, {{by}}{DISCOUNTS}::double / nullif({LIST}, 0)::double from lines group by all",
        ("department", "store", "brand"),
    ),
    "price_realisation": Query(
        f"select month, {{by}}sum(sales_value)::double / nullif({LIST}, 0)::double from lines group by all",
        ("department", "store", "category"),
    ),
    "average_discount_per_basket": Query(
        f"select month, {{by}}{DISCOUNTS}::double / count(distinct basket_id) from lines group by all",
        ("store", "household__size"),
    ),
}
