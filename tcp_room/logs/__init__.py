"""Where the log of a room is kept: engines behind one port."""
