"""The built page through nginx, with the very template that the image ships; without nginx, through Vite."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

RATE = ("1000r/s", "2000")
# Everything is relative to the prefix that the command line gives; that spares quoting it here.
MAIN = """\
daemon off;
{user}worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    include "{mime_types}";
    default_type application/octet-stream;
    access_log off;
    sendfile on;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{site}
}}
"""


def find() -> Path | None:
    """Return the machine's nginx; a normal user's PATH often lacks the folder it is in."""
    found = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    return Path(found) if found else None


def render(template: str, values: dict[str, str]) -> str:
    """Fill in ${NAME} as envsubst does: only the names given, so that nginx' own variables stay."""
    names = "|".join(map(re.escape, values))
    return re.sub(rf"\$\{{({names})\}}", lambda found: values[found[1]], template)


def quote(text: str) -> str:
    """Return a text as it stands between the double quotes of an nginx configuration."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def write_config(
    nginx: Path, folder: Path, web: Path, port: int, api_port: int, rate: tuple[str, str] = RATE
) -> list[str]:
    """Write a configuration that serves web/dist on 127.0.0.1 into the folder; return the command that uses it.

    ``rate`` is how many requests a client may make, and how many more at once: the image's RATE_LIMIT and RATE_BURST.
    """
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "WEB_PORT": f"127.0.0.1:{port}",
        "WEB_ROOT": quote(str(web / "dist")),
        "API_UPSTREAM": f"127.0.0.1:{api_port}",
        "RESOLVER": "127.0.0.1",
        "API_ORIGIN": "",
        "MAX_BODY_SIZE": "8200k",
        "RATE_LIMIT": rate[0],
        "RATE_BURST": rate[1],
        "DRAINING_FILE": quote(str(folder / "draining")),
    }
    site = render((web / "nginx" / "default.conf.template").read_text(encoding="utf-8"), values)
    # as root, nginx' workers would else be a user who may be unable to enter the folders above the page
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = MAIN.format(user=user, mime_types=quote(str(_mime_types(nginx))), site=site)
    (folder / "nginx.conf").write_text(main, encoding="utf-8")
    return [str(nginx), "-p", f"{folder}/", "-c", "nginx.conf"]


def _mime_types(nginx: Path) -> Path:
    """Return the table of media types, which lies beside the machine's own configuration."""
    built = subprocess.run([nginx, "-V"], capture_output=True, text=True, check=True, timeout=10).stderr
    found = re.search(r"--conf-path=(\S+)", built)
    return Path(found[1] if found else "/etc/nginx/nginx.conf").parent / "mime.types"


def preview_command(web: Path, port: int) -> list[str]:
    """Return the command that serves web/dist where there is no nginx; API_ORIGIN says where the API is."""
    vite = web / "node_modules" / ".bin" / "vite"
    return [str(vite), "preview", "--strictPort", "--host", "127.0.0.1", "--port", str(port)]
