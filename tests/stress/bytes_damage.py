"""Damage that any file can suffer: each function takes the bytes and a seeded source of chance."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Damage = Callable[[bytes, Random], bytes]

STRANGE = (
    b"<!DOCTYPE html><html>404</html>",
    b"\x89PNG\r\n\x1a\n",
    b"PK\x03\x04",
    b"%!PS-Adobe-3.0 EPSF",
    b"{}",
    b"[]",
    b"\0",
)


def _place(data: bytes, chance: Random) -> int:
    return chance.randrange(len(data) + 1)


def flip_bit(data: bytes, chance: Random) -> bytes:
    return _flipped(data, chance, 1)


def flip_bits(data: bytes, chance: Random) -> bytes:
    return _flipped(data, chance, chance.randint(2, 40))


def _flipped(data: bytes, chance: Random, count: int) -> bytes:
    changed = bytearray(data)
    for _ in range(count if data else 0):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(max(1, len(data)))]


def cut_the_end(data: bytes, chance: Random) -> bytes:
    return data[: -chance.randint(1, 24)]


def cut_the_start(data: bytes, chance: Random) -> bytes:
    return data[chance.randint(1, 24) :]


def empty(data: bytes, chance: Random) -> bytes:
    return b""


def extend(data: bytes, chance: Random) -> bytes:
    return data + chance.randbytes(chance.randint(1, 600))


def extend_with_zeros(data: bytes, chance: Random) -> bytes:
    return data + bytes(chance.randint(1, 5000))


def zero_block(data: bytes, chance: Random) -> bytes:
    start = _place(data, chance)
    length = min(len(data) - start, chance.randint(1, max(1, len(data) // 2)))
    return data[:start] + bytes(length) + data[start + length :]


def zero_second_half(data: bytes, chance: Random) -> bytes:
    return data[: len(data) // 2] + bytes(len(data) - len(data) // 2)


def random_block(data: bytes, chance: Random) -> bytes:
    start = _place(data, chance)
    length = min(len(data) - start, chance.randint(1, 64))
    return data[:start] + chance.randbytes(length) + data[start + length :]


def drop_block(data: bytes, chance: Random) -> bytes:
    start = _place(data, chance)
    return data[:start] + data[start + chance.randint(1, 64) :]


def double_block(data: bytes, chance: Random) -> bytes:
    start = _place(data, chance)
    return data[:start] + data[start : start + chance.randint(1, 64)] + data[start:]


def swap_blocks(data: bytes, chance: Random) -> bytes:
    first, second, third = sorted(_place(data, chance) for _ in range(3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def zero_byte_inside(data: bytes, chance: Random) -> bytes:
    start = _place(data, chance)
    return data[:start] + b"\0" + data[start:]


def random_bytes(data: bytes, chance: Random) -> bytes:
    return chance.randbytes(max(1, len(data)))


def another_file(data: bytes, chance: Random) -> bytes:
    return chance.choice(STRANGE)


ENDS: tuple[Damage, ...] = (cut, cut_the_end, empty, extend, extend_with_zeros)
INSIDE: tuple[Damage, ...] = (
    *(flip_bit, flip_bits, cut_the_start, zero_block, zero_second_half, random_block, drop_block),
    *(double_block, swap_blocks, zero_byte_inside, random_bytes, another_file),
)
