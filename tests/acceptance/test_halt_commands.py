"""`trunkcall halt` and `trunkcall resume` against a real server. If these fail, whoever finds that the wrong people are
being called can't stop it."""

from __future__ import annotations

import json

from serving import Serving


def test_calls_are_halted_and_begin_again(server: Serving) -> None:
    def run(*arguments: str, check: bool = True) -> str:
        done = server.trunkcall(*arguments, "--data-dir", str(server.data_dir), check=check)
        return done.stdout + done.stderr

    try:
        assert "All calls are halted since" in run("halt", "--reason", "a wrong list")
        told = json.loads(run("halt", "--json"))
        assert told["reason"] is None, "the last word counts"
        assert "halted" in run("status", check=False), "whoever looks sees it"
    finally:
        assert run("resume") == "Calls may be made again.\n"
    assert "halted" not in run("status", check=False)
    audit = (server.data_dir / "audit.jsonl").read_text(encoding="utf-8")
    assert '"operation":"HaltInstance"' in audit, "who stopped the calls is written down"
