#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that must be found: each patch here is applied to a copy of core/, built, and explored.

    mutants.py ROOT CORE LAB CC      CORE, LAB: the archives of the build; reports as TAP

The first line of a patch says what is wrong, the second which property it breaks. What is patched
is compiled and linked in front of the archive of the sound core, so that it takes its place.
"""
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SEEDS = 8000
WORKERS = 2


def run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


class Workshop:
    def __init__(self, root, core, lab, compiler):
        self.root = Path(root).resolve()
        self.archives = [str(Path(lab).resolve()), str(Path(core).resolve())]
        self.compiler = [*compiler, '-std=c17', '-O1', '-D_GNU_SOURCE']

    def patched(self, patch, folder):
        """Patches a copy of core/: the sources that are other now, and what went wrong, or None."""
        applied = run(['cp', '-r', str(self.root / 'core'), folder], folder)
        if applied.returncode == 0:
            applied = run(['patch', '-p1', '--fuzz=0', '--no-backup-if-mismatch', '-i',
                           str(patch)], folder)
        if applied.returncode != 0:
            return [], f'does not apply: {applied.stdout}{applied.stderr}'
        return re.findall(r'^patching file (\S+\.c)$', applied.stdout, re.MULTILINE), None

    def mutate(self, patch, folder):
        """Builds `folder`/explore of a patched copy; returns what went wrong, or None."""
        sources, wrong = self.patched(patch, folder)
        if wrong:
            return wrong
        built = run([*self.compiler, '-Icore', '-Icore/include', *sources,
                     str(self.root / 'tests/raft/explore.c'), *self.archives, '-o', 'explore'],
                    folder)
        return None if built.returncode == 0 else f'does not build: {built.stderr}'

    def hunt(self, patch):
        """Whether the fault of a patch is found, and what there is to say about it."""
        expected = re.search(r'^Breaks: (.+)$', patch.read_text(), re.MULTILINE)
        if not expected:
            return False, 'its second line does not say what it breaks'
        with tempfile.TemporaryDirectory() as folder:
            wrong = self.mutate(patch, folder)
            if wrong:
                return False, wrong
            found = run(['./explore', '1', str(SEEDS), expected[1]], folder)
            said = found.stdout.strip().split('\n')[-1]
            return found.returncode == 1 and f' breaks {expected[1]}: ' in said, (
                said or f'exit {found.returncode}: {found.stderr}')


def main():
    root, core, lab, compiler = sys.argv[1:]
    workshop = Workshop(root, core, lab, compiler.split())
    patches = sorted((workshop.root / 'tests/mutants').glob('*.patch'))
    print(f'1..{len(patches) + 1}')
    print(f'{"ok" if len(patches) >= 8 else "not ok"} 1 - there are at least eight mutants')
    with ThreadPoolExecutor(WORKERS) as pool:
        for number, (patch, (found, said)) in enumerate(
                zip(patches, pool.map(workshop.hunt, patches)), start=2):
            print(f'{"ok" if found else "not ok"} {number} - {patch.stem} is found')
            print(*(f'# {line}' for line in said.split('\n')), sep='\n', flush=True)


if __name__ == '__main__':
    main()
