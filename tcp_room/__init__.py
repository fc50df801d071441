"""The room itself, and its TCP door.

This package must not know anything of HTTP or WebSockets: a door is an outlet
(`member.Outlet`) and a view (`views.View`), whoever brings them.
"""

__version__ = "0.1.0"
