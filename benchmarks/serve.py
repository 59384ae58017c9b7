"""Run the system of the folder that this is started in until its input ends; print where it is, as JSON.

Arguments: a folder for data and logs, and two JSON objects with what the environments of API and worker have besides.
Started by pairs.py in trees of other revisions too: it imports from the current folder, and only what has been there
since 0.9.0.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, "")

from local import nginx
from local.ports import free_port
from local.system import Process, System


def _await(port: int) -> None:
    """Wait until something listens on this port of 127.0.0.1. Raises OSError if nothing does for 10 s."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def start_front(system: System) -> tuple[str, Process] | None:
    """Start nginx before the API, as `make run` does, with no rate that decides; return its URL, None without nginx."""
    binary = nginx.find()
    if binary is None:
        return None
    folder, page, api = system.folder, free_port(), free_port()
    (folder / "web" / "dist").mkdir(parents=True)
    (folder / "web" / "nginx").symlink_to(Path("web/nginx").resolve())
    rate = {"api_rate": ("1000000r/s", "1000000")} if hasattr(nginx.Front, "api_rate") else {}  # else refused
    where = nginx.Front(page, api, f"127.0.0.1:{system.api_port}", **rate)
    command = nginx.write_config(binary, folder / "nginx", folder / "web", where)
    front = Process(command, folder / "nginx.log", {})
    _await(api)
    return f"http://127.0.0.1:{api}/dummies/", front


def main() -> None:
    """Serve."""
    folder, (api_env, worker_env) = Path(sys.argv[1]), map(json.loads, sys.argv[2:])
    with System(folder) as system:
        system.start_api(api_env)
        system.start_worker(env=worker_env)
        urls = {"direct": f"{system.api_url}/dummies/"}
        front = start_front(system)
        if front:
            urls["through nginx"] = front[0]
        try:
            print(json.dumps({"urls": urls, "database": system.postgres.owner_url}), flush=True)
            sys.stdin.read()
        finally:
            if front:
                front[1].stop()


if __name__ == "__main__":
    main()
