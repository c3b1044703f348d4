"""Headings and names of sheets of the exported workbook, in English and Chinese.

Those of the metrics are headings that `headings.py` knows, so that the workbook can be read again.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    # sheets
    "metrics": ("Metrics", "指标"),
    "drafts": ("Drafts", "草稿"),
    "models": ("Models", "模型"),
    "sources": ("Sources", "数据源"),
    "departments": ("Departments", "部门"),
    "owners": ("Owners", "负责人"),
    # cards
    "key": ("Key", "标识"),
    "code": ("Code", "编号"),
    "label": ("Name", "名称"),
    "description": ("Description", "口径"),
    "purpose": ("Purpose", "用途"),
    "counted": ("Counted", "计入"),
    "not_counted": ("Not counted", "不计入"),
    "caveats": ("Caveats", "注意事项"),
    "scenario": ("Scenario", "使用场景"),
    "synonyms": ("Also called", "别名"),
    "department": ("Department", "部门"),
    "business_owner": ("Business owner", "业务负责人"),
    "technical_owner": ("Technical owner", "技术负责人"),
    "tier": ("Tier", "级别"),
    "unit": ("Unit", "单位"),
    "direction": ("Direction", "方向"),
    "target": ("Target", "目标值"),
    "refresh_frequency": ("Frequency", "更新频率"),
    "reviewed_on": ("Reviewed on", "评审日期"),
    "review_every": ("Review every", "评审间隔"),
    "formula": ("Formula", "计算公式"),
    "type": ("Type", "类型"),
    "grain": ("Grain", "粒度"),
    "dimensions": ("Dimensions", "维度"),
    "checks": ("Checks", "检查"),
    "freshness": ("Due by", "时限"),
    "file": ("File", "文件"),
    "state": ("State", "状态"),
    "reason": ("Reason", "原因"),
    "missing": ("Missing", "尚缺"),
    "notes": ("Notes", "备注"),
    "origin": ("From", "来源"),
    # models, sources, departments, owners
    "name": ("Name", "名称"),
    "partition_by": ("Partitioned by", "分区字段"),
    "time": ("Time", "时间字段"),
    "columns": ("Columns", "字段"),
    "source": ("Source system", "源系统"),
    "table": ("Table", "表"),
    "column": ("Column", "字段"),
    "column_type": ("Column type", "字段类型"),
    "nullable": ("May be empty", "可为空"),
    "rules": ("Contract", "契约"),
    "table_rules": ("Rules of the table", "表规则"),
    "metric_count": ("Metrics", "指标数"),
    "draft_count": ("Drafts", "草稿数"),
    "address": ("Mail address", "邮箱"),
    "role": ("Role", "角色"),
    "kind": ("Kind", "类别"),
    "en": (" (en)", "（英文）"),
    "zh": (" (zh)", "（中文）"),
    # values
    "business": ("business", "业务"),
    "technical": ("technical", "技术"),
    "metric": ("metric", "指标"),
    "draft": ("draft", "草稿"),
    "model": ("model", "模型"),
}


def word(key: str, lang: str) -> str:
    """A word; a key with `.en` or `.zh` behind it is a text field in one language."""
    name, _, text_lang = key.partition(".")
    place = 1 if lang == "zh" else 0
    return WORDS[name][place] + (WORDS[text_lang][place] if text_lang else "")
