"""A metric's months as a Vega-Lite specification (plain values), and as a small curve of SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metric_pipelines.figures import PERCENT

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""The name of the language; nothing is loaded from there."""

FIRST, SECOND, KEPT, GRID, INK = "#1f6f78", "#b4532a", "#b42318", "#e6e9ee", "#4a5565"
COLOURS = [FIRST, SECOND, "#5b5fc7", "#8a6d1b", "#3d7a3d", "#a03c78"]

FONT = "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'PingFang SC', 'Microsoft YaHei', sans-serif"

Point = dict[str, Any]
"""`month`, `value` (a float), `text` (its digits), `kept` (whether it is a last good value)."""


def months_chart(points: Sequence[Point], unit: str, target: float | None) -> dict[str, Any]:
    """One metric by month; last good values are hollow, a target is a dashed line."""
    x, y = _x(), _y(unit)
    tooltip = [{"field": "month", "title": "month"}, {"field": "text", "title": "value"}]
    marks = {
        "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1},
        "encoding": {
            "color": {
                "condition": {"test": "datum.kept", "value": KEPT},
                "value": FIRST,
            },
            "shape": {"condition": {"test": "datum.kept", "value": "diamond"}, "value": "circle"},
            "size": {"condition": {"test": "datum.kept", "value": 110}, "value": 44},
            "tooltip": tooltip,
        },
    }
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "area", "color": FIRST, "opacity": 0.07, "line": False}},
        {"mark": {"type": "line", "color": FIRST, "strokeWidth": 2}},
        marks,
    ]
    values = {"data": {"values": list(points)}, "encoding": {"x": x, "y": y}, "layer": layers}
    if unit == PERCENT or min((p["value"] for p in points), default=0) < 0:
        layers.pop(0)
    if target is None:
        return _framed(values)
    rule = {
        "data": {"values": [{"target": target}]},
        "mark": {"type": "rule", "strokeDash": [5, 4], "color": INK},
        "encoding": {"y": {"field": "target", "type": "quantitative"}},
    }
    return _framed({"layer": [values, rule]})


def compared_chart(
    series: Sequence[tuple[str, Sequence[Point]]], unit: str, labels: dict[str, dict[str, str]]
) -> dict[str, Any]:
    """Several metrics of one unit by month; `labels` are in both languages, for the page's script."""
    points = [{**point, "metric": name} for name, listed in series for point in listed]
    names = [name for name, _ in series]
    colour = {
        "field": "metric",
        "type": "nominal",
        "scale": {"domain": names, "range": COLOURS[: len(names)]},
        "legend": {"orient": "top", "title": None, "labelLimit": 300, "labelFontSize": 13, "labelColor": INK},
    }
    tooltip = [{"field": "metric", "title": "metric"}, {"field": "month", "title": "month"}]
    encoding = {
        "x": _x(),
        "y": _y(unit),
        "color": colour,
        "tooltip": [*tooltip, {"field": "text", "title": "value"}],
    }
    mark = {"type": "line", "point": {"size": 44}, "strokeWidth": 2}
    chart = {"usermeta": {"names": labels}, "data": {"values": points}, "mark": mark, "encoding": encoding}
    return _framed(chart)


def _x() -> dict[str, Any]:
    axis = {"title": None, "labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 10}
    return {"field": "month", "type": "ordinal", "axis": axis | {"grid": False, "ticks": False}}


def _y(unit: str) -> dict[str, Any]:
    axis = {
        "title": None,
        "format": ".1%" if unit == PERCENT else "~s",
        "ticks": False,
        "domain": False,
        "tickCount": 5,
    }
    return {"field": "value", "type": "quantitative", "scale": {"zero": unit != PERCENT}, "axis": axis}


def _framed(parts: dict[str, Any]) -> dict[str, Any]:
    axis = {"gridColor": GRID, "labelColor": INK, "domainColor": GRID, "labelFontSize": 12, "labelPadding": 6}
    config = {"view": {"stroke": None}, "axis": axis, "font": FONT, "background": "transparent"}
    size = {"width": "container", "height": 240, "autosize": {"type": "fit", "contains": "padding"}}
    return {"$schema": SCHEMA, **size, **parts, "config": config}


def curve(values: Sequence[float | None], width: int = 96, height: int = 26) -> str:
    """The path of a small curve; gaps where there is no value; empty without two values."""
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    step = (width - 6) / (len(values) - 1)
    path, pen = [], "M"
    for i, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        path.append(f"{pen}{3 + i * step:.1f} {height - 3 - share * (height - 6):.1f}")
        pen = "L"
    return "".join(path)
