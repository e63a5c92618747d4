"""Finishes an SVG of Graphviz: a text alternative, a page size, and nothing from elsewhere."""

from __future__ import annotations

import re
from html import escape

_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE.*?>\s*", re.DOTALL)
_OPENING = re.compile(r"<svg\b[^>]*>", re.DOTALL)
_VIEW = re.compile(r'viewBox="([^"]*)"')
_FAMILY = re.compile(r'font-family="[^"]*"')
_FONTS = "Arial, Arimo, Liberation Sans, Helvetica, sans-serif"
"""Fonts of equal widths, one of which nearly every system has."""


def finish(drawn: bytes, *, title: str, description: str, size_mm: tuple[float, float]) -> bytes:
    """Returns a self-contained SVG that says in words what it shows.

    Args:
        drawn: the SVG as Graphviz wrote it.
        title: what it is, in a few words.
        description: what it shows, for who cannot see it.
        size_mm: width and height when printed.
    """
    text = _DOCTYPE.sub("", _COMMENT.sub("", drawn.decode()))
    text = _FAMILY.sub(f'font-family="{_FONTS}"', text)
    opening = _OPENING.search(text)
    view = _VIEW.search(opening.group()) if opening is not None else None
    assert opening is not None, "Graphviz writes an svg element"
    assert view is not None, "Graphviz writes its view box"
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-labelledby="picture_title picture_description" '
        f'width="{size_mm[0]:.1f}mm" height="{size_mm[1]:.1f}mm" viewBox="{view[1]}">\n'
        f'<title id="picture_title">{escape(title)}</title>\n'
        f'<desc id="picture_description">{escape(description)}</desc>'
    )
    return (text[: opening.start()] + root + text[opening.end() :]).encode()
