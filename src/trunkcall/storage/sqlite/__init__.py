"""The adapter for one machine. ``store.py`` is all of it, ``maintenance.py`` what is done while no server runs."""
