"""`trunkcall asterisk-config`: the configuration of an Asterisk that makes an installation's calls."""
