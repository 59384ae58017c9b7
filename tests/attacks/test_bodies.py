"""Bodies that cost more than their size: refused within the API's memory limit, while other clients are served."""

from __future__ import annotations

import pytest
from attacks.bystander import Bystander
from attacks.conftest import Attacked
from attacks.limits import forget_peak, memory_limit, peak_memory
from front import answer_of, connect, with_body

BULK = b"POST /dummies/bulk HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
SIZE = 8_000_000
HOSTILE = {
    "objects": b'{"texts":[' + b"{}," * (SIZE // 3) + b"{}]}",
    "lists in lists": b'{"texts":[' + b",".join([b"[" * 100 + b"]" * 100] * (SIZE // 201)) + b"]}",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_bulk_of_other_things_is_refused_in_little_memory(attacked: Attacked, body: bytes) -> None:
    forget_peak(attacked.api.pid)
    with Bystander(attacked):
        for _ in range(3):
            with connect(attacked.web.api_port, with_body(BULK, body)) as connection:
                assert answer_of(connection)[0] in (400, 413)
    assert peak_memory(attacked.api.pid) < memory_limit("api/deployment.yaml")
