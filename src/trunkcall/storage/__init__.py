"""Durable state: ports in the domain's verbs, and their adapters."""
