"""Durable state: the Store protocol in the domain's verbs, and its adapters."""
