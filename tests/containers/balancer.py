"""What a Kubernetes Service is to its clients: one address, each new connection handed to one of the ready pods."""

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import Self

from local.ports import free_port


class Balancer:
    """Forwards connections to ports of 127.0.0.1; a connection once made stays where it is. A context manager."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._ready: list[int] = []
        self._turn = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._serving = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._serving.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def send_to(self, *ports: int) -> None:
        """Hand new connections to these ports from now on."""
        self._ready = list(ports)

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._forward, "127.0.0.1", self.port))
        self._serving.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ready = self._ready
        try:
            there = await asyncio.open_connection("127.0.0.1", ready[next(self._turn) % len(ready)])
        except (OSError, ZeroDivisionError):
            writer.transport.abort()
            return
        await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
