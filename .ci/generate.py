"""Writes the Python code of the contract, or checks that the committed code is current.

The .proto files below `proto/` are the source, `clients/` takes what protoc and mypy-protobuf make
of them. The versions of both are pinned in `pyproject.toml`, so the bytes can be compared.

    python .ci/generate.py           writes
    python .ci/generate.py --check   writes nothing; exit code 5 and the names of what differs
"""

from __future__ import annotations

import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
CLIENTS = ROOT / "clients"
CHECK_FAILED = 5


def main(arguments: list[str]) -> int:
    """Writes or checks; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        if generate(Path(folder)) != 0:
            return 1
        wanted = read(Path(folder))
    present = read(CLIENTS)
    stale = sorted(
        path for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path)
    )
    if "--check" in arguments:
        for path in stale:
            print(f"error: `clients/{path}` is not current; run `make generate`", file=sys.stderr)
        return CHECK_FAILED if stale else 0
    for path in stale:
        if path in wanted:
            (CLIENTS / path).parent.mkdir(parents=True, exist_ok=True)
            (CLIENTS / path).write_bytes(wanted[path])
        else:
            (CLIENTS / path).unlink()
        print(f"clients/{path}")
    return 0


def generate(folder: Path) -> int:
    """Runs protoc on every .proto file; what it makes goes below the folder."""
    sources = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.rglob("*.proto"))
    tools = Path(sys.executable).parent
    code: int = protoc.main(
        [
            "protoc",
            f"-I{PROTO}",
            f"-I{files('grpc_tools') / '_proto'}",
            f"--plugin=protoc-gen-mypy={tools / 'protoc-gen-mypy'}",
            f"--plugin=protoc-gen-mypy_grpc={tools / 'protoc-gen-mypy_grpc'}",
            f"--python_out={folder}",
            f"--grpc_python_out={folder}",
            f"--mypy_out=quiet:{folder}",
            f"--mypy_grpc_out=quiet:{folder}",
            *sources,
        ]
    )
    for path in folder.rglob("*_pb2_grpc.py*"):
        # protoc writes an empty module for a file without services; nobody needs it.
        if "add_" not in path.read_text():
            path.unlink()
    return code


def read(root: Path) -> dict[str, bytes]:
    """Returns the generated files below a folder, by their path in it."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for pattern in ("*_pb2.py*", "*_pb2_grpc.py*")
        for path in root.rglob(pattern)
        if "__pycache__" not in path.parts
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
