"""How files are laid out, which of them are one table, and what was typed of a source."""

from __future__ import annotations

import os
from pathlib import Path

import openpyxl
import pytest

from metric_pipelines.errors import SourceDataError, UsageError
from metric_pipelines.ingest.drafting.folders import tables_of_files
from metric_pipelines.ingest.drafting.given import understood
from metric_pipelines.ingest.drafting.layout import delimiter_of, encoding_of, header_rows
from metric_pipelines.ingest.drafting.names import column_names, table_name


@pytest.mark.parametrize(
    ("text", "written", "expected"),
    [
        ("plain", "ascii", "utf-8"),
        ("Zoë 北京 🙂", "utf-8", "utf-8"),
        ("日期,门店\n北京 𠮷", "gb18030", "gb18030"),
        ("日期,门店", "utf-16", "utf-16"),
        ("Noël, Müller, Größe", "latin-1", "cp1252"),
        ("5 € für Zoë", "cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_one_that_every_byte_fits(
    tmp_path: Path, text: str, written: str, expected: str
) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode(written))
    assert encoding_of([tmp_path / "a.csv"]) == expected


def test_files_of_one_table_have_one_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"plain")
    (tmp_path / "b.csv").write_bytes("日期".encode("gb18030"))
    assert encoding_of([tmp_path / "a.csv", tmp_path / "b.csv"]) == "gb18030"


def test_the_delimiter_is_that_of_most_lines() -> None:
    assert delimiter_of(["Report, 2024", "a;b;c", "1,5;2,5;x", "2,5;3,5;y"]) == ";"
    assert delimiter_of(["a\tb", "1,2\t3"]) == "\t"
    assert delimiter_of(["a", "1", "2"]) == ","


H = list[list[str | None]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["id", "day"], ["1", "2024-01-01"]], (1, 1)),
        ([["Report 2024", None], [None, None], ["id", "day"], ["1", "2024-01-01"]], (3, 1)),
        ([["Firma: X", "Stand: 1.1."], ["id", "day", "sum"], ["1", "2024-01-01", "2"]], (2, 1)),
        (
            [
                ["销售日报", None, None],
                ["日期", "销售", None],
                [None, "金额", "数量"],
                ["2024-01-01", "1.5", "2"],
            ],
            (2, 2),
        ),
        (
            [
                [None, "North", None, "South", None],
                ["day", "qty", "sum", "qty", "sum"],
                ["2024-01-01", *"1234"],
            ],
            (1, 2),
        ),
        ([["store", "manager"], ["Bonn", "Zoë"], ["Köln", "Max"]], (1, 1)),
        (
            [["store", "sales"], ["", "EUR"], ["Bonn", "1.5"], ["Köln", "2.5"]],
            (1, 2),
        ),
        ([["store", "2023", "2024"], ["Bonn", "1", "2"]], (1, 1)),
        ([["", "a", "b"], ["0", "1", "2"]], (1, 1)),
        ([["only"], ["1"], ["2"]], (1, 1)),
        ([["1", "2"], ["3", "4"]], None),
        ([["id", "id"], ["3", "4"]], None),
        ([["a note to the reader", None]], None),
        ([], None),
    ],
)
def test_where_the_header_stands(rows: H, expected: tuple[int, int] | None) -> None:
    assert header_rows(rows) == expected


def test_files_that_differ_by_numbers_alone_are_one_table_where_they_are_laid_out_alike(
    tmp_path: Path,
) -> None:
    for name in ("orders_2024-01.csv", "orders_2024-02.csv", "orders_old.csv"):
        (tmp_path / name).write_text("id,day\n1,2024-01-01\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "1.csv").write_text("id;a\n1;2\n")
    (tmp_path / "more" / "2.csv").write_text("id;a;b\n1;2;3\n")
    (tmp_path / "stock1.csv").write_text("id,day\n1,2024-01-01\n")
    (tmp_path / "stock2.csv").write_text("title\nid,day\n1,2024-01-01\n")
    (tmp_path / "list [a].csv").write_text("id,day\n1,2024-01-01\n")
    tables, doubts = tables_of_files(tmp_path)
    assert {one.theirs: one.title for one in tables} == {
        "orders_[0-9]*.csv": "orders",
        "orders_old.csv": "orders_old",
        "more/*.csv": "more",
        "stock1.csv": "stock1",
        "stock2.csv": "stock2",
        "list [[]a].csv": "list [a]",
    }
    assert [(d.kind, d.details) for d in doubts] == [("not_in_all", {"names": "b"})]


def test_sheets_are_tables_and_monthly_workbooks_one(tmp_path: Path) -> None:
    for month in (1, 2):
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active.title = "orders"
        book.active.append(["id", "day"])
        book.active.append([1, "x"])
        book.create_sheet("stores").append(["store", "town"])
        book.save(tmp_path / f"{month}月.xlsx")
    tables, _ = tables_of_files(tmp_path)
    assert [(one.theirs, one.title, one.read.sheet) for one in tables] == [
        ("*月.xlsx", "orders", "orders"),
        ("*月.xlsx", "stores", "stores"),
    ]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceDataError, match="no files"):
        tables_of_files(tmp_path)


def test_names_of_ours() -> None:
    theirs = ["OrderID", "order id", "Größe (m²)", "订单", "2024", "partition_month", "a"]
    assert list(column_names(theirs).values()) == [
        "order_id",
        "order_id_2",
        "grosse_m2",
        "column_4",
        "column_5",
        "partition_month_2",
        "a",
    ]
    assert table_name("Order__Lines", 1, {"order_lines"}) == "order_lines_2"
    assert table_name("订单", 3, ()) == "table_3"


def url(text: str, name: str | None = None) -> tuple[str, dict[str, str]]:
    found = understood(text, name, Path("/nowhere"), Path("/nowhere"))
    return found.connection, found.secrets


def test_a_password_becomes_a_variable() -> None:
    assert url("postgresql://reader:p%40ss%2F@h:5432/oms?sslmode=require") == (
        "postgresql://reader:${OMS_PASSWORD}@h:5432/oms?sslmode=require",
        {"OMS_PASSWORD": "p@ss/"},
    )
    assert url("mysql://u:x@h/db", "crm")[0] == "mysql://u:${CRM_PASSWORD}@h/db"
    assert url("postgresql://u@h/oms") == ("postgresql://u@h/oms", {})
    kept = "postgresql://${U}:${P}@${H:-db.example.com}:5432/oms"
    assert url(kept) == (kept, {})
    mixed = "postgresql://${U:-me}:clear@h/oms"
    assert url(mixed) == ("postgresql://${U:-me}:${OMS_PASSWORD}@h/oms", {"OMS_PASSWORD": "clear"})


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:se@cret@h/db",
        "postgresql://u:se/cr@et@h/db",
        "postgresql://h/db?user=u&password=hunter2",
        "postgresql://h/db?PASSWD=hunter2",
        "postgresql://u:hunter2${P}@h/db",
        "postgresql://u:${P:-hunter2}@h/db",
        "postgresql:hunter2",
    ],
)
def test_a_password_in_another_place_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        url(text)
    assert not any(part in str(caught.value) for part in ("hunter2", "se@", "se/", "cret@"))


def test_a_name_that_the_warehouse_uses_is_not_proposed() -> None:
    assert understood("postgresql://h/models", None, Path("/n"), Path("/n")).name == "models_source"


def test_files_are_named_relative_to_the_home_folder_where_they_lie_in_it(tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    for folder in (home / "in", here):
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text("x")
        (folder / "till%1.db").write_bytes(b"SQLite format 3\x00")

    def connection(what: str | Path) -> tuple[str, str | None]:
        found = understood(str(what), None, home, here)
        return found.connection, found.file

    assert connection(home / "in" / "a.csv") == ("file:in", "a.csv")
    assert connection(home / "in") == ("file:in", None)
    assert connection("file:in") == ("file:in", None)
    assert connection("a.csv") == (f"file:{here}", "a.csv")
    assert connection(home / "in" / "till%1.db") == ("sqlite:///in/till%251.db", None)
    assert connection("sqlite:///in/till%251.db") == ("sqlite:///in/till%251.db", None)
    assert connection(here / "till%1.db") == (f"sqlite:///{here}/till%251.db", None)
    assert connection(os.path.relpath(home, here)) == ("file:.", None)
