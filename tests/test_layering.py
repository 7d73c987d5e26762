"""The rooms of the project and who may enter which: read from the source files, and tried out."""

import ast
import subprocess
import sys
from collections.abc import Collection
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# the rooms of analysis, bottom up: a file imports of other rooms only what stands above it here
ANALYSIS = (
    "own_matplotlib",
    "counting",
    "statistics",
    "judging",
    "results",
    "findings",
    "answer",
    "figures",
    "tables",
    "chapters",
    "report",
)
# which of the project's packages a package may import, besides itself
MAY_IMPORT = {"models": set(), "runs": set(), "experiments": {"models", "runs"}, "analysis": {"runs"}}
PROJECT = {*MAY_IMPORT, "tests", "benchmarks"}
TORCH = {"torch", "torchvision"}

FILES = [path for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]


def module_of(path: Path) -> tuple[str, ...]:
    """The parts of a file's name as a module; of an ``__init__.py``, those of its package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def room(path: Path) -> str:
    return module_of(path)[0]


def imports(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, by its full name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports by full names only"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if node.module in PROJECT else {str(node.module)}
    return found


def defining(name: str, modules: Collection[str]) -> str:
    """The module that an imported name is taken from: itself, or the package or file that holds it."""
    while name not in modules:
        name = name.rpartition(".")[0]
    return name


def packages(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imports(path)}


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=label)
def test_file_imports_only_packages_that_its_own_may(path: Path) -> None:
    assert packages(path) & PROJECT <= MAY_IMPORT[room(path)] | {room(path)}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_files_of_a_room_can_be_put_in_an_order_without_circles(package: str) -> None:
    found = {".".join(module_of(path)): imports(path) for path in FILES if room(path) == package}
    of_room = {
        module: {defining(name, found.keys()) for name in names if name.split(".")[0] == package}
        for module, names in found.items()
    }
    assert sum(map(len, of_room.values())) > len(of_room) / 2
    TopologicalSorter(of_room).prepare()  # raises CycleError


@pytest.mark.parametrize("path", [path for path in FILES if room(path) == "analysis"], ids=label)
def test_file_of_analysis_imports_no_room_that_stands_below_its_own(path: Path) -> None:
    rooms = {module.split(".")[1] for module in imports(path) if module.startswith("analysis.")}
    own = [*module_of(path), "__init__"][1]
    above = ANALYSIS[: ANALYSIS.index(own)] if own in ANALYSIS else ANALYSIS
    assert rooms <= {own, *above}


@pytest.mark.parametrize("path", [path for path in FILES if room(path) == "models"], ids=label)
def test_models_import_torch_and_the_standard_library_only(path: Path) -> None:
    assert packages(path) <= {"models", "torch", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", [path for path in FILES if room(path) in ("runs", "analysis")], ids=label)
def test_file_of_runs_or_analysis_does_not_import_torch(path: Path) -> None:
    assert not packages(path) & TORCH


@pytest.mark.parametrize("package", ["runs", "analysis"])
def test_package_never_imports_torch_not_even_by_what_it_imports(package: str) -> None:
    modules = ", ".join(".".join(module_of(path)) for path in FILES if room(path) == package)
    code = f"import sys, {modules}; sys.exit(sorted({{'torch', 'torchvision'}} & set(sys.modules)) or 0)"
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_reading_the_record_does_not_import_sacred() -> None:
    code = "import sys, runs.query; sys.exit('sacred' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_sweep_and_its_workers_begin_without_what_only_some_data_sets_or_a_cluster_need() -> None:
    code = (
        "import sys, experiments.sweep, experiments.launch, experiments.workers;"
        " sys.exit(sorted({'torchvision', 'sklearn', 'torch._dynamo', 'ray'} & set(sys.modules)) or 0)"
    )
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
