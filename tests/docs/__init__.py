"""The documents are true: their examples run, their links resolve, their tables are complete."""
