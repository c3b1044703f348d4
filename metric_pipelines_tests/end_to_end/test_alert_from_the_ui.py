"""A month that a materialization in the real UI withholds is told once, and within a minute."""

from __future__ import annotations

import time

import pytest

from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork
from metric_pipelines_tests.end_to_end.dagster_server import serving
from metric_pipelines_tests.notifications.peers import Webhook, listening
from metric_pipelines_tests.small_shop import Shop

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_a_month_withheld_from_the_ui_is_told_once_within_a_minute(shop: Shop) -> None:
    with listening(Webhook()) as hook:
        (shop.center / "alerts").mkdir()
        (shop.center / "alerts" / "hook.yaml").write_text(
            f"name: hook\nurl: json://127.0.0.1:{hook.port}\nallow_private: true\n"
        )
        at_work = CenterAtWork(shop.home, shop.center)
        with serving(at_work) as server:
            server.stop_schedules()
            server.wait_until(lambda: server.ticks("follow"), "the sensor ticks", 60)
            server.wait_until(
                lambda: all(run["status"] not in ("QUEUED", "STARTING", "STARTED") for run in server.runs()),
                "nothing runs",
                60,
            )
            assert hook.requests == []
            shop.sql("update orders set amount = amount * 100 where order_id between 101 and 112")
            server.materialize("shop/orders", "2024-02")
            server.wait_until(lambda: hook.requests, "an alert", 60)
            server.wait_until(
                lambda: (
                    server.run(str(hook.requests[0].json["message"]).split("/runs/")[1][:36])["status"]
                    == "FAILURE"
                ),
                "the refresh that told it has failed",
                30,
            )
            time.sleep(12)  # two ticks of the sensor
            assert len(hook.requests) == 1
    assert "metrics/revenue) 2024-02: withheld" in hook.requests[0].json["message"]
