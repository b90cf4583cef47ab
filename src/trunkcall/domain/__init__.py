"""Values and vocabulary of the dialer. Nothing here performs I/O, reads a clock or draws a random number."""
