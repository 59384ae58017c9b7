"""Connections to the operations port are limited, however long clients keep them open."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from core import operations_port
from core.operations_port import MOST_PROBERS, answer

TOO_MANY = 10


def test_the_oldest_of_too_many_probers_has_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations_port, "PATIENCE", 1_000.0)

    async def probe() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        serving = asyncio.create_task(answer(listener, lambda _: b"HTTP/1.1 404"))
        address = listener.getsockname()
        probers = [await asyncio.open_connection(*address) for _ in range(MOST_PROBERS + TOO_MANY)]
        for reader, _ in probers[:TOO_MANY]:
            assert await asyncio.wait_for(reader.read(), 10) == b""
        for reader, writer in reversed(probers[TOO_MANY:]):
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 404")
        for _, writer in probers:
            writer.close()
            await writer.wait_closed()
        serving.cancel()

    with ThreadPoolExecutor(1) as thread:  # one of its own: a browser's test leaves a loop in this one
        thread.submit(lambda: asyncio.run(probe())).result()
