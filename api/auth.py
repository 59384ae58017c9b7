"""What only an operator may do: the request must carry the token that the service was started with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hmac import compare_digest
from typing import Any, TypeVar

from flask import request

from api.http.problems import ApiProblem
from api.services import services

V = TypeVar("V", bound=Callable[..., Any])
SCHEME = "Bearer "


def operators_only(view: V) -> V:
    """Have a view refuse everybody but operators, before it looks at anything else of the request."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        check_token()
        return view(*args, **kwargs)

    guarded.operators_only = True  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def check_token() -> None:
    """Return when the request carries the token; raises ApiProblem. The comparison takes the same time for all."""
    token = services().settings.operator_token
    if token is None:
        raise ApiProblem("operator-disabled", "Start the service with OPERATOR_TOKEN to look after dead letters here.")
    given = request.headers.get("Authorization", "")
    if not compare_digest(given.encode(), (SCHEME + token.get_secret_value()).encode()):
        raise ApiProblem("operator-only", "Send the operator's token as Authorization: Bearer ….")
