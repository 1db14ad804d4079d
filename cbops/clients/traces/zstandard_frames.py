"""Whether a Zstandard file is whole: its frames and blocks are walked by their headers, nothing is unpacked.

The engine reads what a cut file still holds and says nothing; a trace without its end must not pass for whole.
Source: RFC 8878, sections 3.1.1 and 3.1.2.
"""

from __future__ import annotations

import os
from typing import BinaryIO

_FRAME = 0xFD2FB528
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_RLE, _RESERVED = 1, 3
# Bytes of the fields that a frame header's descriptor names.
_DICTIONARY = (0, 1, 2, 4)
_CONTENT = (0, 2, 4, 8)


def is_whole(file: BinaryIO) -> bool:
    """True when the file ends where a frame ends; the file must be seekable."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        while file.tell() < size:
            _pass_frame(file)
    except _CutError:
        return False
    return file.tell() == size


class _CutError(Exception):
    """The file ends within a frame, or holds something else."""


def _number(file: BinaryIO, length: int) -> int:
    read = file.read(length)
    if len(read) < length:
        raise _CutError
    return int.from_bytes(read, "little")


def _pass_frame(file: BinaryIO) -> None:
    magic = _number(file, 4)
    if magic in _SKIPPABLE:
        file.seek(_number(file, 4), os.SEEK_CUR)
        return
    if magic != _FRAME:
        raise _CutError
    descriptor = _number(file, 1)
    single, checksum = descriptor >> 5 & 1, descriptor >> 2 & 1
    content = _CONTENT[descriptor >> 6] or single
    file.seek((1 - single) + _DICTIONARY[descriptor & 3] + content, os.SEEK_CUR)
    last = False
    while not last:
        header = _number(file, 3)
        last, kind, length = bool(header & 1), header >> 1 & 3, header >> 3
        if kind == _RESERVED:
            raise _CutError
        file.seek(1 if kind == _RLE else length, os.SEEK_CUR)
    file.seek(4 * checksum, os.SEEK_CUR)
