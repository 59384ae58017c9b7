"""A TCP proxy that plays a network: cuts links, swallows what passes, delays it, and drops the answer to a commit.

Runs as a process of its own, so that it never waits for the clients' Python:
``python -m faults.proxy NAME:LISTEN:TARGET …``; commands come as lines ``NAME MODE`` on the standard input, each
answered by a line. The commands are ``pass``, ``refuse``, ``blackhole``, ``vanish``, ``delay``, ``slow``,
``halfopen``, ``dropcommit`` and ``count``, which says how often anything of the last mode happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Literal, get_args

Mode = Literal["pass", "refuse", "blackhole", "vanish", "delay", "slow", "halfopen", "dropcommit"]
DELAY = 0.5
SLOW = 16 * 1024
"""Bytes a second that pass a slow link, in each direction of each connection."""
CHUNK = 65536
INSERT, PROBE = b"INSERT INTO public.dummies (", b"BEGIN;"
"""The worker's statement, which commits by itself: once the server answers it, the rows are there. Not a probe's."""
BACKLOG = 512


class Link:
    """One listening port and what becomes of the connections through it."""

    def __init__(self, name: str, listen: int, target: int) -> None:
        self.name, self._listen, self._target = name, listen, target
        self.mode: Mode = "pass"
        self.seen = 0
        self.turn = 0
        """Counts how often the server vanished or came back: a connection from before stays silent."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._may_pass = asyncio.Event()
        self._may_pass.set()

    async def open(self) -> None:
        """Listen, if this link does not yet."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._listen, backlog=BACKLOG)

    async def set_mode(self, mode: Mode) -> None:
        """Behave so from now on.

        refuse cuts what is connected and refuses what comes; blackhole and halfopen let nothing pass, in both
        directions or in the answers' alone; their connections are cut when the link works again. vanish is a
        blackhole that cuts nothing: only a time-out tells a client that its connection is dead, even after a pass.
        """
        was, self.mode, self.seen = self.mode, mode, 0
        self.turn += "vanish" in {was, mode}
        if mode == "refuse" or was in {"blackhole", "halfopen"}:
            self._cut_all()
        if mode == "refuse":
            if self._server is not None:
                self._server.close()
                self._server = None
        else:
            await self.open()

    def _cut_all(self) -> None:
        for writer in list(self._writers):
            if self.mode == "refuse":
                self.seen += 1
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, to_there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(to_there)
        pair = Pair(self, writer)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(pair.forward(reader, to_there))
                both.create_task(pair.back(there, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in (writer, to_there):
                self._writers.discard(each)
                each.transport.abort()


class Pair:
    """One connection through a link."""

    def __init__(self, link: Link, client: asyncio.StreamWriter) -> None:
        self._link, self._client, self._turn = link, client, link.turn
        self._inserting = False

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry questions until one side ends."""
        while data := await reader.read(CHUNK):
            if INSERT in data and PROBE not in data:
                self._inserting = True
            if await self._swallowed(data, {"blackhole", "vanish"}):
                continue
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry answers until one side ends."""
        while data := await reader.read(CHUNK):
            if self._link.mode == "dropcommit" and self._inserting:
                self._link.seen += 1
                raise ConnectionResetError
            self._inserting = False
            if await self._swallowed(data, {"blackhole", "vanish", "halfopen"}):
                continue
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def _swallowed(self, data: bytes, modes: set[str]) -> bool:
        if self._link.mode == "delay":
            self._link.seen += 1
            await asyncio.sleep(DELAY)
        if self._link.mode == "slow":
            self._link.seen += len(data) > SLOW
            await asyncio.sleep(len(data) / SLOW)
        if self._link.mode not in modes and self._turn == self._link.turn:
            return False
        self._link.seen += 1
        return True


async def _command(links: dict[str, Link], line: str) -> str:
    name, _, word = line.strip().partition(" ")
    link = links[name]
    if word == "count":
        return str(link.seen)
    if word not in get_args(Mode):
        raise ValueError(line)
    await link.set_mode(word)  # type: ignore[arg-type]
    return "done"


async def main(arguments: list[str]) -> None:
    """Serve until the standard input ends."""
    links = {}
    for argument in arguments:
        name, listen, target = argument.split(":")
        links[name] = Link(name, int(listen), int(target))
        await links[name].open()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    print("ready", flush=True)
    while line := await lines.readline():
        print(await _command(links, line.decode()), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1:]))
