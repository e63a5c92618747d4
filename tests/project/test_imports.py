"""Checks who imports whom: that the contracts of import-linter bite, and what they cannot say."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOTS = ("graph", "server", "clients")

LINT = """
import sys
site, *roots = sys.argv[1:]
sys.path[:0] = roots
sys.path.append(site)
from importlinter.cli import lint_imports
sys.exit(lint_imports(no_cache=True))
"""


def imported(path: Path) -> set[str]:
    """Returns the full names of the modules that a file imports, wherever it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def is_ours(root: Path, path: Path) -> bool:
    """Tells whether a file is part of the product."""
    return path.relative_to(root).parts[0] in ROOTS


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs import-linter on a copy of the sources, blind to the installed project (-S)."""
    roots = [str(folder / name) for name in ROOTS]
    return subprocess.run(
        [sys.executable, "-S", "-c", LINT, sysconfig.get_path("purelib"), *roots],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def sources(root: Path, tmp_path: Path) -> Path:
    """A copy of the sources that a test may spoil."""
    for name in ROOTS:
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("graph/rashpath/expression", "import rashpath.guideline.model", "facts <- expression"),
        ("graph/rashpath/facts", "import grpc", "neither the wire nor the store"),
        ("clients/rashpath/client", "import rashpath.facts.show", "client knows only"),
        ("server/rashpath/service", "import rashpath.cli.words", "none of its clients"),
        ("clients/rashpath/v1", "import rashpath.facts.show", "contract knows none of us"),
        (
            "clients/rashpath/cli",
            "import rashpath.v1.decision_service_pb2_grpc",
            "only service and client",
        ),
    ],
)
def test_forbidden_import_is_caught(sources, module, line, contract):
    """Each contract refuses an import that breaks it, and says which contract that is."""
    (sources / module / "spoiled.py").write_text(f"{line}\n")
    done = lint(sources)
    broken = [text for text in done.stdout.splitlines() if text.endswith("BROKEN")]
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(contract in text for text in broken), broken


def test_present_imports_are_allowed(sources):
    """What catches a bad import lets the present ones pass: the check is not always red."""
    done = lint(sources)
    assert done.returncode == 0, done.stdout + done.stderr


def test_client_needs_only_the_contract_and_grpc(root, python_files):
    """Who takes only the client pays for nothing else."""
    allowed = {"grpc", "google"} | sys.stdlib_module_names
    foreign = {
        f"{path.name}: {name}"
        for path in python_files
        if path.is_relative_to(root / "clients" / "rashpath" / "client")
        for name in imported(path)
        if name.split(".")[0] not in allowed
        and not name.startswith(("rashpath.v1", "rashpath.client"))
    }
    assert set() == foreign


def test_every_generated_stub_is_protected(root):
    """A new service's stubs come under the contract that only service and client use them."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    protected = next(c["protected_modules"] for c in contracts if c["id"] == "stubs")
    stubs = (root / "clients").rglob("*_pb2_grpc.py")
    assert sorted(protected) == sorted(
        ".".join(path.relative_to(root / "clients").with_suffix("").parts) for path in stubs
    )


def test_every_imported_package_is_declared(root, python_files):
    """An installation has what the product imports, not by luck through another package."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    declared = {
        normal(re.split(r"[<>=!~;\[ ]", text)[0]) for text in [*project["dependencies"], *extras]
    }
    owners = dict(packages_distributions())
    # `google` is shared by several distributions; its second part tells them apart.
    owners |= {"google.protobuf": ["protobuf"], "google.rpc": ["googleapis-common-protos"]}
    missing = set()
    for path in python_files:
        if not is_ours(root, path):
            continue
        for name in imported(path):
            parts = name.split(".")
            top = ".".join(parts[:2]) if parts[0] == "google" else parts[0]
            if top in sys.stdlib_module_names or top == "rashpath":
                continue
            # What is not installed here, as for long tests only, must be declared by that name.
            if not declared & {normal(owner) for owner in owners.get(top, [top])}:
                missing.add(f"{path.relative_to(root)}: {name}")
    assert set() == missing


def normal(name: str) -> str:
    """Returns the name of a distribution as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
