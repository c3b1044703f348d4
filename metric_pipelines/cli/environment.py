"""What is set from outside: the settings, and the language where none is asked for.

The language is METRIC_PIPELINES_LANG, else the center's, else English. Only that one key of the center is
read, so that a broken center can still be told about, and help comes at once.
"""

from __future__ import annotations

from pydantic import ValidationError

from metric_pipelines.cli.texts import LANGS, Lang
from metric_pipelines.dictionary.yaml_file import read_yaml
from metric_pipelines.errors import EnvironmentBrokenError, MetricPipelinesError
from metric_pipelines.settings import Settings


def settings() -> Settings:
    """The settings.

    Raises: EnvironmentBrokenError that names the variable that cannot be used.
    """
    try:
        found = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = f"METRIC_PIPELINES_{str(first['loc'][0]).upper()}"
        raise EnvironmentBrokenError(
            variable, repr(first["input"]), first["msg"], f"set or unset {variable}"
        ) from error
    if found.lang is not None and found.lang not in LANGS:
        raise EnvironmentBrokenError("METRIC_PIPELINES_LANG", repr(found.lang), " or ".join(LANGS))
    return found


def language() -> Lang:
    """The language to speak; English where it cannot be told, since the command will say what is wrong."""
    try:
        found = settings()
        name = found.lang or read_yaml(found.center_folder / "center.yaml").value["language"]
    except (MetricPipelinesError, KeyError, TypeError):
        return "en"
    return next((lang for lang in LANGS if lang == name), "en")
