"""The dialing engine without I/O: events in, commands out, time an argument.

It decides which contact is dialed, when, and which agent takes a live answer. It must not know phone numbers,
attributes, the store, the carrier or any clock.
"""
