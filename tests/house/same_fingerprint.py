#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same scenario and seed give the same fingerprint, whoever compiled the program.

    same_fingerprint.py ROOT WORK     reports as TAP

    gcc -O0 ---+
    gcc -O3 ---+--> meshsim run SCENARIO --json --> fingerprints, equal in all columns
    clang -O0 -+
    clang -O3 -+

Each build lives in a directory of its own under WORK and is kept, so a second run compiles what has
changed. Two more seeds must give two more fingerprints: a constant would agree with itself.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BUILDS = [('gcc', '0'), ('gcc', '3'), ('clang', '0'), ('clang', '3')]
SCENARIOS = {
    'eager': ['scenarios/flat-mesh-eager.yaml', '--agents', '50'],
    'periodic': ['topologies/single-region.yaml', '--agents', '200'],
}


def checked(command, **options):
    result = subprocess.run(command, text=True, capture_output=True, **options)
    if result.returncode != 0:
        raise RuntimeError(f'{" ".join(map(str, command))} exited with {result.returncode}\n'
                           + result.stdout[-2000:] + result.stderr[-2000:])
    return result.stdout


def compile_program(root, directory, compiler, level):
    def setup():
        shutil.rmtree(directory, ignore_errors=True)
        checked(['meson', 'setup', '--buildtype=plain', f'-Doptimization={level}', directory, root],
                env={**os.environ, 'CC': compiler})

    compile_it = ['ninja', '-C', directory, '-j', '2', 'meshsim']
    if not (directory / 'build.ninja').exists():
        setup()
    elif subprocess.run([*compile_it[:3], 'build.ninja'], capture_output=True).returncode != 0:
        setup()  # left broken, or by another meson
    checked(compile_it)
    return directory / 'meshsim'


def fingerprints(program, root, arguments):
    """The fingerprint of each repetition, then the combined one of the scenario."""
    with tempfile.TemporaryDirectory() as scratch:
        output = checked([program, 'run', *arguments, '--repeat', '3', '--json', '--quiet',
                          '--db', f'{scratch}/runs.db'], cwd=root)
    objects = [json.loads(line) for line in output.splitlines()]
    return [one['fingerprint'] for kind in ('run', 'scenario') for one in objects
            if one['kind'] == kind]


class Report:
    def __init__(self):
        self.count = 0

    def point(self, passed, name, story):
        self.count += 1
        print(f'{"ok" if passed else "not ok"} {self.count} {name}', flush=True)
        if not passed:
            print('\n'.join(f'# {line}' for line in story.split('\n')), flush=True)


def main():
    root, work = Path(sys.argv[1]), Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    report = Report()
    print(f'1..{len(SCENARIOS) * (len(BUILDS) + 1)}', flush=True)
    programs = {}
    for compiler, level in BUILDS:
        name = f'{compiler}-O{level}'
        try:
            programs[name] = compile_program(root, work / name, compiler, level)
        except RuntimeError as error:
            sys.exit(f'Bail out! {name} does not build: {error}')
    for scenario, arguments in SCENARIOS.items():
        first = fingerprints(programs['gcc-O0'], root, arguments)
        report.point(len(first) == 4 and len(set(first[:3])) == 3 and all(first),
                     f'{scenario}: each seed has a fingerprint of its own', f'{first}')
        for name, program in programs.items():  # gcc-O0 once more: a run agrees with itself
            again = fingerprints(program, root, arguments)
            report.point(again == first, f'{scenario}: {name} gives what gcc-O0 gave',
                         f'gcc-O0 {first}\n{name} {again}')


if __name__ == '__main__':
    main()
