"""Drafts the definition of a source system from the system itself: what `add-source` writes.

    given       what was typed: a URL, a file or a folder, as a connection; a password becomes a variable
    layout      of a file: encoding, delimiter, where its header stands
    folders     which files and sheets are one table
    shapes, types   of which type every value of a column is
    names       names of ours for theirs
    keys, rules     what holds of the typed rows: keys, months, bounds, allowed values
    tables      all of it, for one table of an open system
    doubts      what was guessed and should be looked at, as values

Stays out: judging a draft by its contract (`publication/`), YAML (`exchange/`), words (`cli/`).
"""

from metric_pipelines.ingest.drafting.doubts import Doubt
from metric_pipelines.ingest.drafting.folders import Found, tables_of_files
from metric_pipelines.ingest.drafting.given import Given, understood
from metric_pipelines.ingest.drafting.tables import ReadOnce, drafted_table

__all__ = ["Doubt", "Found", "Given", "ReadOnce", "drafted_table", "tables_of_files", "understood"]
