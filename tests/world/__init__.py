"""A whole world from one seed: servers, their store and carrier, clients and agents, on one loop of virtual time."""
