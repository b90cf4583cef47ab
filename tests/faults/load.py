"""A client that goes on submitting whatever happens to the server, and remembers what it was answered."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from serving import Serving

BATCH = 25


class Load(threading.Thread):
    """Batches of fresh dial requests, each repeated with the same tokens until it is answered."""

    def __init__(self, server: Serving, campaign_id: str, *, pause_s: float = 0.05, most: int = 1_000_000) -> None:
        super().__init__(daemon=True)
        self._client = server.client(connect_timeout=2, read_timeout=5)
        self._campaign_id = campaign_id
        self._pause_s = pause_s
        self._most = most
        self._ended = threading.Event()
        self.ids: dict[str, str] = {}
        self.failures = 0
        self.refused: list[Any] = []
        self.expires_at = datetime.now(UTC) + timedelta(days=30)

    def run(self) -> None:
        number = 0
        while not self._ended.is_set() and len(self.ids) < self._most:
            requests = [self._request(n) for n in range(number, number + BATCH)]
            number += BATCH
            while not self._put(requests):
                self.failures += 1
                time.sleep(0.1)
            time.sleep(self._pause_s)

    def _put(self, requests: list[dict[str, Any]]) -> bool:
        try:
            answer = self._client.put_dial_request_batch(id=self._campaign_id, dialRequests=requests)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InternalServerException":
                raise
            return False
        except BotoCoreError:
            return False
        self.refused += answer["failedRequests"]
        for accepted in answer["successfulRequests"]:
            known = self.ids.setdefault(accepted["clientToken"], accepted["id"])
            assert known == accepted["id"], "a token that was repeated has another id"
        return True

    def _request(self, number: int) -> dict[str, Any]:
        return {
            "clientToken": f"load-{number}",
            "phoneNumber": f"+1212555{100 + number % 100:04d}",
            "expirationTime": self.expires_at,
            "attributes": {},
        }

    def finish(self) -> None:
        """Submit no more; the batch under way is answered first."""
        self._ended.set()
        self.join(60)
        assert not self.is_alive(), "the server never answered the last batch"
        assert self.refused == []
