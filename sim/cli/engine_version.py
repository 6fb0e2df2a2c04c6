#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the version of the engine (version.h): the program's, and a hash of what decides results.

    engine_version.py ROOT VERSION OUTPUT DEPFILE

    sources that can change a result ----> without comments, blanks collapsed ---+
    files that travel with the program --> as they are --------------------------+--> SHA-256
                                                                                      |
                 const char sim_engine_version[] = "0.1.0+5f3c9a1e22d0"; <------------+

Of the simulation whole folders count, so that nobody has to remember: what is new in them is in the
hash. A comment, a line broken elsewhere, a verb or how a figure is printed leave it alone.
"""
import hashlib
import re
import sys
from pathlib import Path

FOLDERS = ['core', 'sim/base', 'sim/net', 'sim/shape', 'sim/engine', 'sim/load', 'sim/measure',
           'sim/run']
FILES = ['sim/cli/finding.c', 'sim/cli/keep.c',                                 # what is kept,
         'sim/store/schema.sql', 'sim/store/write.c', 'sim/store/digest.c',     # and compared
         'topologies/claims.yaml', 'topologies/cloud.yaml', 'topologies/cloud-regions.csv',
         'topologies/instances.yaml']
CODE = {'.c', '.h', '.inc'}

# A string or a character first: what looks like a comment within them is none.
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|//[^\n]*|/\*.*?\*/|\s+', re.DOTALL)


def bare(text):
    """C without comments, with one blank where there were several."""
    def keep(match):
        token = match.group()
        return token if token[0] in '"\'' else ' '
    return re.sub(' +', ' ', TOKEN.sub(keep, text))


def sources(root):
    found = [root / name for name in FILES]
    for folder in FOLDERS:
        found += (path for path in (root / folder).rglob('*') if path.suffix in CODE)
    return sorted(found)


def engine_hash(root):
    whole = hashlib.sha256()
    for path in sources(root):
        text = path.read_text(encoding='utf-8')
        content = (bare(text) if path.suffix in CODE else text).encode()
        whole.update(f'{path.relative_to(root)} {len(content)}\n'.encode() + content)
    return whole.hexdigest()[:12]


def main():
    root, version, output, depfile = sys.argv[1:]
    root = Path(root)
    Path(output).write_text('// SPDX-License-Identifier: GPL-3.0-or-later\n#include "version.h"\n\n'
                            f'const char sim_engine_version[] = "{version}+{engine_hash(root)}";\n',
                            encoding='utf-8')
    # A folder is listed, too: its time changes when a file comes or goes.
    folders = {path.parent for path in sources(root)}
    names = ' '.join(str(path).replace(' ', '\\ ') for path in [*sources(root), *sorted(folders)])
    Path(depfile).write_text(f'{output}: {names}\n', encoding='utf-8')


if __name__ == '__main__':
    main()
