"""The builder of pages: what it escapes, and what it leaves out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rashpath.cli.html import bullets, css_string, definitions, document, element, join, table
from tests.report.reading import read_page


@given(text=st.text())
def test_any_text_comes_back_as_text(text):
    """Whatever a text holds, a reader of the page sees no element of it."""
    reading = read_page(element("p", text, class_=text).markup)
    assert [tag for tag, _ in reading.tags] == ["p"]
    assert reading.faults == []


@given(text=st.text())
def test_a_style_string_ends_where_it_should(text):
    """No text can leave its place in a style sheet."""
    inner = css_string(text)[1:-1]
    assert not set('"<>{}\n;/@') & set(inner)


def test_empty_parts_vanish():
    """Lists, pairs and attributes without content leave no trace."""
    assert bullets([]).markup == ""
    assert definitions([("name", "")]).markup == ""
    assert element("p", "a", id="").markup == "<p>a</p>"
    assert join(["a", "", "b"], ", ").markup == "a, b"


def test_a_table_heads_its_columns_and_rows():
    """Who hears a table read knows which row and column a cell is of."""
    made = table("Facts", ("Fact", "Value"), [("age", "45 years")]).markup
    assert '<th scope="col">Fact</th>' in made
    assert '<th scope="row">age</th><td>45 years</td>' in made


@pytest.mark.parametrize("text", ["</style><script>", 'x"}', "a\\b"])
def test_header_and_footer_cannot_break_the_style_sheet(text):
    """A page's margins hold any text without becoming markup."""
    reading = read_page(document("title", "body", header=text, footer=text))
    assert reading.faults == []
    assert reading.all("script") == []
