"""A site is written whole or not at all, built again only where it would say anything new, and remembers."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from metric_pipelines.errors import EnvironmentBrokenError
from metric_pipelines.site.writing import is_current
from metric_pipelines_tests.site.conftest import DAGSTER, Elements, build
from metric_pipelines_tests.small_shop import Shop


def current(shop: Shop) -> bool:
    return is_current(shop.open(), DAGSTER)


def built(shop: Shop) -> dict[str, object]:
    found: dict[str, object] = json.loads((shop.home / "site" / "built.json").read_text("utf-8"))
    return found


def test_a_site_is_current_until_something_moves(shop: Shop) -> None:
    assert not current(shop)
    build(shop)
    assert current(shop)
    shop.refresh()
    assert current(shop)
    shop.edit("metrics/sales/revenue.yaml", "purpose: To be tested.", "purpose: To be tried.")
    assert not current(shop)
    build(shop)
    shop.sql("update orders set amount = amount + 1 where order_id = 1")
    shop.refresh()
    assert not current(shop)


def test_another_address_of_dagster_is_news(shop: Shop) -> None:
    build(shop)
    assert not is_current(shop.open(), "http://127.0.0.1:3001")


def test_the_same_state_built_again_tells_the_same_news(shop: Shop) -> None:
    build(shop)
    shop.edit("metrics/sales/revenue.yaml", "purpose: To be tested.", "purpose: To be tried.")
    first = build(shop, datetime(2030, 1, 1, tzinfo=UTC)).index.parent / "changes.html"
    assert "To be tried." in Elements(first).text
    again = build(shop, datetime(2030, 1, 2, tzinfo=UTC)).index.parent / "changes.html"
    assert "To be tried." in Elements(again).text
    shop.edit("metrics/sales/revenue.yaml", "scenario: Tests.", "scenario: Trials.")
    last = Elements(build(shop, datetime(2030, 1, 3, tzinfo=UTC)).index.parent / "changes.html").text
    since = last.split("In the last 30 days")[0]
    assert "Trials." in since
    assert "To be tried." not in since


def test_a_definition_that_comes_back_is_in_the_log(shop: Shop) -> None:
    for old, new in (("To be tested.", "To be tried."), ("To be tried.", "To be tested.")):
        build(shop)
        shop.edit("metrics/sales/revenue.yaml", f"purpose: {old}", f"purpose: {new}")
    site = build(shop)
    log = Elements(site.index.parent / "metrics" / "revenue.html").text.split("Change log")[-1]
    assert log.count("To be tried.") == 2


def test_what_cannot_be_written_leaves_the_old_site(shop: Shop) -> None:
    build(shop)
    before = sorted(shop.home.joinpath("site").rglob("*"))
    shop.home.joinpath("site.lock").unlink(missing_ok=True)
    shop.home.joinpath("site.lock").mkdir()
    with pytest.raises(EnvironmentBrokenError, match="what stood there still does"):
        build(shop)
    assert sorted(shop.home.joinpath("site").rglob("*")) == before


def test_nothing_is_left_beside_the_site(shop: Shop) -> None:
    build(shop)
    build(shop)
    assert not [path.name for path in shop.home.iterdir() if path.name.startswith(".site")]


def test_a_site_that_was_moved_aside_by_a_killed_build_comes_back(shop: Shop) -> None:
    build(shop)
    known = built(shop)
    os.replace(shop.home / "site", shop.home / ".site-old")
    build(shop)
    assert built(shop)["loaded"] == known["loaded"]


def test_a_record_of_another_version_is_no_obstacle(shop: Shop) -> None:
    build(shop)
    (shop.home / "site" / "built.json").write_text('{"colour": "blue"}', "utf-8")
    assert not current(shop)
    assert build(shop).pages > 20


def test_old_pages_go_with_their_metric(shop: Shop) -> None:
    card = Path(shop.home / "site" / "metrics" / "large_order_rate.html")
    build(shop)
    assert card.exists()
    next(shop.center.glob("metrics/*/large_order_rate.yaml")).unlink()
    build(shop)
    assert not card.exists()
    assert "Removed" in Elements(shop.home / "site" / "changes.html").text
