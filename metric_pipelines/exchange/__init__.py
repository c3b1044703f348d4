"""Lists that come in and go out: a company's list of metrics (Excel, CSV) into drafts, the dictionary as a
workbook, and a new center from nothing.

Belongs here: reading foreign files, guessing what their columns mean, writing files of a center. Stays out:
reading data (`ingest/`), judging definitions (`dictionary/`), and what is said on a screen (`cli/`).
"""
