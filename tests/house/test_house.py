#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check of house.py is seen to fail on a sample that breaks its rule, and only that rule.

A sample is a change to a small tree that breaks no rule: files to add or to replace.
"""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import house
import summary

APACHE = '// SPDX-License-Identifier: Apache-2.0\n'
GPL = '// SPDX-License-Identifier: GPL-3.0-or-later\n'
PROSE = '// One.\n// Two.\n// Three.\n\n'

GOOD = {
    'meson.build': "# SPDX-License-Identifier: GPL-3.0-or-later\nproject('x', 'c', "
                   "default_options: ['b_ndebug=false'])\n",
    'dev': '#!/usr/bin/env bash\n# SPDX-License-Identifier: GPL-3.0-or-later\n',
    **{f'{folder}/README.md': f'| {"a table may be wide " * 8}|\n'
       for folder in ('core', 'sim', 'reports', 'tests')},
    'core/include/mesh/dot.h': APACHE + PROSE + '#include <stdint.h>\nuint32_t mesh_dot(void);\n',
    'core/dot.c': APACHE + '#include "mesh/dot.h"\n\n#include <string.h>\n\n'
                  'uint32_t mesh_dot(void)\n{\n    return (uint32_t)sizeof "double";\n}\n',
    'sim/base/error.h': GPL + '// Errors.\n\n#include <stdbool.h>\nbool sim_error(void);\n',
    'sim/net/network.h': GPL + '// Places.\n\n#include "error.h"\n#include "mesh/dot.h"\n',
    'sim/store/store.c': GPL + '#include <sqlite3.h>\n\n#include "error.h"\n',
    'reports/report.h': GPL + '// Pictures.\n\nint report_draw(void);\n',
}

# Check, path and content of what breaks it, part of the finding that must follow.
BAD = [
    (house.every_source_opens_with_the_licence_of_its_folder,
     'core/gpl.c', GPL, 'core/gpl.c:1: opens with'),
    (house.every_source_opens_with_the_licence_of_its_folder,
     'sim/base/none.c', 'int sim_none;\n', 'SPDX line of GPL-3.0-or-later'),
    (house.every_source_opens_with_the_licence_of_its_folder,
     'tests/late.sh', '#!/bin/sh\n\n# SPDX-License-Identifier: GPL-3.0-or-later\n', 'late.sh:1'),
    (house.no_line_is_longer_than_100_columns,
     'core/wide.c', APACHE + '// ' + 'x' * 98 + '\n', 'core/wide.c:2: 101 columns'),
    (house.no_line_is_longer_than_100_columns,
     'sim/README.md', 'x' * 101 + '\n', 'sim/README.md:1: 101 columns'),
    (house.no_source_is_longer_than_800_lines,
     'core/long.c', APACHE + '\n' * 800, 'core/long.c: 801 lines'),
    (house.every_source_ends_its_lines_cleanly,
     'core/tab.c', APACHE + '\tint x;\n', 'core/tab.c:2:'),
    (house.every_source_ends_its_lines_cleanly,
     'core/blank.c', APACHE + 'int x; \n', 'core/blank.c:2:'),
    (house.every_source_ends_its_lines_cleanly,
     'core/end.c', APACHE + 'int x;', 'core/end.c: the last line has no end'),
    (house.nothing_is_left_to_do,
     'core/later.c', APACHE + '// TO' 'DO: later\n', 'core/later.c:2:'),
    (house.nothing_is_left_to_do,
     'core/dead.c', APACHE + '#if 0\n#endif\n', 'core/dead.c:2:'),
    (house.every_header_opens_with_its_design,
     'sim/base/bare.h', GPL + '\nstruct sim_bare;\n', 'sim/base/bare.h:2:'),
    (house.every_header_opens_with_its_design,
     'core/include/mesh/short.h', APACHE + '// A thing.\n', 'core/include/mesh/short.h:2:'),
    (house.the_top_level_holds_only_what_is_permitted,
     'scripts/go.sh', '#!/bin/sh\n# SPDX-License-Identifier: GPL-3.0-or-later\n', 'scripts: not'),
    (house.every_top_folder_has_a_readme,
     'scenarios/eager.yaml', 'agents: 3\n', 'scenarios: no README.md'),
    (house.core_names_nothing_of_the_simulator,
     'core/up.c', APACHE + '// see sim' '_queue_push\n', 'core/up.c:2:'),
    (house.includes_respect_the_layers,
     'core/up.c', APACHE + '#include "error.h"\n', '"error.h" is not a header of core'),
    (house.includes_respect_the_layers,
     'core/around.c', APACHE + '#include "../sim/base/error.h"\n', 'is not a header of core'),
    (house.includes_respect_the_layers,
     'core/io.c', APACHE + '#include <stdio.h>\n', '<stdio.h> is not for the core'),
    (house.includes_respect_the_layers,
     'sim/base/up.c', GPL + '#include "network.h"\n', '"network.h" is not a header of sim/base'),
    (house.includes_respect_the_layers,
     'sim/net/file.c', GPL + '#include <sqlite3.h>\n', 'sim/net does not use sqlite'),
    (house.includes_respect_the_layers,
     'sim/net/other.c', GPL + '#include <uuid/uuid.h>\n', '<uuid/uuid.h> is not of libc'),
    (house.includes_respect_the_layers,
     'reports/draw.c', GPL + '#include "error.h"\n', '"error.h" is not a header of reports'),
    (house.includes_respect_the_layers,
     'reports/dots.c', GPL + '#include "mesh/dot.h"\n', '"mesh/dot.h" is not a header of reports'),
    (house.includes_respect_the_layers,
     'sim/extra/new.c', GPL, 'sim/extra has no place in the table of layers'),
    (house.what_decides_an_event_is_repeatable,
     'sim/net/loss.c', GPL + 'static const double share = 0.5;\n', 'sim/net/loss.c:2: double'),
    (house.what_decides_an_event_is_repeatable,
     'core/now.c', APACHE + '/* now */ long now = time(0);\n', 'core/now.c:2: time'),
    (house.every_header_compiles_alone,
     'sim/net/needy.h', GPL + '// Needy.\n\nuint32_t sim_needy(void);\n', 'unknown type name'),
    (house.every_header_compiles_alone,
     'sim/base/up.h', GPL + '// Up.\n\n#include "network.h"\n', 'network.h: No such file'),
    (house.asserts_stay_on_in_every_build,
     'meson.build', "# SPDX-License-Identifier: GPL-3.0-or-later\nproject('x', 'c')\n",
     'b_ndebug=false is missing'),
    (house.asserts_stay_on_in_every_build,
     'core/quiet.c', APACHE + '#define N' 'DEBUG\n', 'core/quiet.c:2:'),
    (house.asserts_stay_on_in_every_build,
     'build/compile_commands.json',
     json.dumps([{'file': 'a.c', 'command': 'cc -DN' 'DEBUG -c a.c'}]), 'a.c: compiled with'),
    (house.core_needs_nothing_but_memory_functions,
     'core/heap.c', APACHE + '#include <stdlib.h>\nvoid *mesh_heap(void);\n'
     'void *mesh_heap(void)\n{\n    return malloc(8);\n}\n', 'libcore.a: needs malloc'),
    (house.exported_symbols_carry_the_prefix_of_their_layer,
     'core/helper.c', APACHE + 'int helper;\n', 'helper lacks mesh_'),
    (house.exported_symbols_carry_the_prefix_of_their_layer,
     'sim/base/helper.c', GPL + 'int mesh_helper;\n', 'mesh_helper lacks sim_'),
]

TARGETS = 'build/meson-info/intro-targets.json'


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding='utf-8')


def build(root):
    """Compiles core/*.c and sim/base/*.c into archives, as far as they compile."""
    targets = []
    for folder in ('core', 'sim/base'):
        output = root / 'build' / folder
        output.mkdir(parents=True, exist_ok=True)
        objects = []
        for source in sorted((root / folder).glob('*.c')):
            objects.append(output / f'{source.stem}.o')
            compiled = subprocess.run(['cc', '-O0', '-c', f'-I{root}/core/include', source, '-o',
                                       objects[-1]], capture_output=True)
            if compiled.returncode != 0:
                objects.pop()
        if objects:
            archive = output / f'lib{folder.split("/")[-1]}.a'
            subprocess.run(['ar', 'rcs', archive, *objects], check=True)
            targets.append({'type': 'static library', 'filename': [str(archive)]})
    write(root, {TARGETS: json.dumps(targets)})


def findings(check, files):
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        write(root, {'build/compile_commands.json': '[]', TARGETS: '[]', **GOOD, **files})
        if check.__name__ in ('core_needs_nothing_but_memory_functions',
                              'exported_symbols_carry_the_prefix_of_their_layer'):
            build(root)
        return list(check(house.Tree(root, root / 'build')))


class Checks(unittest.TestCase):
    def test_a_tree_that_keeps_the_rules_has_no_findings(self):
        for check in house.CHECKS:
            with self.subTest(check.__name__):
                self.assertEqual(findings(check, {}), [])

    def test_each_rule_that_is_broken_is_found(self):
        for check, path, content, expected in BAD:
            with self.subTest(check.__name__, path=path):
                found = findings(check, {path: content})
                self.assertEqual(len(found), 1, found)
                self.assertIn(expected, found[0])

    def test_no_check_goes_without_a_sample(self):
        self.assertEqual({check for check, *_ in BAD}, set(house.CHECKS))

    def test_a_core_that_was_not_built_is_found(self):
        with tempfile.TemporaryDirectory() as directory:
            write(Path(directory), {**GOOD, TARGETS: '[]'})
            tree = house.Tree(directory, Path(directory) / 'build')
            self.assertEqual(list(house.core_needs_nothing_but_memory_functions(tree)),
                             ['core: no archive was built'])

    @unittest.skipUnless(shutil.which('git'), 'needs git')
    def test_git_decides_what_belongs_to_the_tree(self):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            write(root, {**GOOD, '.gitignore': '/out/\n', 'out/x.c': '', 'mine/mine.c': ''})
            for command in ('init -q', 'add meson.build core'):
                subprocess.run(['git', '-C', root, *command.split()], check=True)
            tree = house.Tree(root)
            self.assertEqual({path.split('/')[0] for path in tree.tracked}, {'meson.build', 'core'})
            self.assertIn('mine/mine.c', tree.files)
            self.assertNotIn('out/x.c', tree.files)


class Summary(unittest.TestCase):
    """Counts are (passed, failed, skipped)."""

    def counts(self, result, stdout=''):
        return tuple(summary.count({'name': 'x', 'result': result, 'stdout': stdout}))

    def test_points_of_a_tap_report_are_counted(self):
        self.assertEqual(self.counts('FAIL', '1..3\nok 1 a\nnot ok 2 b\nok 3 c # SKIP no disk\n'),
                         (1, 1, 1))

    def test_a_report_that_broke_off_counts_as_one_failure_more(self):
        for result in ('ERROR', 'TIMEOUT', 'FAIL'):
            self.assertEqual(self.counts(result, '1..3\nok 1 a\n'), (1, 1, 0))

    def test_a_test_without_a_report_counts_once(self):
        self.assertEqual(self.counts('OK', 'ok so far\n'), (1, 0, 0))
        self.assertEqual(self.counts('EXPECTEDFAIL'), (1, 0, 0))
        self.assertEqual(self.counts('SKIP'), (0, 0, 1))
        for result in ('FAIL', 'ERROR', 'TIMEOUT', 'INTERRUPT', 'UNEXPECTEDPASS'):
            self.assertEqual(self.counts(result), (0, 1, 0))


if __name__ == '__main__':
    unittest.main(argv=sys.argv)
