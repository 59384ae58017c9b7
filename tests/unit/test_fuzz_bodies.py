"""Whatever the body: a 202 means that exactly its texts are in the journal; any other response says what is wrong."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from fakeredis import FakeRedis
from flask.testing import FlaskClient
from fuzzing import FORMS, MAX_TEXT_BYTES, Form, a_body
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from watched_api import WatchedApi

pytestmark = pytest.mark.timeout(60)
SEEDS, BODIES_A_SEED = range(10), 1000
BUILT = hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    derandomize=True,
    print_blob=True,
    max_examples=500,
)


@pytest.fixture
def settings() -> dict[str, Any]:
    """A limit on texts so low that bodies are soon too large."""
    return {"max_text_bytes": MAX_TEXT_BYTES}


class Forms(WatchedApi):
    """Sends bodies, and compares the outcome with what their form promises."""

    accepted = refused = 0

    def check(self, form: Form, body: bytes) -> None:
        """Send a body."""
        texts = form.read(body)
        answer = self.send(form.path, data=body, content_type=form.content_type)
        if texts is None:
            self.refused += 1
            assert answer.status in {400, 413, 422}
        else:
            self.accepted += 1
            assert answer.status == 202
            assert answer.appended == list(zip(answer.ids, texts, strict=True))


@pytest.fixture
def forms(client: FlaskClient, redis: FakeRedis) -> Forms:
    """The API, and its journal."""
    return Forms(client, redis)


def test_at_least_ten_thousand_bodies_are_random() -> None:
    assert len(SEEDS) * BODIES_A_SEED >= 10_000


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_body_is_accepted_or_refused_as_it_should_be(forms: Forms, seed: int) -> None:
    """Bytes of no form, right bodies, and mostly right ones with a few bytes changed."""
    random = Random(seed)
    for _ in range(BODIES_A_SEED):
        form = random.choice(FORMS)
        forms.check(form, a_body(random, form))
    assert forms.accepted + forms.refused == BODIES_A_SEED
    assert min(forms.accepted, forms.refused) > BODIES_A_SEED / 5


ANY_TEXT = st.text(st.characters(categories=None), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | ANY_TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT | st.sampled_from(["text", "texts"]), inner, max_size=4)
    ),
    max_leaves=8,
)
WHOLE = st.fixed_dictionaries({}, optional={"text": VALUES, "texts": VALUES, "x": VALUES}) | VALUES
TEXTS = st.lists(ANY_TEXT, max_size=6)


@st.composite
def json_bodies(draw: st.DrawFn) -> bytes:
    """Draw JSON of roughly the right form, in some spelling, perhaps cut off or with bytes put in."""
    made = json.dumps(draw(WHOLE), ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    cut = draw(st.integers(0, len(made)))
    return (
        made
        if draw(st.booleans())
        else made[:cut] + draw(st.binary(max_size=3)) + draw(st.sampled_from([b"", made[cut:]]))
    )


@BUILT
@given(st.sampled_from(FORMS), json_bodies() | st.lists(json_bodies(), max_size=4).map(b"\n".join) | st.binary())
def test_a_body_built_of_any_values_is_accepted_or_refused_as_it_should_be(
    forms: Forms, form: Form, body: bytes
) -> None:
    forms.check(form, body)


@BUILT
@given(form=st.sampled_from(FORMS), texts=TEXTS, ascii_only=st.booleans())
def test_any_texts_are_kept_as_they_are_or_refused(
    forms: Forms, form: Form, texts: list[str], *, ascii_only: bool
) -> None:
    lines = [json.dumps({"text": text}, ensure_ascii=ascii_only) for text in texts]
    written = {
        FORMS[0]: lines[0] if lines else "",
        FORMS[1]: json.dumps({"texts": texts}, ensure_ascii=ascii_only),
        FORMS[2]: "\n".join(lines),
        FORMS[3]: "\n".join(texts),
    }
    forms.check(form, written[form].encode("utf-8", "surrogatepass"))
