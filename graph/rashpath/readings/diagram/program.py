"""Runs graphviz-pure, the program that lays out and draws: DOT in, a picture out."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

from rashpath.facts.errors import RashpathError

NAME = "graphviz-pure"
SECONDS = 30.0
"""Longest that one run may take; a guideline of a hundred nodes takes less than a second."""


class DrawingError(RashpathError):
    """A picture that could not be drawn."""


def run(dot: str, *arguments: str, seconds: float = SECONDS) -> bytes:
    """Returns what the program writes for a DOT text.

    Args:
        dot: one or more graphs.
        arguments: of the program, such as ``-Tsvg``.
        seconds: longest that it may take, more than 0.

    Raises:
        DrawingError: the program is not installed, takes too long or refuses the text.

    Example:
        >>> run("digraph { a -> b }", "-Tsvg")[:5]
        b'<?xml'
    """
    try:
        done = subprocess.run(
            [find(), *arguments],
            input=dot.encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DrawingError(f"`{NAME}` took longer than {seconds:g} s") from None
    except OSError as error:
        raise DrawingError(f"`{NAME}` cannot be run: {(error.strerror or '').lower()}") from None
    if done.returncode != 0 or not done.stdout:
        # What it says may hold texts of the picture, and those hold facts of a patient.
        raise DrawingError(f"`{NAME}` refused the drawing (exit code {done.returncode})")
    return done.stdout


@cache
def find() -> str:
    """Returns the path of the program: beside this interpreter, else on the PATH.

    Raises:
        DrawingError: it is in neither place.
    """
    for folder in (sysconfig.get_path("scripts"), Path(sys.executable).parent):
        for name in (NAME, f"{NAME}.exe"):
            path = Path(folder) / name
            if path.is_file():
                return str(path)
    found = shutil.which(NAME)
    if found is None:
        raise DrawingError(f"`{NAME}` is not installed; `pip install {NAME}` brings it")
    return found
