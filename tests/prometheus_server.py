"""A real Prometheus and a real Alertmanager on free ports of this machine."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx

START_SECONDS = 60
RELOADS = "--web.enable-lifecycle"
TAKES_SAMPLES = "--web.enable-remote-write-receiver"

Answer = TypeVar("Answer")


def until(found: Callable[[], Answer], what: str, seconds: float = 60) -> Answer:
    """Ask until the answer is true; the servers offer nothing to wait on."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:g} s in vain for {what}")


def blocks_from(openmetrics: Path, tsdb: Path) -> None:
    """Load a file in OpenMetrics' text format."""
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(openmetrics), str(tsdb)],
        check=True,
        capture_output=True,
    )


@contextmanager
def prometheus(
    tsdb: Path,
    configured: str = "global: {scrape_interval: 1h}\n",
    options: Sequence[str] = (),
    *,
    port: int | None = None,
) -> Iterator[str]:
    """The server's URL, once it is ready; its configuration is prometheus.yml beside `tsdb`. `port`: null, any."""
    config = tsdb.parent / "prometheus.yml"
    config.write_text(configured, encoding="utf-8")
    port = port or free_port()
    words = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={tsdb}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        *options,
    ]
    with _running(words, port, tsdb.parent / "prometheus.log") as url:
        yield url


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    """The server's URL, once it is ready; it keeps alerts and tells nobody."""
    config = folder / "alertmanager.yml"
    config.write_text(
        "route: {receiver: nobody, group_wait: 0s, group_interval: 1s}\nreceivers: [{name: nobody}]\n",
        encoding="utf-8",
    )
    port = free_port()
    words = [
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",  # no cluster
    ]
    with _running(words, port, folder / "alertmanager.log") as url:
        yield url


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _running(words: Sequence[str], port: int, log: Path) -> Iterator[str]:
    """The server's URL, once it is ready; it is ended by its pid."""
    with (
        log.open("wb") as out,
        subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT) as server,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, server, log)
            yield url
        finally:
            server.terminate()
            server.wait(30)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/-/ready", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)  # polling a condition: the server offers nothing to wait on
    raise AssertionError(f"the server did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
