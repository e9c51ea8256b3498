"""The sandbox provider and our client of it: a gateway that behaves like a real one.

`provider.py` is the other side of the wire, with books of its own; `client.py` is ours. What it
does is chosen per payment by a `scenario` (`scenarios.py`); without one it settles at once.
"""
