"""`python -m trunkcall`."""

from __future__ import annotations

from trunkcall.cli import main

if __name__ == "__main__":
    main()
