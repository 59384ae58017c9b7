"""The built page through nginx, with the very template that the image ships; without nginx, through Vite."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

FILES = ("nginx.conf", "default.conf.template", "both.inc.template")


def find() -> Path | None:
    """Return the machine's nginx; a normal user's PATH often lacks the folder it is in."""
    found = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    return Path(found) if found else None


def render(template: str, values: dict[str, str]) -> str:
    """Fill in ${NAME} as envsubst does: only the names given, so that nginx' own variables stay."""
    names = "|".join(map(re.escape, values))
    return re.sub(rf"\$\{{({names})\}}", lambda found: values[found[1]], template)


def quote(text: str) -> str:
    """Return a text as written between the double quotes of an nginx configuration."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


@dataclass(frozen=True)
class Front:
    """What nginx listens on and leads to: ports of 127.0.0.1, and what else the image is told by its environment."""

    page: int
    api: int
    upstream: str
    """host:port of the API; a name in it is asked of the ``resolver``."""
    fallback: str = ""
    """host:port of the API where no address of ``upstream`` answers; empty for none."""
    resolver: str = "127.0.0.1"
    rate: tuple[str, str] = ("1000r/s", "2000")
    """Requests per client address on the page's port, and further requests allowed in a burst."""
    api_rate: tuple[str, str] = ("2000r/s", "4000")
    """Likewise on the API's port."""
    trusted: tuple[str, ...] = ()
    """Addresses and networks of the proxies whose X-Forwarded-For is believed."""
    access_log: str = "off"
    """Where requests are logged, and in which format; the image's is ``/dev/stdout requests``."""


def write_config(nginx: Path, folder: Path, web: Path, front: Front) -> list[str]:
    """Write a configuration that serves web/dist and the API into the folder; return the command that uses it."""
    folder.mkdir(parents=True, exist_ok=True)
    # in one file: an include's name may have no brackets in it, which the folder's may
    main, site, both = ((web / "nginx" / name).read_text("utf-8") for name in FILES)
    main = main.replace("mime.types", f'"{quote(str(_mime_types(nginx)))}"')
    main = main.replace("access_log /dev/stdout requests;", f"access_log {front.access_log};")
    site = site.replace("include conf.d/both.inc;", both)
    main = main.replace("include conf.d/*.conf;", render(site, _values(folder, web, front)))
    (folder / "nginx.conf").write_text(main, encoding="utf-8")
    # as root, nginx' workers would else be a user who may be unable to enter the folders above the page
    user = " user root;" if os.geteuid() == 0 else ""
    return [str(nginx), "-p", f"{folder}/", "-c", "nginx.conf", "-g", f"daemon off;{user}"]


def _values(folder: Path, web: Path, front: Front) -> dict[str, str]:
    """Return what the image is told by its environment."""
    return {
        "WEB_PORT": f"127.0.0.1:{front.page}",
        "API_PORT": f"127.0.0.1:{front.api}",
        "WEB_ROOT": quote(str(web / "dist")),
        "API_UPSTREAM": front.upstream,
        "API_FALLBACK": front.fallback,
        "RESOLVER": front.resolver,
        "API_ORIGIN": "",
        "MAX_BODY_SIZE": "8200k",
        "RATE_LIMIT": front.rate[0],
        "RATE_BURST": front.rate[1],
        "RATE_QUOTA": _quota(front.rate[0]),
        "API_RATE_LIMIT": front.api_rate[0],
        "API_RATE_BURST": front.api_rate[1],
        "API_RATE_QUOTA": _quota(front.api_rate[0]),
        "TRUSTED_PROXIES": "".join(f"set_real_ip_from {each}; " for each in front.trusted),
        "DRAINING_FILE": quote(str(folder / "draining")),
    }


def _quota(rate: str) -> str:
    """Return a rate of nginx' in the words of RateLimit-Policy."""
    count, _, unit = rate.partition("r/")
    return f"q={count};w={60 if unit == 'm' else 1}"


def _mime_types(nginx: Path) -> Path:
    """Return the table of media types, which lies beside the machine's own configuration."""
    built = subprocess.run([nginx, "-V"], capture_output=True, text=True, check=True, timeout=10).stderr
    found = re.search(r"--conf-path=(\S+)", built)
    return Path(found[1] if found else "/etc/nginx/nginx.conf").parent / "mime.types"


def preview_command(web: Path, port: int) -> list[str]:
    """Return the command that serves web/dist where there is no nginx; API_ORIGIN says where the API is."""
    vite = web / "node_modules" / ".bin" / "vite"
    return [str(vite), "preview", "--strictPort", "--host", "127.0.0.1", "--port", str(port)]
