"""The AWS CLI, driven line by line: a JSON array of its arguments in, a JSON object with its exit code, and what it
printed, out. It is the command itself, but for the time that it takes to start. Runs in the environment of the clients.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

from awscli.clidriver import create_clidriver

for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = create_clidriver().main(json.loads(line))
    sys.stdout.write(json.dumps([code, out.getvalue(), err.getvalue()]) + "\n")
    sys.stdout.flush()
