"""Use cases, shared by API, command line and console, and the one loop that dials."""
