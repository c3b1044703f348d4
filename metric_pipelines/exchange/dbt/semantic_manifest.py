"""Semantic manifests, parsed, completed and judged by MetricFlow's own classes.

All contact of this room with `metricflow_semantic_interfaces`; it is imported inside the functions that use
it, because that takes half a second. Stays out: files and dbt's YAML (`reading.py` and its readers).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from metric_pipelines.errors import DefinitionError, InvalidCenterError, Problem, listed
from metric_pipelines.exchange.dbt.notes import Location, Note, spelled
from metric_pipelines.exchange.dbt.yaml_documents import YamlDocument, read_text

if TYPE_CHECKING:
    from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
    from metricflow_semantic_interfaces.validations.validator_helpers import (
        SemanticManifestValidationResults,
        ValidationIssue,
    )
    from msi_pydantic_shim import BaseModel

PARTS = ("semantic_models", "metrics", "project_configuration")
MAX_TEXT = 400
DEFAULTS = {"source_schema": "main"}
"""What MetricFlow's own examples write as `$source_schema`."""
LEGACY_FILTER = "where_sql_template"
NEWER = "a newer dbt wrote it: write it with one of this version, or take a newer metric-pipelines"


def completed(raw: Any, where: str) -> tuple[dict[str, Any], list[Note]]:
    """A semantic manifest in dbt's JSON form with MetricFlow's transformations applied, and notes on it.

    `raw` is the parsed JSON; `where` names its file. Completed: measures are simple metrics with
    `metric_aggregation_params`, windows are singular, names lower case.

    Raises: DefinitionError (no semantic manifest, a newer schema), InvalidCenterError with a problem for each
    thing that MetricFlow refuses.
    """
    _refuse_other_documents(raw, where)
    _refuse_newer(raw["project_configuration"], where)
    raw = _without_nulls(raw)
    written = _parsed(raw, where)
    notes = [_unknown_key(raw, place, where) for place in _unknown_keys(type(written), raw, ())]
    manifest, more = _judged(written, where)
    return json.loads(manifest.json()), notes + more


def _unknown_key(raw: Any, place: Location, where: str) -> Note:
    text = f"key {place[-1]!r} is not known to metricflow {version('metricflow')} and not carried over"
    return Note("unknown_key", ", ".join(filter(None, [where, spelled(raw, place[:-1])])), text)


def _without_nulls(value: Any) -> Any:
    """Without keys that have no value: dbt 2 writes them where the classes have a default. `meta` stays."""
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {k: v if k == "meta" else _without_nulls(v) for k, v in value.items() if v is not None}


def metricflow_documents(
    documents: Sequence[YamlDocument], variables: Mapping[str, str], where: str
) -> dict[str, Any]:
    """MetricFlow's own YAML (a `semantic_model`, `metric`, ... a document) in the form of the JSON.

    `variables` fill in what is written as `$name`. Raises: DefinitionError (a variable without a value, not
    one `project_configuration`), InvalidCenterError with a problem for each document that is refused.
    """
    from metricflow_semantic_interfaces.parsing.dir_to_model import parse_yaml_files_to_semantic_manifest
    from metricflow_semantic_interfaces.parsing.objects import YamlConfigFile

    count = sum("project_configuration" in document.value for document in documents)
    if count != 1:
        raise DefinitionError(where, f"{count} documents with project_configuration", "exactly one")
    paths = dict.fromkeys(document.path for document in documents)
    texts = [YamlConfigFile(filepath=str(path), contents=_filled(path, variables)) for path in paths]
    built = parse_yaml_files_to_semantic_manifest(texts)
    _refuse(built.issues.errors, where)
    found: dict[str, Any] = json.loads(built.semantic_manifest.json())
    return found


def _filled(path: Path, variables: Mapping[str, str]) -> str:
    template = Template(read_text(path))
    known = {**DEFAULTS, **variables}
    if unknown := set(template.get_identifiers()) - known.keys():
        raise DefinitionError(str(path), f"${min(unknown)} has no value", f"a value for {min(unknown)}")
    return template.safe_substitute(known)


def _refuse_other_documents(raw: Any, where: str) -> None:
    expected = "dbt's semantic_manifest.json (semantic_models, metrics, project_configuration)"
    if not isinstance(raw, dict):
        raise DefinitionError(where, f"no semantic manifest: a JSON {type(raw).__name__}", expected)
    if "nodes" in raw and "metadata" in raw:
        remedy = "name semantic_manifest.json, which dbt writes beside it"
        raise DefinitionError(where, "dbt's manifest.json", expected, remedy)
    if missing := [part for part in PARTS if part not in raw]:
        found = f"no semantic manifest: no {listed(missing)}; its keys are {listed(map(str, raw)) or 'none'}"
        raise DefinitionError(where, found, expected)
    if not isinstance(raw["project_configuration"], dict):
        raise DefinitionError(where, "project_configuration is no mapping", expected)


def _refuse_newer(configuration: Mapping[str, Any], where: str) -> None:
    written, ours = _release(configuration.get("dsi_package_version")), version("metricflow")
    if _numbers(written) > _numbers(ours):
        raise DefinitionError(where, f"a manifest of version {written}", f"at most metricflow {ours}", NEWER)


def _release(written: Any) -> str:
    if not isinstance(written, dict):
        return str(written)
    steps = ("major_version", "minor_version", "patch_version")
    return ".".join(str(written[step]) for step in steps if written.get(step) is not None)


def _numbers(release: str) -> tuple[int, ...]:
    """Major and minor version; nothing where it has none (a patch changes no schema)."""
    parts = release.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()


def _parsed(raw: Mapping[str, Any], where: str) -> PydanticSemanticManifest:
    from metricflow_semantic_interfaces.errors import ParsingException
    from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
    from pydantic.v1 import ValidationError  # the classes of the manifest are of pydantic 1

    try:
        parsed: PydanticSemanticManifest = PydanticSemanticManifest.parse_obj(raw)
        return parsed
    except ValidationError as error:
        problems = [_problem(raw, where, found) for found in error.errors()]
        raise InvalidCenterError(where, problems) from error
    except (ParsingException, AttributeError, TypeError, ValueError) as error:  # wants texts and mappings
        found = f"MetricFlow cannot read it: {_short(str(error))}"
        raise DefinitionError(where, found, "dbt's semantic manifest") from error


def _problem(raw: Mapping[str, Any], where: str, found: Mapping[str, Any]) -> Problem:
    location = tuple(step for step in found["loc"] if step != "__root__")
    place = f"{where}, {spelled(raw, location)}"
    if "enum" not in found["type"]:
        return Problem(place, str(found["msg"]))
    permitted = listed(str(member.value) for member in found["ctx"]["enum_values"])
    value = _value(raw, location)
    expected = f"one of {permitted} (metricflow {version('metricflow')})"
    return Problem(place, f"unknown {location[-1]} {value!r}", expected, NEWER)


def _value(raw: Any, location: Location) -> Any:
    for step in location:
        raw = raw[step]
    return raw


def _unknown_keys(model: type[BaseModel], value: Any, at: Location) -> Iterator[Location]:
    """Places of keys that no field of the classes takes."""
    from pydantic.v1 import BaseModel

    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown_keys(model, item, (*at, index))
    if not isinstance(value, dict):
        return
    fields = {name: field for own, field in model.__fields__.items() for name in (own, field.alias)}
    for key, item in value.items():
        if key not in fields and key != LEGACY_FILTER:
            yield (*at, key)
        elif key in fields and isinstance(inner := fields[key].type_, type) and issubclass(inner, BaseModel):
            yield from _unknown_keys(inner, item, (*at, key))


def _transformed(manifest: PydanticSemanticManifest, where: str) -> PydanticSemanticManifest:
    from metricflow_semantic_interfaces.errors import ModelTransformError
    from metricflow_semantic_interfaces.transformations.semantic_manifest_transformer import (
        PydanticSemanticManifestTransformer,
    )

    logging.getLogger("metricflow_semantic_interfaces").setLevel(logging.ERROR)
    try:
        return PydanticSemanticManifestTransformer.transform(manifest)
    except (ModelTransformError, AssertionError, LookupError, RuntimeError, ValueError) as error:
        found = f"MetricFlow cannot complete it: {_short(str(error))}"
        raise DefinitionError(where, found, "metrics of measures and metrics that are defined") from error


def _refuse(errors: Iterable[ValidationIssue], where: str) -> None:
    problems = dict.fromkeys(Problem(_place(issue, where), _short(issue.message)) for issue in errors)
    if problems:
        raise InvalidCenterError(where, list(problems))


def _judged(written: PydanticSemanticManifest, where: str) -> tuple[PydanticSemanticManifest, list[Note]]:
    """The completed manifest. Refused is what is wrong as written and still wrong when completed: metrics of
    `create_metric` are made by completing, and a count becomes a sum, which one rule of MetricFlow's then
    takes for its author's.
    """
    before = _results(written)
    try:
        manifest = _transformed(written, where)
    except DefinitionError:
        _refuse(before.errors, where)
        raise
    first = {(_place(issue, where), issue.message) for issue in before.errors}
    after = _results(manifest).errors
    lasting = [issue for issue in after if (_place(issue, where), issue.message) in first]
    _refuse(lasting, where)
    notes = _noted([*before.future_errors, *before.warnings], where)
    return manifest, notes + _noted(after, where, "as MetricFlow completes it: ")


def _noted(issues: Iterable[ValidationIssue], where: str, start: str = "") -> list[Note]:
    notes = (Note("validation", _place(issue, where), start + _short(issue.message)) for issue in issues)
    return list(dict.fromkeys(notes))


def _results(manifest: PydanticSemanticManifest) -> SemanticManifestValidationResults:
    from metricflow_semantic_interfaces.validations.semantic_manifest_validator import (
        SemanticManifestValidator,
    )

    return SemanticManifestValidator[Any]().validate_semantic_manifest(manifest)


def _short(text: str) -> str:
    """Without the traceback that MetricFlow puts into a message, on one line."""
    words = " ".join(text.split("Traceback:")[0].split())
    return words if len(words) <= MAX_TEXT else f"{words[:MAX_TEXT]} ..."


def _place(issue: ValidationIssue, where: str) -> str:
    """File and line where they are known, and the name of the metric, model or element."""
    context = issue.context
    file = getattr(context, "file_context", context)
    name, line = getattr(file, "file_name", None), getattr(file, "line_number", None)
    return ", ".join([f"{name}:{line}" if name and line else name or where, *_names(context)])


def _names(context: Any) -> Iterator[str]:
    if metric := getattr(context, "metric", None):
        yield f"metric {metric.metric_name}"
    if model := getattr(context, "semantic_model", None):
        yield f"semantic model {model.semantic_model_name}"
    if element := getattr(context, "semantic_model_element", None):
        yield f"semantic model {element.semantic_model_name}"
        yield f"{context.element_type.value} {element.element_name}"
    if name := getattr(context, "object_name", None):
        yield f"{context.object_type} {name}"
