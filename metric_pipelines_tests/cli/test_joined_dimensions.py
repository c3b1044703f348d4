"""Members on the command line: labels and order in tables, the data's own words in JSON and CSV."""

from __future__ import annotations

import pytest

from metric_pipelines_tests.cli.conftest import Command, Terminal
from metric_pipelines_tests.joined_shop import publish_by, with_customers, with_weekdays
from metric_pipelines_tests.small_shop import Shop, new_shop


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop with joined models after its first refresh, not to be changed."""
    shop = with_weekdays(with_customers(new_shop(tmp_path_factory.mktemp("joined"))))
    shop.keep("revenue", models=["customers"])
    publish_by(shop, "revenue", "category", "customer__region")
    assert shop.refresh().troubles == []
    (shop.center / "queries").mkdir(exist_ok=True)
    (shop.center / "queries/visits.yaml").write_text(
        "name: visits\nlabel: Visits\nmetrics: [revenue]\nby: [customer__visits]\ngrain: year\n"
    )
    return shop


@pytest.fixture
def run(joined: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Terminal(joined, monkeypatch, capsys)


ASKED = ("values", "revenue", "--by", "customer__region", "--grain", "year")


@pytest.mark.parametrize(
    ("lang", "label", "members"),
    [("en", "Region", ["South", "North", "Unknown"]), ("zh", "地区", ["南", "北", "未知"])],
)
def test_a_table_shows_labels_in_order(run: Command, lang: str, label: str, members: list[str]) -> None:
    said = run("--lang", lang, *ASKED)
    assert said.code == 0, said.err
    assert label in said.out
    at = [said.out.index(member) for member in members]
    assert at == sorted(at)
    assert "UNKNOWN" not in said.out


def test_json_and_csv_keep_the_members_and_the_order(run: Command) -> None:
    rows = run(*ASKED, "--json").json["rows"]
    assert [row["customer__region"] for row in rows] == ["south", "north", "UNKNOWN"]
    lines = run(*ASKED, "--csv").lines
    assert [line.split(",")[1] for line in lines] == ["customer__region", "south", "north", "UNKNOWN"]


def test_a_saved_query_shows_members_that_are_numbers_and_what_is_missing(run: Command) -> None:
    out = run("query", "visits").out
    at = [out.index(word) for word in ("Visits a week", "Daily", "Twice", "Once", "Unknown")]
    assert at == sorted(at)


def test_a_filter_takes_the_members_as_the_data_has_them(run: Command) -> None:
    rows = run(*ASKED, "--filter", "customer__region = 'south'", "--json").json["rows"]
    assert [row["customer__region"] for row in rows] == ["south"]


def test_the_card_says_what_it_can_be_asked_by(run: Command) -> None:
    out = " ".join(run("show", "revenue").out.split())
    assert "category, customer__region (Region)" in out
    assert "also, by a join: customer__visits (Visits a week), customer__often (Often), day__weekday" in out
    asked = {one["name"]: one for one in run("show", "revenue", "--json").json["asked_by"]}
    assert asked["customer__region"]["members"]["south"] == {"en": "South", "zh": "南"}
    assert asked["customer__region"]["joined_by"] == "customer"
    assert asked["day__weekday"]["ordinal"]
    assert not asked["category"]["joined_by"]
