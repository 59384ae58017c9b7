"""PostgreSQL on another address: plain, or over TLS with another certificate."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
CHUNK = 65536


def make_certificate(folder: Path, name: str) -> Path:
    """Make a certificate that signs itself, for a name or an address; return its file, with the key beside it."""
    file = folder / f"{name}.crt"
    kind = "IP" if name.replace(".", "").isdigit() else "DNS"
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    options += ["-addext", f"subjectAltName={kind}:{name}", "-keyout", str(file.with_suffix(".key")), "-out", str(file)]
    subprocess.run(["openssl", "req", "-x509", *options], check=True, capture_output=True, timeout=30)
    return file


class Proxy:
    """Listens on an address and forwards to a port of 127.0.0.1; with a certificate it answers requests for TLS."""

    def __init__(self, address: str, target: int, certificate: Path | None = None) -> None:
        """Listen on a free port."""
        self._target, self._context = target, None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self._listening = socket.create_server((address, 0))
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._target)) as server, ExitStack() as closing:
            closing.callback(client.close)
            with suppress(OSError):
                if client.recv(len(SSL_REQUEST), socket.MSG_PEEK) == SSL_REQUEST:
                    client.recv(len(SSL_REQUEST))
                    client.sendall(b"S" if self._context else b"N")
                    if self._context:
                        client = closing.enter_context(self._context.wrap_socket(client, server_side=True))
                back = threading.Thread(target=_hand_on, args=[server, client], daemon=True)
                back.start()
                _hand_on(client, server)
                back.join()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(CHUNK):
            target.sendall(piece)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
