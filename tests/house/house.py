#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the house as tests: style, layers, and what the built archives may contain.

    house.py ROOT BUILD CC      reports as TAP, one line per check

A check is a function of a Tree that yields its findings as "path:line: what is wrong"; its name is
the sentence it holds. tests/house/test_house.py shows every check a sample that it must refuse.
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

# ---- The layers: whose headers a folder may include, and which libraries' ----
# The build gives a folder the include paths of its dependencies, but /usr/include is open to all.

LAYERS = {
    'core': ([], []),
    'sim/base': ([], []),
    'sim/net': (['core', 'sim/base'], ['zstd']),
    'sim/shape': (['core', 'sim/base', 'sim/net'], ['gsl']),
    'sim/fault': (['core', 'sim/base'], []),
    'sim/engine': (['core', 'sim/base', 'sim/net', 'sim/fault'], ['xxhash']),
    'sim/check': (['core', 'sim/base', 'sim/net', 'sim/fault', 'sim/engine'], []),
    'sim/load': (['core', 'sim/base', 'sim/net', 'sim/fault', 'sim/shape'], ['yaml']),
    'sim/measure': (['core', 'sim/base', 'sim/net', 'sim/fault', 'sim/load'], ['gsl', 'xxhash']),
    'sim/store': (['core', 'sim/base', 'sim/net', 'sim/fault', 'sim/load', 'sim/measure'],
                  ['sqlite', 'xxhash']),
    'sim/run': (['core', 'sim/base', 'sim/net', 'sim/fault', 'sim/engine', 'sim/check', 'sim/load',
                 'sim/measure', 'sim/store'], ['xxhash']),
    'sim/cli': (['core', 'sim/base', 'sim/net', 'sim/fault', 'sim/engine', 'sim/load',
                 'sim/measure', 'sim/store', 'sim/run', 'reports'], []),
    'reports': ([], ['sqlite']),
}
LIBRARIES = {
    'gsl': r'gsl/.*', 'sqlite': r'sqlite3\.h', 'xxhash': r'xxhash\.h', 'yaml': r'yaml\.h',
    'zstd': r'zstd\.h',
}
PREFIXES = {'core': 'mesh_', 'sim': 'sim_', 'reports': 'report_'}
CORE_HEADERS = 'assert limits stdalign stdbool stddef stdint string'.split()
LIBC_HEADER = re.compile(  # and the compiler's own
    r'(assert|ctype|dirent|endian|errno|fcntl|fenv|float|fnmatch|getopt|glob|immintrin'
    r'|inttypes|libgen|limits|locale|malloc|math|poll|pthread|regex|sched|signal|spawn'
    r'|std(align|arg|atomic|bool|def|int|io|lib|noreturn)|string|strings|termios|time|unistd'
    r'|sys/[a-z]+)\.h')
# What decides an event: integers only, and no clock or generator of the machine's.
DECIDING = ('core/', 'sim/net/', 'sim/fault/', 'sim/engine/', 'sim/load/')
UNREPEATABLE = re.compile(
    r'\b(double|float)\b|\b(strtod|atof|rand|random|drand48|time|clock|clock_gettime|gettimeofday'
    r'|getrandom|setlocale)\s*\(')

TOP_LEVEL = set('meson.build core sim topologies scenarios reports tests README.md LICENSE '
                'CHANGELOG.md dev'.split())
SOURCE_SUFFIXES = ('.c', '.h', '.py', '.sh', '.sql', '.gp', '.build')
SOURCE_NAMES = ('dev', 'run', '.clang-format', '.clang-tidy', '.gitignore')
COLUMNS_MAX = 100
LINES_MAX = 800
# Beside libc's memory functions and the assert handler: what the compiler itself brings (libgcc).
CORE_SYMBOL = re.compile(r'_*(memcpy|memset|memcmp|memmove)(_chk)?|__assert_fail|__stack_chk_fail'
                         r'|__[a-z]+[sdt]i[2-4]|__cpu_(model|features2)|_GLOBAL_OFFSET_TABLE_')


class Tree:
    """The files under `root` as git sees them: tracked, or new and not ignored."""

    def __init__(self, root, build=None, compiler='cc'):
        self.root = Path(root).resolve()
        self.build = Path(build).resolve() if build else None
        self.compiler = compiler.split()
        self.tracked = self.git('--cached')
        if self.tracked is None:  # an unpacked archive
            self.tracked = self.files = self.walk()
        else:
            self.files = sorted(set(self.tracked + self.git('--others', '--exclude-standard')))
            self.files = [path for path in self.files if (self.root / path).is_file()]

    def git(self, *which):
        command = ['git', '-c', f'safe.directory={self.root}', '-C', str(self.root)]
        if not (self.root / '.git').exists():
            return None
        try:
            listed = subprocess.run(command + ['ls-files', '-z', *which], capture_output=True)
        except FileNotFoundError:
            return None
        return os.fsdecode(listed.stdout).split('\0')[:-1] if listed.returncode == 0 else None

    def walk(self):
        paths = (path.relative_to(self.root) for path in sorted(self.root.rglob('*'))
                 if path.is_file())
        return [str(path) for path in paths
                if not path.parts[0].startswith('build') and path.parts[0] != '.git']

    def text(self, path):
        return (self.root / path).read_text(encoding='utf-8', errors='replace')

    def lines(self, path):
        return enumerate(self.text(path).split('\n'), start=1)

    def sources(self, *suffixes):
        for path in self.files:
            name = os.path.basename(path)
            if name.endswith(suffixes or SOURCE_SUFFIXES) or not suffixes and name in SOURCE_NAMES:
                yield path

    def archives(self):
        """Every static library of the build, with the top folder it belongs to."""
        targets = json.loads((self.build / 'meson-info/intro-targets.json').read_text())
        for target in targets:
            if target['type'] == 'static library':
                for path in map(Path, target['filename']):
                    yield path.relative_to(self.build).parts[0], path


def layer_of(path):
    parts = path.split('/')
    return '/'.join(parts[:2]) if parts[0] == 'sim' else parts[0]


def code_of(text):
    """The text without comments and string literals, line numbers kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(\\.|[^"\\\n])*"', re.DOTALL)
    return pattern.sub(lambda match: '\n' * match.group().count('\n') or '""', text)


# ---- Style ----

def every_source_opens_with_the_licence_of_its_folder(tree):
    for path in tree.sources():
        licence = 'Apache-2.0' if path.startswith('core/') else 'GPL-3.0-or-later'
        first = [line for line in tree.text(path).split('\n')[:2] if not line.startswith('#!')][0]
        if not re.fullmatch(rf'(//|#|--) SPDX-License-Identifier: {re.escape(licence)}', first):
            yield f'{path}:1: opens with "{first}", not with the SPDX line of {licence}'


def no_line_is_longer_than_100_columns(tree):
    for path in tree.sources(*SOURCE_SUFFIXES, *SOURCE_NAMES, '.md', '.yaml'):
        for number, line in tree.lines(path):
            table = path.endswith('.md') and line.startswith('|')
            if len(line) > COLUMNS_MAX and not table:
                yield f'{path}:{number}: {len(line)} columns'


def no_source_is_longer_than_800_lines(tree):
    for path in tree.sources():
        count = tree.text(path).count('\n')
        if count > LINES_MAX:
            yield f'{path}: {count} lines'


def every_source_ends_its_lines_cleanly(tree):
    for path in tree.sources(*SOURCE_SUFFIXES, *SOURCE_NAMES, '.md', '.yaml'):
        if not tree.text(path).endswith('\n'):
            yield f'{path}: the last line has no end'
        for number, line in tree.lines(path):
            if line != line.rstrip() or '\t' in line:
                yield f'{path}:{number}: a tab, a carriage return or trailing blanks'


def nothing_is_left_to_do(tree):
    left = re.compile(r'\b(TO' r'DO|FIX' r'ME|X' r'XX)\b|^\s*#\s*if\s+0\b')
    for path in tree.sources(*SOURCE_SUFFIXES, *SOURCE_NAMES, '.md', '.yaml'):
        for number, line in tree.lines(path):
            if left.search(line):
                yield f'{path}:{number}: {line.strip()}'


def every_header_opens_with_its_design(tree):
    for path in tree.sources('.h'):
        lines = tree.text(path).split('\n')
        prose = 1
        while prose < len(lines) and lines[prose].startswith('//'):
            prose += 1
        if prose < (4 if '/include/' in path else 2):
            yield f'{path}:2: no comment says what the header is for'


def the_top_level_holds_only_what_is_permitted(tree):
    for entry in sorted({path.split('/')[0] for path in tree.tracked}):
        if entry not in TOP_LEVEL and not entry.startswith('.'):
            yield f'{entry}: not permitted at the top level'


def every_top_folder_has_a_readme(tree):
    for folder in sorted({path.split('/')[0] for path in tree.files if '/' in path}):
        if not folder.startswith('.') and f'{folder}/README.md' not in tree.files:
            yield f'{folder}: no README.md gives its reading order'


# ---- Layers ----

def core_names_nothing_of_the_simulator(tree):
    for path in tree.files:
        if path.startswith('core/'):
            for number, line in tree.lines(path):
                if 'sim' '_' in line:
                    yield f'{path}:{number}: {line.strip()}'


def includes_respect_the_layers(tree):
    for path in tree.sources('.c', '.h'):
        layer = layer_of(path)
        if layer == 'tests':
            continue
        if layer not in LAYERS:
            yield f'{path}: {layer} has no place in the table of layers'
            continue
        for number, line in tree.lines(path):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            refused = (refuse_own_header(tree, path, layer, match[2]) if match[1] == '"'
                       else refuse_system_header(layer, match[2]))
            if refused:
                yield f'{path}:{number}: {refused}'


def refuse_own_header(tree, path, layer, name):
    allowed = [layer, *LAYERS[layer][0]]
    places = [os.path.dirname(path)]
    places += ['core/include' if folder == 'core' else folder for folder in allowed]
    if any(os.path.normpath(f'{place}/{name}') in tree.files for place in places
           if layer_of(os.path.normpath(f'{place}/{name}')) in allowed):
        return None
    return f'"{name}" is not a header of ' + ', '.join(allowed)


def refuse_system_header(layer, name):
    for library, pattern in LIBRARIES.items():
        if re.fullmatch(pattern, name):
            return None if library in LAYERS[layer][1] else f'{layer} does not use {library}'
    if layer == 'core':
        return None if name[:-2] in CORE_HEADERS else f'<{name}> is not for the core'
    return None if LIBC_HEADER.fullmatch(name) else f'<{name}> is not of libc'


def what_decides_an_event_is_repeatable(tree):
    for path in tree.sources('.c', '.h'):
        if path.startswith(DECIDING):
            for number, line in enumerate(code_of(tree.text(path)).split('\n'), start=1):
                match = UNREPEATABLE.search(line)
                if match:
                    yield f'{path}:{number}: {match.group().rstrip("( ")}'


def every_header_compiles_alone(tree):
    for path in tree.sources('.h'):
        layer = layer_of(path)
        if layer not in LAYERS:
            continue
        folders = ['core/include' if folder == 'core' else folder
                   for folder in [layer, *LAYERS[layer][0]]]
        command = [*tree.compiler, '-std=c17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Wpedantic',
                   '-Werror', '-fsyntax-only', *(f'-I{folder}' for folder in folders),
                   '-x', 'c', '-']
        text = f'#include "{path}"\nstruct not_empty;\n'  # a unit must declare something
        result = subprocess.run(command, input=text, cwd=tree.root, text=True, capture_output=True)
        if result.returncode != 0:
            yield f'{path}: {result.stderr.strip()}'


# ---- What was built ----

def asserts_stay_on_in_every_build(tree):
    switch = 'N' 'DEBUG'
    for path in tree.sources('.c', '.h', '.build'):
        for number, line in tree.lines(path):
            if switch in line or re.search(r"b_ndebug\s*=\s*(true|if-release)", line):
                yield f'{path}:{number}: {line.strip()}'
    if 'b_ndebug=false' not in tree.text('meson.build'):
        yield 'meson.build: b_ndebug=false is missing'
    commands = json.loads((tree.build / 'compile_commands.json').read_text())
    for command in commands:
        if '-D' + switch in command['command']:
            yield f'{command["file"]}: compiled with -D{switch}'


def symbols(path, *options):
    listed = subprocess.run(['nm', '-P', '-g', *options, str(path)], text=True, check=True,
                            capture_output=True).stdout
    return {line.split()[0] for line in listed.split('\n') if len(line.split()) >= 2}


def core_needs_nothing_but_memory_functions(tree):
    archives = [path for top, path in tree.archives() if top == 'core']
    if not archives:
        yield 'core: no archive was built'
    for path in archives:
        for symbol in sorted(symbols(path, '-u') - symbols(path, '--defined-only')):
            if not CORE_SYMBOL.fullmatch(symbol):
                yield f'{path.name}: needs {symbol}'


def exported_symbols_carry_the_prefix_of_their_layer(tree):
    for top, path in tree.archives():
        prefix = PREFIXES.get(top)
        for symbol in sorted(symbols(path, '--defined-only')) if prefix else []:
            if not symbol.startswith(prefix):
                yield f'{path.relative_to(tree.build)}: {symbol} lacks {prefix}'


CHECKS = [
    every_source_opens_with_the_licence_of_its_folder,
    no_line_is_longer_than_100_columns,
    no_source_is_longer_than_800_lines,
    every_source_ends_its_lines_cleanly,
    nothing_is_left_to_do,
    every_header_opens_with_its_design,
    the_top_level_holds_only_what_is_permitted,
    every_top_folder_has_a_readme,
    core_names_nothing_of_the_simulator,
    includes_respect_the_layers,
    what_decides_an_event_is_repeatable,
    every_header_compiles_alone,
    asserts_stay_on_in_every_build,
    core_needs_nothing_but_memory_functions,
    exported_symbols_carry_the_prefix_of_their_layer,
]


def main():
    tree = Tree(*sys.argv[1:4])
    print(f'1..{len(CHECKS)}')
    for number, check in enumerate(CHECKS, start=1):
        try:
            findings = list(check(tree))
        except (OSError, subprocess.CalledProcessError) as error:  # not built, or no nm
            findings = [str(error)]
        print(f'{"not ok" if findings else "ok"} {number} {check.__name__}')
        for finding in findings:
            print('\n'.join(f'# {line}' for line in finding.split('\n')))


if __name__ == '__main__':
    main()
