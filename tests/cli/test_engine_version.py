#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's version changes with what can change a result, and with nothing else.

A copy of the sources is changed in one place at a time.
"""
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1))
sys.path.insert(0, str(ROOT / 'sim/cli'))

import engine_version  # noqa: E402


class EngineVersion(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.root = Path(self.scratch.name)
        for folder in ('core', 'sim', 'topologies'):
            shutil.copytree(ROOT / folder, self.root / folder)
        self.before = engine_version.engine_hash(self.root)

    def tearDown(self):
        self.scratch.cleanup()

    def changed(self, name, old, new):
        path = self.root / name
        text = path.read_text(encoding='utf-8')
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1), encoding='utf-8')
        return engine_version.engine_hash(self.root) != self.before

    def test_is_that_of_the_sources_wherever_they_lie(self):
        self.assertEqual(self.before, engine_version.engine_hash(ROOT))

    def test_changes_with_code_and_with_tables(self):
        self.assertTrue(self.changed('sim/net/draw.c', '+', '-'))
        self.assertTrue(self.changed('core/gossip.c', '<', '<='))
        self.assertTrue(self.changed('topologies/cloud-regions.csv', '1', '2'))
        self.assertTrue(self.changed('topologies/claims.yaml', '50', '51'))
        self.assertTrue(self.changed('sim/store/schema.sql', 'INTEGER', 'TEXT'))

    def test_changes_with_a_new_file_of_the_simulation(self):
        (self.root / 'sim/run/new.c').write_text('int sim_new;\n', encoding='utf-8')
        self.assertNotEqual(self.before, engine_version.engine_hash(self.root))

    def test_stays_with_a_comment_a_line_break_a_verb_a_readme(self):
        self.assertFalse(self.changed('core/gossip.c', '// ', '// Here: '))
        self.assertFalse(self.changed('core/gossip.c', ' {\n', '\n{\n\n'))
        self.assertFalse(self.changed('sim/cli/verb_lint.c', 'lint', 'tint'))
        self.assertFalse(self.changed('sim/README.md', 'The', 'A'))
        self.assertFalse(self.changed('sim/engine/engine.c', '\n\n', '\n/* a "quote */\n'))

    def test_a_comment_within_a_string_is_text(self):
        self.assertEqual(engine_version.bare('a = "x // y"; // z\nb'), 'a = "x // y"; b')
        self.assertEqual(engine_version.bare("c = '\"'; // \"\nd"), "c = '\"'; d")
        self.assertEqual(engine_version.bare('e /* f\n g */ h'), 'e h')


if __name__ == '__main__':
    unittest.main()
