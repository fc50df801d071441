"""The embedded log: one SQLite file for all rooms."""

from tcp_room.logs.sqlite.engine import SqliteEngine
from tcp_room.logs.sqlite.schema import FILE_NAME, Durability, LogError, OnLoop

__all__ = ["FILE_NAME", "Durability", "LogError", "OnLoop", "SqliteEngine"]
