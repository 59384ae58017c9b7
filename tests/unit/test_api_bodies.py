"""Whatever the body, the answer is 202 or says what is wrong with it; never is it a bug."""

from __future__ import annotations

import json

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(categories=None), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | ANY_TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT | st.sampled_from(["text", "texts"]), inner, max_size=4)
    ),
    max_leaves=8,
)
WHOLE = st.fixed_dictionaries({}, optional={"text": VALUES, "texts": VALUES, "x": VALUES}) | VALUES


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Draw JSON of about the right form, in some spelling, perhaps cut off or with bytes put in."""
    made = json.dumps(draw(WHOLE), ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    cut = draw(st.integers(0, len(made)))
    return (
        made
        if draw(st.booleans())
        else made[:cut] + draw(st.binary(max_size=3)) + draw(st.sampled_from([b"", made[cut:]]))
    )


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=500)
@given(
    st.sampled_from(["/dummies/", "/dummies/bulk"]),
    bodies() | st.binary(max_size=20),
    st.sampled_from(["application/json", "text/plain", "application/json; charset=utf-8", "x", ""]),
)
def test_no_body_is_a_bug(client: FlaskClient, path: str, body: bytes, content_type: str) -> None:
    answer = client.post(path, data=body, content_type=content_type)
    assert answer.status_code in {202, 400, 413, 415, 422}
    if answer.status_code != 202:
        assert answer.json["detail"]
