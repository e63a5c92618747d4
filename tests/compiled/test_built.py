"""The kernel that runs is the one whose source is read."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from rashpath.readings.compiled import kernel_wasm
from rashpath.readings.compiled.kernel_wasm import KERNEL

ROOT = Path(__file__).parents[2]
FOLDER = Path("graph/rashpath/readings/compiled")


def test_the_module_was_made_of_the_source_that_lies_beside_it() -> None:
    """A change of a C source that was not compiled shows without a compiler."""
    said = dict(re.findall(r"sha256 of (\S+|the module) (\w{64})", kernel_wasm.__doc__ or ""))
    parts = {path.name: path.read_bytes() for path in (ROOT / FOLDER).glob("*.c")}
    parts["the module"] = KERNEL
    assert {"kernel.c", "answer.c"} < parts.keys()
    assert said == {name: hashlib.sha256(part).hexdigest() for name, part in parts.items()}


def test_the_module_reaches_nothing_outside_it() -> None:
    """It imports nothing: no clock, no file, no memory but its own."""
    module = wasmtime.Module(wasmtime.Engine(), KERNEL)
    assert [each.name for each in module.imports] == []
    assert {"memory", "room", "load", "telling", "decide"} <= {each.name for each in module.exports}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of all generated code and what was made of them, in another folder."""
    folder = tmp_path_factory.mktemp("copied") / "elsewhere"
    for name in ("proto", "clients/rashpath/v1", "clients/rashpath/cel", FOLDER):
        shutil.copytree(ROOT / name, folder / name)
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "generate.py", folder / ".ci")
    return folder


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """Checks the generated code of a folder, as `make check-generated` does."""
    return subprocess.run(
        [sys.executable, str(folder / ".ci" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_same_source_gives_the_same_bytes_in_any_folder(copied: Path) -> None:
    """No path of a machine gets into what is generated."""
    done = check(copied)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["kernel.c", "answer.c"])
def test_a_source_that_was_changed_and_not_compiled_is_found(copied: Path, name: str) -> None:
    source = copied / FOLDER / name
    whole = source.read_text()
    source.write_text(whole + "EXPORTED(u32, one_more)(void) { return 1; }\n")
    try:
        done = check(copied)
    finally:
        source.write_text(whole)
    assert done.returncode == 5
    named = (FOLDER / "kernel_wasm.py").as_posix()
    assert done.stderr == f"error: `{named}` is not current; run `make generate`\n"


def test_a_source_that_the_compiler_refuses_is_an_error(copied: Path) -> None:
    """A warning is one too."""
    source = copied / FOLDER / "kernel.c"
    whole = source.read_text()
    source.write_text(whole + "static int unused(void) { return 0; }\n")
    try:
        done = check(copied)
    finally:
        source.write_text(whole)
    assert done.returncode == 1
    assert "unused function" in done.stderr
