"""Guessing operators' tokens: slowed down at the guesser's address, seen in the log, and felt by no one else."""

from __future__ import annotations

import http.client
import math
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from attacks.bystander import Bystander
from attacks.conftest import Attacked
from attacks.limits import forget_peak, memory_limit, peak_memory
from support import eventually

from api.process.login_guard import FREE, MOST_ADDRESSES

KIM, LEE, NEW = "kims-token-0123456789", "lees-token-0123456789", "new-token-0123456789"
GUESS = "guessed-token-"


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the operators' tokens."""
    (file := tmp_path_factory.mktemp("operators") / "tokens").write_text(f"kim {KIM}\nlee {LEE}\n")
    return file


@pytest.fixture(scope="module")
def api_settings(operators: Path) -> dict[str, str]:
    """An API with operators."""
    return {"OPERATORS_FILE": str(operators)}


class Client:
    """A client at an address, through nginx or past it."""

    def __init__(self, address: str, port: int) -> None:
        self._address, self._port = address, port

    def login(self, token: str, **headers: str) -> tuple[int, int]:
        """Ask for what only operators may see; return the status, and Retry-After in seconds."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10, source_address=(self._address, 0))
        try:
            connection.request("GET", "/dummies/failed", headers={"Authorization": f"Bearer {token}", **headers})
            answer = connection.getresponse()
            answer.read()
            return answer.status, int(answer.headers.get("Retry-After", "0"))
        finally:
            connection.close()


def addresses() -> Iterator[str]:
    """Yield addresses of the loopback interface that no one else has."""
    return (f"127.{a}.{b}.{c}" for a in range(1, 255) for b in range(255) for c in range(1, 255))


FRESH = addresses()


def most_tries(since: float) -> float:
    """Return how many tokens of one address may have been looked at: it waited 1, 2, 4 … s for each after the first."""
    return FREE + math.log2(1 + time.monotonic() - since)


def test_who_guesses_has_to_wait_and_the_right_token_is_let_in_from_elsewhere(attacked: Attacked) -> None:
    guesser, kim = (Client(next(FRESH), attacked.web.api_port) for _ in range(2))
    guesses, since = [f"{GUESS}{uuid4()}" for _ in range(200)], time.monotonic()
    with Bystander(attacked), ThreadPoolExecutor(16) as pool:
        outcomes = Counter(status for status, _ in pool.map(guesser.login, guesses))
        assert kim.login(KIM) == (200, 0)
    assert FREE <= outcomes[401] <= most_tries(since)
    assert outcomes[429] == len(guesses) - outcomes[401]
    _, wait = next(answer for answer in iter(lambda: guesser.login(GUESS), None) if answer[0] == 429)
    assert wait > 0
    eventually(lambda: guesser.login(KIM)[0] == 200, within=wait + 10)


@pytest.mark.parametrize("port", ["page", "api"])
def test_no_header_of_a_clients_gives_it_another_address(attacked: Attacked, port: str) -> None:
    guesser = Client(next(FRESH), attacked.web.port if port == "page" else attacked.web.api_port)
    names = ("X-Dummies-Client", "X_Dummies_Client", "x-dummies-client", "X-Forwarded-For", "X-Real-IP", "Forwarded")
    forged, since = [{name: f"192.0.2.{number}"} for number in range(5) for name in names], time.monotonic()
    outcomes = Counter(guesser.login(f"{GUESS}{uuid4()}", **headers)[0] for headers in forged)
    assert FREE <= outcomes[401] <= most_tries(since)
    assert outcomes[429] == len(forged) - outcomes[401]
    assert "192.0.2." not in attacked.api.log.read_text("utf-8")


def test_guesses_from_very_many_addresses_take_bounded_memory_and_lock_no_one_out(attacked: Attacked) -> None:
    """Each at its own address, and a flood of them: kim is let in, and the log has a line for each and no token."""
    forget_peak(attacked.api.pid)
    crowd = [Client(next(FRESH), attacked.web.api_port) for _ in range(MOST_ADDRESSES + 200)]
    with Bystander(attacked), ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(lambda client: client.login(f"{GUESS}{uuid4()}")[0], crowd))
        assert Client(next(FRESH), attacked.web.api_port).login(KIM) == (200, 0)
    assert outcomes == {401: len(crowd)}
    assert peak_memory(attacked.api.pid) < memory_limit("api/deployment.yaml")


def test_the_log_has_each_address_and_no_token(attacked: Attacked) -> None:
    address = next(FRESH)
    Client(address, attacked.web.api_port).login(f"{GUESS}{uuid4()}")
    eventually(lambda: f"address={address} " in attacked.api.log.read_text("utf-8"), within=30)
    written = attacked.api.log.read_text("utf-8") + (attacked.web.folder / "nginx.log").read_text("utf-8")
    assert "login failed" in written
    assert not [token for token in (KIM, LEE, NEW, GUESS) if token in written]


def test_past_nginx_the_connections_own_address_counts(attacked: Attacked) -> None:
    guesser, kim = (Client(next(FRESH), attacked.system.api_port) for _ in range(2))
    assert [guesser.login(GUESS)[0] for _ in range(FREE)] == [401] * FREE
    eventually(lambda: guesser.login(GUESS)[0] == 429, within=30)
    assert kim.login(KIM)[0] == 200


def test_a_token_is_replaced_while_the_api_serves(attacked: Attacked, operators: Path) -> None:
    client = Client(next(FRESH), attacked.web.api_port)
    with Bystander(attacked):
        (new := operators.with_name("new")).write_text(f"kim {KIM}\nkim {NEW}\n")
        new.rename(operators)
        assert [client.login(token)[0] for token in (KIM, NEW, LEE)] == [200, 200, 401]
        operators.write_text("kim too short\n")
        assert [client.login(token)[0] for token in (KIM, NEW, LEE)] == [200, 200, 401]
        operators.write_text(f"kim {NEW}\n")
        assert [client.login(token)[0] for token in (KIM, NEW)] == [401, 200]
