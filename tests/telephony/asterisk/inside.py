"""What tests with a real switch need around them."""

from __future__ import annotations

import os

import pytest

from telephony.asterisk.namespace import INSIDE

inside = pytest.mark.skipif(INSIDE not in os.environ, reason="runs in a closed network namespace: make telephony")
"""Nobody can be called from there, whatever a test does."""
