"""A refresh that withheld or failed something tells each channel once, whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from metric_pipelines.orchestration.alerting import TOLD
from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork
from metric_pipelines_tests.end_to_end.test_runs_from_the_ui import SILENT, Ui, ui
from metric_pipelines_tests.notifications.peers import MailServer, Webhook, listening, mail_server
from metric_pipelines_tests.small_shop import Shop

PASSWORD = "p@ss/w:d"
SPOIL = "update orders set amount = amount * 100 where order_id between 101 and 112"
MEND = "update orders set amount = amount / 100 where order_id between 101 and 112"


@dataclass
class Told:
    """A shop with a channel to a mail server and one to a webhook, and what both were told."""

    shop: Shop
    hook: Webhook
    mail: MailServer

    @property
    def at_work(self) -> CenterAtWork:
        return CenterAtWork(self.shop.home, self.shop.center)

    @property
    def counts(self) -> tuple[int, int]:
        """Messages to the webhook and by mail."""
        return len(self.hook.requests), len(self.mail.mails)

    @property
    def last(self) -> dict[str, Any]:
        """The last message to the webhook."""
        return dict(self.hook.requests[-1].json)

    def write(self, name: str, *lines: str) -> None:
        """A channel's file."""
        folder = self.shop.center / "alerts"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text("\n".join([f"name: {name}", *lines, ""]), encoding="utf-8")


@pytest.fixture
def told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    monkeypatch.setenv("ALERT_PASSWORD", PASSWORD)
    monkeypatch.setenv("METRIC_PIPELINES_DAGSTER_URL", "https://dagster.example.com/")
    with listening(Webhook()) as hook, mail_server(PASSWORD) as mail:
        found = Told(shop, hook, mail)
        found.write("hook", f"url: json://127.0.0.1:{hook.port}/x", "language: zh", "allow_private: true")
        found.write(
            "ops_mail",
            f"url: mailto://alerts:${{ALERT_PASSWORD}}@example.com:{mail.port}?smtp=127.0.0.1&mode=insecure"
            "&from=alerts@example.com&to=data@example.com",
        )
        yield found


def test_each_run_that_withholds_tells_each_channel_once(told: Told) -> None:
    assert told.at_work.refresh().success
    assert told.counts == (0, 0)
    told.shop.sql(SPOIL)
    first = told.at_work.refresh()
    assert not first.success
    assert told.counts == (1, 1)
    assert told.last["title"] == "Small shop：5 个指标未发布"
    assert f"https://dagster.example.com/runs/{first.run_id}" in told.last["message"]
    [mail] = told.mail.mails
    body = mail.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert mail["Subject"] == "Small shop: 5 metric(s) not published"
    for part in (
        "Revenue (metrics/revenue) 2024-02: withheld",
        "the maximum is 5,017, expected at most 500",
        "sales@example.com (business), data@example.com (technical)",
        "Average order, Revenue 7d, Revenue growth, Revenue to date",
        "metric-pipelines refresh",
    ):
        assert part in text
    assert PASSWORD not in str(mail)
    since = [line for line in told.last["message"].splitlines() if "起始" in line]
    second = told.at_work.refresh()
    assert told.counts == (2, 2)
    assert second.run_id in told.last["message"]
    assert [line for line in told.last["message"].splitlines() if "起始" in line] == since
    told.shop.sql(MEND)
    assert told.at_work.refresh().success
    assert told.counts == (2, 2)


def test_a_materialization_in_the_ui_that_withholds_is_told_once(told: Told) -> None:
    assert told.at_work.refresh().success
    told.shop.sql(SPOIL)
    with ui(told.at_work) as launched:
        for key in ("shop/orders", "models/order_lines", "metrics/revenue"):
            launched.launch([key], months="2024-02")
        assert told.counts == (0, 0)
        followed(launched, 1)
        assert told.counts == (1, 1)
        assert isinstance(launched.follow(), dg.SkipReason)
        # Something else becomes due and is published; what was told before is not told again.
        told.shop.sql("update orders set quantity = 2 where order_id = 1")
        assert launched.launch(["shop/orders"], months="2024-01").success
        followed(launched, 1)
        assert told.counts == (1, 1)
        # The same month is withheld for another reason: that is new.
        told.shop.sql("update orders set amount = amount * 2 where order_id between 101 and 112")
        assert launched.launch(["shop/orders"], months="2024-02").success
        followed(launched, 1)
        assert told.counts == (2, 2)


def followed(launched: Ui, refreshes: int) -> None:
    """The sensor asks for so many refreshes, and then for none."""
    for _ in range(refreshes):
        request = launched.follow()
        assert isinstance(request, dg.RunRequest)
        assert not launched.obey(request).success
    assert isinstance(launched.follow(), dg.SkipReason)


@pytest.mark.long
def test_the_schedule_and_the_command_line_tell_alike(told: Told) -> None:
    told.shop.sql(SPOIL)
    with ui(told.at_work) as launched:
        nightly = launched.definitions.resolve_schedule_def("nightly")
        with dg.build_schedule_context(instance=launched.instance) as context:
            [request] = nightly.evaluate_tick(context).run_requests or []
        job = launched.definitions.resolve_job_def(nightly.job_name)
        job.execute_in_process(
            instance=launched.instance,
            run_config={**request.run_config, **SILENT},
            tags=request.tags,
            raise_on_error=False,
        )
    assert told.counts == (1, 1)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from metric_pipelines.cli.app import main; sys.exit(main())",
            "refresh",
        ],
        env={**os.environ, **told.at_work.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert PASSWORD not in done.stdout + done.stderr
    assert told.counts == (2, 2)


@pytest.mark.long
def test_a_selected_refresh_is_told_by_itself_and_not_again_by_the_sensor(told: Told) -> None:
    assert told.at_work.refresh().success
    told.shop.sql(SPOIL)
    assert not told.at_work.refresh(
        ["shop/orders", "models/order_lines", "metrics/revenue"], ["2024-02"]
    ).success
    assert told.counts == (1, 1)
    with ui(told.at_work) as launched:
        request = launched.follow()
        assert isinstance(request, dg.RunRequest)
        launched.obey(request)
    assert told.counts == (1, 1)


def test_a_source_that_is_away_is_told(told: Told) -> None:
    told.shop.database.rename(told.shop.database.with_suffix(".gone"))
    assert not told.at_work.refresh().success
    assert told.counts == (1, 1)
    assert "无法读取" in told.last["message"]


def test_a_refresh_that_fails_by_itself_is_told_with_its_error(told: Told) -> None:
    told.shop.sql(SPOIL)
    catalog = told.shop.home / "lake" / "catalog.sqlite"
    catalog.write_bytes(b"no database" * 1000)
    with pytest.raises(Exception, match="run "):
        told.at_work.refresh()
    assert told.counts == (1, 1)
    assert told.last["title"] == "Small shop：指标刷新失败"
    assert "not a database" in told.last["message"]


def test_a_channel_that_fails_changes_nothing_and_is_noted(told: Told) -> None:
    told.write("away", "url: json://127.0.0.1:1", "allow_private: true")
    told.write("inside", "url: json://127.0.0.1:1")
    told.write("unset", "url: slack://${NOBODY_SET_THIS}")
    told.shop.sql(SPOIL)
    done = told.at_work.refresh()
    assert not done.success
    assert told.counts == (1, 1)
    ledger = told.at_work.ledger
    assert "NOBODY_SET_THIS" in (ledger.noted("alert/unset") or "")
    assert "not a public address" in (ledger.noted("alert/inside") or "")
    assert "refused" in (ledger.noted("alert/away") or "")
    assert "|taken|" in (ledger.noted("alert/hook") or "")
    with told.at_work.instance() as instance:
        said = [entry.user_message for entry in instance.all_logs(done.run_id)]
    assert any("channel hook (JSON) took it" in line for line in said)
    assert any("channel unset did not take it" in line and "NOBODY_SET_THIS" in line for line in said)


@pytest.mark.long
def test_nobody_is_taken_for_told_where_no_channel_took_it(shop: Shop, tmp_path: Path) -> None:
    folder = shop.center / "alerts"
    folder.mkdir()
    (folder / "away.yaml").write_text("name: away\nurl: json://127.0.0.1:1\nallow_private: true\n")
    shop.sql(SPOIL)
    at_work = CenterAtWork(shop.home, shop.center)
    assert not at_work.refresh().success
    assert at_work.ledger.noted(TOLD) is None
