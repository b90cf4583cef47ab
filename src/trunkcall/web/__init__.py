"""The ASGI side of Trunkcall: applications mounted by path, which are the API's gateway and pages."""

from __future__ import annotations
