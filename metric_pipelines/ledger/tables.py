"""The ledger's tables. A change here needs a migration in `migrations/versions/`; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("publication", String(36), nullable=False, index=True),
    Column("run_id", String(64), nullable=False),
    Column("asset", String(200), nullable=False),
    Column("partition", String(7), nullable=False),
    Column("state", String(12), nullable=False),
    Column("version", String(32), nullable=False),
    Column("column_version", Integer),
    Column("inputs", JSON, nullable=False),
    Column("data_version", String(80)),
    Column("rows", Integer),
    Column("snapshot", Integer),
    Column("reason", Text),
    Column("facts", JSON, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Index("ix_attempts_pair", "asset", "partition", "state"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("attempt_id", Integer, ForeignKey("attempts.id"), nullable=False, index=True),
    Column("check", String(80), nullable=False),
    Column("library", String(40), nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("severity", String(8), nullable=False),
    Column("detail", JSON, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    Column("metric", String(120), primary_key=True),
    Column("shape", String(200), primary_key=True),
    Column("table_name", String(120), nullable=False, index=True),
)

definitions = Table(
    "definitions",
    metadata,
    Column("asset", String(200), primary_key=True),
    Column("column_version", Integer, primary_key=True),
    Column("computation", String(32), nullable=False),
    Column("definition", JSON, nullable=False),
    Column("first_used_at", DateTime(timezone=True), nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", String(200)),
    Column("host", String(200)),
    Column("pid", Integer),
    Column("pid_started", String(40)),
    Column("epoch", Integer, nullable=False),
    Column("heartbeat", DateTime(timezone=True)),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", String(200), nullable=False),
)
