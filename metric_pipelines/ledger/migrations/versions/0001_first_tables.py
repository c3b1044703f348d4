"""Attempts, verdicts, groups, definitions, leases, marks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("publication", sa.String(36), nullable=False, index=True),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("partition", sa.String(7), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("column_version", sa.Integer),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.Column("data_version", sa.String(80)),
        sa.Column("rows", sa.Integer),
        sa.Column("snapshot", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Index("ix_attempts_pair", "asset", "partition", "state"),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("attempt_id", sa.Integer, sa.ForeignKey("attempts.id"), nullable=False, index=True),
        sa.Column("check", sa.String(80), nullable=False),
        sa.Column("library", sa.String(40), nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_table(
        "groups",
        sa.Column("metric", sa.String(120), primary_key=True),
        sa.Column("shape", sa.String(200), primary_key=True),
        sa.Column("table_name", sa.String(120), nullable=False, index=True),
    )
    op.create_table(
        "definitions",
        sa.Column("asset", sa.String(200), primary_key=True),
        sa.Column("column_version", sa.Integer, primary_key=True),
        sa.Column("computation", sa.String(32), nullable=False),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("holder", sa.String(200)),
        sa.Column("host", sa.String(200)),
        sa.Column("pid", sa.Integer),
        sa.Column("pid_started", sa.String(40)),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("heartbeat", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("value", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    for table in ("marks", "leases", "definitions", "groups", "verdicts", "attempts"):
        op.drop_table(table)
