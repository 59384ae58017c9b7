"""Operator actions: the request must carry one of the operators' tokens."""

from __future__ import annotations

from flask import g, request

from api.http.client_address import address_of
from api.http.problems import ApiProblem
from api.operator_tokens import name_of
from api.services import services


def operators_only() -> None:
    """Check the operator's token, before a blueprint looks at anything else of the request; raises ApiProblem.

    A preflight, which never carries one, passes. A request without any is refused, but is no failed login.
    """
    if request.method == "OPTIONS":
        return
    parts = services()
    tokens = parts.operator_tokens.current()
    if not tokens:
        raise ApiProblem("operator-disabled", "Start the service with OPERATOR_TOKEN to manage dead letters over HTTP.")
    given = request.headers.get("Authorization")
    g.operator = name_of(given or "", tokens)
    if given:
        parts.logins.note(address_of(request.environ), right=g.operator is not None)
    if g.operator is None:
        raise ApiProblem("operator-only", "Send an operator's token as Authorization: Bearer ….")


def operator() -> str:
    """Return the name of the token that this request's operator has, for the audit line."""
    return str(g.operator)
