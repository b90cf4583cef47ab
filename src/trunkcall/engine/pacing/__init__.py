"""Pacing: how many contacts to originate now."""
