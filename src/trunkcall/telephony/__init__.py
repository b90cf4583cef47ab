"""The Carrier protocol and its adapters: who makes legs, and how."""
