"""Rules that hold for every file of the project, and that no linter knows."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50
CODE = {".py", ".ts", ".tsx", ".sh"}
GENERATED = ("migrations/versions/", ".gen.")
# The outermost loop of a process or thread, where the last net is spread: everything is logged, nothing is swallowed.
OUTERMOST_LOOPS = {
    "cloud_service/inference/process.py",
    "cloud_service/training/attempt.py",
    "cloud_service/training/process.py",
    "edge_agent/intake/intake.py",
}
BINARY_CODE = {".pkl", ".pickle", ".pt", ".pth", ".engine", ".plan", ".joblib", ".npy"}
# Spelled in pieces, so that this file passes its own test.
HOST_WORDS = re.compile(
    "|".join(["/wo" + "rk/", "/fa" + "rm/", "/opt/wh" + "eels", "/opt/py" + "pi", r"\.libr" + "ary/"])
)
LARGEST_FILE_BYTES = 5_000_000


@cache
def files() -> tuple[Path, ...]:
    """The files that a clone would have, and those that are about to be added."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def written_code(*suffixes: str) -> Iterator[Path]:
    for path in files():
        if path.suffix in suffixes and not any(part in name_of(path) for part in GENERATED):
            yield path


def texts() -> Iterator[tuple[Path, str]]:
    for path in files():
        data = path.read_bytes()
        if b"\0" not in data:
            yield path, data.decode()


@cache
def trees() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple((path, ast.parse(path.read_text())) for path in written_code(".py"))


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    for path, tree in trees():
        yield from ((path, node) for node in ast.walk(tree) if isinstance(node, kinds))


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_modules_are_short_enough_to_be_read_at_once() -> None:
    lengths = {name_of(path): path.read_text().count("\n") for path in written_code(*CODE)}

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_functions_are_short() -> None:
    too_long = {}
    for path, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > LONGEST_FUNCTION:
            too_long[f"{name_of(path)}:{node.lineno} {node.name}"] = lines

    assert too_long == {}


def swallows_everything(handler: ast.ExceptHandler) -> bool:
    """Whether it catches all exceptions and does not end by raising again the one that it caught."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in caught
    )


def test_only_outermost_loops_swallow_everything() -> None:
    broad = {
        f"{name_of(path)}:{node.lineno}"
        for path, node in nodes(ast.ExceptHandler)
        if isinstance(node, ast.ExceptHandler) and swallows_everything(node) and name_of(path) not in OUTERMOST_LOOPS
    }

    assert broad == set()


@pytest.mark.parametrize(
    ("source", "broad"),
    [
        ("except Exception: 1", True),
        ("except: 1", True),
        ("except (OSError, BaseException): 1", True),
        ("except BaseException: raise", False),
        ("except OSError: 1", False),
    ],
)
def test_the_search_for_broad_excepts_finds_them(source: str, *, broad: bool) -> None:
    handler = next(node for node in ast.walk(ast.parse(f"try: 1\n{source}")) if isinstance(node, ast.ExceptHandler))

    assert swallows_everything(handler) is broad


def test_every_make_command_in_the_documents_is_a_target() -> None:
    unknown = {
        f"{name_of(path)}: make {target}"
        for path, text in texts()
        if path.suffix == ".md"
        for target in re.findall(r"(?:`|^ {4}|^\$ )make ([a-z-]+)", text, re.MULTILINE)
        if target not in make_targets()
    }

    assert unknown == set()


def test_bare_make_says_what_every_target_does() -> None:
    said = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert {
        "run",
        "demo",
        "test",
        "lint",
        "format",
        "types",
        "bench",
        "lock",
        "setup",
        "clean",
        "test-gpu",
    } <= make_targets()
    assert {
        line.split()[0] for line in said.splitlines() if line.startswith("  ") and line[2].isalpha()
    } == make_targets()


def test_nothing_speaks_of_one_machines_folders() -> None:
    lines = {
        f"{name_of(path)}:{number}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if HOST_WORDS.search(line)
    }

    assert lines == set()


def test_no_file_that_runs_code_when_it_is_loaded() -> None:
    assert {name_of(path) for path in files() if path.suffix.lower() in BINARY_CODE} == set()


def test_no_file_is_too_large_for_a_clone() -> None:
    assert {name_of(path) for path in files() if path.stat().st_size > LARGEST_FILE_BYTES} == set()


def test_the_lock_names_every_dependency_but_those_that_differ_by_machine() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    locked = {re.split(r"[=\s]", line)[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    left_out = {"torch", "tensorrt"}

    names = {re.split(r"[\[<>=~! ;]", requirement)[0].lower().replace("_", "-") for requirement in wanted}
    assert names - left_out - locked == set(), "say 'make lock'"


def test_the_locks_name_no_host() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()
    assert '"resolved": "http' not in (ROOT / "cloud_service/dashboard/package-lock.json").read_text()
