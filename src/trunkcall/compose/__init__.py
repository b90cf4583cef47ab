"""The composition root: the only part that names concrete adapters.

Decides which store, carrier and clock an installation has. Nothing imports it but the commands.
"""

from __future__ import annotations
