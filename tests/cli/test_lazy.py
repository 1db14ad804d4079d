from __future__ import annotations

import os
import signal
import sys
from threading import Thread

import pytest

from cbops.cli.lazy import lazy

INTERRUPTED = "import os, signal\nos.kill(os.getpid(), signal.{name})\nvalue = 1\n"


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source)
        return name

    return make


def test_the_object_is_that_of_the_module(module):
    assert lazy(module("lazily_plain", "value = 7\n"), "value") == 7


def test_an_interrupt_in_the_middle_of_an_import_comes_after_it(module):
    name = module("lazily_interrupted", INTERRUPTED.format(name="SIGINT"))
    with pytest.raises(KeyboardInterrupt):
        lazy(name, "value")
    assert sys.modules[name].value == 1


def test_a_termination_in_the_middle_of_an_import_reaches_its_handler_after_it(module):
    name = module("lazily_terminated", INTERRUPTED.format(name="SIGTERM"))
    told = []
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: told.append(sys.modules[name].value))
    try:
        assert lazy(name, "value") == 1
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == [1]


def test_signals_are_handled_as_before_when_the_import_fails(module):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError):
        lazy(module("lazily_broken", "1 / 0\n"), "value")
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_another_thread_imports_too(module):
    name = module("lazily_threaded", "value = 3\n")
    found = []
    thread = Thread(target=lambda: found.append(lazy(name, "value")))
    thread.start()
    thread.join()
    assert found == [3]
