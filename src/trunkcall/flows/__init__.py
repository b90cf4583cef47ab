"""Contact flows without I/O: what an answered contact goes through."""
