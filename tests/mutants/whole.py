#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Broken cores in the whole program: what a user sees when a property of Raft is violated.

    whole.py ROOT BUILD CC [PATCH]      PATCH: that one alone; reports as TAP

    patch --> copy of core/ --> objects in front of the sound archives --> meshsim
          --> run whole.yaml: exit 1, the property by its name, the last events, one command
          --> that command, alone: the same again, in the first repetition
"""
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from mutants import Workshop, run

# Those that show within a few runs; mutants.py hunts for all of them.
MUTANTS = ('votes-twice', 'appends-behind-anything', 'ignores-logs-in-elections',
           'applies-what-it-does-not-know', 'reads-without-asking')


class Program(Workshop):
    """Builds meshsim as the build does, but for the core's objects."""

    def __init__(self, root, build, compiler):
        super().__init__(root, build, build, compiler)
        self.build = Path(build).resolve()
        command = run(['ninja', '-t', 'commands', 'meshsim'], self.build).stdout
        self.link = shlex.split(command.strip().split('\n')[-1])

    def program(self, patch, folder):
        """Builds `folder`/meshsim of a patched copy; returns what went wrong, or None."""
        sources, wrong = self.patched(patch, folder)
        if wrong:
            return wrong
        objects = []
        for source in sources:
            objects.append(f'{folder}/{Path(source).stem}.o')
            built = run([*self.compiler, '-Icore', '-Icore/include', '-c', source, '-o',
                         objects[-1]], folder)
            if built.returncode != 0:
                return f'does not build: {built.stderr}'
        link = [f'{folder}/meshsim' if part == 'meshsim' else part for part in self.link]
        main = next(i for i, part in enumerate(link) if part.endswith('.o'))
        linked = run([*link[:main + 1], *objects, *link[main + 1:]], self.build)
        return None if linked.returncode == 0 else f'does not link: {linked.stderr}'


def story_of(said):
    """The events told, the sentence that names the property, and the command; or None."""
    events = re.findall(r'^ +[0-9]+\.[0-9]{3} ms  node ', said, re.MULTILINE)
    broken = re.search(r'(\S.*) is broken: (at \S+ ms .*)$', said, re.MULTILINE)
    command = re.search(r'^  again: (.*)$', said, re.MULTILINE)
    return (len(events), broken, command[1]) if broken and command else None


def judge(program, patch):
    """Whether the whole path holds for a mutant, and what there is to say about it."""
    expected = re.search(r'^Breaks: (.+)$', patch.read_text(), re.MULTILINE)[1]
    scenario = program.root / 'tests/mutants/whole.yaml'
    with tempfile.TemporaryDirectory() as folder:
        wrong = program.program(patch, folder)
        if wrong:
            return False, wrong
        first = run([f'{folder}/meshsim', 'run', str(scenario), '--quiet', '--db', 'a.db'], folder)
        told = story_of(first.stderr)
        if first.returncode != 1 or told is None:
            return False, f'exit {first.returncode}: {first.stdout}{first.stderr}'
        events, broken, command = told
        again = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
        retold = story_of(again.stderr)
        same = (again.returncode == 1 and retold is not None and retold[0] == events and
                retold[1][0] == broken[0])
        good = same and events >= 10 and expected in broken[1] and '--repeat 1' in command
        return good, f'{first.stderr}\n--- again ---\n{"" if same else again.stderr}'


def main():
    root, build, compiler = sys.argv[1:4]
    program = Program(root, build, compiler.split())
    names = sys.argv[4:] or MUTANTS
    print(f'1..{len(names) + 1}')
    with tempfile.TemporaryDirectory() as folder:
        sound = run([str(program.build / 'meshsim'), 'run',
                     str(program.root / 'tests/mutants/whole.yaml'), '--quiet', '--db', 'a.db'],
                    folder)
    print(f'{"ok" if sound.returncode == 0 else "not ok"} 1 - the sound core runs to the end')
    for number, name in enumerate(names, start=2):
        good, said = judge(program, program.root / 'tests/mutants' / f'{name}.patch')
        print(f'{"ok" if good else "not ok"} {number} - {name} ends a run with a story')
        print(*(f'# {line}' for line in said.strip().split('\n')), sep='\n', flush=True)


main()
