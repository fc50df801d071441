"""The web door, and the program that opens both doors.

This package imports `tcp_room`, never the reverse.
"""
