"""Sound on its way to and from a switch, in a process of its own, so that the dialer's turns are not made longer by it.

``client`` is the dialer's side: it starts the process, tells it what to do by ``wire``, and says what is lost when it
dies. ``process`` is the other side: it holds a websocket to the switch for each stream, and goes by ``websocket`` for
what is said on it. How a stream is made on the switch, and joined with a leg, is ``telephony.ari.streams``.

Whoever wants sound that comes *from* a leg (to record it, to listen for a beep) adds frames of their own to ``wire``,
which open with a stream's id, and a consumer in ``process``: see there.
"""
