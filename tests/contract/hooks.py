"""A hook for the checker: a key that it reused for another request would rightly be refused."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import schemathesis

KEY = "Idempotency-Key"
LONGEST = 255


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:  # noqa: ARG001
    """Make each valid key unique."""
    key = case.headers.get(KEY)
    if isinstance(key, str) and 1 <= len(key) <= LONGEST:
        case.headers[KEY] = f"{key}{uuid4()}"[-LONGEST:]
