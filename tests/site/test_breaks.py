"""Long names may be broken between their words."""

from __future__ import annotations

from tools.site.breaks import with_breaks


def test_a_long_name_in_the_text_may_be_broken_between_its_words() -> None:
    page = "<p><code>tests/saves/test_one.py::test_two</code></p>"
    assert "/<wbr>test_<wbr>one.<wbr>py::<wbr>test_<wbr>two" in with_breaks(page)
    assert with_breaks(page).replace("<wbr>", "") == page


def test_in_a_table_shorter_names_may_be_broken_too() -> None:
    code = "<code>Decide(words=False)</code>"
    assert with_breaks(code) == code
    assert with_breaks(f"<td>{code}</td>") == "<td><code>Decide(<wbr>words=False)</code></td>"


def test_short_names_and_blocks_of_code_stay_as_they_are() -> None:
    for page in (
        "<code>would_exceed</code>",
        "<pre><code>python -m tests/saves/test_one_more_name.py</code></pre>",
        "<pre><span></span><code>python -m tests/saves/test_one_more_name.py\n</code></pre>",
    ):
        assert with_breaks(page) == page
