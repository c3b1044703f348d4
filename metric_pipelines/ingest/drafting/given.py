"""What was typed of a source: a URL, a file or a folder, as the connection that its YAML will have.

A password in a URL is taken out: the YAML names a variable of the environment in its place. Whatever could be
a password and is not where one belongs is refused, and never repeated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from metric_pipelines.dictionary.source_definitions import PLACEHOLDER
from metric_pipelines.dictionary.validation import SCHEMAS
from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.values import slug
from metric_pipelines.ingest.connections import FILES
from metric_pipelines.ingest.files import CSV, EXCEL, PARQUET

IS_URL = re.compile(r"[A-Za-z][A-Za-z0-9+_.-]*:(//|$)|file:")
URL = re.compile(
    r"(?P<driver>[A-Za-z0-9+_.-]+)://(?:(?P<user>[^:/@]*)(?::(?P<password>[^@]*))?@)?(?P<rest>.*)", re.DOTALL
)
SECRET_KEYS = re.compile(r"[?&;]([^=&;]*(?:passw|pwd|secret|token|passphrase|key)[^=&;]*)=", re.IGNORECASE)
LOCAL = ("sqlite", "duckdb")
MAGIC = {"sqlite": (0, b"SQLite format 3\x00"), "duckdb": (8, b"DUCK")}
SUFFIXES = (*CSV, *PARQUET, *EXCEL)


@dataclass(frozen=True)
class Given:
    """A source as it was typed: its connection as it is to be written, a name for it, the one file that is
    meant of a folder, and the password that was typed, by the variable that stands in its place.
    """

    connection: str
    name: str
    file: str | None = None
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_files(self) -> bool:
        """Whether it is a folder of files."""
        return self.connection.startswith(FILES)


def understood(what: str, name: str | None, home: Path, here: Path) -> Given:
    """A URL, or a file or folder (relative to `here`); what lies in the home folder is named relative to it.

    Raises: UsageError for what is neither, or holds a password in the wrong place (which is not repeated).
    """
    if name is not None and slug(name) != name:
        expected = "two or more of a-z, 0-9 and single _, starting with a letter"
        raise UsageError("--name", repr(name), expected)
    if IS_URL.match(what):
        return _url(what, name, home, here)
    return _path(Path(what).expanduser(), name, home, here)


def _url(what: str, name: str | None, home: Path, here: Path) -> Given:
    if what.startswith(FILES):
        return _path(_there(what.removeprefix(FILES), home, here), name, home, here)
    masked, kept = _masked(what)
    found = URL.fullmatch(masked)
    if found is None:
        raise UsageError("URL", "not a URL", "such as postgresql://reader:${PASSWORD}@host/database")
    driver, rest = found["driver"], found["rest"]
    if driver.partition("+")[0] in LOCAL and not kept:
        file = unquote(rest.partition("?")[0].removeprefix("/"))
        if not file:
            raise UsageError("URL", f"a {driver} database without a file", f"{driver}:///FILE")
        return _path(_there(file, home, here), name, home, here)
    _refuse_secrets(rest)
    proposed = name or _proposed(rest)
    password = found["password"] or ""
    if not password or password in kept:
        return Given(what, proposed)
    if any(mark in password for mark in kept):
        found_ = "a password that is partly a variable"
        raise UsageError("URL", found_, "the whole of it as ${NAME}", "put all of it into the variable")
    variable = f"{proposed.upper()}_PASSWORD"
    at = found.start("password")
    written = f"{masked[:at]}${{{variable}}}{masked[at + len(password) :]}"
    for mark, text in kept.items():
        written = written.replace(mark, text)
    return Given(written, proposed, secrets={variable: unquote(password)})


def _masked(what: str) -> tuple[str, dict[str, str]]:
    """The URL with a mark for each `${NAME}`, and what each stands for: a default may hold any sign."""
    kept: dict[str, str] = {}

    def mark(found: re.Match[str]) -> str:
        if found["default"] and what[: found.start()].endswith(":") and "@" in what[found.end() :]:
            raise UsageError("URL", "a password as the default of a variable", f"${{{found['name']}}} alone")
        sign = f"\x00{len(kept)}\x00"
        kept[sign] = found[0]
        return sign

    return PLACEHOLDER.sub(mark, what), kept


def _refuse_secrets(rest: str) -> None:
    """Signs of a password that is not where we would find it."""
    if "@" in rest:
        expected = "in user and password, %40 for @, %3A for : and %2F for /"
        raise UsageError("URL", "more than one @", expected, "or ${NAME} in place of the password")
    for found in SECRET_KEYS.finditer(rest):
        if not rest[found.end() :].startswith("\x00"):
            expected = f"{found[1]}=${{NAME}}, or user:password@ in front of the host"
            raise UsageError("URL", f"{found[1]} in the query", expected, "secrets come from the environment")


def _proposed(rest: str) -> str:
    host, _, path = rest.partition("?")[0].partition("/")
    database = re.split(r"[/?]", path)[0]
    return _usable(slug(unquote(database)) or slug(host.partition(":")[0])) or "database"


def _usable(name: str) -> str:
    """The name, or another where the warehouse has a schema of this name."""
    return f"{name}_source" if name in SCHEMAS else name


def _there(text: str, home: Path, here: Path) -> Path:
    """As the YAML means it, relative to the home folder; or else to where it was typed."""
    at_home = home / Path(text).expanduser()
    return at_home if at_home.exists() else here / Path(text).expanduser()


def _path(path: Path, name: str | None, home: Path, here: Path) -> Given:
    target = (here / path).resolve()
    if PLACEHOLDER.search(str(target)):
        raise UsageError(str(target), "${...} in its path", "a path that names no variable", "rename it")
    if target.is_dir():
        return Given(FILES + _near(target, home), name or _usable(slug(target.name)) or "files")
    if not target.is_file():
        expected = "a file, a folder, or a URL such as postgresql://reader:${PASSWORD}@host/database"
        where = "what was typed" if set(":@") & set(str(path)) else str(path)  # it may hold a password
        raise UsageError(where, "no such file or folder", expected)
    proposed = name or _usable(slug(target.stem)) or "files"
    for kind in LOCAL:
        if _begins(target, *MAGIC[kind]):
            file = _near(target, home).replace("%", "%25").replace("?", "%3F")
            return Given(f"{kind}:///{file}", proposed)
    if target.suffix.lower() not in SUFFIXES:
        remedy = "save it as .xlsx" if target.suffix.lower() == ".xls" else ""
        found = f"a file {target.suffix or 'without an ending'}"
        expected = f"{', '.join(SUFFIXES)}, or a database of SQLite or DuckDB"
        raise UsageError(str(path), found, expected, remedy)
    return Given(FILES + _near(target.parent, home), proposed, target.name)


def _near(path: Path, home: Path) -> str:
    """The path as the YAML has it."""
    home = home.resolve()
    if path != home and home not in path.parents:
        return str(path)
    inside = str(path.relative_to(home))
    return str(path) if inside.startswith("~") else inside


def _begins(file: Path, at: int, magic: bytes) -> bool:
    try:
        with file.open("rb") as content:
            content.seek(at)
            return content.read(len(magic)) == magic
    except OSError as error:
        raise UsageError(str(file), f"cannot be read: {error.strerror}", "a file you may read") from error
