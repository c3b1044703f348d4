"""The command line as a person uses it: what is typed, and what comes back on both streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.cli.app import main
from metric_pipelines_tests.conftest import Story
from metric_pipelines_tests.small_shop import Shop


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as JSON, with exact numbers."""
        return json.loads(self.out, parse_float=Decimal)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Command = Callable[..., Said]


@dataclass(frozen=True)
class Terminal:
    """Types commands at a shop, in this process; `process` types one in a process of its own."""

    shop: Shop
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Said:
        for name, value in self.environment.items():
            self.monkeypatch.setenv(name, value)
        code = main(list(words))
        captured = self.capsys.readouterr()
        return Said(code, captured.out, captured.err)

    def process(self, *words: str) -> Said:
        code = "import sys; from metric_pipelines.cli.app import main; sys.exit(main())"
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "METRIC_PIPELINES_CENTER": str(self.shop.center),
            "METRIC_PIPELINES_HOME": str(self.shop.home),
            "METRIC_PIPELINES_LANG": "en",
        }


Sit = Callable[[Shop], Terminal]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sit:
    """A terminal at some shop."""
    for name in ("DAGSTER_HOME", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "METRIC_PIPELINES_PORT"):
        monkeypatch.delenv(name, raising=False)
    return lambda shop: Terminal(shop, monkeypatch, capsys)


@pytest.fixture
def cli(at: Sit, published_once: Shop) -> Terminal:
    """A terminal at the published small shop, for commands that only read."""
    return at(published_once)


@pytest.fixture
def spoiled(at: Sit, story: Story) -> Terminal:
    """A terminal at a shop whose February came with prices of a hundred times; read only."""

    def tell(shop: Shop) -> None:
        shop.sql("update orders set amount = amount * 100 where order_id between 101 and 112")
        shop.refresh()

    return at(story("spoiled_february", tell))


@pytest.fixture
def broken(at: Sit, shop: Shop) -> Terminal:
    """A terminal at a shop whose definitions have two mistakes."""
    shop.edit("metrics/sales/revenue.yaml", "department: sales", "department: sails")
    shop.edit("metrics/sales/orders_placed.yaml", "model: order_lines", "model: order_line")
    return at(shop)


def file_of(shop: Shop, name: str) -> Path:
    """The file of a metric."""
    [file] = shop.center.glob(f"metrics/*/{name}.yaml")
    return file
