"""The house rules that neither ruff, mypy nor import-linter can see."""

import ast
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("recsys", "features", "training", "serving", "experiments")
LONGEST_FILE = 300

COMMAND_LINE = "recsys/cli/"
CLOCK_AND_NETWORK = {"time", "socket", "http", "urllib", "requests", "httpx2", "aiohttp", "sqlite3", "ssl", "ftplib"}
CODE_CARRYING_FORMATS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
TRAINING_ONLY = (
    "mlflow",
    "implicit",
    "lightfm",
    "lightgbm",
    "polars",
    "pandas",
    "dataframely",
    "pyarrow",
    "matplotlib",
    "sklearn",
    "optuna",
)
ONE_FILE_LIBRARIES = {
    "mlflow": "training/tracking.py",
    "implicit": "training/models/als.py",
    "lightfm": "training/models/lightfm_hybrid.py",
    "lightgbm": "training/models/boosting.py",
    "optuna": "training/studies.py",
    "cel_expr_python": "recsys/policy/expressions/cel.py",
}


def sources(*packages: str) -> list[Path]:
    return [
        path
        for package in packages
        for path in sorted((REPOSITORY / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def imported_packages(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0], node.lineno


def offenders(paths: list[Path], forbidden: set[str]) -> list[str]:
    return [
        f"{name_of(path)}:{line} imports {package}"
        for path in paths
        for package, line in imported_packages(path)
        if package in forbidden
    ]


def test_the_engine_has_no_clock_and_no_network() -> None:
    engine = [path for path in sources("recsys") if not name_of(path).startswith(COMMAND_LINE)]
    assert offenders(engine, CLOCK_AND_NETWORK) == []
    now = re.compile(r"\b(datetime|date)\.(now|utcnow|today)\(")
    assert [name_of(path) for path in engine if now.search(path.read_text())] == []


def test_no_format_that_carries_code_reaches_serving() -> None:
    assert offenders(sources("recsys", "serving"), CODE_CARRYING_FORMATS) == []
    assert [name_of(path) for path in sources("recsys", "serving") if "allow_pickle=True" in path.read_text()] == []


@pytest.mark.parametrize(("library", "home"), ONE_FILE_LIBRARIES.items(), ids=str)
def test_a_heavy_library_is_imported_by_one_file(library: str, home: str) -> None:
    shipped = [path for path in sources(*PACKAGES) if not name_of(path).startswith("experiments/benchmarks/")]
    assert {found.partition(":")[0] for found in offenders(shipped, {library})} <= {home}


def test_nothing_but_the_command_line_imports_the_command_line() -> None:
    found = [
        f"{name_of(path)} imports {node.module}"
        for path in sources(*PACKAGES)
        if not name_of(path).startswith(COMMAND_LINE)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recsys.cli")
    ]
    assert found == []


def test_only_the_command_line_imports_inside_functions() -> None:
    found = [
        f"{name_of(path)}:{inner.lineno}"
        for path in sources(*PACKAGES)
        if not name_of(path).startswith(COMMAND_LINE)
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_no_file_is_longer_than_one_reason_needs() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in sources(*PACKAGES, "tests")}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_file_says_why_it_exists() -> None:
    silent = [name_of(path) for path in sources(*PACKAGES) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_has_its_page(package: str) -> None:
    page = REPOSITORY / package / "README.md"
    assert page.is_file(), f"{package}/README.md is missing: one page, the picture, the reading order"
    assert page.read_text().startswith("# ")


def test_every_folder_of_code_is_packaged() -> None:
    """A folder without `__init__.py` is found in a checkout and missing from a wheel."""
    folders = {path.parent for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")}
    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_ignore_has_a_reason() -> None:
    bare = []
    for path in sources(*PACKAGES, "tests"):
        kinds = (
            "noqa" if path.is_relative_to(REPOSITORY / "tests") else "noqa|type: ignore"
        )  # tests are not type-checked
        with tokenize.open(path) as file:
            for token in tokenize.generate_tokens(file.readline):
                if token.type == tokenize.COMMENT and re.search(rf"# ({kinds})\b", token.string):
                    rest = re.sub(r"# noqa: [A-Z0-9, ]+|# type: ignore\[[a-z0-9, -]+\]", "", token.string)
                    if not re.search(r"\w", rest):
                        bare.append(f"{name_of(path)}:{token.start[0]} {token.string}")
    assert bare == []


def test_nothing_forks() -> None:
    """A child forked after OpenMP has run hangs for ever; spawn is the only start method."""
    forks = re.compile(
        r"os\.fork\(|get_context\(\s*[\"']fork|set_start_method\(\s*[\"']fork|multiprocessing\.(Pool|Process)\("
    )
    assert [name_of(path) for path in sources(*PACKAGES) if forks.search(path.read_text())] == []


def test_serving_starts_without_the_training_libraries() -> None:
    program = (
        "import sys\n"
        "import serving.app\n"
        f"found = sorted(set({TRAINING_ONLY!r}) & set(sys.modules))\n"
        "sys.exit(f'serving.app imports {found}' if found else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_help_page_does_not_pay_for_numpy() -> None:
    program = (
        "import sys\n"
        "import recsys.cli\n"
        "found = sorted({'numpy', 'scipy', 'pydantic', 'sqlalchemy', 'fastapi'} & set(sys.modules))\n"
        "sys.exit(f'recsys.cli imports {found}' if found else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
