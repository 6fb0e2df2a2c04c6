#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The closing lines of `./dev test`: what each failing test said, then "N passed, N failed".

    summary.py TESTLOG          TESTLOG is meson's testlog.json: one JSON object per test

A test that reports as TAP counts once per point, any other once. A test that died, ran out of time
or broke off before its plan was done counts as one failure more than its points show. The exit code
is 0 when something passed and nothing failed.
"""
import json
import re
import sys

PASSING = ('OK', 'EXPECTEDFAIL')
SKIPPING = ('SKIP', 'IGNORED')


def points_of(record):
    """TAP points as 'passed', 'failed', 'skipped'; none for a test that does not speak TAP."""
    lines = record.get('stdout', '').split('\n')
    if not any(re.match(r'1\.\.\d+', line) for line in lines):
        return []
    points = [line for line in lines if re.match(r'(not )?ok\b', line)]
    return ['skipped' if re.search(r'# *SKIP', line, re.IGNORECASE) else
            'failed' if line.startswith('not') else 'passed' for line in points]


def count(record):
    points = points_of(record)
    result = record['result']
    counts = [points.count('passed'), points.count('failed'), points.count('skipped')]
    if result not in PASSING + SKIPPING and counts[1] == 0:
        counts[1] = 1
    elif not points:
        counts[0 if result in PASSING else 2] = 1
    return counts


def tell(record):
    """What a failing test said, without the points that passed."""
    print(f"\n---- {record['name']}: {record['result']}, exit status {record['returncode']}")
    for line in record.get('stdout', '').split('\n') + record.get('stderr', '').split('\n'):
        if line and not re.match(r'ok\b|1\.\.\d+', line):
            print(f'  {line}')


def main():
    with open(sys.argv[1], encoding='utf-8') as log:
        records = [json.loads(line) for line in log]
    totals = [0, 0, 0]
    for record in records:
        counts = count(record)
        totals = [total + one for total, one in zip(totals, counts)]
        if counts[1] > 0:
            tell(record)
    passed, failed, skipped = totals
    print(f'\n{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == '__main__':
    sys.exit(main())
