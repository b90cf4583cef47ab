"""Lead lists as people have them: files and pipes, CSV and workbooks, numbers as they are written.

Each module decides one thing: ``source`` bytes into text, ``delimited`` and ``workbook`` text and sheets into rows,
``headers`` what a column means, ``phones`` what a number is, ``tokens`` who is the same person, ``leads`` which rows
can be submitted. None of them knows the client of the API.
"""

from __future__ import annotations
