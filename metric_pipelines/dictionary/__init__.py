"""What things mean: the YAML of a center as typed values, its validation, and the one graph all else is built
from.

Belongs here: models of the YAML files, the loader that keeps file and line, validation that collects all
problems, hashes of definitions, the asset graph, the clock's rule. Stays out: reading data, SQL execution,
Dagster.
"""
