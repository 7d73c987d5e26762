"""The rooms of the project and who may enter which: read from the source files, and tried out."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# the files of a package, in an order such that each imports only files that stand above it
ORDER = {
    "models": ["blocks", "initialization", "dcgan", "mlp", "losses", "matching"],
    "runs": [
        "errors",
        "files",
        "validation",
        "schema",
        "plan",
        "study_file",
        "study",
        "addresses",
        "mongo",
        "observers",
        "matches",
        "filters",
        "records",
        "store",
        "manifest",
        "reruns",
        "query",
    ],
    "experiments": [
        "environment",
        "networks",
        "data",
        "streams",
        "players",
        "features",
        "measures",
        "probes",
        "recorder",
        "checkpoint",
        "training",
        "recording",
        "stability",
        "cells",
        "engines",
        "estimate",
        "launch",
        "sweep",
        "reproducibility",
    ],
    "analysis": [
        "criteria",
        "verdicts",
        "estimates",
        "pair_counts",
        "rates",
        "resampling",
        "signed_rank",
        "equivalence",
        "agreement",
        "spread",
        "continuous",
        "survival",
        "paired_survival",
        "competing",
        "multiplicity",
        "factors",
        "logistic",
        "profiles",
        "sensitivity",
        "power",
        "statistics",
        "plain",
        "result_sections",
        "results",
        "results_schema",
        "wording",
        "guards",
        "study_data",
        "frames",
        "judging",
        "budgets",
        "questions",
        "findings",
        "contrasts",
        "controls",
        "headline",
        "time_to_event",
        "crossed_cells",
        "grid_effects",
        "factorial",
        "robustness",
        "precision",
        "quality",
        "oscillation",
        "outcomes",
        "style",
        "plot_parts",
        "plots_outcomes",
        "plots_traces",
        "plots_effects",
        "plots_survival",
        "plots_designs",
        "thinning",
        "explorer",
        "sheets",
        "tables",
        "plots_runs",
        "reruns",
        "table_columns",
        "contrast_tables",
        "setting_tables",
        "time_tables",
        "factor_tables",
        "design_tables",
        "report_tables",
        "report_drawing",
        "report_texts",
        "report_training",
        "report_times",
        "report_designs",
        "report_quality",
        "report_robustness",
        "report_figures",
        "report_page",
        "report",
        "comparison",
        "compare",
        "compare_reruns",
    ],
}
# which of the project's packages a package may import, besides itself
MAY_IMPORT = {"models": set(), "runs": set(), "experiments": {"models", "runs"}, "analysis": {"runs"}}
PROJECT = {*ORDER, "tests", "benchmarks"}
TORCH = {"torch", "torchvision"}

FILES = [path for package in ORDER for path in sorted((ROOT / package).glob("*.py"))]


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


def packages(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imports(path)}


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("package", ORDER)
def test_order_names_every_file_of_the_package_and_no_other(package: str) -> None:
    files = {path.stem for path in FILES if path.parent.name == package} - {"__init__"}
    assert sorted(ORDER[package]) == sorted(files)


@pytest.mark.parametrize("path", FILES, ids=label)
def test_file_imports_only_packages_that_its_own_may(path: Path) -> None:
    package = path.parent.name
    assert packages(path) & PROJECT <= MAY_IMPORT[package] | {package}


@pytest.mark.parametrize("path", FILES, ids=label)
def test_file_imports_only_files_of_its_package_that_stand_above_it(path: Path) -> None:
    package = path.parent.name
    order = ORDER[package]
    above = order[: order.index(path.stem)] if path.stem != "__init__" else []
    assert {module for module in imports(path) if module.startswith(f"{package}.")} <= {
        f"{package}.{name}" for name in above
    }


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "models"], ids=label)
def test_models_import_torch_and_the_standard_library_only(path: Path) -> None:
    assert packages(path) <= {"models", "torch", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name in ("runs", "analysis")], ids=label)
def test_file_of_runs_or_analysis_does_not_import_torch(path: Path) -> None:
    assert not packages(path) & TORCH


@pytest.mark.parametrize("package", ["runs", "analysis"])
def test_package_never_imports_torch_not_even_by_what_it_imports(package: str) -> None:
    modules = ", ".join(f"{package}.{name}" for name in ORDER[package])
    code = f"import sys, {modules}; sys.exit(sorted({{'torch', 'torchvision'}} & set(sys.modules)) or 0)"
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_reading_the_record_does_not_import_sacred() -> None:
    code = "import sys, runs.query; sys.exit('sacred' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
