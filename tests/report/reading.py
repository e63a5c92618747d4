"""Reads a page strictly: what opens is closed, and nothing is there that should not be."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from rashpath.cli.html import VOID


@dataclass
class Reading:
    """A page as it was read.

    Args:
        tags: every opening tag with its attributes, in order.
        faults: what is not well-formed.
        text: all text outside of the style sheet.
    """

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list[dict[str, str]]:
        """Returns the attributes of each element of a name."""
        return [attributes for tag, attributes in self.tags if tag == name]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.reading = Reading()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.reading.faults.append(f"<{tag}> has an attribute twice")
        self.reading.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.reading.faults.append(f"</{tag}> closes {self.open[-1:]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.reading.text += data


def read_page(page: str) -> Reading:
    """Returns a page as it was read."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    reader.reading.faults.extend(f"<{each}> is not closed" for each in reader.open)
    return reader.reading
