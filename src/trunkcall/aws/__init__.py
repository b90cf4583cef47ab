"""The wire: AWS requests into plain Python values, and results and errors back; and records by Amazon's names.

Decides everything that the service models, the rest-json protocol, Signature Version 4 and Amazon's records prescribe.
It must not know which server carries the bytes, and no operation's meaning.
"""

from __future__ import annotations
