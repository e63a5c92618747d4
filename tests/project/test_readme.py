"""Runs what the README and the documents tell a reader to type.

A block fenced as `console` holds commands behind `$ ` (a line that ends in a backslash goes on)
and, between them, what they print, which is not compared. A block fenced as `sh` or `bash` holds
commands only, one fenced as `python` a program. The blocks of a document run in order, in a copy of
the repository that has a `.venv`, with nothing on standard input and RASHPATH_ADDRESS naming a
running server.

- `make TARGET` is not run here but must be a step of `.ci/run`, which runs it as it stands.
- `rashpath serve` is started on a free port, awaited, and stopped.
- `<!-- exit: 2 -->` before a block: its last command ends so.
- `<!-- not run: reason -->` before a block: it is left out, and the reason is told as a skip.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELLS = ("console", "sh", "bash")
PYTHON = "python"
SECONDS = 60
FENCE = re.compile(r"^(?P<indent> {0,3})(?P<fence>`{3,}|~{3,})\s*(?P<language>\w*)")
NOTE = re.compile(r"<!--\s*(?P<key>not run|exit):\s*(?P<value>.*?)\s*-->")
MAKE = re.compile(r"make\b(?P<words>.*)")
SERVE = re.compile(r"(?:\S*/)?rashpath serve\b(?!.*--help)(?P<arguments>[^&]*)&?")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of commands in a document."""

    document: str
    line: int
    commands: tuple[str, ...]
    not_run: str | None = None
    exit_code: int = 0

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def read_blocks(text: str, document: str) -> list[Block]:
    """Returns the blocks of commands of a Markdown text, in order."""
    blocks: list[Block] = []
    notes: dict[str, str] = {}
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        fence = FENCE.match(line)
        if fence is None:
            if line.strip():
                notes = {note["key"]: note["value"] for note in NOTE.finditer(line)}
            continue
        body: list[str] = []
        for _, inner in lines:
            if inner.strip().startswith(fence["fence"]) and not inner.strip().strip("`~"):
                break
            body.append(inner.removeprefix(fence["indent"]))
        if fence["language"] in (*SHELLS, PYTHON):
            commands = (
                (program(body),)
                if fence["language"] == PYTHON
                else read_commands(body, prompted=fence["language"] == "console")
            )
            exit_code = int(notes.get("exit", "0"))
            blocks.append(Block(document, number, commands, notes.get("not run"), exit_code))
        notes = {}
    return blocks


def read_commands(body: list[str], *, prompted: bool) -> tuple[str, ...]:
    """Returns the commands of a block; without prompts, what is not handled apart is a script."""
    commands: list[str] = []
    goes_on = False
    if not prompted and not any(line.startswith("$ ") for line in body):
        for line in body:
            apart = bool(MAKE.fullmatch(line) or SERVE.fullmatch(line))
            if goes_on and not apart:
                commands[-1] += f"\n{line}"
            else:
                commands.append(line)
            goes_on = not apart
        return tuple(commands)
    for line in body:
        if goes_on:
            commands[-1] += f"\n{line}"
        elif line.startswith("$ "):
            commands.append(line.removeprefix("$ "))
        else:
            continue
        goes_on = line.endswith("\\")
    return tuple(commands)


def program(body: list[str]) -> str:
    """Returns the command that runs a Python program."""
    return "\n".join(["python - <<'END_OF_PROGRAM'", *body, "END_OF_PROGRAM"])


def documents() -> list[Path]:
    """Returns the README and every document."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


BLOCKS = [
    block
    for path in documents()
    for block in read_blocks(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
]


def environment(**more: str) -> dict[str, str]:
    """Returns this process's environment with `.venv/bin` first, and nothing of rashpath's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RASHPATH_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "TERM": "dumb"} | more


@contextmanager
def serving(folder: Path, arguments: str = "", address: str | None = None) -> Iterator[str]:
    """Runs `rashpath serve` on a free port; at the end it must stop with exit code 0."""
    ready = folder / ".address"
    ready.unlink(missing_ok=True)
    log = folder / ".log"
    command = ["rashpath", "serve", *shlex.split(arguments)]
    variables = {"RASHPATH_ADDRESS": address or "127.0.0.1:0", "RASHPATH_READY_FILE": str(ready)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            deadline = time.monotonic() + SECONDS
            while not ready.exists():
                assert process.poll() is None, f"the server ended: {log.read_text()}"
                assert time.monotonic() < deadline, f"the server is not ready: {log.read_text()}"
                time.sleep(0.05)
            yield ready.read_text().strip()
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0, log.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture(scope="module", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the ledgers of the servers out of the state folder of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.delenv("STATE_DIRECTORY", raising=False)
        yield


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory):
    """Returns, for a document, the copy of the repository in which its blocks run."""
    made: dict[str, Path] = {}

    def copy(document: str) -> Path:
        if document not in made:
            folder = tmp_path_factory.mktemp("copy") / "rashpath"
            hidden = shutil.ignore_patterns(
                ".venv", ".git", "__pycache__", ".*_cache", ".hypothesis"
            )
            shutil.copytree(ROOT, folder, ignore=hidden)
            # Its own folder with links, so that nothing typed here can change the real one.
            environment = folder / ".venv"
            (environment / "bin").mkdir(parents=True)
            for name in ("lib", "pyvenv.cfg"):
                (environment / name).symlink_to(Path(sys.prefix) / name)
            for program in Path(sys.executable).parent.iterdir():
                (environment / "bin" / program.name).symlink_to(program)
            made[document] = folder
        return made[document]

    return copy


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server."""
    with serving(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_commands_of_the_documents_work(block, copies, request):
    """What a document tells the reader to type works as it stands."""
    if block.not_run is not None:
        pytest.skip(f"{block}: {block.not_run}")
    folder = copies(block.document)
    script: list[str] = []
    for command in block.commands:
        if make := MAKE.fullmatch(command.strip()):
            targets = set(re.findall(r"(?<=\s)[a-z][a-z-]*(?!\S)", make["words"])) - {"help"}
            left = targets - steps_of_ci()
            assert left == set(), f"{block}: `.ci/run` does not run `make {' '.join(left)}`"
        elif serve := SERVE.fullmatch(command.strip()):
            with serving(folder, serve["arguments"]):
                pass
        else:
            script.append(command)
    if script:
        server = request.getfixturevalue("server")
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", "\n".join(script)],
            cwd=folder,
            env=environment(RASHPATH_ADDRESS=server),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert block.exit_code == done.returncode, f"{block}\n{done.stdout}\n{done.stderr}"


def steps_of_ci() -> set[str]:
    """Returns the make targets that `.ci/run` runs."""
    steps = re.findall(r"^step make .*$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    return {word for step in steps for word in step.split()[2:] if not word.startswith("-")}


def test_readme_names_the_two_commands():
    """A newcomer finds `make demo` and `make test` in the README."""
    commands = {
        line.strip()
        for block in BLOCKS
        if block.document == "README.md" and block.not_run is None
        for command in block.commands
        for line in command.splitlines()
    }
    assert {"make demo", "make test"} <= commands


def test_blocks_that_are_not_run_say_why():
    """A block is left out only with a reason that a reader can judge."""
    assert [str(block) for block in BLOCKS if block.not_run is not None and not block.not_run] == []


def test_ci_runs_the_two_commands():
    """`.ci/run` runs what the README promises."""
    assert {"setup", "demo", "test", "lint", "check-generated"} <= steps_of_ci()


def test_commands_are_found_in_a_document():
    """Prompts, continued lines, output, scripts, programs and notes are told apart."""
    text = """\
Some text with `$ not a command`.

```console
$ rashpath evaluate a.yaml \\
    --format json
{"status": "DECIDED"}
$ echo done
```

<!-- not run: needs a cluster -->

```sh
kubectl apply -f x.yaml
```
<!-- exit: 2 -->
```bash
cd docs
rashpath evaluate typo.yaml
```
```text
$ no command
```
```python
print("a program")
```
```sh
make demo
```
"""
    assert [
        Block("x.md", 3, ("rashpath evaluate a.yaml \\\n    --format json", "echo done")),
        Block("x.md", 12, ("kubectl apply -f x.yaml",), "needs a cluster"),
        Block("x.md", 16, ("cd docs\nrashpath evaluate typo.yaml",), None, 2),
        Block("x.md", 23, ("python - <<'END_OF_PROGRAM'\nprint(\"a program\")\nEND_OF_PROGRAM",)),
        Block("x.md", 26, ("make demo",)),
    ] == read_blocks(text, "x.md")
