"""The program as a whole: help, version, completion, exit codes, and never a traceback."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

COMMANDS = [
    [],
    ["evaluate"],
    ["explain"],
    ["ask"],
    ["serve"],
    ["healthcheck"],
    ["completion"],
    ["guideline"],
    ["guideline", "list"],
    ["guideline", "show"],
    ["guideline", "lint"],
    ["guideline", "trace"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_an_example(alone, command):
    """Whoever asks for help with a command sees one to type."""
    done = alone(*command, "--help")
    assert done.returncode == 0
    assert "Examples:\n    " in done.stdout
    assert " ".join(["rashpath", *command]) in done.stdout.split("Examples:")[1]


def test_version_is_one_line(alone):
    """The version can be read by a script."""
    done = alone("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("rashpath ")
    assert done.stdout.count("\n") == 1


def test_remote_commands_do_not_load_the_engine(alone, data):
    """A command that asks a server starts without paying for networkx and CEL."""
    done = alone(
        "evaluate",
        str(data / "spreading.yaml"),
        "--address",
        "localhost:1",
        "--timeout",
        "2",
        PYTHONPROFILEIMPORTTIME="1",
    )
    assert done.returncode == 4
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "grpc" in imported
    assert {"networkx", "cel_expr_python", "rashpath.guideline"} & imported == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_printed(alone, shell):
    """The script of each shell asks the program for what fits."""
    done = alone("completion", shell)
    assert done.returncode == 0
    assert "_RASHPATH_COMPLETE" in done.stdout


def test_completion_offers_facts(alone):
    """The facts of the dictionary complete `--what-if`."""
    done = alone(
        _RASHPATH_COMPLETE="complete_bash",
        COMP_WORDS="rashpath explain case.yaml --what-if rash.tr",
        COMP_CWORD="4",
    )
    assert "rash.trend=" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluat"], "did you mean `evaluate`"),
        (["evaluate"], "missing argument `CASE`"),
        (["evaluate", "x.yaml", "--format", "xml"], "`xml` is not one of"),
        (["evaluate", "x.yaml", "y.yaml", "--format", "yaml"], "is for one case"),
        (["evaluate", "x.yaml", "--timeout", "0"], "`--timeout` must be more than 0"),
        (["evaluate", "x.yaml", "--guideline", "a@"], "no version behind the `@`"),
        (["ask", "-"], "the case must be a file"),
        (["guideline", "lint", "nowhere.yaml"], "`nowhere.yaml`: no such file"),
        (["serve", "--workers", "0"], "`--workers`"),
        (["serve", "--settings", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_usage_errors_say_what_to_mend_and_exit_with_2(alone, arguments, words):
    """A command line that cannot be understood is told on stderr, and nothing is done."""
    done = alone(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words.lower() in done.stderr.lower()


def test_no_server_exits_with_4_and_says_what_to_do(alone, data):
    """Without a server the user learns how to start one, or to do without."""
    done = alone(
        "evaluate", str(data / "spreading.yaml"), "--address", "localhost:1", "--timeout", "2"
    )
    assert done.returncode == 4
    assert done.stdout == ""
    assert "`rashpath serve`" in done.stderr
    assert "`--local`" in done.stderr


def test_deadline_exits_with_4(run, data):
    """A deadline that nothing could keep is told as such."""
    done = run("evaluate", str(data / "spreading.yaml"), "--timeout", "0.000001")
    assert done.returncode == 4


def test_a_reader_that_goes_away_is_no_error(server, program, environment, data):
    """`rashpath ... | head -1` ends quietly, and with the exit code of an answer."""
    command = f"{program} evaluate {data / 'spreading.yaml'} --format json --view full | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        env=environment | {"RASHPATH_ADDRESS": server},
        check=False,
    )
    assert done.stdout == "{\n"
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_that_want_it(
    server, program, environment, data, no_color, coloured
):
    """On a terminal the page has colour, unless NO_COLOR is set."""
    shown = _on_a_terminal(
        [str(program), "evaluate", str(data / "spreading.yaml")],
        environment | {"RASHPATH_ADDRESS": server, "NO_COLOR": no_color, "TERM": "xterm"},
    )
    assert "SAME DAY" in shown
    assert ("\x1b[" in shown) is coloured


def test_no_colour_in_a_pipe(run, data):
    """A page that goes into a file has no escape codes."""
    done = run("evaluate", str(data / "spreading.yaml"))
    assert "\x1b" not in done.stdout + done.stderr


def _on_a_terminal(command: list[str], environment: dict[str, str]) -> str:
    parent, child = pty.openpty()
    process = subprocess.Popen(command, stdout=child, stderr=child, stdin=child, env=environment)
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(parent)
    assert process.wait(30) == 0
    return shown.decode()


def test_a_token_is_not_sent_in_the_clear(alone, data):
    """A token for another machine needs an encrypted connection."""
    done = alone(
        "evaluate", str(data / "spreading.yaml"), "--address", "far.test:1", RASHPATH_TOKEN="secret"
    )
    assert done.returncode == 2
    assert "give `--ca-file` too" in done.stderr
    assert "secret" not in done.stderr


def test_program_is_installed(program: Path):
    """The tests run the console script, as a user does."""
    assert program.is_file()
