"""The kinds of actions: when each is possible, and how often it is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from faults_page import tab as page
from faults_page.tab import Look, Tab
from faults_page.user import User

MOST_TABS, MOST_BATCHES = 3, 16


class Action(NamedTuple):
    """Something that a user does, if it is possible at what the tab shows; ``weight`` is its part.

    ``do`` tells whether it was done.
    """

    name: str
    weight: float
    do: Callable[[User, Tab], bool]
    possible: Callable[[User, Look | None], bool] = lambda _user, _look: True


def _at(step: str) -> Callable[[User, Look | None], bool]:
    return lambda user, look: look is not None and look.step == step and len(user.ledger.batches) < MOST_BATCHES


def _shows(button: str | re.Pattern[str]) -> Callable[[User, Look | None], bool]:
    return lambda _, look: look is not None and look.shows(button)


def _press(name: str, weight: float) -> Action:
    return Action(name, weight, lambda _, tab: tab.press(name), _shows(name))


ACTIONS = (
    Action("send a string", 1.5, User.send_single),
    Action("send strings in every tab", 0.5, User.send_singles),
    Action("open Bulk", 10, lambda _, tab: tab.show("#/many"), lambda _, look: look is None or look.step == "other"),
    Action("choose lines", 6, User.choose, _at("choose")),
    Action("send lines in every tab", 4, User.send_in_all, _at("choose")),
    Action("send", 10, User.send, _at("review")),
    _press(page.BACK, 0.5),
    _press(page.PAUSE, 2),
    _press(page.CANCEL, 6),
    _press(page.LEAVE, 2),
    _press(page.TRY_NOW, 1),
    _press(page.DELETE, 4),
    _press(page.KEEP, 4),
    _press(page.DO_NOT_SEND, 4),
    _press(page.RESUME, 4),
    Action("send the rest", 2, User.send_rest, _shows(page.SEND_REST)),
    Action("save the receipt", 1, User.save, _shows(page.SAVE)),
    Action(page.DONE, 5, User.finish, _shows(page.DONE)),
    Action("switch the view", 1, User.switch),
    Action("reload", 2, User.reload),
    Action("go back", 0.5, User.go_back),
    Action("go forward", 0.3, User.go_forward),
    Action("close, and open another", 1, User.replace),
    Action("crash", 1, User.crash),
    Action("open one more tab", 0.5, User.add_tab, lambda user, _: len(user.tabs) < MOST_TABS),
    Action("go offline or online", 0.7, User.toggle_network),
)


def act(user: User, random: Random) -> None:
    """Look at a tab, and do in it something that is possible there."""
    tab = random.choice(user.tabs)
    look = user.inspect(tab)
    possible = [each for each in ACTIONS if each.possible(user, look)]
    [chosen] = random.choices(possible, [each.weight for each in possible])
    user.ledger.note(f"tab {user.tabs.index(tab)} ({look.step if look else 'no page'}): {chosen.name}")
    done = chosen.do(user, tab)
    # what fails because the page has changed meanwhile was no longer possible
    if done or ((now := tab.look()) and chosen.possible(user, now)):
        user.ledger.outcomes[chosen.name].append(done)
