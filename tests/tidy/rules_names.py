"""rules_names.py - rules about names and tables: file heads, prefixes, tests for each file, why and metric rows."""
import os
import re

from registry import rule


@rule('file-head', bad=[{'proxy/base/a.c': 'int a;\n'}, {'proxy/base/a.c': '/* b.c - wrong name */\n'}],
      good={'proxy/base/a.c': '/* a.c - what it is.\n */\n', 'tests/a_test.c': '/* a_test.c - it proves */\n'})
def file_head(tree):
    for path in tree.files('.c', '.h', '.def'):
        name = os.path.basename(path)
        if not tree.text(path).startswith(f'/* {name} - '):
            yield path, 1, f'the first line says what the file is: /* {name} - ...'


DECLARATION = re.compile(r'(?!static\b|typedef\b|#|\s)[A-Za-z_][\w\s\*]*?[\s\*](\w+)\(')


def first_word(path):
    return re.split(r'[_.]', os.path.basename(path))[0]


@rule('module-prefix', bad=[
    {'proxy/base/pool.h': '#pragma once\nvoid take_it(void);\n'},
    {'proxy/base/pool.c': 'void take_it(void)\n{\n}\n'},
], good={
    'proxy/base/pool.h': '#pragma once\nvoid pool_take(void);\nstatic inline int one(void)\n{\n    return 1;\n}\n',
    'proxy/base/pool.c': 'static void help(void)\n{\n}\n\nvoid *pool_take(void)\n{\n    help();\n}\n',
    'proxy/io/ring.h': '#pragma once\nvoid ring_open(void);\nvoid socket_open(void);\n',
    'proxy/io/ring_uring.c': 'void ring_open(void)\n{\n}\n', 'proxy/io/socket.c': 'void socket_open(void)\n{\n}\n',
    'proxy/conf/load.h': 'struct node {\n};\nvoid conf_load(void);\nint node_n(void);\n',
    'proxy/worker/main.c': 'int main(void)\n{\n}\n',
})
def module_prefix(tree):
    """An external name starts as a file of its folder does, as the folder, or as a type there: so one finds it."""
    paths = [path for path in tree.files('.h', '.c', under='proxy/') if not path.startswith('proxy/deps/')]
    prefixes = {}
    for path in paths:
        folder = os.path.dirname(path)
        known = prefixes.setdefault(folder, {os.path.basename(folder), 'main'})
        known.add(first_word(path))
        if path.endswith('.h'):
            known.update(first_word(name) for name in re.findall(r'^(?:struct|enum) (\w+) \{', tree.code(path), re.M))
    for path in paths:
        if path.endswith('.c'):
            names = [(line, name) for name, static, line, _ in tree.functions(path) if not static]
        else:
            names = [(number, found.group(1)) for number, line in enumerate(tree.code_lines(path), 1)
                     for found in [DECLARATION.match(line)] if found]
        for line, name in names:
            if first_word(name) not in prefixes[os.path.dirname(path)]:
                yield path, line, f'{name}: no file or type of this folder is called {first_word(name)}'


@rule('unit-tests', bad=[
    {'proxy/base/a.c': '\n'},
    {'proxy/base/a.c': '\n', 'tests/tidy/untested.txt': 'base/a.c\n'},
    {'tests/tidy/untested.txt': 'base/gone.c the file is not there any more\n'},
    {'proxy/base/a.c': '\n', 'tests/unit/base/a_test.c': '\n', 'tests/tidy/untested.txt': 'base/a.c it has one now\n'},
    {'proxy/base/a.c': '\n', 'tests/unit/io/b_test.c': '#include "base/a.h"\n'},
], good={
    'proxy/base/a.c': '\n', 'tests/unit/base/a_test.c': '\n', 'proxy/worker/main.c': '\n',
    'proxy/base/b.c': '\n', 'tests/unit/base/small_test.c': '#include "base/b.h"\n',
    'tests/tidy/untested.txt': '# comment\nworker/main.c only calls what has tests\n',
})
def unit_tests(tree):
    """A source is tested by <x>_test.c of its layer, or by another test of its layer that
    includes its header."""
    listed, table = {}, 'tests/tidy/untested.txt'
    if table in tree.all_files:
        for number, line in enumerate(tree.lines(table), 1):
            words = line.split()
            if words and not line.startswith('#'):
                listed[words[0]] = number
                if len(words) < 4:
                    yield table, number, f'{words[0]}: the reason is missing'
    sources = [path[len('proxy/'):] for path in tree.files('.c', under='proxy/') if not path.startswith('proxy/deps/')]
    included = {(os.path.basename(os.path.dirname(test)), header)
                for test in tree.files('_test.c', under='tests/') for _, header, _ in tree.includes(test)}
    for path in sources:
        header = (os.path.dirname(path), path[:-2] + '.h')
        tested = f'tests/unit/{path[:-2]}_test.c' in tree.all_files or header in included
        if not tested and path not in listed:
            yield f'proxy/{path}', 0, f'no tests/unit/{path[:-2]}_test.c and no reason in {table}'
        if tested and path in listed:
            yield table, listed[path], f'{path} has a test by now'
    for path, number in listed.items():
        if path not in sources:
            yield table, number, f'{path} is not there any more'


@rule('tests-say-something', bad=[
    {'tests/unit/base/a_test.c': 'TEST(a_is_b)\n{\n    a();\n}\n'},
], good={
    'tests/unit/base/a_test.c': 'static void helper(int x)\n{\n    CHECK(x == 1, "x");\n}\n\n'
                                'TEST(a_is_b)\n{\n    CHECK(a() == b, "x");\n}\n\nTEST(a_is_c)\n{\n    helper(2);\n}\n',
})
def tests_say_something(tree):
    for path in tree.files('.c', under='tests/'):
        lines = tree.code_lines(path)
        bodies = {name: '\n'.join(lines[begin - 1:end])
                  for name, _, begin, end in tree.functions(path) if name != 'TEST'}
        checking = {name for name, body in bodies.items() if re.search(r'\b(CHECK|assert_\w+|fail_msg)\s*\(', body)}
        # A helper that calls a helper that checks, however deep.
        grown = True
        while grown:
            more = {name for name, body in bodies.items() if set(re.findall(r'(\w+)\s*\(', body)) & checking} - checking
            checking |= more
            grown = bool(more)
        for name, _, begin, end in tree.functions(path):
            body = '\n'.join(lines[begin - 1:end])
            called = set(re.findall(r'(\w+)\s*\(', body))
            may_check = called & (checking | {'CHECK', 'fail_msg', 'expect_assert_failure'})
            if name == 'TEST' and not may_check and not re.search(r'\bassert_\w+\s*\(|_check\w*\s*\(', body):
                yield path, begin, 'a test that checks nothing cannot fail'


def rows(tree, path, macro):
    """(line, name, rest of the row) of each row of an X-table."""
    if path not in tree.all_files:
        return
    for number, line in enumerate(tree.lines(path), 1):
        found = re.match(macro + r'\((\w+)\s*,\s*(.*)\)', line)
        if found:
            yield number, found.group(1), found.group(2)


def words_below(tree, *folders):
    """All that looks like a name or a dashed name in the files of some folders, once."""
    words = set()
    for path in tree.all_files:
        if path.startswith(folders) and not path.startswith('tests/fuzz/corpus/') and tree.is_text(path):
            words.update(re.findall(r'[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*', tree.text(path)))
    return words


WHY_FILE = 'proxy/base/why.def'
METRIC_FILE = 'proxy/base/metric.def'
WHY_SAMPLE = 'WHY(A_B, CLIENT, 400, false, "peer sent nonsense here")\n'
METRIC_SAMPLE = 'METRIC(A, "forge_a_total", "Things that were counted")\n'


@rule('why-tested', bad=[{WHY_FILE: WHY_SAMPLE}, {WHY_FILE: WHY_SAMPLE, 'tests/a.c': 'WHY_A_BC\n'}],
      good={WHY_FILE: WHY_SAMPLE + WHY_SAMPLE.replace('A_B', 'C_D'), 'tests/a.c': 'WHY_A_B\n', 'tests/b.js': "'c-d'\n"})
def why_tested(tree):
    seen = words_below(tree, 'tests/')
    for line, name, _ in rows(tree, WHY_FILE, 'WHY'):
        if f'WHY_{name}' not in seen and name.lower().replace('_', '-') not in seen:
            yield WHY_FILE, line, f'no test names WHY_{name} or {name.lower().replace("_", "-")}'


@rule('why-used', bad=[{WHY_FILE: WHY_SAMPLE}], good={WHY_FILE: WHY_SAMPLE, 'proxy/http/a.c': 'WHY_A_B\n'})
def why_used(tree):
    seen = words_below(tree, 'proxy/')
    for line, name, _ in rows(tree, WHY_FILE, 'WHY'):
        if f'WHY_{name}' not in seen:
            yield WHY_FILE, line, f'nothing ends with WHY_{name}'


@rule('why-row', bad=[
    {WHY_FILE: 'WHY(A_B, CLIENT, 400, false, "Bad thing")\n'}, {WHY_FILE: WHY_SAMPLE.replace('400', '200')},
    {WHY_FILE: WHY_SAMPLE.replace('CLIENT', 'PEER')}, {WHY_FILE: WHY_SAMPLE.replace('here', 'here.')},
    {WHY_FILE: WHY_SAMPLE * 2},
], good={WHY_FILE: WHY_SAMPLE})
def why_row(tree):
    names = set()
    for line, name, rest in rows(tree, WHY_FILE, 'WHY'):
        found = re.fullmatch(r'(NONE|CLIENT|UP|US|OPERATOR)\s*,\s*(0|[345]\d\d)\s*,\s*(true|false)\s*,\s*"(.*)"', rest)
        if not found:
            yield WHY_FILE, line, f'{name}: fault, status (0 or an error), may be retried, sentence'
        elif len(found.group(4).split()) < 3 or found.group(4).endswith('.'):
            yield WHY_FILE, line, f'{name}: a sentence for a human, without the final stop'
        if name in names:
            yield WHY_FILE, line, f'{name} stands twice'
        names.add(name)


@rule('metric-tested', bad=[{METRIC_FILE: METRIC_SAMPLE}],
      good={METRIC_FILE: METRIC_SAMPLE + METRIC_SAMPLE.replace('A,', 'B,').replace('_a_', '_b_'),
            'tests/a.c': 'METRIC_A\n', 'tests/b.py': 'forge_b_total\n'})
def metric_tested(tree):
    seen = words_below(tree, 'tests/')
    for line, name, rest in rows(tree, METRIC_FILE, 'METRIC'):
        public = re.match(r'"(\w+)"', rest)
        if f'METRIC_{name}' not in seen and (not public or public.group(1) not in seen):
            yield METRIC_FILE, line, f'no test names METRIC_{name} or its public name'


@rule('metric-row', bad=[
    {METRIC_FILE: 'METRIC(A, "forge_a", "Things that were counted")\n'},
    {METRIC_FILE: 'METRIC(A, "a_total", "Things that were counted")\n'},
    {METRIC_FILE: 'METRIC(A, "forge_a_total", "")\n'}, {METRIC_FILE: METRIC_SAMPLE * 2},
], good={METRIC_FILE: METRIC_SAMPLE})
def metric_row(tree):
    seen = set()
    for line, name, rest in rows(tree, METRIC_FILE, 'METRIC'):
        found = re.fullmatch(r'"(forge_[a-z0-9_]+_total)"\s*,\s*"([^"]+)"', rest)
        if not found or len(found.group(2).split()) < 2:
            yield METRIC_FILE, line, f'{name}: "forge_..._total" (Prometheus wants it of a counter) and what it counts'
        if name in seen or (found and found.group(1) in seen):
            yield METRIC_FILE, line, f'{name} or its public name stands twice'
        seen.add(name)
        seen.add(found.group(1) if found else name)
