"""A carrier that makes its legs by Asterisk, over its REST interface (ARI)."""
