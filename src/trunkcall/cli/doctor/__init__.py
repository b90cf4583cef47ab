"""`trunkcall doctor`: whether people can be called from here, and what to change where they cannot."""
