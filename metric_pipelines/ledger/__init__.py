"""The ledger: what was tried, what was published, by which definition, from which inputs, and who may write.

All tables of the project's own memory belong here, through SQLAlchemy and Alembic. Stays out: numbers
(`warehouse/`) and decisions (`publication/`).
"""
