"""`load-demo` and `demo`: what they did, and the next command."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_pipelines_tests.cli.conftest import Terminal
from metric_pipelines_tests.small_shop import Shop


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(Shop(Path("retail"), tmp_path), monkeypatch, capsys)


def test_the_demo_is_laid_out_moves_on_breaks_and_mends(demo: Terminal) -> None:
    said = demo("load-demo", "--until", "2017-01-08")
    assert said.code == 0
    assert "transactions" in said.out
    assert "metric-pipelines refresh" in said.out
    assert "complete until 2017-01-08" in demo("load-demo", "--if-missing").out
    assert "2017-01-09" in demo("demo", "next-day").out
    broken = demo("demo", "bad-month", "--month", "2017-01")
    assert "metric-pipelines demo fix" in broken.out
    assert demo("demo", "bad-month", "--month", "2017-01").code == 2
    assert "2017-01" in demo("--lang", "zh", "demo", "fix").out
    assert "no bad month" in demo("demo", "fix").out


def test_a_day_that_is_none_is_refused(demo: Terminal) -> None:
    assert demo("load-demo", "--until", "soon").code == 2
    assert demo("load-demo", "--until", "2018-01-01").code == 2


def test_the_demo_is_not_there_yet(demo: Terminal) -> None:
    assert demo("demo", "next-day").code == 2
    refused = demo("refresh")
    assert refused.code == 3
    assert "metric-pipelines load-demo" in refused.err


def test_a_center_with_scripts_is_laid_out_at_a_scale(demo: Terminal, tmp_path: Path) -> None:
    scripts = tmp_path / "own" / "demo"
    scripts.mkdir(parents=True)
    text = "create table shop.orders as select range as n from range((getvariable('scale') * 10)::int);"
    (scripts / "shop.duckdb.sql").write_text(text)
    own = ("--center", str(tmp_path / "own"))
    assert "at scale 2" in demo(*own, "load-demo", "--scale", "2").out
    assert "at scale 2" in demo("load-demo", "--if-missing", *own).out
    assert demo(*own, "load-demo", "--until", "2017-01-08").code == 2
    assert demo(*own, "demo", "fix").code == 2
    assert demo("load-demo", "--scale", "2").code == 2  # the grocer's year has one size
