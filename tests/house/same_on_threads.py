#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run gives the same however it is executed: every scenario, every topology.

    same_on_threads.py PROGRAM ROOT     reports as TAP

    1 thread ----------------+
    2, 3, 8 threads ---------+--> meshsim run FILE --json --> all that is printed, but for the wall
    nothing accounted -------+                                clock and memory, equal
    the same on 3 threads ---+
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import small

WAYS = [['--threads', '1'], ['--threads', '2'], ['--threads', '3'], ['--threads', '8'],
        ['--threads', '1', '--execute-all'], ['--threads', '3', '--execute-all']]
OF_THE_MACHINE = {'wall_s', 'peak_rss_bytes'}


def without(found):
    """JSON without what only the machine decides, wherever it stands."""
    if isinstance(found, dict):
        return {key: without(value) for key, value in found.items() if key not in OF_THE_MACHINE}
    if isinstance(found, list):
        return [without(value) for value in found]
    return found


def results(program, root, file, way):
    with tempfile.TemporaryDirectory() as scratch:
        command = [program, 'run', file.relative_to(root), *small.arguments_for(file), *way,
                   '--json', '--quiet', '--db', f'{scratch}/runs.db']
        run = subprocess.run(command, text=True, capture_output=True, cwd=root)
    if run.returncode not in (0, 1, 2) or not run.stdout:
        return f'{" ".join(map(str, command))} exited with {run.returncode}\n{run.stderr[-2000:]}'
    return [without(json.loads(line)) for line in run.stdout.splitlines()]


def first_difference(a, b):
    if isinstance(a, str) or isinstance(b, str):
        return a if isinstance(a, str) else b
    for one, other in zip(a, b):
        for key in one:
            if one[key] != other.get(key):
                return f'{key}: {str(one[key])[:300]}\n{key}: {str(other.get(key))[:300]}'
    return f'{len(a)} and {len(b)} lines'


def main():
    program, root = Path(sys.argv[1]), Path(sys.argv[2])
    files = small.files(root)
    print(f'1..{len(files)}', flush=True)
    for number, file in enumerate(files, 1):
        first = results(program, root, file, WAYS[0])
        story = first if isinstance(first, str) else ''
        for way in WAYS[1:]:
            other = results(program, root, file, way)
            if other != first and not story:
                story = f'{" ".join(way)}: {first_difference(first, other)}'
        print(f'{"not ok" if story else "ok"} {number} {file.relative_to(root)}', flush=True)
        for line in story.splitlines():
            print(f'# {line}', flush=True)


if __name__ == '__main__':
    main()
