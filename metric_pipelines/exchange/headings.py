"""What the columns of a list of metrics are called, in English and Chinese, by the field of a draft they are.

Compared folded: without case, blanks and punctuation, full-width characters made plain.
"""

from __future__ import annotations

from metric_pipelines.exchange.wording import folded

NOTE = "note"
"""A column that is kept under its own heading."""

_NAMES: dict[str, str] = {
    "key": "key, metric key, identifier, field name, variable, 标识, 指标标识, 英文标识, 字段名, 英文简称",
    "label": (
        "name, names, label, metric, metric name, kpi, kpi name, indicator, indicator name, measure, title, "
        "指标名称, 指标名, 指标, 名称, 名, 指标项, 考核指标, 数据项, 度量名称"
    ),
    "code": (
        "code, metric code, id, metric id, kpi id, kpi code, number of metric, "
        "指标编码, 指标编号, 指标代码, 编码, 编号, 代码, 指标id"
    ),
    "description": (
        "description, definition, meaning, business definition, what it means, details, "
        "口径, 业务口径, 指标口径, 口径说明, 业务口径说明, 定义, 指标定义, 业务定义, 含义, 指标含义, "
        "业务含义, "
        "说明, 指标说明, 描述, 指标描述, 释义, 指标释义, 指标解释"
    ),
    "formula": (
        "formula, calculation, computation, how calculated, how it is computed, calculation logic, logic, "
        "technical definition, formula in words, expression, "
        "公式, 计算公式, 指标公式, 计算口径, 计算方法, 计算方式, 计算逻辑, 计算规则, 技术口径, 统计口径, "
        "取数逻辑, 取数口径, 加工逻辑, 算法, 公式文字"
    ),
    "department": (
        "department, dept, owning department, owner department, business unit, division, team, "
        "部门, 归属部门, 所属部门, 责任部门, 主管部门, 业务部门, 归口部门, 管理部门, 归口管理部门, "
        "牵头部门, 责任单位"
    ),
    "owner": (
        "owner, owners, metric owner, responsible, contact, person in charge, "
        "负责人, 指标负责人, 责任人, 联系人, 指标责任人, 归属人, 指标归属人, 对接人"
    ),
    "business_owner": (
        "business owner, owner business, owners business, business contact, business responsible, "
        "业务负责人, 负责人业务, 业务责任人, 业务owner, 业务方, 业务联系人, 业务口径负责人"
    ),
    "technical_owner": (
        "technical owner, owner technical, owners technical, tech owner, data owner, technical contact, "
        "技术负责人, 负责人技术, 技术责任人, 技术owner, 开发负责人, 数据负责人, 技术方, 技术联系人, "
        "技术口径负责人"
    ),
    "unit": "unit, units, unit of measure, uom, 单位, 计量单位, 指标单位, 数据单位, 度量单位",
    "refresh_frequency": (
        "frequency, refresh frequency, update frequency, refresh, refreshed, cadence, periodicity, "
        "频率, 更新频率, 刷新频率, 统计频率, 更新周期, 报送频率, 数据频率"
    ),
    "synonyms": (
        "synonyms, synonym, alias, aliases, also called, also known as, aka, other names, "
        "别名, 同义词, 又名, 其他名称, 简称, 俗称, 曾用名"
    ),
    "purpose": "purpose, goal, why, 用途, 指标用途, 目的, 管理目的, 指标作用, 分析目的",
    "counted": "counted, includes, included, scope, 计入, 包含, 统计范围, 包括, 适用范围",
    "not_counted": (
        "not counted, excludes, excluded, exclusions, 不计入, 剔除, 排除, 不包含, 不包括, 剔除范围"
    ),
    "caveats": "caveats, caveat, limitations, 注意事项, 局限, 特别说明",
    "scenario": "scenario, used in, usage, reports, use, 使用场景, 应用场景, 场景, 应用报表, 使用报表",
    "tier": "tier, level, metric level, priority, 级别, 指标级别, 等级, 指标等级, 层级, 重要性",
    "direction": "direction, good is, polarity, better is, 方向, 向好方向, 指标方向, 极性, 指标极性",
    "target": "target, goal value, target value, 目标, 目标值, 年度目标",
    "reviewed_on": "reviewed on, reviewed, last review, 评审日期, 复核日期, 评审",
    "number": "no, row, 序号, 行号",
}

FIELDS = tuple(_NAMES)
"""What a column can be read as."""

HEADINGS = {folded(name): field for field, names in _NAMES.items() for name in names.split(",")}
"""Fields by folded heading."""
