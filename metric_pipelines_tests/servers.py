"""Real database servers: where they are said to be, or on their own port of this machine.

Tests that need one skip with the reason where there is none; METRIC_PIPELINES_REQUIRE_SERVERS makes that a
failure.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

POSTGRES = os.environ.get(
    "METRIC_PIPELINES_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
MARIADB = os.environ.get("METRIC_PIPELINES_TEST_MARIADB", "mariadb+pymysql://root@127.0.0.1:3306/")


@contextmanager
def database(server: str) -> Iterator[URL]:
    """A new, empty database on a server, dropped at the end."""
    url, name = make_url(server), f"metric_pipelines_{uuid.uuid4().hex[:10]}"
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
    try:
        with admin.connect() as con:
            con.exec_driver_sql(f"create database {name}")
    except sa.exc.OperationalError as error:
        missing(f"no server at {url.render_as_string(hide_password=True)}: {error.orig}")
    try:
        yield url.set(database=name)
    finally:
        force = " with (force)" if url.get_backend_name() == "postgresql" else ""
        with admin.connect() as con:
            con.exec_driver_sql(f"drop database {name}{force}")
        admin.dispose()


def missing(reason: str) -> None:
    """Skips, or fails where servers are required."""
    if os.environ.get("METRIC_PIPELINES_REQUIRE_SERVERS"):
        pytest.fail(reason)
    pytest.skip(reason)
