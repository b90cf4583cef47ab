"""What is heard on an answered leg, without I/O: beeps of machines, and where their greetings end."""
