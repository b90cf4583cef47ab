"""What the generators of documentation share: replacing the part of a page that lies between two markers.

Decides the markers. It must not know what a page says.
"""

from __future__ import annotations

import sys
from pathlib import Path

BEGIN = "<!-- generated: begin -->"
END = "<!-- generated: end -->"


def replaced(page: str, generated: str) -> str:
    """The page with this text between its markers. Raises ValueError unless it has each marker once."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page needs one {BEGIN} and one {END}")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{generated.strip()}\n\n{END}{tail}"


def write(path: Path, generated: str) -> None:
    """Bring a page up to date, and say whether it changed."""
    before = path.read_text(encoding="utf-8")
    after = replaced(before, generated)
    path.write_text(after, encoding="utf-8")
    sys.stdout.write(f"{path}: {'unchanged' if before == after else 'written'}\n")
