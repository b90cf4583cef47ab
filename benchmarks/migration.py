"""How long a store of a former schema takes to be migrated, beside a plain copy of its contacts.

Both are made of copies of the same store, in turn, with the store's own settings: one writes every row of the table of
contacts once more, without any index, and the other brings the schema to this version. Prints one JSON line and exits
non-zero if a migration takes more than three times as long as the copy.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from api import say
from storage.older import make_older_store
from trunkcall.domain.instants import SECOND
from trunkcall.storage.sqlite import schema

BAR = 3.0
FORMER = 4
"""The last schema in which all contacts were due at once, and the contact centre had a table for each kind."""


def timed(store: Path, folder: Path, work: Callable[[Path], None]) -> float:
    """Seconds that the work takes on a copy of the store."""
    path = Path(shutil.copy(store, folder / "copy.db"))
    started = time.perf_counter()
    work(path)
    elapsed = time.perf_counter() - started
    for left in folder.glob("copy.db*"):
        left.unlink()
    return elapsed


def copy_contacts(path: Path) -> None:
    """Every row of the table of contacts once more, without any index."""
    with closing(schema.connect(path, 5 * SECOND, read_only=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE plain AS SELECT * FROM contact")
        connection.execute("COMMIT")


def migrate(path: Path) -> None:
    with closing(schema.connect(path, 5 * SECOND, read_only=False)) as connection:
        schema.migrate_schema(connection)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = folder / "store.db"
        make_older_store(store, version=FORMER, contacts=arguments.contacts)
        pairs = [(timed(store, folder, copy_contacts), timed(store, folder, migrate)) for _ in range(arguments.rounds)]
    ratios = [migrated / copied for copied, migrated in pairs]
    say(
        f"seconds of migrating {arguments.contacts:,} contacts over those of a plain copy of them",
        ratio=round(statistics.median(ratios), 3),
        interval=[round(min(ratios), 3), round(max(ratios), 3)],
        bar=BAR,
        copy_s=[round(copied, 2) for copied, _ in pairs],
        migration_s=[round(migrated, 2) for _, migrated in pairs],
    )
    sys.exit(statistics.median(ratios) > BAR)


if __name__ == "__main__":
    main()
