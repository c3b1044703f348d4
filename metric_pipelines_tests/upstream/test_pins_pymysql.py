"""What we rely on in PyMySQL: a patience that can be changed once it is connected."""

from __future__ import annotations

import inspect

import pymysql
import pytest
import sqlalchemy as sa

from metric_pipelines_tests.servers import MARIADB, database


def test_a_connection_reads_its_patience_anew_for_every_packet() -> None:
    """There is no public way to wait briefly for the connection and long for a query."""
    with database(MARIADB) as url:
        engine = sa.create_engine(url, connect_args={"read_timeout": 1})
        with engine.connect() as at:
            connection = at.connection.dbapi_connection
            assert isinstance(connection, pymysql.connections.Connection)
            assert connection._read_timeout == 1
            connection._read_timeout = 60
            assert at.exec_driver_sql("select sleep(2)").scalar() == 0
            connection._read_timeout = 1
            with pytest.raises(sa.exc.OperationalError):
                at.exec_driver_sql("select sleep(2)")
        engine.dispose()


def test_its_patience_is_no_public_attribute() -> None:
    assert "read_timeout" in inspect.signature(pymysql.connections.Connection).parameters
    assert not hasattr(pymysql.connections.Connection, "read_timeout"), "public now: use it"
