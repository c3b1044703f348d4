"""Brings a ledger's database to the newest schema, by Alembic; does nothing, and imports nothing, where it is
there.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

HEAD = "0001"
WRITES = {"writes": True}
"""Execution options of a connection that will write."""


def migrate(engine: sa.Engine) -> None:
    """The newest schema, from any older one, in one transaction."""
    with engine.connect() as con:
        if _revision(con) == HEAD:
            return
    with engine.execution_options(**WRITES).begin() as con:
        from alembic import command  # late: 0.2 s, needed once a database
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = con
        command.upgrade(config, "head")


def _revision(con: sa.Connection) -> str | None:
    if not sa.inspect(con).has_table("alembic_version"):
        return None
    return con.execute(sa.text("select version_num from alembic_version")).scalar_one_or_none()
