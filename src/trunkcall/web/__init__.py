"""The ASGI side of Trunkcall: the gateway of the API, health, metrics and the console."""

from __future__ import annotations
