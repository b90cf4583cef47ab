"""What others may ask of a store: ports in the domain's verbs, each cut to what its users call.

Decides what is durable, atomic and refused. It must not know SQL. Times are arguments: a store never reads a clock, but
for leases, whose time is the store's own. One adapter has all ports (``storage.store``), and one conformance suite
(tests/storage/) runs over all adapters. Who uses which port is told in ARCHITECTURE.md, and held by
tests/test_ports.py.

Promises, for every method that changes something: when it returns, the change survives kill -9 and power loss; when it
raises a domain error, nothing was changed; when it raises StoreUnavailableError, the result may be unknown and the
caller must read again before it goes on. Its subclass StoreFullError is raised before anything is tried, by what would
make the store grow.

A disk may change what was written. A contact that is not what was accepted, or holds what was never written, concerns
itself alone: whichever verb meets it sets it aside and goes on with the others. What is set aside is never dialed nor
swept, keeps its client token, and stays as it is until somebody ends it or its personal data is erased.
"""
