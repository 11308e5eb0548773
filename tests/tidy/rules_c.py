"""rules_c.py - rules about C: layers, headers, lengths, calls, state, switches, both compilers."""
import concurrent.futures
import fnmatch
import os
import re
import shutil
import subprocess

from registry import Skip, rule

FILE_LINES_MAX = 900
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 140       # hand-aligned tables and their sentences need it
TEST_COLUMNS_MAX = 200       # rows of a test's table: a document or a request, and what comes of it
STRUCT_FIELDS_MAX = 40

LAYERS_SAMPLE = 'base\nproto io\nhttp\n\nonly liburing.h  io/ring_uring.c\n'


def layers_read(tree):
    """({folder: folders it may include}, [(header prefix, patterns of files that may include it)])."""
    may, only, below = {}, [], set()
    for line in tree.lines('proxy/LAYERS'):
        words = line.split()
        if not words or line.startswith('#'):
            continue
        if words[0] == 'only':
            only.append((words[1], words[2:]))
            continue
        for folder in words:
            may[folder] = below | {folder}
        below = below | set(words)
    return may, only


@rule('layers', bad=[
    {'proxy/LAYERS': LAYERS_SAMPLE, 'proxy/proto/a.h': '#include "http/b.h"\n'},
    {'proxy/LAYERS': LAYERS_SAMPLE, 'proxy/proto/a.h': '#include "io/b.h"\n'},
    {'proxy/LAYERS': LAYERS_SAMPLE, 'proxy/http/a.h': '#include "b.h"\n'},
    {'proxy/LAYERS': LAYERS_SAMPLE, 'proxy/io/ring.c': '#include <liburing.h>\n'},
    {'proxy/LAYERS': LAYERS_SAMPLE, 'proxy/extra/a.h': '\n'},
], good={
    'proxy/LAYERS': LAYERS_SAMPLE, 'proxy/http/a.h': '#include "base/b.h"\n#include <stdint.h>\n',
    'proxy/io/ring_uring.c': '#include <liburing.h>\n/* #include "http/x.h" */\n',
})
def layers(tree):
    if 'proxy/LAYERS' not in tree.all_files:
        return
    may, only = layers_read(tree)
    for path in tree.files('.c', '.h', '.def', under='proxy/'):
        folder, _, name = path[len('proxy/'):].partition('/')
        if folder == 'deps':
            continue
        if folder not in may:
            yield path, 0, f'folder {folder} is not in proxy/LAYERS'
            continue
        for line, header, quoted in tree.includes(path):
            target = header.split('/')[0]
            if quoted and '/' not in header:
                yield path, line, f'"{header}" is not rooted at proxy/'
            elif quoted and target in may and target not in may[folder]:
                yield path, line, f'{folder} may not include {target} (proxy/LAYERS)'
            for prefix, patterns in only:
                if header.startswith(prefix) and not any(fnmatch.fnmatch(f'{folder}/{name}', p) for p in patterns):
                    yield path, line, f'only {" ".join(patterns)} may include {prefix}'


def compile_flags(tree):
    return ['-std=gnu17', '-fsyntax-only', '-D_GNU_SOURCE', '-DWOLFSSL_USER_SETTINGS', '-DNGHTTP2_STATICLIB',
            '-DNGHTTP2_NO_SSIZE_T', '-DYAML_DECLARE_STATIC', '-DPCRE2_CODE_UNIT_WIDTH=8', '-DFORGE_VERSION="0"',
            '-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wswitch-enum', '-Wvla', '-Wundef', '-Werror',
            '-Wstrict-prototypes', '-Wmissing-prototypes', '-Wpointer-arith', '-march=x86-64-v2',
            f'-I{tree.root}/proxy', f'-I{tree.root}/tests', '-isystem', f'{tree.root}/.out/deps/include']


def compile_each(tree, compiler, jobs):
    """jobs: (path, extra arguments, text for stdin). Yields (path, line, first error) of those that fail."""
    def one(job):
        path, extra, stdin = job
        done = subprocess.run([compiler, *compile_flags(tree), *extra], input=stdin, cwd=tree.root,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False)
        return path, done.returncode, done.stdout

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, status, output in pool.map(one, jobs):
            if status != 0:
                found = re.search(r'^(\S+?):(\d+):\d+: (?:fatal )?error: (.*)$', output, re.M)
                line = int(found.group(2)) if found and found.group(1).endswith(path) else 0
                yield path, line, f'{compiler}: {found.group(3) if found else output[:200]}'


@rule('headers-alone', bad=[{'proxy/base/a.h': '#pragma once\nuint32_t a_b(void);\n'}],
      good={'proxy/base/a.h': '#pragma once\n#include <stdint.h>\nuint32_t a_b(void);\n'})
def headers_alone(tree):
    jobs = [(path, ['-x', 'c', '-'], f'#include "{tree.root}/{path}"\n')
            for path in tree.files('.h', under='proxy/') if not path.startswith('proxy/deps/')]
    yield from compile_each(tree, 'gcc', jobs)


@rule('second-compiler', bad=[{'proxy/base/a.c': 'int a_b(int x);\nint a_b(int x) { return y; }\n'}],
      good={'proxy/base/a.c': 'int a_b(int x);\nint a_b(int x) { return x; }\n'})
def second_compiler(tree):
    if not shutil.which('clang'):
        raise Skip('clang is not installed')
    jobs = [(path, [path], None) for path in tree.files('.c', under='proxy/')]
    jobs += [(path, ['-Wno-missing-prototypes', path], None) for path in tree.files('.c', under='tests/')]
    yield from compile_each(tree, 'clang', jobs)


@rule('pragma-once', bad=[{'proxy/base/a.h': '/* a.h - x */\nint a_b;\n'}],
      good={'proxy/base/a.h': '/* a.h - x */\n#pragma once\n'})
def pragma_once(tree):
    for path in tree.files('.h'):
        if '\n#pragma once\n' not in '\n' + tree.text(path):
            yield path, 1, 'a header says #pragma once'


@rule('file-length', bad=[{'proxy/base/a.c': '\n' * (FILE_LINES_MAX + 1)}],
      good={'proxy/base/a.c': '\n' * FILE_LINES_MAX})
def file_length(tree):
    for path in tree.files('.c', '.h', '.py', '.sh', '.ts', '.tsx', '.js'):
        count = tree.text(path).count('\n')
        if count > FILE_LINES_MAX:
            yield path, 0, f'{count} lines; a file is one noun, {FILE_LINES_MAX} at most'


@rule('function-length', bad=[{'proxy/base/a.c': 'void a_b(void)\n{\n' + '    x();\n' * FUNCTION_LINES_MAX + '}\n'}],
      good={'proxy/base/a.c': 'void a_b(void)\n{\n' + '    x();\n' * (FUNCTION_LINES_MAX - 2) + '}\n'
                              'static const int t[] = {\n' + '    1,\n' * 200 + '};\n'})
def function_length(tree):
    for path in tree.files('.c'):
        for name, _, begin, end in tree.functions(path):
            if end - begin + 1 > FUNCTION_LINES_MAX:
                yield path, begin, f'{name} has {end - begin + 1} lines, {FUNCTION_LINES_MAX} at most'


@rule('struct-fields', bad=[{'proxy/base/a.h': 'struct a {\n' + '    int x;\n' * (STRUCT_FIELDS_MAX + 1) + '};\n'}],
      good={'proxy/base/a.h': 'struct a {\n' + '    int x;\n' * STRUCT_FIELDS_MAX + '};\n'})
def struct_fields(tree):
    for path in tree.files('.c', '.h', under='proxy/'):
        code = tree.code(path)
        for found in re.finditer(r'^struct (\w+) \{(.*?)^\}', code, re.M | re.S):
            count = found.group(2).count(';')
            if count > STRUCT_FIELDS_MAX:
                yield path, code.count('\n', 0, found.start()) + 1, f'struct {found.group(1)} has {count} fields'


@rule('lines', bad=[
    {'proxy/base/a.c': '\tint a;\n'}, {'proxy/base/a.c': 'int a; \n'},
    {'proxy/base/a.c': 'int a;' + ' ' * LINE_COLUMNS_MAX + 'int b;\n'}, {'proxy/base/a.c': 'int a;\r\n'},
    {'proxy/base/a.c': 'int a;'},
], good={'proxy/base/a.c': 'int a;\n'})
def lines(tree):
    for path in tree.files('.c', '.h', '.def', '.py', '.sh', '.ts', '.tsx', 'CMakeLists.txt'):
        columns_max = TEST_COLUMNS_MAX if path.startswith('tests/') else LINE_COLUMNS_MAX
        for number, line in enumerate(tree.lines(path), 1):
            if len(line) > columns_max:
                yield path, number, f'{len(line)} columns, {columns_max} at most'
            if '\t' in line:
                yield path, number, 'a tab'
            if line != line.rstrip():
                yield path, number, 'white space at the end of the line'
        if tree.text(path) and not tree.text(path).endswith('\n'):
            yield path, len(tree.lines(path)), 'the last line does not end'


PROXY = ('proxy/',)
ALL_C = ('proxy/', 'tests/', 'bench/')
HEAP = ('base/*',)
SAYING = ('base/log.c', 'base/must.c', '*/main.c', '*_main.c', '*/options.c')
# (calls, folders where they are banned, files of proxy/ that may all the same, what to do instead).
BANNED = [
    ('strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets strtok', ALL_C, (), 'use span, snprintf or memcpy'),
    ('atoi atol atoll atof', ALL_C, (), 'they cannot say that the text is wrong'),
    ('malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf posix_memalign aligned_alloc alloca',
     PROXY, HEAP, 'memory comes from a pool or an arena'),
    ('assert', PROXY, (), 'MUST is always on'),
    ('sleep usleep nanosleep', PROXY, (), 'nothing blocks: arm a timer'),
    ('rand srand random srandom rand_r drand48 getrandom', PROXY, ('base/random.c',), 'chance comes through base/rng.h'),
    ('time gettimeofday clock_gettime clock', PROXY, ('base/clock.c',), 'time comes through base/clock.h'),
    ('printf fprintf vprintf vfprintf puts fputs putchar perror', PROXY, SAYING, 'say it through base/log.h'),
    ('getaddrinfo gethostbyname getpwnam dlopen', PROXY, (), 'it blocks, and does not work in a static binary'),
]


@rule('banned-calls', bad=[
    {'proxy/http/a.c': 'void a_b(void)\n{\n    free(x);\n}\n'}, {'proxy/http/a.c': '    n = atoi (s);\n'},
    {'tests/unit/base/a_test.c': '    strcpy(a, b);\n'}, {'proxy/base/a.c': '    t = time(NULL);\n'},
    {'proxy/http/a.c': '#include <assert.h>\n'},
], good={
    'proxy/base/a.c': '    free(x);\n    pool->free(x);\n    /* free(x) */\n    "free(x)";\n    a_free(x);\n',
    'proxy/worker/main.c': '    printf("x");\n', 'proxy/base/clock.c': '    clock_gettime(CLOCK_MONOTONIC, &ts);\n',
})
def banned_calls(tree):
    for calls, folders, files, instead in BANNED:
        pattern = re.compile(r'(?<![\w.>])(' + '|'.join(calls.split()) + r')\s*\(')
        for path in tree.files('.c', '.h'):
            if not path.startswith(folders) or path.startswith('proxy/deps/'):
                continue
            if any(fnmatch.fnmatch(path, f'proxy/{name}') for name in files):
                continue
            for number, line in enumerate(tree.code_lines(path), 1):
                for found in pattern.finditer(line):
                    yield path, number, f'{found.group(1)}(): {instead}'
    for path in tree.files('.c', '.h', under='proxy/'):
        for line, header, _ in tree.includes(path):
            if header == 'assert.h':
                yield path, line, 'MUST is always on'


def statements_at_depth(code):
    """(line, brace depth, text up to its first ; = or {) of each declaration-like statement outside parentheses."""
    depth, start, line, parens = 0, 0, 1, 0
    begin_line = 1
    for at, char in enumerate(code):
        if char == '\n':
            line += 1
            # A line of the preprocessor is no statement.
            if code[start:at].lstrip().startswith('#'):
                if not code[start:at].endswith('\\'):
                    start, begin_line = at + 1, line
            elif not code[start:at].strip():
                start, begin_line = at + 1, line
        elif char == '(':
            parens += 1
        elif char == ')':
            parens -= 1
        elif char in ';{}=' and parens == 0 and not code[start:at].lstrip().startswith('#'):
            piece = code[start:at]
            text = piece.strip()
            if text:
                yield begin_line + piece[:piece.index(text[0])].count('\n'), depth, text, char
            depth += (char == '{') - (char == '}')
            start, begin_line = at + 1, line


def is_mutable(text):
    """Does this declaration name storage that may change? A pointer is constant only if const follows its last star."""
    last = text[text.rfind('*'):] if '*' in text else text
    return not re.search(r'\bconst\b', last)


@rule('mutable-state', bad=[
    {'proxy/base/a.c': 'static int a_count;\n'}, {'proxy/base/a.c': 'static int a_count = 1;\n'},
    {'proxy/base/a.c': 'static const char *a_name;\n'}, {'proxy/base/a.c': 'int a_count;\n'},
    {'proxy/base/a.c': 'struct a a_all[4];\n'}, {'proxy/base/a.c': 'void f(void)\n{\n    static int n;\n}\n'},
    {'proxy/base/a.c': 'static struct { int x; } a_it;\n'}, {'proxy/base/a.c': '_Thread_local int x;\n'},
    {'proxy/base/a.c': '__attribute__((constructor)) static void a(void)\n{\n}\n'},
    {'proxy/base/a.c': 'static _Atomic uint32_t a_n;\n'},
], good={
    'proxy/base/a.c': '#include "x.h"\nstatic const int a[] = { 1, 2 };\nstatic const char *const b = "x";\n'
                      'static int a_f(int x);\nstruct a *a_make(int n)\n{\n    static const int k[2] = { 1 };\n'
                      '    int n = 1;\n    return 0;\n}\nstruct a {\n    int x;\n};\nenum { A, B };\n'
                      'typedef int (*a_fn)(int);\nextern const int z;\n#define X(a) \\\n    a = 1\n'
                      'static const struct row {\n    int x;\n} rows[] = {\n    { 1 },\n};\n'
                      'static inline void a_g(void)\n{\n}\n_Static_assert(1, "x");\nconst int a_table[] = { 1 };\n',
})
def mutable_state(tree):
    for path in tree.files('.c', '.h', under='proxy/'):
        if path.startswith('proxy/deps/'):
            continue
        code = tree.code(path)
        for found in re.finditer(r'\b(_Thread_local|__thread|constructor|destructor)\b', code):
            yield path, code.count('\n', 0, found.start()) + 1, f'{found.group(1)}: nothing hides from its owner'
        for line, depth, text, end in statements_at_depth(code):
            words = text.split()
            if 'static' in words[:2] and '(' not in text.split('[')[0]:
                if is_mutable(text):
                    yield path, line, 'a static that may change; give it to an owner'
            elif depth == 0 and end in ';=' and is_global(text):
                yield path, line, 'a global that may change; give it to an owner'


def is_global(text):
    if re.match(r'(typedef|extern|struct \w+$|enum|union \w+$|static|_Static_assert|STATIC_MUST|#|\})', text):
        return False
    return '(' not in text and is_mutable(text) and re.match(r'[A-Za-z_][\w\s\*]*\s\**\w+\s*(\[[^\]]*\]\s*)*$', text)


# An upper-case name with an underscore; errno's names have none.
ENUM_MEMBER = re.compile(r'[A-Z][A-Z0-9]*(_[A-Z0-9]+)+')


@rule('switch-default', bad=[
    {'proxy/base/a.c': '    switch (x) {\n    case A_ONE:\n        break;\n    default:\n        break;\n    }\n'},
], good={
    'proxy/base/a.c': "    switch (c) {\n    case 'a':\n        break;\n    default:\n        break;\n    }\n"
                      '    switch (errno) {\n    case EAGAIN:\n        break;\n    default:\n        break;\n    }\n'
                      '    switch (x) {\n    case A_ONE:\n        switch (n) {\n        case 1:\n        default:\n'
                      '            break;\n        }\n        break;\n    case A_TWO:\n        break;\n    }\n',
})
def switch_default(tree):
    for path in tree.files('.c', '.h', under='proxy/'):
        code = tree.code(path)
        for found in re.finditer(r'\bswitch\s*\(', code):
            begin = code.find('{', found.end())
            end = brace_end(code, begin)
            body = code[begin + 1:end]
            inner = re.search(r'\bswitch\s*\(', body)
            while inner:
                inner_begin = body.find('{', inner.end())
                inner_end = brace_end(body, inner_begin)
                blank = re.sub(r'[^\n]', ' ', body[inner.start():inner_end + 1])
                body = body[:inner.start()] + blank + body[inner_end + 1:]
                inner = re.search(r'\bswitch\s*\(', body)
            labels = re.findall(r'\bcase\s*([^:]*?)\s*:', body)
            default = re.search(r'\bdefault\s*:', body)
            if default and labels and all(ENUM_MEMBER.fullmatch(label) for label in labels):
                line = code.count('\n', 0, begin + 1 + default.start()) + 1
                yield path, line, 'a switch over an enum lists its members, so that a new one is noticed'


def brace_end(code, begin):
    depth = 0
    for at in range(begin, len(code)):
        depth += (code[at] == '{') - (code[at] == '}')
        if depth == 0:
            return at
    return len(code)
