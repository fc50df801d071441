"""What a hostile server may send: anything, and above all what is nearly an event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from oneroom_client.wire import AnyEvent

# What a terminal obeys, what turns the order of letters, and what is not to be encoded.
NASTY = [
    *("\x1b]0;HACKED\x07", "\x1b[2J", "\x9b31m", "\x9d0;HACKED\x9c", "\x1b[6n", "\x1bP+q\x1b\\"),
    *("\r", "\n", "\x00", "\x01\x1b[31m\x02", "\x08", "\x7f", "\u2028", "\u202e", "\u2066"),
    *("{nick}", "%s", "{", "你好", "a\u0301" * 20, "\ud83d\ude00", "\U0010ffff", "x" * 3000),
]
texts = st.text(max_size=20) | st.sampled_from(NASTY) | st.builds("".join, st.lists(st.text()))
numbers = (
    st.integers()
    | st.integers(0, 60)
    | st.sampled_from([0, -1, 2**31, 2**53, 2**63, -(2**63), 10**18, 10**40])
)
junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


def value(kind: Any) -> st.SearchStrategy[Any]:
    """JSON of a type as the wire has it."""
    if isinstance(kind, UnionType) or get_origin(kind) is UnionType:
        return st.one_of(*(value(each) for each in get_args(kind)))
    if get_origin(kind) is Sequence:
        return st.lists(value(get_args(kind)[0]), max_size=4)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return struct(kind)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: texts,
        int: numbers,
        float: st.floats() | numbers,
        bool: st.booleans(),
        NoneType: st.none(),
    }
    return plain[kind]


def struct(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """An object of that type; sometimes a field is missing, or is something else."""
    fields = msgspec.structs.fields(kind)
    required = {field.encode_name: value(field.type) for field in fields}
    tag = kind.__struct_config__.tag
    named = st.just({"kind": tag} if tag else {})
    sound = st.fixed_dictionaries(required)
    spoiled = st.fixed_dictionaries(
        {}, optional={name: each | junk for name, each in required.items()}
    )
    return st.builds(lambda name, rest: {**name, **rest}, named, sound | sound | spoiled)


def as_line(event: object) -> bytes:
    return json.dumps(event).encode()


kinds: Sequence[type[msgspec.Struct]] = get_args(AnyEvent)
# Half of them can be read.
lines = st.one_of(*(struct(kind).map(as_line) for kind in kinds)) | st.binary() | junk.map(as_line)
