"""A company's list of thirty metrics as people keep it: titles above, two rows of merged headings, the usual
faults. What does not belong here: what a test expects of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

TITLE = "星河公司数据指标清单（2024 版）"
UPPER = [
    "序号",
    "指标名称",
    "指标编码",
    "业务口径",
    "计算公式",
    "归属部门",
    "负责人",
    None,
    "单位",
    "更新频率",
    "备注",
]
LOWER = [None, None, None, None, None, None, "业务", "技术", None, None, None]
HEADER = 4
FIRST = 6
"""The row of the first metric: a title, an empty row, a remark, two rows of headings."""

SALES, FINANCE, PEOPLE = "销售部", "财务部", "人力资源部"
BIZ, TECH = "sales-owner@example.com", "data-team@example.com"

Line = list[Any]


def line(
    name: str | None,
    code: str | None,
    meaning: str | None = None,
    formula: str | None = None,
    department: str | None = None,
    business: str | None = BIZ,
    technical: str | None = TECH,
    unit: str | None = "元",
    frequency: str | None = "每日",
    remark: str | None = None,
) -> Line:
    return [name, code, meaning, formula, department, business, technical, unit, frequency, remark]


def lines() -> list[Line | None]:
    """The rows from row 6 on; None is an empty one."""
    return [
        # 6 to 13: the sales department, merged over its rows
        line("销售额", "XS-001", "已支付订单的金额", "sum(订单金额)", SALES),
        line("订单数", "XS-002", "已支付订单的数量", "count(distinct 订单号)", None, unit="单"),
        line("客单价", "XS-003", "平均每单金额", "销售额/订单数"),
        line(
            "退货率", "XS-004", "退货订单占比", "退货的订单除以所有订单", None, unit="％"
        ),  # formula in words
        line(
            "　新增客户数　", "ＸＳ－００５", "首次下单的客户", "count(distinct 客户号)", None, unit="人"
        ),  # full width
        line(
            "活跃客户数", "XS-006", "当月有下单的客户", "count(distinct 客户号)", None, "张三、李四"
        ),  # two owners
        line(
            "复购率", "XS-007", "再次下单客户占比", "复购客户数/活跃客户数", None, "王五", unit="%"
        ),  # no mail address
        line("销售额", "XS-008", "已发货订单的金额", "sum(发货金额)"),  # the same name, another meaning
        None,  # 14
        None,  # 15
        # 16 to 23: finance, merged
        line("营业收入", "CW-001", "会计确认的收入", "sum(收入)", FINANCE),
        line("营业成本", "CW-002", "会计确认的成本", "sum(成本)"),
        line("毛利", "CW-003", "收入减成本", "营业收入-营业成本"),
        line("毛利率", "CW-004", "毛利占收入的比例", "毛利÷营业收入×100%", None, unit="％", frequency="月"),
        line("净利润", "CW-003", "税后利润", "毛利-费用", None, frequency="按月"),  # the code of row 18
        line(
            "毛利率", "CW-004", "毛利占收入的比例", "毛利÷营业收入×100%", None, unit="％", frequency="月"
        ),  # row 19 again
        line(None, "CW-007", "应收账款周转一次的天数"),  # no name
        line("应收账款", "CW-008", "期末应收余额", None, None, frequency="不定期"),  # an unknown frequency
        # 24 to 29: people, a department the center does not know
        line(
            "员工人数", "HR-001", "期末在职人数", "count(distinct 工号)", PEOPLE, unit="人", frequency="每月"
        ),
        line(
            "离职率", "HR-002", "离职人数占平均人数", "离职人数/平均人数", PEOPLE, unit="%", frequency="每月"
        ),
        line("Net revenue", "HR-003", "Revenue after returns", "销售额 - 退款", SALES, remark="试用"),
        line(
            "人均产出", "HR-004", "收入除以人数", "营业收入/员工人数", None, frequency="每月"
        ),  # no department
        line("培训时长", "HR-005", "培训的总小时数", "sum(小时)", PEOPLE, "hr@example.com; hr2@example.com"),
        line("Revenue", "HR-006", "Of the small shop.", None, SALES),  # in the dictionary already
        None,  # 30
        # 31 to 38: the rest
        line("客户留存率", "XS-010", "上月客户本月仍下单的占比", "留存客户数/上月客户数", SALES, unit="%"),
        line(
            "客户留存率", "XS-011", "上月客户本月仍登录的占比", "登录客户数/上月客户数", SALES, unit="%"
        ),  # the quarrel
        line("库存金额", "XS-012", "期末库存按成本计", "期末数量*成本", SALES, remark="仅自营"),
        line(
            "库存周转天数",
            "XS-013",
            "库存周转一次的天数",
            "平均库存/日均成本",
            SALES,
            unit="天",
            frequency="T+1",
        ),
        line("缺货率", "XS-014", "缺货的商品占比", "缺货商品数/在售商品数", SALES, "-", None, "%"),
        line(
            "退款金额", "SAL-001", "退给客户的金额", "sum(退款)", SALES
        ),  # the code of a metric of the center
        line("促销费用", "XS-016", "促销活动的费用", "sum(费用)", SALES, "promo@example.com"),
        line("net revenue (daily)", "XS-017", "Revenue of a day", "sum(amount)", SALES),
        line("net revenue: daily", None, "Another one", "sum(net)", SALES),
    ]


def thirty_metrics(file: Path) -> Path:
    """Writes the workbook: a cover sheet, the list, a hidden sheet."""
    book = Workbook()
    cover: Any = book.active
    cover.title = "封面"
    cover["B2"] = TITLE
    listed: Worksheet = book.create_sheet("指标清单")
    listed["A1"] = TITLE
    listed.merge_cells("A1:K1")
    listed["A3"] = "填报说明：每行一个指标"
    headings(listed)
    for number, values in enumerate(lines()):
        for column, value in enumerate(values or [], 2):
            listed.cell(FIRST + number, column).value = value
        if values is not None:
            listed.cell(FIRST + number, 1).value = number + 1
    listed.merge_cells(f"F{FIRST}:F13")
    listed.merge_cells("F16:F23")
    hidden = book.create_sheet("旧版")
    hidden.append(["指标名称", "部门"])
    hidden.sheet_state = "hidden"
    book.save(file)
    return file


def headings(sheet: Worksheet) -> None:
    """Two rows of headings, merged as people do."""
    for column, (upper, lower) in enumerate(zip(UPPER, LOWER, strict=True), 1):
        sheet.cell(HEADER, column).value = upper
        sheet.cell(HEADER + 1, column).value = lower
        if lower is None:
            sheet.merge_cells(start_row=HEADER, end_row=HEADER + 1, start_column=column, end_column=column)
    sheet.merge_cells("G4:H4")
