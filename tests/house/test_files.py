"""Rules of the house about files: short, said what they are, and about the project alone."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES_MAX = 400
TRACKED = [
    ROOT / name
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    if name and (ROOT / name).is_file()
]
SOURCES = [path for path in TRACKED if path.suffix == ".py"]
TEXTS = [
    path
    for path in TRACKED
    if path.suffix in {".py", ".md", ".toml", ".jinja", ".txt", ".css", ".in", ".lock", ""}
    and "static" not in path.parts
]
# Nothing of the place where it is written may enter: paths of a machine, addresses of package registries.
FOREIGN = re.compile(r"/work/(main|shared)|/root/|pypi\.org|registry\.npmjs|deb\.debian\.org|files\.pythonhosted")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    source = path.read_text("utf-8")

    assert len(source.splitlines()) <= LINES_MAX
    assert ast.get_docstring(ast.parse(source)) is not None or path.name == "__init__.py"


def test_the_repository_speaks_of_the_project_alone() -> None:
    found = [name(path) for path in TEXTS if path != Path(__file__) and FOREIGN.search(path.read_text("utf-8"))]

    assert found == []


def test_no_line_asks_for_later_work() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [name(path) for path in SOURCES if path != Path(__file__) and marks.search(path.read_text("utf-8"))]

    assert found == []
