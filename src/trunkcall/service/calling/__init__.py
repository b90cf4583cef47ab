"""The calling rules at work: what a number is, what a policy says, and whether somebody may be dialed now."""
