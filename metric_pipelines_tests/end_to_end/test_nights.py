"""Nights that nobody attends: the real daemon, a schedule that comes every minute, a source that is away, a
run that is killed, and the UI in a real browser.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from metric_pipelines.demo import changes
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.orchestration.reaper import PID
from metric_pipelines.publication.health import health, receipts
from metric_pipelines.quality.rules import CHECKS
from metric_pipelines.query import open_for_reading
from metric_pipelines.scorecards import Line, scorecard
from metric_pipelines_tests.end_to_end.browser import browsing, colours
from metric_pipelines_tests.end_to_end.center_at_work import (
    RETAIL,
    CenterAtWork,
    copied_center,
    locked,
    moved,
)
from metric_pipelines_tests.end_to_end.dagster_server import Server, serving
from metric_pipelines_tests.end_to_end.dagster_view import DagsterView

pytestmark = [pytest.mark.slow, pytest.mark.long]

NIGHT = 240.0
"""Seconds; a quiet machine needs a quarter of it. Nights come every minute."""


@pytest.fixture(scope="module")
def server(published_quarter: CenterAtWork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Up on the published quarter, with a night every minute."""
    folder = tmp_path_factory.mktemp("nights")
    at_work = CenterAtWork(moved(published_quarter.home, folder / "home"), copied_center(folder / "center"))
    with (at_work.center / "center.yaml").open("a", encoding="utf-8") as file:
        file.write('\nrefresh_at: "* * * * *"\n')
    with serving(at_work) as found:
        yield found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browsing(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def newest_day(at_work: CenterAtWork) -> date:
    """How far the published revenue goes, with everything published."""
    (day,) = at_work.read("select max(metric_time) from lake.metrics.net_revenue")[0]
    return date(day.year, day.month, day.day)


def all_published(at_work: CenterAtWork) -> bool:
    return at_work.in_state("published") == set(at_work.workshop().graph.pairs()) and not at_work.due()


def wait_for_day(server: Server, day: date) -> None:
    def published() -> bool:
        return newest_day(server.at_work) == day and all_published(server.at_work)

    server.wait_until(published, f"{day} is published", NIGHT)


def refreshes(server: Server, status: str) -> set[str]:
    return {run["runId"] for run in server.runs("refresh") if run["status"] == status}


def test_the_code_location_is_loaded_and_runs_by_itself(server: Server) -> None:
    (repository,) = server.location()["locationOrLoadError"]["repositories"]
    schedules = {s["name"]: s["scheduleState"]["status"] for s in repository["schedules"]}
    sensors = {s["name"]: s["sensorState"]["status"] for s in repository["sensors"]}
    assert schedules == {"nightly": "RUNNING"}
    assert sensors["follow"] == "RUNNING"


def test_the_server_listens_on_the_loopback_address_alone(server: Server) -> None:
    listening = {
        connection.laddr.ip
        for process in server.family()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening <= {"127.0.0.1", "::1"}


def test_the_page_of_a_metric_shows_owners_meaning_formula_and_both_languages(
    browser: Chrome, server: Server, tmp_path: Path
) -> None:
    metric = load_valid_center(RETAIL).metrics["net_revenue"]
    text = page(browser, server, "overview", metric.owners.business, tmp_path)
    assert metric.owners.technical in text
    assert "sum(sales_value) from basket_lines" in text
    assert metric.label.en in text
    assert metric.label.zh in text
    assert metric.description.en in " ".join(text.split())
    assert metric.counted.zh in text


def test_the_checks_of_a_metric_are_shown_with_their_verdict(
    browser: Chrome, server: Server, tmp_path: Path
) -> None:
    text = page(browser, server, "checks", "Latest execution", tmp_path)
    for check in CHECKS:
        assert check in text
    assert text.count("Succeeded") == len(CHECKS)


def test_the_lineage_of_a_metric_shows_its_model_and_what_is_derived_from_it(
    browser: Chrome, server: Server, tmp_path: Path
) -> None:
    text = page(browser, server, "lineage", "basket_lines", tmp_path)
    for key in ("net_revenue", "average_basket", "net_revenue_mtd"):
        assert key in text


def page(browser: Chrome, server: Server, view: str, said: str, folder: Path) -> str:
    """The text of a tab of net_revenue's page, once it says something; its picture is not blank."""

    def text() -> str:
        return str(browser.find_element(By.TAG_NAME, "body").text)

    browser.get(f"{server.url}/assets/metrics/net_revenue?view={view}")
    server.wait_until(lambda: said in text(), f"{view} says {said}", 90)
    picture = browser.get_screenshot_as_png()
    (folder / f"{view}.png").write_bytes(picture)
    assert colours(picture) > 1000
    return text()


def test_nights_come_and_go_without_a_hand(server: Server) -> None:
    at_work = server.at_work
    assert newest_day(at_work) == date(2017, 3, 31)

    changes.next_day(at_work.sources)  # into a month that was not due before
    wait_for_day(server, date(2017, 4, 1))
    lines = score(at_work)
    assert lines["net_revenue"].period == "2017-04 to 01"
    assert lines["net_revenue"].health.state == "healthy"

    changes.next_day(at_work.sources)
    failed = refreshes(server, "FAILURE")
    with locked(at_work.sources / "oms.sqlite"):
        (night,) = server.wait_until(lambda: refreshes(server, "FAILURE") - failed, "the night fails", NIGHT)
    assert newest_day(at_work) == date(2017, 4, 1)
    with at_work.instance() as instance:
        said = DagsterView(instance, at_work.definitions()).failure_of(night)
    assert "oms/transactions 2017-04 unavailable" in said

    wait_for_day(server, date(2017, 4, 2))
    assert score(at_work)["net_revenue"].period == "2017-04 to 02"
    assert {tick["status"] for tick in server.ticks("nightly")} <= {"SUCCESS", "STARTED"}
    assert {tick["status"] for tick in server.ticks("follow")} <= {"SUCCESS", "SKIPPED", "STARTED"}


def score(at_work: CenterAtWork) -> dict[str, Line]:
    """The scorecard's lines by metric."""
    shop = at_work.workshop()
    facts = shop.facts()
    states = {found.metric: found for found in health(facts, shop.ledger.verdicts(receipts(facts)))}
    with open_for_reading(shop) as reader:
        return {line.metric.name: line for line in scorecard(reader, states)}


@pytest.fixture
def no_nights(server: Server) -> Server:
    """The server without its schedule, at rest: what happens now is the sensor's doing."""
    server.stop_schedules()
    server.wait_until(lambda: not at_work_now(server), "all runs have ended", NIGHT)
    return server


def at_work_now(server: Server) -> list[dict[str, Any]]:
    ended = ("SUCCESS", "FAILURE", "CANCELED")
    return [run for run in server.runs() if run["status"] not in ended]


def test_a_source_month_launched_from_the_ui_is_followed_within_half_a_minute(no_nights: Server) -> None:
    at_work = no_nights.at_work
    at_work.lose_a_day("2017-02-05")
    before = at_work.data_versions()
    run = no_nights.materialize("oms/transactions", "2017-02")
    ended = no_nights.wait_until(lambda: no_nights.run(run)["endTime"], "the source is read", NIGHT)
    no_nights.wait_until(lambda: all_published(at_work), "all that reads it is published", NIGHT)
    after = at_work.data_versions()
    assert after["metrics/net_revenue", "2017-02"] != before["metrics/net_revenue", "2017-02"]
    following = [r for r in no_nights.runs("refresh") if r["tags"].get("dagster/sensor_name") == "follow"]
    assert 0 < following[0]["startTime"] - ended < 30
    assert no_nights.run(run)["status"] == "SUCCESS"


def test_a_refresh_whose_worker_is_killed_is_ended_by_the_sensor(no_nights: Server) -> None:
    at_work, day = no_nights.at_work, changes.next_day(no_nights.at_work.sources)
    run = no_nights.launch("refresh", {}, {})
    no_nights.wait_until(lambda: children(no_nights, run), "it reads the sources", NIGHT)
    os.kill(int(no_nights.run(run)["tags"][PID]), signal.SIGKILL)
    wait_for_day(no_nights, day)
    assert no_nights.run(run)["status"] == "FAILURE"
    no_nights.wait_until(lambda: not at_work_now(no_nights), "all runs have ended", 60)
    with at_work.instance() as instance:
        view = DagsterView(instance, at_work.definitions())
        assert view.slots_taken() == {}
        assert view.not_succeeded() == set()
        assert view.data_versions() == at_work.data_versions()


def children(server: Server, run_id: str) -> list[dict[str, Any]]:
    """The runs that a refresh has begun."""
    return [run for run in server.runs() if run["tags"].get("dagster/parent_run_id") == run_id]


def test_told_to_stop_it_leaves_no_process(server: Server) -> None:
    family = server.family()
    assert len(family) >= 5
    server.process.send(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert psutil.wait_procs(family, timeout=5)[1] == []
