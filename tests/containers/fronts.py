"""What clients see of the containers: an address for browsers and one for programs, and what they ask there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Self, TypeVar
from uuid import uuid4

from containers.balancer import Balancer
from containers.stack import published
from support import Client

PAGE, API = 8080, 5000
"""Ports of nginx in its container."""
ASKED = 12
"""Requests for each address at a time: enough to meet every process behind it."""


T = TypeVar("T")


class Fronts:
    """The page's address and the API's; a context manager."""

    def __init__(self) -> None:
        self._balancers = {PAGE: Balancer(), API: Balancer()}
        self.page, self.api = (each.url for each in self._balancers.values())
        self.urls = [self.page, self.api]
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        for each in self._balancers.values():
            self._opened.enter_context(each)
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def send_to(self, *containers: str) -> None:
        """Hand new connections to these containers of nginx from now on."""
        for port, balancer in self._balancers.items():
            balancer.send_to(*(published(each, port) for each in containers))

    def pipelines(self) -> list[dict[str, Any]]:
        """Return how the pipeline is doing, as several processes see it where there are several."""
        return self._ask_all(lambda client, _: client.pipeline())

    def accepting(self) -> bool:
        """Tell whether strings are accepted."""
        return all(each["accepting"] for each in self.pipelines())

    def all_served(self) -> bool:
        """Tell whether no single string, no bulk and no look-up is refused."""
        return set(self._ask_all(_ask)) == {200, 202}

    def _ask_all(self, ask: Callable[[Client, int], T]) -> list[T]:
        """Ask concurrently, each time on a connection of its own."""

        def ask_once(url: str, n: int) -> T:
            with Client(base_url=url, timeout=15) as client:
                return ask(client, n)

        with ThreadPoolExecutor(2 * ASKED) as pool:
            asked = [pool.submit(ask_once, url, n) for url in self.urls for n in range(ASKED)]
            return [each.result() for each in asked]


def _ask(client: Client, n: int) -> int:
    """Send a string, a bulk or a look-up; return the status of the answer."""
    match n % 3:
        case 0:
            return client.submit(f"{uuid4()}").status_code
        case 1:
            return client.post("/dummies/bulk", json={"texts": [f"{uuid4()} {n}" for n in range(1200)]}).status_code
    return client.get("/dummies/", params={"id": str(uuid4())}).status_code
