"""A round: a fresh browser, actions amid troubles, then everything is let through, settles, and is compared."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from playwright.sync_api import Browser
from support import eventually

from faults_page import troubles
from faults_page.actions import act
from faults_page.checker import judge_end
from faults_page.ledger import Ledger
from faults_page.tab import BACK, CANCEL, DO_NOT_SEND, DONE, KEEP, RESUME, SEND_REST, Look
from faults_page.user import User
from faults_page.world import World

ACTIONS = 24
SECURE = 0.4
"""The part of the rounds on a secure origin, where the tabs have locks."""
PAUSE = (0.0, 0.7)
TROUBLED = 10.0
"""Seconds for which troubles are begun."""
SETTLED_WITHIN = 90.0
FINAL = {"stored", "failed", "refused"}


def play(world: World, browser: Browser, seed: int, number: int) -> Ledger:
    """Play the round of this number, and return its ledger with all offences."""
    random = Random(f"{seed} {number}")
    secure = random.random() < SECURE
    ledger = Ledger(f"s{seed}r{number:03}", "a secure origin" if secure else "plain http on a host name")
    context = browser.new_context(locale="en-US", accept_downloads=True)
    try:
        user = User(world, context, world.site(secure=secure), ledger, random)
        with ThreadPoolExecutor(1) as pool:
            troubled = pool.submit(troubles.play, world, Random(f"{seed} {number} troubles"), TROUBLED, ledger.note)
            user.send_in_all(user.tabs[0])
            for _ in range(ACTIONS):
                act(user, random)
                time.sleep(random.uniform(*PAUSE))
        troubled.result()
        settle(user, random)
        if ledger.broken:
            _photograph(user, world.folder)
    finally:
        context.close()
    return ledger


def settle(user: User, random: Random) -> None:
    """Let everything through, see each batch to its end, and compare."""
    ledger, tab = user.ledger, user.tabs[0]
    ledger.note("everything is let through")
    user.set_online(online=True)
    user.replace(tab)
    tab.show("#/many")
    until = time.monotonic() + SETTLED_WITHIN
    while (look := user.inspect(tab)) is None or look.step != "choose":
        _go_on(user, look, random)
        if time.monotonic() > until:
            ledger.accuse("stuck", look.words if look else "no page")
            return
    tab.show("#/")
    try:
        eventually(lambda: _is_settled(user), SETTLED_WITHIN)
    except AssertionError:
        look = tab.look()
        ledger.accuse("stuck", look.words if look else "no page")
    look, kept = user.inspect(tab), user.world.kept(ledger.name)
    judge_end(ledger, look.rows if look else (), kept) if kept else ledger.accuse("stuck", "no database")


def _go_on(user: User, look: Look | None, random: Random) -> None:
    """Do what brings the bulk view nearer to its first step."""
    tab = user.tabs[0]
    if look and look.shows(SEND_REST) and random.random() < 0.5:
        user.send_rest(tab)
    elif look and look.shows(DONE) and not (look.fates and look.fates.open):
        user.finish(tab)
    elif look and look.shows(RESUME):
        tab.press(CANCEL if random.random() < 0.3 else RESUME)
    elif look:
        for name in (KEEP, DO_NOT_SEND, BACK):
            _ = look.shows(name) and tab.press(name)
    time.sleep(0.3)


def _is_settled(user: User) -> bool:
    look, kept = user.inspect(user.tabs[0]), user.world.kept(user.ledger.name)
    return bool(look and kept and not kept.queued and all(row.state in FINAL for row in look.rows))


def _photograph(user: User, folder: Path) -> None:
    """Keep a picture of each tab."""
    for number, tab in enumerate(user.tabs):
        tab.attempt(
            lambda tab=tab, number=number: tab.page.screenshot(
                path=folder / f"{user.ledger.name}-tab{number}.png", full_page=True
            )
        )
