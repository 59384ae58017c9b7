"""A minimal name server: it knows one name, and answers each type of question as configured."""

from __future__ import annotations

import ipaddress
import socketserver
import struct
import threading
from typing import Self

CODES = {"empty": 0, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5}
A, AAAA = 1, 28
TTL = 30


class NameServer(socketserver.UDPServer):
    """Answers on a port of 127.0.0.1; a context manager.

    ``answers`` says for a type of record (A, AAAA) what comes: addresses, one of CODES, or "silence".
    """

    def __init__(self, name: str, answers: dict[int, list[str] | str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._name, self._answers = name, answers
        self.port = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, args=[0.05])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def answer(self, message: bytes) -> bytes | None:
        """Return the answer to a question, None for silence."""
        labels, at = [], 12
        while message[at]:
            labels.append(message[at + 1 : at + 1 + message[at]].decode())
            at += 1 + message[at]
        kind = struct.unpack_from("!H", message, at + 1)[0]
        given = self._answers.get(kind, "empty") if ".".join(labels) == self._name else "nxdomain"
        if given == "silence":
            return None
        addresses = [] if isinstance(given, str) else [ipaddress.ip_address(each).packed for each in given]
        code = CODES[given] if isinstance(given, str) else 0
        head = message[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        records = [struct.pack("!HHHIH", 0xC00C, kind, 1, TTL, len(each)) + each for each in addresses]
        return head + message[12 : at + 5] + b"".join(records)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        question, socket = self.request
        answer = self.server.answer(question)
        if answer:
            socket.sendto(answer, self.client_address)
