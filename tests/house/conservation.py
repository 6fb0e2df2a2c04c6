#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""No message is lost sight of: the law of conservation, from the store alone, in every scenario.

    conservation.py PROGRAM ROOT     reports as TAP

    sent + duplicated = delivered + lost + dropped + corrupted + cut + dead + refused + in flight

for each kind of message of each repetition of a small run. The program holds its own counters to
it, too; here it is the figures that users read.
"""
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import small

BROKEN = """
WITH kinds AS (
    SELECT run_id, repetition, message_kind, sum(messages + duplicated) AS sent,
        sum(delivered + lost + dropped + corrupted + cut + dead + refused) AS ended
    FROM traffic GROUP BY run_id, repetition, message_kind)
SELECT run_id, repetition, message_kind, coalesce(sent, 0), coalesce(ended, 0),
    coalesce(messages, 0)
FROM kinds FULL JOIN in_flight USING (run_id, repetition, message_kind)
WHERE coalesce(sent, 0) <> coalesce(ended, 0) + coalesce(messages, 0)
"""


def story_of(program, root, file):
    """What is wrong with it; '' where nothing is."""
    with tempfile.TemporaryDirectory() as scratch:
        store = f'{scratch}/runs.db'
        command = [program, 'run', file.relative_to(root), *small.arguments_for(file), '--quiet',
                   '--db', store]
        run = subprocess.run(command, text=True, capture_output=True, cwd=root)
        if run.returncode not in (0, 1, 2):
            return f'exit {run.returncode}: {run.stderr[-2000:]}'
        database = sqlite3.connect(store)
        messages = database.execute('SELECT sum(messages) FROM traffic').fetchone()[0]
        rows = database.execute(BROKEN).fetchall()
        database.close()
    if not messages:
        return 'nothing was sent'
    return '\n'.join(f'run {run_id}, repetition {repetition}: of {sent} {kind} {ended} ended and '
                     f'{under_way} are in flight'
                     for run_id, repetition, kind, sent, ended, under_way in rows)


def main():
    program, root = Path(sys.argv[1]), Path(sys.argv[2])
    files = small.files(root)
    print(f'1..{len(files)}', flush=True)
    for number, file in enumerate(files, 1):
        story = story_of(program, root, file)
        print(f'{"not ok" if story else "ok"} {number} {file.relative_to(root)}', flush=True)
        for line in story.splitlines():
            print(f'# {line}', flush=True)


if __name__ == '__main__':
    main()
