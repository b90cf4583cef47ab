"""The wire: AWS requests into plain Python values, and results and errors back.

Decides everything that the service models, the rest-json protocol and Signature Version 4 prescribe. It must not know
which server carries the bytes, and no operation's meaning.
"""

from __future__ import annotations
