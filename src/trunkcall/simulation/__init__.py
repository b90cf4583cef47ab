"""The world of the simulator: carriers and agents as models, virtual time around the real engine."""
