"""Answers of `--help` and `--version`."""

from __future__ import annotations

from cbops.model.base import Frozen


class HelpAnswer(Frozen):
    """`about` is the command or group that was asked about; empty for cbops itself."""

    about: str
    help: str


class VersionAnswer(Frozen):
    version: str
