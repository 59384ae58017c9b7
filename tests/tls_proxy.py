"""PostgreSQL on another address: plain, or over TLS with another certificate."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

from forwarding import Forwarder

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


def make_certificate(folder: Path, name: str) -> Path:
    """Make a certificate that signs itself, for a name or an address; return its file, with the key beside it."""
    file = folder / f"{name}.crt"
    kind = "IP" if name.replace(".", "").isdigit() else "DNS"
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    options += ["-addext", f"subjectAltName={kind}:{name}", "-keyout", str(file.with_suffix(".key")), "-out", str(file)]
    subprocess.run(["openssl", "req", "-x509", *options], check=True, capture_output=True, timeout=30)
    return file


CA = """
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def make_expired_certificate(folder: Path, name: str) -> Path:
    """Make a certificate that signs itself and was valid for a day of 2020; return its file, with the key beside it."""
    (folder / "ca.cnf").write_text(CA)
    (folder / "index.txt").touch()
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]
    request = ["req", "-new", *key, "-subj", f"/CN={name}", "-out", "request"]
    sign = ["ca", "-batch", "-selfsign", "-config", "ca.cnf", "-in", "request", "-keyfile", f"{name}.key"]
    sign += ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z", "-notext", "-out", f"{name}.crt"]
    for command in (request, sign):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True, timeout=30)
    return folder / f"{name}.crt"


class Proxy(Forwarder):
    """Forwards from an address to a port of 127.0.0.1; with a certificate it answers PostgreSQL's requests for TLS.

    ``immediately``: TLS begins without a request, as Redis' clients expect.
    """

    def __init__(
        self, address: str, target: int, certificate: Path | None = None, *, immediately: bool = False
    ) -> None:
        """Listen on a free port."""
        super().__init__(target, address)
        self._context, self._immediately = None, immediately
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, certificate.with_suffix(".key"))

    def welcome(self, client: socket.socket) -> socket.socket:
        """Answer whether there is TLS, if that is asked, and begin it."""
        if self._immediately and self._context:
            return self._context.wrap_socket(client, server_side=True)
        if client.recv(len(SSL_REQUEST), socket.MSG_PEEK) != SSL_REQUEST:
            return client
        client.recv(len(SSL_REQUEST))
        client.sendall(b"S" if self._context else b"N")
        return self._context.wrap_socket(client, server_side=True) if self._context else client
