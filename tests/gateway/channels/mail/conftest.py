"""A fresh SQLite database, made already."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """For what the kind of database does not change."""
    shutil.copy(sqlite_template, tmp_path / "quick.db")
    return f"sqlite:///{tmp_path / 'quick.db'}"
