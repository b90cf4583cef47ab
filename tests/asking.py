"""Requests drawn by chance, asked of one server one after the other, and what must hold for all of them.

What a user would lose: a 500 is retried by every SDK and tells nobody what is wrong; an error that the operation does
not declare can't be handled; and what is known of somebody ends up in the logs of whoever called.

The short form sends the same requests on each run. ``TRUNKCALL_GENERATED_REQUESTS`` sets how many, and with it they are
new ones on each run.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answering import around, check_answer
from aws.support import botocore_model
from generating import CONFIDENTIAL, Drawn, Strategy, nearly_valid_requests, sendable, valid_requests, wild_requests
from serving import Serving
from wire import Heard, Signer, Wire

SHORT = 5_000
LONG = os.environ.get("TRUNKCALL_GENERATED_REQUESTS")
REQUESTS = int(LONG or SHORT)
TIMEOUT_S = max(120, REQUESTS // 10)


def drawn_with(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=LONG is None,
        suppress_health_check=list(HealthCheck),
    )


def say(capsys: pytest.CaptureFixture[str], figures: str) -> None:
    with capsys.disabled():
        print(f"\n{figures}")  # noqa: T201 - whoever runs the suite is to see how much of it there was


@dataclass
class Asker(ABC):
    """A server, ``existing`` as drawn requests name what is there, and what was counted."""

    server: Serving
    client: Any
    signer: Signer
    wire: Wire
    existing: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    names: Iterator[int] = field(default_factory=count)

    @abstractmethod
    def put_back(self, operation: str, path: bytes) -> None:
        """After a request that has succeeded: everything is there again for the next."""

    def names_for(self, operation: str) -> Mapping[str, str]:
        """What drawn requests for the operation name."""
        return self.existing

    def ask(self, drawn: Drawn) -> Heard:
        sent = sendable(drawn, self.names_for(drawn.operation))
        target = sent.path + (b"?" + sent.query if sent.query else b"")
        heard = self.wire.ask(self.signer.request(sent.method, target, sent.body, sent.headers))
        self.statuses[heard.status] += 1
        self.kinds[drawn.kind] += 1
        if heard.status == 200:
            self.succeeded.add(drawn.operation)
            self.put_back(drawn.operation, sent.path)
        return heard

    def check_nothing_is_written_down(self) -> None:
        """Whoever reads the logs, the audit log or the metrics learns nothing about anybody."""
        texts = {
            "log": self.server.log_path.read_text(),
            "audit log": (self.server.data_dir / "audit.jsonl").read_text(),
            "metrics": self.server.get("/metrics"),
        }
        for name, text in texts.items():
            assert text
            for marked in (*CONFIDENTIAL, self.signer.secret):
                assert marked not in text, f"{marked} stands in the {name}: …{around(text, marked)}…"
            assert "Traceback" not in text, around(text, "Traceback")
            assert "request failed" not in text, around(text, "request failed")

    def check_nothing_has_failed(self, record_property: Callable[[str, object], None]) -> str:
        """What was answered in all, in a sentence."""
        tried = self.statuses.total()
        failures = sum(number for status, number in self.statuses.items() if status >= 500)
        record_property("generated_requests", tried)
        record_property("answered_5xx", failures)
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(self.kinds.items()))
        statuses = ", ".join(f"{n} × {status}" for status, n in sorted(self.statuses.items()))
        figures = f"{tried} generated requests ({kinds}): {statuses}; {failures} of them 5xx"
        assert failures == 0, figures
        return figures


@dataclass(frozen=True)
class Questions:
    """All that is drawn for the operations of a service. ``refusals`` are the codes for what its model forbids,
    SerializationException besides; ``tells_personal_data``: its outputs may hold some, but no error."""

    service: str
    operations: tuple[str, ...]
    refusals: frozenset[str]
    tells_personal_data: bool = False

    @cached_property
    def places(self) -> int:
        """Where a request can break the model."""
        return sum(len(nearly_valid_requests(operation, self.service)) for operation in self.operations)

    def check(self, asker: Asker, name: str) -> None:
        """Whatever is asked of the operation is answered in a form that the SDKs understand."""
        operation = botocore_model(self.service).operation_model(name)
        each_kind = REQUESTS // 3

        def heard_of(drawn: Drawn) -> Heard:
            heard = asker.ask(drawn)
            check_answer(operation, heard, tells_personal_data=self.tells_personal_data)
            return heard

        @drawn_with(each_kind // len(self.operations))
        @given(valid_requests(name, self.service))
        def what_the_model_allows_the_world_alone_forbids(drawn: Drawn) -> None:
            heard = heard_of(drawn)
            assert heard.code != "SerializationException", heard
            assert b"failed to satisfy constraint" not in heard.body, heard

        @drawn_with(each_kind // self.places + 1)
        @given(st.data())
        def what_the_model_forbids_is_refused(wrong: Strategy, data: st.DataObject) -> None:
            heard = heard_of(data.draw(wrong))
            assert heard.code in self.refusals | {"SerializationException"}, heard
            if heard.code != "SerializationException":
                assert b"1 validation error detected" in heard.body, heard

        @drawn_with(each_kind // len(self.operations))
        @given(wild_requests(name, self.service))
        def anything_is_answered(drawn: Drawn) -> None:
            heard_of(drawn)

        what_the_model_allows_the_world_alone_forbids()
        for wrong in nearly_valid_requests(name, self.service):
            what_the_model_forbids_is_refused(wrong)
        anything_is_answered()
