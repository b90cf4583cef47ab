"""What real calls cost beside a bare loop of the same requests: ``calls.py`` says how. Needs root.

Under this name it is asked for; under another it can be read beside the tests' package of this name.
"""

from __future__ import annotations

from calls import main

if __name__ == "__main__":
    main()
