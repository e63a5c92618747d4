"""Writes the generated code, or checks that the committed code is current.

The .proto files below `proto/` are one source: `clients/` takes what protoc and mypy-protobuf make
of them. `kernel.c`, with what it includes, is the other: `kernel_wasm.py` beside it holds the
WebAssembly that Zig's C compiler makes of it. The versions of all of them are pinned in
`pyproject.toml`, so the bytes can be compared.

    python .ci/generate.py           writes
    python .ci/generate.py --check   writes nothing; exit code 5 and the names of what differs
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from base64 import b85encode
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
CLIENTS = ROOT / "clients"
KERNEL = ROOT / "graph" / "rashpath" / "readings" / "compiled" / "kernel.c"
CHECK_FAILED = 5

COMPILE = (
    *("cc", "-target", "wasm32-freestanding", "-Os", "-mbulk-memory", "-ffp-contract=off", "-s"),
    *("-Wl,--no-entry", "-Wall", "-Wextra", "-Werror"),
)
"""Zig's C compiler, to a module that asks nothing of where it runs, and holds no path."""

BASE85_OF_A_LINE = 90
"""Characters; with quotes and indent a line stays within 100."""


def main(arguments: list[str]) -> int:
    """Writes or checks; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        if generate(Path(folder)) != 0:
            return 1
        wanted = {f"clients/{path}": content for path, content in read(Path(folder)).items()}
    present = {f"clients/{path}": content for path, content in read(CLIENTS).items()}
    kernel = KERNEL.with_name("kernel_wasm.py")
    name = kernel.relative_to(ROOT).as_posix()
    with tempfile.TemporaryDirectory() as folder:
        module = compiled(KERNEL, Path(folder))
    if module is None:
        return 1
    wanted[name] = written(sorted(KERNEL.parent.glob("*.c")), module)
    if kernel.exists():
        present[name] = kernel.read_bytes()
    stale = sorted(
        path for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path)
    )
    if "--check" in arguments:
        for path in stale:
            print(f"error: `{path}` is not current; run `make generate`", file=sys.stderr)
        return CHECK_FAILED if stale else 0
    for path in stale:
        if path in wanted:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_bytes(wanted[path])
        else:
            (ROOT / path).unlink()
        print(path)
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


def compiled(source: Path, folder: Path) -> bytes | None:
    """Returns the WebAssembly module of a C source; None where the compiler refuses it.

    Args:
        source: the source.
        folder: an empty folder; the compiler keeps in it what it would keep in the home folder.
    """
    module = folder / "kernel.wasm"
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", *COMPILE, "-o", str(module), source.name],
        cwd=source.parent,
        env=os.environ | {f"ZIG_{which}_CACHE_DIR": str(folder) for which in ("GLOBAL", "LOCAL")},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return module.read_bytes() if done.returncode == 0 else None


def written(sources: list[Path], module: bytes) -> bytes:
    """Returns the Python module that holds a WebAssembly module, and says what it was made of."""
    text = b85encode(module).decode()
    parts = (text[at : at + BASE85_OF_A_LINE] for at in range(0, len(text), BASE85_OF_A_LINE))
    lines = [
        '"""The kernel as WebAssembly. Generated from kernel.c by `make generate`; do not edit.',
        "",
        f"ziglang {version('ziglang')}",
        *(
            f"sha256 of {each.name} {hashlib.sha256(each.read_bytes()).hexdigest()}"
            for each in sources
        ),
        f"sha256 of the module {hashlib.sha256(module).hexdigest()}",
        '"""',
        "",
        "from base64 import b85decode",
        "from typing import Final",
        "",
        "KERNEL: Final = b85decode(",
        *(f'    "{part}"' for part in parts),
        ")",
        "",
    ]
    return "\n".join(lines).encode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
