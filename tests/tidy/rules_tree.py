"""rules_tree.py - rules about the tree as a whole: top level, text, commits, scripts, waivers."""
import os
import re
import subprocess

from registry import RULES, rule
from tree import DATA

TOP_LEVEL = {'build.sh', 'proxy', 'ha', 'admin-ui', 'image', 'bench', 'tests', 'README.md', 'ARCHITECTURE.md',
             'LICENSE', 'CMakeLists.txt', 'CMakePresets.json', 'CHANGELOG.md', 'SECURITY.md'}
SUBJECT_COLUMNS_MAX = 70
COMMITS = 'tests/tidy/commits.txt'
NOT_ASCII = '\N{EN DASH}'


@rule('top-level', bad=[{'notes.txt': 'x\n'}, {'src/a.c': 'x\n'}],
      good={'build.sh': '\n', 'proxy/LAYERS': '\n', '.ci/run': '\n'})
def top_level(tree):
    for name in sorted({path.split('/')[0] for path in tree.all_files}):
        if name not in TOP_LEVEL and not name.startswith('.'):
            yield name, 0, 'not one of the agreed entries of the top level'


@rule('ascii', bad=[{'proxy/base/a.c': f'/* a {NOT_ASCII} b */\n'}, {'README.md': NOT_ASCII + '\n'}],
      good={'proxy/base/a.c': '/* a - b */\n', DATA[0] + 'x/1': NOT_ASCII})
def ascii_only(tree):
    for path in tree.files():
        if not tree.is_text(path) or tree.text(path).isascii():
            continue
        for number, line in enumerate(tree.lines(path), 1):
            if not line.isascii():
                yield path, number, 'a character outside ASCII'


UNFINISHED = re.compile(r'\b(TO' r'DO|FIX' r'ME|X' r'XX)\b(?! ?\(#\d+\))')


@rule('todo', bad=[{'proxy/base/a.c': '/* TO' 'DO: later */\n'}, {'build.sh': '# FIX' 'ME\n'}],
      good={'proxy/base/a.c': '/* TO' 'DO (#12): later */\n'})
def todo(tree):
    for path in tree.files():
        if tree.is_text(path) and path != 'LICENSE':
            for number, line in enumerate(tree.lines(path), 1):
                if UNFINISHED.search(line):
                    yield path, number, 'say it with an issue number, (#N), or do it'


# Debian's, npm's and other hosts that serve packages; written so that this line does not match itself.
PACKAGE_HOST = re.compile(r'\b(deb|security|ftp|snapshot|archive)(\.\w\w)?\.(debian|ubuntu)\.\w+'
                          r'|registry\.(npm|yarn)\w*|\bpypi\.\w+|files\.python\w+\.|static\.crates\.|proxy\.golang\.')


@rule('package-hosts', bad=[
    {'build.sh': 'curl http://deb.' 'debian.org/x\n'}, {'a.json': '"https://registry.' 'npmjs.org"\n'},
], good={'build.sh': '# the mirror that the host uses\n'})
def package_hosts(tree):
    for path in tree.files():
        if tree.is_text(path):
            for number, line in enumerate(tree.lines(path), 1):
                if PACKAGE_HOST.search(line):
                    yield path, number, 'names a package host: the configuration of apt or npm says where packages are'


def plant_commit(message):
    def make(folder):
        subprocess.run(['git', '-C', folder, '-c', 'user.name=x', '-c', 'user.email=x', 'commit', '-q', '--allow-empty',
                        '--cleanup=verbatim', '-m', message], check=True)
    return make


@rule('commit-form', bad=[
    plant_commit('Fixed stuff\n'), plant_commit('area: ' + 'x' * SUBJECT_COLUMNS_MAX + '\n'),
    plant_commit('area: change it.\n'), plant_commit('area: change it\nno blank line\n'),
], good=plant_commit('base, io: change what it does\n\nWhy.\n'))
def commit_form(tree):
    """History is not rewritten: what was pushed in another form is listed in commits.txt."""
    listed = set()
    if COMMITS in tree.all_files:
        listed = {line.split()[0] for line in tree.lines(COMMITS) if line.strip() and not line.startswith('#')}
    done = subprocess.run(['git', '-C', tree.root, 'log', '--no-merges', '--abbrev=10', '--format=%h%x00%B%x01'],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    for entry in done.stdout.decode('utf-8', 'replace').split('\1'):
        name, _, message = entry.strip('\n').partition('\0')
        if not name or name in listed:
            continue
        lines = message.split('\n')
        where = f'commit {name}'
        if not re.match(r'[a-z0-9][a-z0-9 ,/_.*+-]*: \S', lines[0]):
            yield where, 0, f'the subject is "area: what changes", not "{lines[0]}"'
        if len(lines[0]) > SUBJECT_COLUMNS_MAX:
            yield where, 0, f'the subject has {len(lines[0])} columns, {SUBJECT_COLUMNS_MAX} at most'
        if lines[0].endswith('.'):
            yield where, 0, 'the subject ends with a stop'
        if len(lines) > 1 and lines[1].strip():
            yield where, 0, 'the second line is not blank'


@rule('shell-syntax', bad=[{'build.sh': '#!/usr/bin/env bash\nif true; then\n'}, {'.ci/run': '#!/bin/sh\n( x\n'}],
      good={'build.sh': '#!/usr/bin/env bash\ntrue\n'})
def shell_syntax(tree):
    for path in tree.files():
        first = tree.text(path).split('\n', 1)[0]
        found = re.match(r'#!.*\b(bash|sh)$', first)
        if found:
            done = subprocess.run([found.group(1), '-n', os.path.join(tree.root, path)], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, universal_newlines=True, check=False)
            if done.returncode != 0:
                yield path, 0, done.stdout.strip().split('\n')[0]


@rule('waivers', bad=[
    {'proxy/base/a.c': '/* tidy: banned-calls */\n'},
    {'proxy/base/a.c': '/* tidy: no-such-rule: because it is so */\n'},
], good={'proxy/base/a.c': '/* tidy: banned-calls: because the library wants its own hook */\n'})
def waivers(tree):
    known = {one.name for one in RULES}
    for path in tree.files('.c', '.h', '.def'):
        for number, line in enumerate(tree.lines(path), 1):
            found = re.search(r'/\* tidy: ?([\w-]*)(: because \S)?', line)
            if found and (found.group(1) not in known or not found.group(2)):
                yield path, number, 'a waiver reads /* tidy: <rule>: because ... */'
