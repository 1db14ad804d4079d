"""A real Prometheus on a free port of this machine, over blocks on disk."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

START_SECONDS = 60


def blocks_from(openmetrics: Path, tsdb: Path) -> None:
    """Load a file in OpenMetrics' text format."""
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(openmetrics), str(tsdb)],
        check=True,
        capture_output=True,
    )


@contextmanager
def prometheus(tsdb: Path, configured: str = "global: {scrape_interval: 1h}\n") -> Iterator[str]:
    """The server's URL, once it is ready; it is ended by its pid."""
    config = tsdb.parent / "prometheus.yml"
    config.write_text(configured, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tsdb.parent / "prometheus.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={tsdb}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as server,
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
    raise AssertionError(f"Prometheus did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
