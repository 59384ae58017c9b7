"""Places for requests that take long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from support import eventually

from api.process.places import Places


def test_a_few_wait_for_a_place_and_every_other_is_refused_immediately() -> None:
    places = Places(1, waiting=2, patience=60)
    assert places.take()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(places.take) for _ in range(2)]
        eventually(lambda: len(places._waiting) == 2, within=30)
        assert places.is_awaited
        assert not places.take()
        places.release()
        eventually(lambda: any(each.done() for each in waiting), within=30)
        places.release()
        assert [each.result() for each in waiting] == [True, True]
    assert not places.is_awaited


def test_whoever_waits_in_vain_is_refused_and_no_longer_counts() -> None:
    places = Places(1, waiting=1, patience=0.01)
    assert places.take()
    for _ in range(3):
        assert not places.take()
    assert not places.is_awaited
    places.release()
    assert places.take()
