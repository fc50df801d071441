"""The attack drill: strangers attack a real server while twenty members talk.

`python -m tests.drill` starts a server of its own for each attack, in three kinds of process:
the server with its default flags, the members (`members`), and the attackers (`attackers`),
which run at a lower priority so that the members' figures are the server's.
"""
