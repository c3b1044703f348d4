"""What a declaration is proven on: the rows that the metric itself is counted from, whatever else of the step
was counted meanwhile.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from metric_pipelines_tests.small_shop import MONTHS, Shop

SQL = """select order_id, order_day, category, case when order_id % 2 = 0 then order_day end as shipped_day
from models.order_lines
"""


@pytest.mark.parametrize("rollups", [[], [["quarter"]]])
def test_a_rollup_beside_it_does_not_refute_what_adds_up(shop: Shop, rollups: list[list[str]]) -> None:
    parcels = _read(shop.center / "models" / "order_lines.yaml") | {"name": "parcels", "label": "Parcels"}
    del parcels["partition_by"]
    parcels["entities"] = [{"name": "parcel", "type": "primary", "expr": "order_id"}]
    kept = {name: parcels["columns"][name] for name in ("order_id", "order_day", "category")}
    parcels["columns"] = kept | {"shipped_day": {"type": "date", "nullable": True}}
    _write(shop.center / "models" / "parcels.yaml", parcels)
    (shop.center / "models" / "parcels.sql").write_text(SQL)
    plain = _read(shop.center / "metrics" / "service" / "customers.yaml") | {"model": "parcels"}
    plain["expr"] = "order_id"
    counted = {
        "name": "orders_counted",
        "label": "Orders counted",
        "code": "SRV-101",
        "additive": ["category"],
    }
    shipped = {"name": "orders_shipped", "label": "Orders shipped", "code": "SRV-102", "time": "shipped_day"}
    for own in (counted, shipped | ({"rollups": rollups} if rollups else {})):
        _write(shop.center / "metrics" / "service" / f"{own['name']}.yaml", plain | own)
    assert shop.refresh().troubles == []
    assert {("metrics/orders_counted", month) for month in MONTHS} <= shop.published()


def _read(file: Path) -> dict[str, object]:
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def _write(file: Path, value: dict[str, object]) -> None:
    file.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
