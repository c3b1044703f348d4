"""A real browser without a screen, for pages that only a browser can judge."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

REQUIRED = "METRIC_PIPELINES_REQUIRE_SERVERS"
OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,1000",
]


@contextmanager
def browsing(folder: Path) -> Iterator[webdriver.Chrome]:
    """Chromium with a profile of its own in a folder. Without it the test is skipped; required, it fails."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        missing = "chromium and chromedriver are not installed"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    folder.mkdir(parents=True, exist_ok=True)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in [*OPTIONS, f"--user-data-dir={folder}"]:
        options.add_argument(option)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    browser.implicitly_wait(0)
    try:
        yield browser
    finally:
        browser.quit()


def colours(png: bytes) -> int:
    """How many different pixels a picture has (8 bits a channel, not interlaced); a blank one has one."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    size = {2: 3, 6: 4}[kind]
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    raw, line = zlib.decompress(data), width * size + 1
    # Filtered bytes differ wherever neighbouring pixels do, which is all that is asked here.
    starts = (y * line + 1 + x for y in range(height) for x in range(0, line - 1, size))
    return len({raw[start : start + size] for start in starts})
