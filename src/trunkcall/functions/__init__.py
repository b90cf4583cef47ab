"""Functions of contact flows that are reached by HTTPS: an adapter of the port in ``service.functions``."""
