"""`site` builds the dictionary's pages and says where they are."""

from __future__ import annotations

from metric_pipelines.site.writing import NOT_BUILT
from metric_pipelines_tests.cli.conftest import Sit
from metric_pipelines_tests.small_shop import Shop


def test_it_says_where_the_pages_are(at: Sit, shop: Shop) -> None:
    said = at(shop)("site")
    index = shop.home / "site" / "index.html"
    assert said.code == 0, said.err
    assert index.as_uri() in said.out
    assert "pages" in said.lines[0]
    assert index.is_file()
    assert "http://127.0.0.1:3000/assets/metrics/revenue" in (
        shop.home / "site" / "metrics" / "revenue.html"
    ).read_text("utf-8")


def test_before_the_first_refresh_it_says_that_there_are_no_numbers(at: Sit, fresh_shop: Shop) -> None:
    said = at(fresh_shop)("--lang", "zh", "site")
    assert said.code == 0, said.err
    assert "没有数值" in said.out


def test_it_takes_back_what_a_refresh_had_to_say_of_it(at: Sit, shop: Shop) -> None:
    shop.ledger.note(NOT_BUILT, "the disk was full")
    assert at(shop)("site").code == 0
    assert shop.ledger.noted(NOT_BUILT) == ""


def test_a_folder_that_cannot_be_written_is_named(at: Sit, shop: Shop) -> None:
    (shop.home / "site.lock").mkdir()
    said = at(shop)("site")
    assert said.code == 3
    assert "site.lock" in said.err


def test_a_refresh_says_where_they_are_or_why_not(at: Sit, shop: Shop) -> None:
    said = at(shop)("refresh")
    assert said.code == 0, said.err
    assert (shop.home / "site" / "index.html").as_uri() in said.out
    shop.sql("update orders set amount = amount + 1 where order_id = 1")
    (shop.home / "site.lock").unlink(missing_ok=True)
    (shop.home / "site.lock").mkdir()
    said = at(shop)("refresh")
    assert said.code == 0, said.err
    assert "could not be built" in said.out
    assert "metric-pipelines site" in said.out
    refreshed = at(shop)("refresh", "--json").json
    assert refreshed["site"]["not_built"]
