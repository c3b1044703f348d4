"""One night of the workload, by us and by what a data engineer would use today: the same machine, the same
sitting, whole processes in new folders, in turn.

    python benchmarks/nightly/run.py --folder /tmp/nightly --times 3

Contenders: ours (three rules a metric, and the ledger with its receipts), dbt-duckdb, SQLMesh, plain Dagster,
and the floor, plain DuckDB in one scan. The peers are installed into virtual environments in the folder;
TPC-H is made there once. Prints medians of wall seconds, ratios, where our time goes, and whether our numbers
equal the floor's to 1e-9. The last lines are JSON: scale factor 0.01 with 400 metrics, then 1 with 40.

A night computes everything anew into a new database. What a tool keeps between nights of what it has parsed
and compiled, it has: our compiled queries, dbt's partial parse, SQLMesh's cache.

    --first                                 a first night: nothing is kept
    --scale 10 --copies 1 --peers floor     ours and the floor alone, at another size
    --peers reconciled                      ours beside ours with a fourth check, which no peer has
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

HERE = Path(__file__).parent
PEERS = ("dbt", "sqlmesh", "dagster", "floor")
ENVIRONMENTS = {
    "peer": [
        "duckdb==1.5.5",
        "duckdb-extension-tpch==1.5.5",
        "dbt-core==1.11.16",
        "dbt-duckdb==1.11.1",
        "dagster==1.13.27",
        "dagster-duckdb==0.29.27",
    ],
    "sqlmesh": ["duckdb==1.5.5", "sqlmesh==0.236.4"],
}
SIZES = ((0.01, 10), (1.0, 1))
"""Scale factor, and copies of the 40 metrics; the first is printed first."""


@dataclass(frozen=True)
class Night:
    """What a process took: wall and CPU seconds, and megabytes at most."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Size:
    """One size of the workload, and where it is done."""

    folder: Path
    scale: float
    copies: int
    first: bool = False

    @property
    def data(self) -> Path:
        return self.folder / f"data_{self.scale:g}"

    @property
    def name(self) -> str:
        return f"sf {self.scale:g} x {40 * self.copies}"


def main() -> None:
    """Runs all contenders of each size, and prints."""
    arguments = _arguments()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    peers = [peer for peer in CONTENDERS if peer in arguments.peers]
    for name in {"sqlmesh" if peer == "sqlmesh" else "peer" for peer in [*peers, "floor"]}:
        _install(folder, name)
    sizes = [(arguments.scale, arguments.copies)] if arguments.scale else SIZES
    first, times = arguments.first, arguments.times
    lines = [_compare(Size(folder, scale, copies, first), peers, times) for scale, copies in sizes]
    sys.stdout.write("\n".join(map(json.dumps, lines)) + "\n")


def _compare(size: Size, peers: list[str], times: int) -> dict[str, float | str]:
    if not size.data.exists():
        half = _new(size, "data")
        _python(size, "peer", "workload.py", str(half), str(size.scale))
        half.rename(size.data)
    nights: dict[str, list[Night]] = {}
    for _ in range(times):
        for contender in ["ours", *peers]:
            nights.setdefault(contender, []).append(CONTENDERS[contender](size))
    walls = {name: statistics.median(n.wall for n in found) for name, found in nights.items()}
    peaks = {name: max(n.peak for n in found) for name, found in nights.items()}
    _say(f"\n{size.name}, medians of {times}")
    for name, found in nights.items():
        cpu = statistics.median(n.cpu for n in found)
        took, share = f"{walls[name]:8.1f} s  CPU {cpu:6.1f} s", walls["ours"] / walls[name]
        _say(f"  {name:10} {took}  {peaks[name]:6.0f} MB  ours is {share:.2f} of it")
    if "floor" in peers:
        with get_context("spawn").Pool(1) as apart:  # a child's peak is never below what its parent holds
            _say(f"  {apart.apply(_equal, (size,))} metrics are the floor's to 1e-9")
    _say("  where ours goes:")
    _ours(size, "--phases")
    found: dict[str, float | str] = {"size": size.name}
    found |= {f"{name}_s": round(wall, 2) for name, wall in walls.items()}
    found |= {f"vs_{name}": round(walls["ours"] / walls[name], 3) for name in peers}
    found["peak_mb"] = round(peaks["ours"])
    return found | ({"dbt_peak_mb": round(peaks["dbt"])} if "dbt" in peaks else {})


def _ours(size: Size, *more: str, checks: str = "") -> Night:
    name = f"{size.scale:g}_{size.copies}{checks}"
    center = _new(size, f"center_{name}")
    _python(size, None, "make_center.py", str(size.data), str(center), *filter(None, [checks]))
    night = [sys.executable, str(HERE / "ours.py"), str(center)]
    kept, home = size.folder / f"compiled_{name}", _new(size, f"home{checks}")
    home.mkdir()
    if not size.first and not kept.exists():
        _timed(size, [*night, str(home)])
        shutil.copytree(home / "compiled", kept)
        shutil.rmtree(home)
        home.mkdir()
    if not size.first:
        shutil.copytree(kept, home / "compiled")
    return _timed(size, [*night, str(home), *more])


def _reconciled(size: Size) -> Night:
    return _ours(size, checks="reconcile")


def _dbt(size: Size) -> Night:
    dbt = [str(size.folder / "peer" / "bin" / "dbt")]
    project = _project(size, "dbt", [*dbt, "parse", "--profiles-dir", "."])
    return _timed(size, [*dbt, "build", "--profiles-dir", "."], inside=project)


def _sqlmesh(size: Size) -> Night:
    sqlmesh = str(size.folder / "sqlmesh" / "bin" / "sqlmesh")
    project = _project(size, "sqlmesh", [sqlmesh, "info", "--skip-connection"])
    return _timed(size, [sqlmesh, "plan", "--auto-apply", "--no-prompts"], inside=project)


def _project(size: Size, peer: str, read: list[str]) -> Path:
    """A new project of a peer; but for a first night, with what is left of reading it once."""
    made, project = size.folder / f"{peer}_{size.scale:g}_{size.copies}", _new(size, f"{peer}_project")
    if not made.exists():
        _python(size, "peer", f"make_{peer}.py", str(size.data), str(made))
    if not size.first:
        _timed(size, read, inside=made)  # finds nothing changed, but for the first time
    ignored = shutil.ignore_patterns("target", ".cache", "logs", "*.duckdb") if size.first else None
    shutil.copytree(made, project, ignore=ignored)
    return project


def _dagster(size: Size) -> Night:
    home = _new(size, "dagster")
    home.mkdir()
    more = {"DATA": str(size.data), "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1"}
    python = str(size.folder / "peer" / "bin" / "python")
    return _timed(size, [python, str(HERE / "plain_dagster.py")], more=more)


def _floor(size: Size) -> Night:
    python, file = str(size.folder / "peer" / "bin" / "python"), _new(size, "floor.duckdb")
    return _timed(size, [python, str(HERE / "raw_duckdb.py"), str(size.data), str(file)])


CONTENDERS: dict[str, Callable[[Size], Night]] = {
    "ours": _ours,
    "dbt": _dbt,
    "sqlmesh": _sqlmesh,
    "dagster": _dagster,
    "floor": _floor,
    "reconciled": _reconciled,
}


def _equal(size: Size) -> int:
    """How many metrics have the floor's very rows. Raises: ValueError where one has not."""
    import duckdb  # late: what it measures is not to be slowed down by it

    from metric_pipelines.warehouse.lake import Lake, open_reader

    names = _python(size, None, "-c", "import workload; print(*(m[0] for m in workload.metrics()))").split()
    con = open_reader(Lake(size.folder / "home" / "lake"))
    ours = {name: con.execute(OURS.format(name)).fetchall() for name in names}
    con.close()
    with duckdb.connect(str(size.folder / "floor.duckdb"), read_only=True) as floor:
        for name in names:
            theirs = floor.execute(FLOORS.format(name)).fetchall()
            same = len(theirs) == len(ours[name]) and all(map(_same, ours[name], theirs))
            if not same:
                raise ValueError(f"{size.name}: {name} is not the floor's")
    return len(names)


OURS = (
    'select order_day, region, segment, value::double from lake.metrics."{}" where value is not null'
    " order by all"
)
FLOORS = 'select metric_time, region, segment, value from m."{}" order by all'


def _same(a: tuple[object, ...], b: tuple[object, ...]) -> bool:
    mine, theirs = a[3], b[3]
    assert isinstance(mine, float)
    assert isinstance(theirs, float)
    return a[:3] == b[:3] and abs(mine - theirs) <= 1e-9 * max(1.0, abs(theirs))


def _timed(
    size: Size, command: list[str], *, inside: Path | None = None, more: dict[str, str] | None = None
) -> Night:
    environment = _environment(size) | (more or {})
    loud = command[-1] == "--phases"
    out = None if loud else subprocess.DEVNULL
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=inside or size.folder, env=environment, stdout=out, stderr=out)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Night(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _environment(size: Size) -> dict[str, str]:
    """Without what would make any of them slower: bytecode that is not kept, paths of others."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "DAGSTER_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return kept | {"COPIES": str(size.copies), "PYTHONPATH": str(HERE.parents[1])}


def _python(size: Size, environment: str | None, *arguments: str) -> str:
    python = str(size.folder / environment / "bin" / "python") if environment else sys.executable
    script = [str(HERE / arguments[0]), *arguments[1:]] if arguments[0].endswith(".py") else list(arguments)
    done = subprocess.run(
        [python, *script], env=_environment(size), cwd=HERE, check=True, capture_output=True, text=True
    )
    return done.stdout


def _new(size: Size, name: str) -> Path:
    place = size.folder / name
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    return place


def _install(folder: Path, name: str) -> None:
    python = folder / name / "bin" / "python"
    if not (folder / name / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *ENVIRONMENTS[name]], check=True)
        (folder / name / "installed").touch()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=[*PEERS, "reconciled"])
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--scale", type=float)
    parser.add_argument("--copies", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
