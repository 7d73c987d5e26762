"""The rooms of the project and who may enter which: read from the source files, and tried out."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# the files and packages of a package, in an order such that each imports only what stands above it
ORDER = {
    "models": ["blocks", "layers", "initialization", "dcgan", "mlp", "architectures", "losses", "matching"],
    "runs": [
        "errors",
        "processes",
        "files",
        "validation",
        "datasets",
        "schema",
        "kinds",
        "plan",
        "study_file",
        "answerable",
        "yaml_file",
        "study",
        "addresses",
        "mongo",
        "observers",
        "matches",
        "filters",
        "records",
        "store",
        "manifest",
        "generations",
        "reruns",
        "query",
    ],
    "experiments": [
        "environment",
        "networks",
        "datasets",
        "streams",
        "players",
        "steps",
        "features",
        "measures",
        "probes",
        "recorder",
        "checkpoint",
        "training",
        "recording",
        "sizes",
        "stability",
        "cells",
        "engines",
        "estimate",
        "launch",
        "sweep",
        "reproducibility",
    ],
    "experiments.datasets": ["images", "protocol", "digits"],
    "analysis": [
        "own_matplotlib",
        *("counting", "statistics", "judging", "results", "findings", "figures", "tables", "report", "compare"),
        *("compare_reruns", "power"),
    ],
    "analysis.statistics": [
        *("estimates", "significance", "magnitudes", "pair_counts", "rates", "missing_pairs", "resampling"),
        *("missing_seeds", "mean_intervals", "signed_rank", "shifts", "agreement", "spread"),
        *(
            "continuous",
            "equivalence",
            "survival",
            "paired_survival",
            "competing",
            "multiplicity",
            "factors",
            "logistic",
            "profiles",
        ),
        *("sensitivity", "power"),
    ],
    "analysis.judging": [
        "criteria",
        "evidence",
        "verdicts",
        "guards",
        "other_cells",
        "study_data",
        "frames",
        "judgements",
        "makings",
        "reruns",
    ],
    "analysis.results": [
        *("plain", "parts", "families", "regions", "times", "factors", "robustness", "precision", "quality"),
        *("document", "schema"),
        *("verdict_words", "wording"),
    ],
    "analysis.findings": [
        *("budgets", "sensitivity", "questions", "effects", "families", "contrasts", "controls", "regions"),
        *("evidence", "region_headline", "grid_headline", "headline"),
        *(
            "time_to_event",
            "crossed_cells",
            "grid_effects",
            "factorial",
            "robustness",
            "equivalence",
            "precision",
            "quality",
            "oscillation",
        ),
        *("outcomes",),
    ],
    "analysis.figures": [
        *("style", "pictures", "parts", "outcomes", "traces", "effects", "regions", "grid_forest", "survival"),
        "designs",
        *("thinning", "explorer", "sheets", "runs"),
    ],
    "analysis.tables": [
        "latex",
        "formats",
        "columns",
        "contrasts",
        "regions",
        "settings",
        "times",
        "factors",
        "designs",
    ],
    "analysis.report": [
        *("tables", "drawing", "texts", "training", "times", "designs", "quality", "robustness", "forests", "regions"),
        "figures",
        *("page", "writing", "__main__"),
    ],
    "analysis.compare": ["compared", "page", "__main__"],
}
# which of the project's packages a package may import, besides itself
MAY_IMPORT = {"models": set(), "runs": set(), "experiments": {"models", "runs"}, "analysis": {"runs"}}
PROJECT = {*MAY_IMPORT, "tests", "benchmarks"}
TORCH = {"torch", "torchvision"}

FILES = [path for package in ORDER for path in sorted((ROOT / package.replace(".", "/")).glob("*.py"))]


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


def stands_above(module: tuple[str, ...], importer: tuple[str, ...]) -> bool:
    """Whether ``importer`` may import ``module``, of the same room: what is in a package stands above its face."""
    if module[: len(importer)] == importer:
        return len(module) > len(importer)
    if importer[: len(module)] == module:
        return False
    depth = next(depth for depth, (one, other) in enumerate(zip(module, importer, strict=False)) if one != other)
    order = ORDER[".".join(module[:depth])]
    return order.index(module[depth]) < order.index(importer[depth])


def packages(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imports(path)}


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("package", ORDER)
def test_order_names_all_that_is_in_the_package_and_nothing_else(package: str) -> None:
    folder = ROOT / package.replace(".", "/")
    found = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    assert sorted(ORDER[package]) == sorted(found - {"__init__"})


@pytest.mark.parametrize("path", FILES, ids=label)
def test_file_imports_only_packages_that_its_own_may(path: Path) -> None:
    assert packages(path) & PROJECT <= MAY_IMPORT[room(path)] | {room(path)}


@pytest.mark.parametrize("path", FILES, ids=label)
def test_file_imports_of_its_room_only_what_stands_above_it(path: Path) -> None:
    own = [tuple(module.split(".")) for module in imports(path) if module.split(".")[0] == room(path)]
    assert [module for module in own if not stands_above(module, module_of(path))] == []


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
