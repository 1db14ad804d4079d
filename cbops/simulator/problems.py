"""A call that the practice router refuses."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "bad_request",
    "unauthorized",
    "not_found",
    "method_not_allowed",
    "version_conflict",
    "precondition_failed",
    "clock_conflict",
    "too_large",
    "too_many",
    "invalid_body",
    "invalid_policy",
    "storage_failed",
]


class CallRefusedError(Exception):
    """The HTTP status, a code for programs and a message for people."""

    def __init__(self, status: int, code: Code, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code: Code = code
        self.message = message
