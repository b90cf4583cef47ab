"""Runs the blocks of a page as a reader would: one shell and one Python for the whole page.

Reads a JSON list of [language, text] from standard input; writes a JSON list of what each block printed. Variables of a
bash block are seen by every block after it, names of a Python block by the later ones. Ends with exit code 1 and the
reason on standard error when a block fails.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BLOCK_TIMEOUT_S = 200.0


def run_bash(text: str) -> str:
    """Run a block with bash; take over its variables."""
    with tempfile.TemporaryDirectory() as folder:
        variables = Path(folder) / "variables"
        script = f"set -euo pipefail -o allexport\n{text}\nenv -0 > {variables}\n"
        result = subprocess.run(
            ["bash", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=BLOCK_TIMEOUT_S,
        )
        if result.returncode != 0:
            raise RuntimeError(f"exit code {result.returncode}: {result.stderr}")
        pairs = (pair.partition("=") for pair in variables.read_text(encoding="utf-8").split("\0") if pair)
        os.environ.update({name: value for name, _, value in pairs})
    return result.stdout


def run_python(text: str, names: dict[str, Any]) -> str:
    """Run a block in this process; its names stay for the next."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "<page>", "exec"), names)
    return printed.getvalue()


def main() -> None:
    """Run all blocks."""
    names: dict[str, Any] = {"__name__": "__main__"}
    outputs = []
    for language, text in json.load(sys.stdin):
        try:
            outputs.append(run_bash(text) if language == "bash" else run_python(text, names))
        except Exception as error:
            sys.stderr.write(f"this block failed:\n{text}\n{type(error).__name__}: {error}\n")
            sys.exit(1)
    json.dump(outputs, sys.stdout)


if __name__ == "__main__":
    main()
