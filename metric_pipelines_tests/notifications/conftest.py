"""An alert as values, channels, and the other side."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from metric_pipelines.dictionary.channel_definitions import Channel
from metric_pipelines.dictionary.yaml_types import Owners, Text
from metric_pipelines.notifications.alert import Affected, Alert, Cause

RUN = "33328534-c020-40c4-b9dc-c98a7cafffca"
LINK = f"https://dagster.example.com/runs/{RUN}"
SALES = Owners(business="sales@example.com", technical="data@example.com")
OPERATIONS = Owners(business="stores@example.com", technical="data@example.com")


TOO_MUCH = "expectations failed: expect_column_max(max_value=500): observed 5,017"


def channel(url: str, name: str = "ops", **keys: Any) -> Channel:
    return Channel(name=name, url=url, **keys)


def metric(name: str, zh: str = "", *, months: tuple[str, ...] = ("2024-02",), **keys: Any) -> Affected:
    said = {"department": "sales", "tier": 2, "owners": SALES} | keys
    return Affected(name, Text(en=name.replace("_", " ").capitalize(), zh=zh), months=months, **said)


def cause(**keys: Any) -> Cause:
    own = metric("net_revenue", "净销售额", tier=1)
    said: dict[str, Any] = {
        "asset": "metrics/net_revenue",
        "label": own.label,
        "state": "withheld",
        "reasons": (
            ("2024-02", Text(en="expectations failed: expect_column_max(max_value=500): observed 5,017")),
        ),
        "owners": SALES,
        "since": datetime(2024, 3, 1, 7, 0, tzinfo=UTC),
        "since_run": "dfeb9ea6-0000",
        "before": datetime(2024, 2, 29, 7, 0, tzinfo=UTC),
        "own": own,
        "blocked": (
            metric("average_basket", "客单价", owners=OPERATIONS, department="operations"),
            metric("revenue_growth", "销售额增长率", months=("2024-02", "2024-03"), tier=3),
        ),
    }
    return Cause(**(said | keys))


@pytest.fixture
def alert() -> Alert:
    """A month of net revenue is withheld, and holds up two metrics."""
    return Alert(Text(en="Retail", zh="零售"), RUN, LINK, "America/New_York", (cause(),))
