"""The README says what is so."""

import doctest
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from runs.study import study_from_document

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_study_that_it_shows_is_a_valid_study() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)
    study = study_from_document(YAML(typ="safe", pure=True).load(example))
    assert study.name == "my-study"
    assert not study.is_matched("wide")


def test_the_python_that_it_shows_prints_what_it_says() -> None:
    (example,) = re.findall(r"```python\n(>>> .*?)```", README, flags=re.DOTALL)
    test = doctest.DocTestParser().get_doctest(example, {}, "README", "README.md", 0)
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|^ +)make ([a-z-]+)", README, flags=re.MULTILINE))))
def test_the_make_targets_that_it_names_exist(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE)


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m ([a-z_.]+)", README))))
def test_the_modules_that_it_runs_exist(module: str) -> None:
    path = ROOT.joinpath(*module.split("."))
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_the_files_that_it_links_to_exist(link: str) -> None:
    assert (ROOT / link).exists()
