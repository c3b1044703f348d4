"""What a dbt project says of its metrics, read and carried over.

Belongs here: the semantic manifest of dbt and the YAML of both its specs, read into plain values, and what
becomes of them here. Stays out: running dbt, reading its data, and what is said on a screen (`cli/`).
"""
