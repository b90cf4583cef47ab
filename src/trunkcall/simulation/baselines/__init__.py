"""How other dialers pace, from their published formulas: to compare with, in the simulator alone.

None of them knows Trunkcall's ledger; they are measured as they were published, with their default settings.
"""
