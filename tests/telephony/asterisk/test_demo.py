"""`make demo-sip` ends with an account that both sides agree on.

If this fails, the first thing that a newcomer tries does not work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from telephony.asterisk.inside import inside

TESTS = Path(__file__).parents[2]
DEMO = TESTS.parent / "examples" / "sip" / "demo.py"


@pytest.mark.long
@inside
def test_the_demonstration_accounts_for_every_lead() -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, str(DEMO), "16"], env=environment, cwd=TESTS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every lead is accounted for, on both sides alike." in done.stdout
