"""The room beside its peers, in one run.

Every server of a comparison is up at the same time, idle but for the one whose turn it is, on one
core; the load generator is on another. They take turns of about a second, several rounds of it,
so that whatever else the machine does falls on all alike; what is told is the median of the
ratios within a round. `python -m benchmarks --help` lists the ways to run it.

    wires     what a client of each server says, as bytes
    stream    what all members must be shown, byte for byte: the judge of losses and disorder
    crowd     the members, and the loads that they make
    servers   the processes, their processor time and their memory
    peers/    the servers that had to be written for the comparison
    cells     what is measured
    bars      what the room has to reach
    report    table, JSON;   picture: the same to look at
"""
