"""What is kept of a contact's flow is read again as it was, or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.domain.contact import DetectionStatus
from trunkcall.flows.keeping import Kept, UnreadableProgressError, from_text, to_text
from trunkcall.flows.progress import Await, Ending, Progress, Purpose

TEXTS = st.text(max_size=20)
INSTANTS = st.integers(-(2**53), 2**53)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(TEXTS, TEXTS, max_size=4)
PROGRESS = st.builds(
    Progress,
    flow_id=TEXTS,
    purpose=st.sampled_from(Purpose),
    began_at=INSTANTS,
    action_id=TEXTS,
    awaits=st.none() | st.sampled_from(Await),
    until=st.none() | INSTANTS,
    keys=TEXTS,
    actions=st.integers(0, 2000),
    loops=st.dictionaries(TEXTS, st.integers(0, 100), max_size=4),
    detection=st.none() | st.sampled_from(DetectionStatus),
    attributes=MAPS,
    external=st.dictionaries(TEXTS, JSON, max_size=4),
    stored_input=st.none() | TEXTS,
    queue_id=st.none() | TEXTS,
    voice=MAPS,
    hooks=MAPS,
    priority=st.none() | st.integers(1, 9),
    adjustment=st.none() | st.integers(-600_000_000, 600_000_000),
    recorded=st.none() | st.lists(TEXTS, max_size=2).map(tuple),
    is_logged=st.booleans(),
    ending=st.none() | st.sampled_from(Ending),
)


@given(PROGRESS, st.none() | INSTANTS)
def test_where_a_contact_stands_is_read_as_it_was_written(progress: Progress, said_at: int | None) -> None:
    kept = Kept(progress, said_at)
    text = to_text(kept)
    assert text.isascii(), "whatever store it is in, it takes it"
    assert from_text(text, progress.attributes) == kept


@given(PROGRESS)
def test_attributes_are_the_contacts_and_not_kept_twice(progress: Progress) -> None:
    assert "attributes" not in json.loads(to_text(Kept(progress)))["progress"]


def test_every_member_of_the_progress_is_kept() -> None:
    """One that is forgotten here would be lost in a crash."""
    values: dict[str, Any] = {
        "flow_id": "flow",
        "purpose": Purpose.BESIDE,
        "awaits": Await.KEYS,
        "until": 1,
        "began_at": 1,
        "actions": 1,
        "detection": DetectionStatus.VOICEMAIL_BEEP,
        "priority": 1,
        "adjustment": 1,
        "recorded": (),
        "is_logged": True,
        "ending": Ending.BROKEN,
    }
    maps: dict[str, Any] = {"loops": {"a": 1}, "external": {"a": [None]}, "voice": {"a": "b"}, "hooks": {"a": "b"}}
    texts: dict[str, Any] = dict.fromkeys(("action_id", "keys", "stored_input", "queue_id"), "x")
    progress = Progress(**values, **maps, **texts)
    others = {field.name for field in fields(Progress)} - {"attributes"}
    assert json.loads(to_text(Kept(progress)))["progress"].keys() == others


WRONG: Sequence[dict[str, object]] = (
    {"flow_id": 1},
    {"awaits": "NOBODY"},
    {"awaits": None},
    {"until": True},
    {"until": 1.5},
    {"loops": {"a": "b"}},
    {"loops": []},
    {"is_logged": 1},
    {"mood": "good"},
    {"attributes": {}},
)
WHOLE: dict[str, object] = {"version": 1, "progress": {"flow_id": "flow", "awaits": "MESSAGE"}, "said_at": 5}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        json.dumps(WHOLE | {"progress": None}),
        json.dumps(WHOLE | {"progress": {}}),
        json.dumps(WHOLE | {"more": 1}),
        json.dumps(WHOLE | {"said_at": "now"}),
        *[json.dumps(WHOLE | {"progress": {"flow_id": "flow"} | wrong}) for wrong in WRONG],
    ],
)
def test_what_was_never_written_is_refused_in_words(text: str) -> None:
    with pytest.raises(UnreadableProgressError, match="What is kept of a contact's flow cannot be read"):
        from_text(text, {})


@pytest.mark.parametrize(("version", "shown"), [(2, "2"), ("personal", "unknown"), (None, "unknown")])
def test_another_version_is_refused_by_its_number(version: object, shown: str) -> None:
    assert from_text(json.dumps(WHOLE), {}).said_at == 5
    with pytest.raises(UnreadableProgressError, match=f"has the version {shown}; this Trunkcall reads version 1"):
        from_text(json.dumps(WHOLE | {"version": version}), {})
