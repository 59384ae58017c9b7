"""Faults of the tiers' own processes: killed, stopped, replaced, with a wrong clock."""

from __future__ import annotations

import signal
import time

import psutil

from core.timeouts import GRACE_PERIOD, LEASE
from faults import points
from faults.harm import Harm, Seen, comes
from faults.world import World

DRAINING = 2.0
"""Seconds between what preStop does and SIGTERM."""


def kill_at(point: str, harm: Harm) -> Seen:
    """Have a process die at a point of its code."""
    file = points.arm(harm.world.points, point)
    try:
        return comes(lambda: not file.exists()) and (
            point not in points.API_POINTS or comes(lambda: _all_serve(harm.world))
        )
    finally:
        file.unlink(missing_ok=True)


def _all_serve(world: World) -> bool:
    """Tell whether every API answers; restart those that granian has given up, as a container would be."""
    for number, api in enumerate(world.apis):
        if not api.running:
            world.apis[number] = world.start_api(number)
    return all(world.reach(number) is not None for number in range(len(world.apis)))


def kill_api(harm: Harm) -> Seen:
    """Kill one API's whole process group; start it again after the time."""
    number = harm.random.randrange(len(harm.world.apis))
    harm.world.apis[number].kill()
    time.sleep(harm.seconds)
    harm.world.apis[number] = harm.world.start_api(number)
    return True


def kill_idle(harm: Harm) -> Seen:
    """Kill a process of a worker's pool, whatever it is doing: most often it waits for work."""
    processes = psutil.Process(harm.random.choice(harm.world.workers).pid).children()
    if processes:
        harm.random.choice(processes).kill()
    return bool(processes)


def kill_worker(harm: Harm) -> Seen:
    """Kill one worker's whole process group; start another after the time."""
    number = harm.random.randrange(len(harm.world.workers))
    harm.world.workers[number].kill()
    time.sleep(harm.seconds)
    harm.world.workers[number] = harm.world.start_worker()
    return True


def pause_worker(harm: Harm) -> Seen:
    """Stop a worker that has claimed entries for longer than the lease, then let it continue."""
    worker = harm.random.choice(harm.world.workers)
    worker.signal_all(signal.SIGSTOP)
    time.sleep(LEASE + 1)
    worker.signal_all(signal.SIGCONT)
    return worker.running


def roll_apis(harm: Harm) -> Seen:
    """Replace each API as a rollout does: preStop, then SIGTERM, while the other serves."""
    for number, api in enumerate(harm.world.apis):
        harm.world.drain_api(number)
        time.sleep(DRAINING)
        api.terminate(GRACE_PERIOD)
        harm.world.apis[number] = harm.world.start_api(number)
    return True


def roll_workers(harm: Harm) -> Seen:
    """Replace each worker: the new one runs before the old one is told to end, with the pod's grace."""
    for number, worker in enumerate(list(harm.world.workers)):
        harm.world.workers[number] = harm.world.start_worker()
        time.sleep(DRAINING)
        worker.terminate(GRACE_PERIOD)
    return True


def shift_clock(offset: str, harm: Harm) -> Seen:
    """Run one API with a clock that is five minutes wrong."""
    number = harm.random.randrange(len(harm.world.apis))
    harm.world.clock_offsets[number] = offset
    _restart_api(harm.world, number)
    time.sleep(harm.seconds)
    del harm.world.clock_offsets[number]
    _restart_api(harm.world, number)
    return True


def _restart_api(world: World, number: int) -> None:
    world.drain_api(number)
    world.apis[number].terminate(GRACE_PERIOD)
    world.apis[number] = world.start_api(number)
