"""Lays out lines for people: wrapped, with a right-hand column, in colour where that is wanted."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

WIDEST = 100
NARROWEST = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, which wraps where it is longer than the page.

    Args:
        text: the line.
        mark: what stands before it; wrapped lines are indented by as much.
        right: what stands at the right-hand edge, such as citations.
        style: style in the terms of rich, such as ``bold``; empty: none.
    """

    text: str = ""
    mark: str = ""
    right: str = ""
    style: str = ""


def show(lines: Iterable[Line]) -> None:
    """Prints lines on stdout."""
    laid_out = lay_out(lines, page_width())
    if not wants_colour():
        for text, _ in laid_out:
            print(text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for text, style in laid_out:
        console.print(Text(text, style=style), end="\n")


def lay_out(lines: Iterable[Line], width: int) -> Iterator[tuple[str, str]]:
    """Yields each printed line with its style.

    Args:
        lines: what to print.
        width: characters in a line, at least 20 more than the longest mark.
    """
    for line in lines:
        room = width - len(line.mark)
        beside = room - len(line.right) - 2 if line.right else room
        below = beside < 30 and bool(line.right)
        wrapped = textwrap.wrap(line.text, max(room if below else beside, 20)) or [""]
        indent = " " * len(line.mark)
        for number, text in enumerate(wrapped):
            left = (indent if number else line.mark) + text
            if number == 0 and line.right and not below:
                left = left.ljust(width - len(line.right)) + line.right
            yield left.rstrip(), line.style
        if below:
            for text in textwrap.wrap(line.right, max(room, 20)):
                yield indent + text, line.style


def page_width() -> int:
    """Returns how wide a page is: that of the terminal, between 60 and 100; 100 without one."""
    if not _is_terminal():
        return WIDEST
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))


def wants_colour() -> bool:
    """Tells whether stdout takes colour: a terminal, and ``NO_COLOR`` is not set."""
    return _is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
