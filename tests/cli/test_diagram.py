"""`rashpath diagram`: pictures as files, through a server and without one."""

from __future__ import annotations

import subprocess
from xml.etree import ElementTree

import pytest


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("path.svg", b"<?xml"),
        ("path.png", b"\x89PNG"),
        ("path.dot", b"digraph"),
        ("path.gv", b"digraph"),
        ("path.mmd", b"---\ntitle"),
    ],
)
def test_the_name_of_the_file_decides_the_format(run, data, tmp_path, name, beginning):
    """Who names a file gets what its name says, drawn by the server."""
    done = run("diagram", "--case", str(data / "spreading.yaml"), "-o", str(tmp_path / name))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).read_bytes().startswith(beginning)


def test_local_and_remote_draw_the_same(run, alone, data, tmp_path):
    """The picture does not depend on where it is drawn."""
    words = ("diagram", "--case", str(data / "spreading.yaml"), "--detail", "overview", "-o")
    remote, local = tmp_path / "remote.svg", tmp_path / "local.svg"
    assert run(*words, str(remote)).returncode == 0
    assert alone(*words, str(local), "--local").returncode == 0
    assert remote.read_bytes() == local.read_bytes()


def test_without_a_file_svg_goes_to_stdout(alone):
    """The guideline alone can be piped on."""
    done = alone("diagram", "--local", "--detail", "overview")
    assert done.returncode == 0, done.stderr
    assert ElementTree.fromstring(done.stdout).tag.endswith("svg")


def test_masked_pictures_show_no_values(alone, data):
    """`--mask` leaves out what is known of the patient."""
    words = ("diagram", "--local", "--case", str(data / "spreading.yaml"), "--format", "mermaid")
    assert "rash trend: spreading" in alone(*words).stdout
    assert "rash trend: spreading" not in alone(*words, "--mask").stdout


def test_png_resolution_changes_the_size(alone, tmp_path):
    """`--dpi` makes a picture finer."""
    sizes = []
    for dots in ("50", "100"):
        path = tmp_path / f"{dots}.png"
        words = ("--local", "--detail", "overview", "--dpi", dots, "-o", str(path))
        assert alone("diagram", *words).returncode == 0
        sizes.append(int.from_bytes(path.read_bytes()[16:20], "big"))
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=2)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("-o", "path.xyz"), 2, "`path.xyz` ends in none of `.svg`"),
        (("--case", "a.yaml", "--decision", "X"), 2, "`--case` or `--decision`, not both"),
        (("--guideline", "small@9.9.9"), 3, "small"),
        (("--dpi", "1000"), 2, "--dpi"),
        (("-o", "no/such/folder/path.svg"), 1, "`no/such/folder/path.svg`: "),
    ],
)
def test_what_cannot_be_drawn_is_refused(alone, words, code, told):
    """A wrong word gets a plain error and the exit code for it."""
    done = alone("diagram", "--local", *words)
    assert done.returncode == code, done.stderr
    assert told in done.stderr


def test_a_png_is_not_written_to_a_terminal(program, environment):
    """Bytes would spoil the terminal, so a file is asked for."""
    script = f"script -qec '{program} diagram --local --format png' /dev/null"
    done = subprocess.run(
        script, shell=True, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert "a PNG cannot be shown in a terminal" in done.stdout + done.stderr
