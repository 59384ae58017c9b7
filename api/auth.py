"""Operator actions: the request must carry the token that the service was started with."""

from __future__ import annotations

from hmac import compare_digest

from flask import request

from api.http.problems import ApiProblem
from api.services import services

SCHEME = "Bearer "


def operators_only() -> None:
    """Check the operator's token, before a blueprint looks at anything else of the request; raises ApiProblem.

    The comparison takes the same time for every token. A preflight, which never carries one, passes.
    """
    if request.method == "OPTIONS":
        return
    token = services().settings.operator_token
    if token is None:
        raise ApiProblem("operator-disabled", "Start the service with OPERATOR_TOKEN to manage dead letters over HTTP.")
    given = request.headers.get("Authorization", "")
    if not compare_digest(given.encode(), (SCHEME + token.get_secret_value()).encode()):
        raise ApiProblem("operator-only", "Send the operator's token as Authorization: Bearer ….")
