"""The command line: what a person types, and what is shown for it, in English and Chinese.

Belongs here: commands, tables, colours, words, exit codes, the pages of docs/reference. Stays out:
anything that decides what a number is or whether it is published. `app.py` and what it imports import no
Dagster, DuckDB, pandas, SQLAlchemy or Great Expectations, so that help and completion come at once; a
command imports its page when it is called.
"""
