"""Judging what is staged: contracts (Pandera, in DuckDB) and expectations (Great Expectations, on pandas).

A verdict is the library's own result. An exception inside a check is our error, never a failed check. Stays
out: what a failed check leads to (`publication/`).
"""
