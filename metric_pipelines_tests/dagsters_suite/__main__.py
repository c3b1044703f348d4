"""Fetches the suite of the installed Dagster into a temporary folder, and runs it over our storage."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

SUITE = "dagster_tests/storage_tests/utils/event_log_storage.py"
OVER_OURS = Path(__file__).with_name("over_our_storage.py")
LEAST = 130
"""Tests that the suite has at least: fewer, and it was not found as it should be."""


def main() -> int:
    """The exit code of pytest; 1 where the suite is not what it was. An index that has no source distribution
    is no fault of ours: that is said, and no more.
    """
    with tempfile.TemporaryDirectory(prefix="metric_pipelines_") as name:
        folder = Path(name)
        try:
            _fetch(folder, version("dagster"))
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"NOT RUN: Dagster's source distribution cannot be fetched ({error})\n")
            return 0
        (folder / "test_over_our_storage.py").write_text(OVER_OURS.read_text("utf-8"), "utf-8")
        pytest = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "2",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            name,
        ]
        warnings = ["-W", "ignore", "--junitxml", str(folder / "results.xml")]
        code = subprocess.run([*pytest, *warnings, name], cwd=folder, check=False).returncode
        found = (folder / "results.xml").read_text("utf-8").count("<testcase")
    if found < LEAST:
        sys.stderr.write(f"{found} tests; expected {LEAST} at least: look where Dagster keeps them now\n")
        return 1
    return code


def _fetch(folder: Path, dagster: str) -> None:
    """Dagster's module of tests alone: the package around it wants one that is not published."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    which = ["--no-binary", "dagster", f"dagster=={dagster}", "--dest", str(folder / "source")]
    subprocess.run([*pip, *which], check=True)
    with tarfile.open(next((folder / "source").glob("dagster-*.tar.gz"))) as archive:
        suite = archive.extractfile(f"dagster-{dagster}/{SUITE}")
        if suite is None:
            raise FileNotFoundError(SUITE)
        target = folder / SUITE
        target.parent.mkdir(parents=True)
        target.write_bytes(suite.read())
    for package in target.relative_to(folder).parents:
        if package != Path():
            (folder / package / "__init__.py").touch()


if __name__ == "__main__":
    sys.exit(main())
