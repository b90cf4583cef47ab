"""The examples in the documents do what the documents say, against a real server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.support import PAGES, ROOT, blocks, reader

pytestmark = pytest.mark.long

RUNNABLE = ("bash", "python")

WITH_EXAMPLES = [
    page
    for page in (str(path.relative_to(ROOT)) for path in PAGES)
    if any(block.language in RUNNABLE for block in blocks(page))
]


def matches(expected: str, printed: str) -> bool:
    """Whether this was printed; … in the page stands for anything on its line."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, printed.strip()) is not None


@pytest.mark.parametrize("page", WITH_EXAMPLES)
def test_who_follows_a_page_sees_what_it_says(page: str, tmp_path: Path) -> None:
    with reader(tmp_path) as somebody:
        printed = {block.line: output for block, output in somebody.follow(page)}
    last = ""
    for block in blocks(page):
        if block.language in RUNNABLE:
            last = printed[block.line]
        elif block.language == "output":
            assert matches(block.text, last), f"{page}:{block.line} promises\n{block.text}\nthis was printed\n{last}"


def test_readme_and_tutorial_have_examples_that_are_run() -> None:
    assert {"README.md", "docs/tutorial/first-campaign.md"} <= set(WITH_EXAMPLES)


def test_the_example_in_the_readme_is_short_enough_to_paste() -> None:
    (example,) = [block for block in blocks("README.md") if block.language == "python"]
    assert len(example.text.splitlines()) <= 12


def test_the_example_in_the_readme_may_be_run_twice(tmp_path: Path) -> None:
    """Whoever tries something out runs it again: it prints the same contact, and dials nobody twice."""
    with reader(tmp_path) as somebody:
        first, again = (somebody.follow("README.md")[-1][1] for _ in range(2))
    assert first == again
