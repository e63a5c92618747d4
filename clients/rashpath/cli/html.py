"""Builds HTML whose text is escaped by construction, and whole pages that need nothing else."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

VOID = frozenset({"br", "col", "hr", "meta"})
"""Elements that have no content and no end."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser lets a page do: nothing but show itself. No script runs, nothing is fetched."""

_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_LAYOUT = "\n\t"


@dataclass(frozen=True, slots=True)
class Html:
    """Text that is HTML already; plain text becomes such by :func:`escape` alone."""

    markup: str


Content = Html | str | Iterable["Content"]
"""What an element may hold: HTML, plain text that is escaped, or several of either."""

NOTHING = Html("")


def element(name: str, /, *content: Content, **attributes: str) -> Html:
    """Returns an element.

    Args:
        name: its name, such as ``td``; written by us, never taken from data.
        content: what it holds; empty texts vanish.
        attributes: by name, with ``_`` for ``-`` and one more behind Python's own words, such as
            ``class_``. Empty ones are left out.

    Example:
        >>> element("p", "1 < 2", class_="note").markup
        '<p class="note">1 &lt; 2</p>'
    """
    written = "".join(
        f' {attribute_name(key)}="{escape(value)}"' for key, value in attributes.items() if value
    )
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(content).markup}</{name}>")


def attribute_name(key: str) -> str:
    """Returns the name of an attribute as HTML spells it."""
    return key.removesuffix("_").replace("_", "-")


def join(content: Content, between: str = "") -> Html:
    """Returns content as one piece of HTML, with a plain text between its parts."""
    match content:
        case Html():
            return content
        case str():
            return Html(escape(content))
        case _:
            parts = (join(part).markup for part in content)
            return Html(escape(between).join(part for part in parts if part))


def escape(text: str) -> str:
    """Returns plain text as HTML, for content and attributes alike.

    Characters that nobody sees (controls, and those that turn the direction of writing) are written
    out, so that a caller's name cannot pass for another.

    >>> escape("a<b" + chr(0x202E))
    'a&lt;b[U+202E]'
    """
    if not text.isprintable():
        text = "".join(_visible(each) for each in text)
    return html.escape(text, quote=True)


def _visible(character: str) -> str:
    if character in _LAYOUT or unicodedata.category(character) not in _INVISIBLE:
        return character
    return f"[U+{ord(character):04X}]"


def definitions(pairs: Iterable[tuple[str, Content]], class_: str = "") -> Html:
    """Returns a list of names with what each is; pairs without content are left out."""
    rows = [
        element("div", element("dt", name), element("dd", shown))
        for name, content in pairs
        if (shown := join(content)).markup
    ]
    return element("dl", rows, class_=class_) if rows else NOTHING


def bullets(items: Iterable[Content], class_: str = "") -> Html:
    """Returns a list without order; nothing where there are no items."""
    rows = [element("li", item) for item in items]
    return element("ul", rows, class_=class_) if rows else NOTHING


def table(
    caption: Content, headings: Iterable[str], rows: Iterable[Iterable[Content]], class_: str = ""
) -> Html:
    """Returns a table whose first column heads its rows.

    Args:
        caption: what the table shows.
        headings: one a column.
        rows: one cell a column.
        class_: class of the table.
    """
    head = element("tr", [element("th", each, scope="col") for each in headings])
    body = [
        element(
            "tr",
            [
                element("td", cell) if place else element("th", cell, scope="row")
                for place, cell in enumerate(row)
            ],
        )
        for row in rows
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", body),
        class_=class_,
    )


def document(
    title: str, body: Content, *, header: str = "", footer: str = "", language: str = "en"
) -> str:
    """Returns a page that a browser shows and prints without fetching anything.

    Args:
        title: for the window and the archive; must hold no value of a patient.
        body: the page.
        header: stands above each printed page.
        footer: stands below each printed page, left of the page number.
        language: of the texts.
    """
    style = files("rashpath.cli").joinpath("paper.css").read_text(encoding="utf-8")
    margins = (
        f"@page {{ @top-left {{ content: {css_string(header)} }} "
        f"@bottom-left {{ content: {css_string(footer)} }} }}"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="robots", content="noindex"),
        element("title", title),
        # Our own style sheet, and two texts in which every character that could end it is coded.
        Html(f"<style>\n{style}{margins}\n</style>"),
    )
    page = element("html", head, element("body", body), lang=language)
    return f"<!DOCTYPE html>\n{page.markup}\n"


def css_string(text: str) -> str:
    r"""Returns a text as a CSS string that can hold no markup.

    >>> print(css_string('a"</style>'))
    "a\22 \3c \2f style\3e "
    """
    safe = "".join(
        each if each.isascii() and (each.isalnum() or each in " .,:-_") else f"\\{ord(each):x} "
        for each in text
    )
    return f'"{safe}"'
