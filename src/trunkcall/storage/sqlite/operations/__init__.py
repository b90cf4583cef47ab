"""What the verbs of the ports check, change and answer, each inside a write transaction."""
