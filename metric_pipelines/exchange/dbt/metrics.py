"""A metric of a semantic manifest in the keys of our YAML, or the reason why it has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from metric_pipelines.dictionary.definitions import GRAINS
from metric_pipelines.exchange.dbt.conditions import NotCarriedError, condition
from metric_pipelines.exchange.dbt.flat_model import FlatModel
from metric_pipelines.exchange.dbt.joins import own_path

AGGREGATIONS = {"sum", "min", "max", "count_distinct", "average", "percentile"}
CALENDAR_OFFSETS = {"month", "quarter", "year"}

Plain = dict[str, Any]


@dataclass(frozen=True)
class Leaf:
    """Where a simple metric is counted: its model, the column it aggregates, its time."""

    model: FlatModel
    column: str


class Metrics:
    """The metrics of a manifest, carried over one by one, inputs first."""

    def __init__(self, metrics: Mapping[str, Plain], leaf_of: Callable[[Plain], Leaf]) -> None:
        self._metrics, self._leaf_of = metrics, leaf_of
        self.carried: dict[str, Plain] = {}
        self.refused: dict[str, str] = {}

    def carry(self, name: str) -> Plain:
        """The computation of a metric (`type`, `grain` and the keys of its type).

        Raises: NotCarriedError.
        """
        if name in self.refused:
            raise NotCarriedError(self.refused[name])
        if name not in self.carried:
            try:
                self.carried[name] = self._carry(self._metrics[name])
            except NotCarriedError as error:
                self.refused[name] = str(error)
                raise
        return self.carried[name]

    def leaves(self, name: str) -> list[FlatModel]:
        """The models at the bottom of a metric that its filters are conditions on."""
        metric = self._metrics[name]
        kind, params = metric["type"], metric["type_params"]
        if kind == "simple":
            return [self._leaf_of(metric).model]
        parts = _inputs(kind, params)
        below = parts[:1] if kind == "conversion" else parts
        found = [model for part in below for model in self.leaves(part["name"])]
        return list({model.name: model for model in found}.values())

    def _carry(self, metric: Plain) -> Plain:
        kind, params = metric["type"], metric["type_params"]
        for part in _inputs(kind, params):
            self._input(part["name"])
        carried = {
            "simple": self._simple,
            "ratio": self._ratio,
            "derived": self._derived,
            "cumulative": self._cumulative,
            "conversion": self._conversion,
        }[kind](metric, params)
        inputs = [self.carried[part["name"]] for part in _inputs(kind, params)]
        grain = "month" if any(i["grain"] == "month" for i in inputs) else "day"
        found = {"type": kind, "grain": grain, **carried}
        own = condition(metric.get("filter"), self.leaves(metric["name"]), metric.get("time_granularity"))
        if own is not None:
            found["filter"] = own
        return found

    def _input(self, name: str) -> None:
        if name not in self._metrics:
            raise NotCarriedError(f"its input {name} is not in the manifest")
        try:
            self.carry(name)
        except NotCarriedError as error:
            root = str(error).rpartition("is not carried over: ")[2]
            raise NotCarriedError(f"its input {name} is not carried over: {root}") from error

    def _simple(self, metric: Plain, params: Plain) -> Plain:
        aggregation = params["metric_aggregation_params"]
        if aggregation["agg"] not in AGGREGATIONS:
            raise NotCarriedError(f"aggregation {aggregation['agg']}")
        leaf = self._leaf_of(metric)
        granularity = leaf.model.granularity
        if granularity in ("week", "quarter", "year"):
            raise NotCarriedError(f"its time has the granularity {granularity}; ours are day and month")
        found: Plain = {"model": leaf.model.name, "agg": aggregation["agg"], "expr": leaf.column}
        found["grain"] = "month" if granularity == "month" else "day"
        found |= _percentile(aggregation) | self._non_additive(aggregation, leaf.model)
        if params.get("fill_nulls_with") is not None:
            found["fill_nulls_with"] = params["fill_nulls_with"]
        if params.get("join_to_timespine"):
            found["join_to_timespine"] = True
        return found

    def _non_additive(self, aggregation: Plain, model: FlatModel) -> Plain:
        over = aggregation.get("non_additive_dimension")
        if not over:
            return {}
        column = model.column_of((*own_path(model.semantic_model), over["name"]))
        groups = [g for g in over["window_groupings"] or [] if g not in model.entities]
        if column is None or groups:
            raise NotCarriedError(f"its non-additive dimension {over['name']} by {', '.join(groups)}")
        by = list(over["window_groupings"] or [])
        kept: Plain = {"name": column, "window_agg": over["window_choice"]}
        return {"non_additive_dimension": kept | ({"group_by": by} if by else {})}

    def _ratio(self, metric: Plain, params: Plain) -> Plain:
        parts = {key: params[key] for key in ("numerator", "denominator")}
        if any(_is_shifted(part) for part in parts.values()):  # ours has no ratio of other days
            inputs = [part | {"alias": key} for key, part in parts.items()]
            expr = "cast(numerator as double) / cast(nullif(denominator, 0) as double)"
            return {"type": "derived", **self._derived(metric, {"expr": expr, "metrics": inputs})}
        return {key: _short(self._part(metric, part)) for key, part in parts.items()}

    def _derived(self, metric: Plain, params: Plain) -> Plain:
        inputs = [_short(self._shifted_part(metric, part)) for part in params["metrics"]]
        units = {p["offset_window"]["granularity"] for p in params["metrics"] if p.get("offset_window")}
        monthly = {"grain": "month"} if units & CALENDAR_OFFSETS else {}
        return {"expr": params["expr"], "metrics": inputs} | monthly

    def _shifted_part(self, metric: Plain, part: Plain) -> Plain:
        one = self._part(metric, part | {"offset_window": None, "offset_to_grain": None})
        if part.get("alias"):
            one["alias"] = part["alias"]
        if part.get("offset_window"):
            one["offset_window"] = _window(part["offset_window"])
        if part.get("offset_to_grain"):
            one["offset_to_grain"] = _grain(part["offset_to_grain"])
        return one

    def _cumulative(self, metric: Plain, params: Plain) -> Plain:
        span = params["cumulative_type_params"]
        self._refuse_moments(span["metric"]["name"], "adding up")
        found: Plain = {"metric": _short(self._part(metric, span["metric"]))}
        if span.get("window"):
            found["window"] = _window(span["window"])
        if span.get("grain_to_date"):
            found["grain_to_date"] = _grain(span["grain_to_date"])
        return found | {"period_agg": span.get("period_agg") or "first"}

    def _conversion(self, metric: Plain, params: Plain) -> Plain:
        span = params["conversion_type_params"]
        base, conversion = span["base_metric"], span["conversion_metric"]
        for part in (base, conversion):
            self._refuse_moments(part["name"], "following")
        found: Plain = {
            "entity": span["entity"],
            "base_metric": _short(self._part(metric, base)),
            "conversion_metric": _short(self._part(metric, conversion)),
            "calculation": span["calculation"],
            "fill_nulls_with": None,
        }
        if span.get("window"):
            found["window"] = _window(span["window"])
        if span.get("constant_properties"):
            found["constant_properties"] = [
                self._constant(pair, base["name"], conversion["name"]) for pair in span["constant_properties"]
            ]
        return found

    def _constant(self, pair: Plain, base: str, conversion: str) -> str:
        """The name of a property that an event and its conversion have in common, in the models of both."""
        name = str(pair["base_property"]).lower()
        for metric, written in ((base, name), (conversion, str(pair["conversion_property"]).lower())):
            for model in self.leaves(metric):
                column = model.column_of((*own_path(model.semantic_model), written)) or model.column_of(
                    [written]
                )
                taken = name in model.dimensions and name != column
                if column is None or taken or model.aliases.setdefault(name, column) != column:
                    raise NotCarriedError(f"its constant property {written} of {model.name}")
        return name

    def _part(self, metric: Plain, part: Plain) -> Plain:
        if _is_shifted(part):
            raise NotCarriedError(f"its input {part['name']} of other days")
        found: Plain = {"name": part["name"]}
        filtered = condition(part.get("filter"), self.leaves(part["name"]), metric.get("time_granularity"))
        if filtered is not None:
            found["filter"] = filtered
        return found

    def _refuse_moments(self, name: str, doing: str) -> None:
        for model in self.leaves(name):
            if model.granularity not in GRAINS:
                raise NotCarriedError(f"{doing} by {model.granularity}: ours is by day")


def _inputs(kind: str, params: Plain) -> list[Plain]:
    match kind:
        case "ratio":
            return [params["numerator"], params["denominator"]]
        case "derived":
            return list(params["metrics"] or [])
        case "cumulative":
            return [params["cumulative_type_params"]["metric"]]
        case "conversion":
            span = params["conversion_type_params"]
            return [span["base_metric"], span["conversion_metric"]]
        case _:
            return []


def _is_shifted(part: Plain) -> bool:
    return bool(part.get("offset_window") or part.get("offset_to_grain"))


def _percentile(aggregation: Plain) -> Plain:
    if aggregation["agg"] != "percentile":
        return {}
    params = aggregation["agg_params"] or {}
    if params.get("use_approximate_percentile"):
        raise NotCarriedError("an approximate percentile, which need not be the same twice")
    kind = "discrete" if params.get("use_discrete_percentile") else "continuous"
    return {"percentile": params["percentile"], "percentile_type": kind}


def _short(part: Plain) -> Any:
    """A part that says only its name, as that."""
    return part["name"] if len(part) == 1 else part


def _window(window: Plain) -> str:
    return f"{window['count']} {_grain(window['granularity'])}"


def _grain(name: str) -> str:
    if name not in GRAINS:
        raise NotCarriedError(f"the granularity {name}; ours are {', '.join(GRAINS)}")
    return name
