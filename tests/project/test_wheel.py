"""Checks what an installation gets: builds the wheel, without network, and looks into it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run(
        [*command, "--no-build-isolation", "--wheel-dir", str(folder), str(root)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("rashpath-*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_wheel_holds_rashpath_and_nothing_beside_it(wheel):
    """Installing rashpath puts no other name into the environment."""
    tops = {name.split("/")[0] for name in wheel}
    assert {"rashpath"} == {top for top in tops if not top.endswith(".dist-info")}
    assert "rashpath/__init__.py" not in wheel


def test_wheel_holds_all_that_the_sources_hold(wheel, root, files):
    """Code, generated code, types marks and guidelines all arrive."""
    expected = {
        path.relative_to(root / top).as_posix()
        for top in ("graph", "server", "clients")
        for path in files
        if path.is_relative_to(root / top / "rashpath")
    }
    assert expected == {name for name in wheel if name.startswith("rashpath/")}


def test_wheel_brings_a_guideline(wheel):
    """An installed server has a guideline to decide by."""
    assert [
        name for name in wheel if name.startswith("rashpath/content/") and name.endswith(".yaml")
    ]


def test_wheel_brings_the_program_and_the_licence(wheel):
    """An installation has the command `rashpath` and states its terms."""
    names = {name.split(".dist-info/")[-1] for name in wheel if ".dist-info/" in name}
    assert {"entry_points.txt", "licenses/LICENSE"} <= names
