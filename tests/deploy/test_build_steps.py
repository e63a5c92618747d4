"""The build steps of the container file, run for real, and the demo in what they make.

Long, since it installs every locked package: the RUN lines as they stand, with folders of this test
in place of those of the image. In short form the packages of the development stand in for the
downloads, and only the wheel is built and installed.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser

STEP_S = 300


def demo(root: Path, programs: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the demo with the programs of a folder, and nothing of the development on its path."""
    shutil.copytree(root / "docs" / "example", folder / "example")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        ["sh", str(folder / "example" / "demo.sh")],
        cwd=folder,
        env=kept | {"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def where(python: Path, module: str) -> str:
    """Returns the file from which a Python takes a module."""
    program = f"import {module}; print({module}.__file__)"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def run_steps(root: Path, deploy: Path, folder: Path) -> Path:
    """Runs what the build stage of the container file copies and runs; returns `/opt/rashpath`."""
    text = (deploy / "container" / "Containerfile").read_bytes()
    stage = folder / "build"
    stage.mkdir()
    instructions = DockerfileParser(fileobj=io.BytesIO(text)).structure
    _, last = (n for n, each in enumerate(instructions) if each["instruction"] == "FROM")
    for each in instructions[:last]:
        if each["instruction"] == "COPY":
            *sources, target = each["value"].split()
            for source in sources:
                if (root / source).is_dir():
                    shutil.copytree(root / source, stage / target)
                else:
                    shutil.copy(root / source, stage / target / source)
        elif each["instruction"] == "RUN":
            command = each["value"].replace("/opt/", f"{folder}/opt/")
            command = command.replace("python -m venv", f"{sys.executable} -m venv")
            subprocess.run(["sh", "-ec", command], cwd=stage, check=True, timeout=STEP_S)
    return folder / "opt" / "rashpath"


@pytest.mark.long
def test_the_container_s_build_steps_make_what_runs_the_demo(root, deploy, tmp_path) -> None:
    """In an empty environment, from the locked packages by hash and the wheel, the program serves,
    decides, explains and stops; no pip is left in it."""
    made = run_steps(root, deploy, tmp_path)
    python = made / "bin" / "python"
    assert Path(where(python, "rashpath.service.main")).is_relative_to(made)
    assert Path(where(python, "grpc")).is_relative_to(made)
    assert not (made / "bin" / "pip").exists()
    done = demo(root, made / "bin", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "start_foscarnet" in done.stdout
    assert "ended with exit code 0" in done.stdout


def test_the_wheel_alone_runs_the_demo(root, build_wheel, tmp_path) -> None:
    """Short form: nothing but the wheel is there of rashpath, the packages of the development
    stand in for the locked ones, and the demo runs."""
    made = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    python = made / "bin" / "python"
    (packages,) = (made / "lib").glob("python*/site-packages")
    for each in Path(sysconfig.get_path("purelib")).iterdir():
        if "rashpath" not in each.name and each.suffix != ".pth":
            (packages / each.name).symlink_to(each)
    wheel = build_wheel(root, tmp_path / "wheel")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    assert Path(where(python, "rashpath.service.main")).is_relative_to(made)
    assert Path(where(python, "rashpath.guideline")).is_relative_to(made)
    done = demo(root, made / "bin", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "start_foscarnet" in done.stdout
    assert "ended with exit code 0" in done.stdout
