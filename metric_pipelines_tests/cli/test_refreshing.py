"""`refresh`: the plan, the run, and what it says when something is not published."""

from __future__ import annotations

import socket

import pytest

from metric_pipelines_tests.cli.conftest import Sit, Terminal
from metric_pipelines_tests.small_shop import Shop


def test_a_dry_run_lists_rectangles_and_does_nothing(at: Sit, fresh_shop: Shop) -> None:
    terminal = at(fresh_shop)
    said = terminal("refresh", "--dry-run", "--json")
    assert said.code == 0
    assert set(said.json) == {"dry_run", "today", "forced", "pairs", "work"}
    assert {"assets", "first", "last", "pairs", "certain"} == set(said.json["work"][0])
    assert all(work["certain"] for work in said.json["work"])  # nothing was ever computed
    assert {asset for work in said.json["work"] for asset in work["assets"]} >= {
        "shop/orders",
        "metrics/revenue",
    }
    assert not (fresh_shop.home / "lake" / "catalog.sqlite").exists()
    assert "2024-01 to 2024-03" in terminal("refresh", "--dry-run").out


def test_a_selection_is_planned_even_where_nothing_is_due(cli: Terminal) -> None:
    said = cli("refresh", "-n", "-s", "revenue", "-p", "2024-02..2024-03", "--json").json
    assert said["forced"] is True
    assert said["work"] == [
        {"assets": ["metrics/revenue"], "first": "2024-02", "last": "2024-03", "pairs": 2, "certain": True}
    ]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["-s", "revnue"], "did you mean 'revenue'"),
        (["-p", "2024-04"], "2024-01 to 2024-03"),
        (["-p", "Feb"], "2017-06"),
    ],
)
def test_a_wrong_selection_is_exit_2(cli: Terminal, words: list[str], hint: str) -> None:
    said = cli("refresh", *words)
    assert said.code == 2
    assert hint in said.err


def test_a_refresh_publishes_and_shows_the_scorecard(at: Sit, fresh_shop: Shop) -> None:
    fresh_shop.keep("revenue", "orders_placed", "average_order")
    terminal = at(fresh_shop)
    said = terminal.process("refresh")
    assert said.code == 0, said.err
    for part in ("scorecard", "Revenue", "published", "http://127.0.0.1:3000/runs/"):
        assert part in said.out
    assert "shop/orders" in said.err  # progress, as plain lines
    assert "Warning" not in said.err
    again = terminal("refresh", "--json", "--lang", "zh")
    assert again.code == 0
    assert set(again.json) == {
        "run_id",
        "published_all",
        "seconds",
        "computed",
        "not_published",
        "scorecard",
        "site",
        "alerts",
    }
    assert again.json["computed"]["withheld"] == 0


def test_what_is_not_published_is_told_by_its_root(at: Sit, shop: Shop) -> None:
    shop.sql("update orders set amount = amount * 100 where order_id between 101 and 112")
    (shop.center / "alerts").mkdir()
    (shop.center / "alerts" / "away.yaml").write_text(
        "name: away\nurl: json://127.0.0.1:1\nallow_private: true\n"
    )
    terminal = at(shop)
    said = terminal("refresh", "--json")
    assert said.code == 1
    [alert] = said.json["alerts"]
    assert (alert["channel"], alert["state"]) == ("away", "not taken")
    assert "refused" in alert["reason"]
    root = next(row for row in said.json["not_published"] if row["asset"] == "metrics/revenue")
    assert (root["state"], root["months"]) == ("withheld", ["2024-02"])
    assert "metrics/average_order" in root["blocked"]
    text = terminal("refresh")
    assert text.code == 1
    assert text.out.count("metrics/revenue 2024-02 withheld") == 1
    assert "The channel away did not take the alert" in text.out
    assert "metric-pipelines alerts test" in text.out
    assert "blocks" in text.out
    assert "the last good values stay published" in text.out
    assert "demo fix" not in text.out  # that is for the shipped center


def test_what_cannot_be_computed_since_its_inputs_are_missing_says_so(at: Sit, fresh_shop: Shop) -> None:
    said = at(fresh_shop)("refresh", "--select", "revenue")
    assert said.code == 1
    assert "--select +metrics/revenue" in said.out


def test_a_port_in_use_is_refused(cli: Terminal) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        said = cli("up", "--port", str(port))
    assert said.code == 3
    assert f"--port {port + 1}" in said.err
