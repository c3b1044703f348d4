"""The texts of rollups and of `values --explain`, in English and Chinese: by which route an answer came, and
why not by another.
"""

from __future__ import annotations

EXPLAIN_TEXTS: dict[str, tuple[str, str]] = {
    "show.rollups": ("Rollups", "汇总"),
    "show.check.reconcile": ("reconcile (DuckDB)", "对账（DuckDB）"),
    "show.rule.reconcile": (
        "equal to a query of the models for it alone",
        "与单独由模型查询的结果相等",
    ),
    "explain": ("How it was found", "取数方式"),
    "explain.route": ("Route", "路径"),
    "explain.not": ("Not", "未采用"),
    "explain.from": ("From", "来源"),
    "explain.as_of": ("As of", "版本"),
    "explain.snapshot": ("snapshot {snapshot}: {months}", "快照 {snapshot}：{months}"),
    "explain.sql": ("SQL", "SQL 查询"),
    "explain.how.same": ("published rows as they are", "已发布的行，原样"),
    "explain.how.sum": ("published rows, added up", "已发布的行，相加"),
    "explain.how.ratio": (
        "published rows: numerators and denominators added up, then divided",
        "已发布的行：分子、分母分别相加后相除",
    ),
    "explain.how.last": ("published rows of the last day of each period", "已发布的行：取各期最后一日"),
    "explain.how.rollup": ("the rollup [{cut}] that is kept beside it", "随指标保存的汇总 [{cut}]"),
    "explain.how.model": ("computed from the models", "由模型计算"),
    "explain.not.same": ("published rows as they are", "已发布的行"),
    "explain.not.rollup": ("a rollup", "汇总"),
    "explain.not.combined": ("published rows combined", "合并已发布的行"),
    "explain.why.filtered": ("a filter needs the rows of the models", "筛选条件需用模型的行"),
    "explain.why.other_shape": (
        "it is published by another grain or other dimensions",
        "发布的粒度或维度不同",
    ),
    "explain.why.no_cut": ("none is kept by this grain and these dimensions", "未保存该粒度与维度的汇总"),
    "explain.why.cut_not_yet_kept": (
        "months asked for were published before it was kept; refresh computes it",
        "所问月份发布时尚未保存；刷新后即有",
    ),
    "explain.why.cut_outdated": (
        "a month that it was computed from is in force as another version",
        "其所依据的月份中，有的现行版本不同",
    ),
    "explain.why.not_published_by": ("it is not published by a dimension asked for", "未按所问维度发布"),
    "explain.why.not_additive": (
        "its values do not add up to this grain and these dimensions",
        "其数值不可相加至该粒度与维度",
    ),
}
