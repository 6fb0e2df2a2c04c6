#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sanitizers find nothing in a small run of every scenario and topology.

    sanitized.py PROGRAM ROOT [NAME...]     reports as TAP, file by file; NAME: only these files

    meshsim run FILE, small --> store --> meshsim verify, each run   three threads, small blocks,
                                                                     dealt to all, window by window

PROGRAM is built with a sanitizer. `verify` must also say that both gave the same, so that what the
threads did to each other shows even where no sanitizer looks.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import small

FOUND = 99  # what the program exits with when a sanitizer has found something
REPORT = re.compile(r'Sanitizer|runtime error:')
SANITIZERS = {f'{name}_OPTIONS': f'exitcode={FOUND}:print_stacktrace=1'
              for name in ('ASAN', 'LSAN', 'TSAN', 'UBSAN')}
# `verify` does not start itself anew: sanitizers know one layout of memory (sim/cli/fresh.c).
ENVIRONMENT = {**os.environ, **SANITIZERS, 'MESHSIM_FRESH': '1'}
STORY_LINES = 120
SMALLER = ['--agents', '160', '--repeat', '1']
OTHERWISE = {  # since sanitized programs are ten times slower
    'state-aggregation.yaml': ['--repeat', '1', '--set', 'duration_ms=2500'],
    'swim-storm.yaml': ['--agents', '200', '--repeat', '1', '--set', 'duration_ms=22000'],
    'swim-storm-plain.yaml': ['--agents', '200', '--repeat', '1', '--set', 'duration_ms=22000'],
    'hierarchical.yaml': ['--agents', '2500', '--repeat', '1'],
}
BAD_SCENARIO = 65


def meshsim(program, root, *arguments):
    return subprocess.run([program, *arguments], text=True, capture_output=True, cwd=root,
                          env=ENVIRONMENT)


def story(run, allowed):
    """What went wrong in a run of the program; empty: nothing."""
    if run.returncode in allowed and not REPORT.search(run.stderr):
        return ''
    said = (run.stderr + run.stdout[-2000:]).splitlines()[:STORY_LINES]
    return '\n'.join([f'{" ".join(map(str, run.args))} exited with {run.returncode}', *said])


def run_smallest(program, root, file, common):
    """Some scenarios name nodes, or have edges, that so few agents do not fill."""
    usual = small.arguments_for(file)
    first = OTHERWISE.get(file.name, SMALLER if usual == small.SMALL else usual)
    run = meshsim(program, root, 'run', file, *first, *common)
    return run if run.returncode != BAD_SCENARIO else meshsim(program, root, 'run', file, *usual,
                                                              *common)


def runs_in(program, root, store):
    listed = meshsim(program, root, 'list', '--db', store, '--json')
    return sorted(json.loads(line)['run'] for line in listed.stdout.splitlines())


def look_at(program, root, file):
    with tempfile.TemporaryDirectory() as scratch:
        store = f'{scratch}/runs.db'
        common = ['--quiet', '--threads', '3', '--db', store]
        # 1 and 2: that an expectation does not hold in a small size is no fault.
        wrong = story(run_smallest(program, root, file, common), (0, 1, 2))
        runs = [] if wrong else runs_in(program, root, store)
        if not wrong and not runs:
            wrong = 'the store holds no run'
        for run in runs:
            wrong = wrong or story(meshsim(program, root, 'verify', str(run), *common), (0,))
    return wrong


def main():
    program, root, names = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), sys.argv[3:]
    files = [file for file in small.files(root) if not names or file.name in names]
    print(f'1..{len(files)}', flush=True)
    failed = 0
    for number, file in enumerate(files, 1):
        start = time.monotonic()
        wrong = look_at(program, root, file.relative_to(root))
        failed += wrong != ''
        print(f'{"not ok" if wrong else "ok"} {number} {file.relative_to(root)}, '
              f'{time.monotonic() - start:.0f} s', flush=True)
        for line in wrong.splitlines():
            print(f'# {line}', flush=True)
    return 1 if failed or not files else 0


if __name__ == '__main__':
    sys.exit(main())
