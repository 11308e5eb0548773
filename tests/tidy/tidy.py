#!/usr/bin/env python3
"""tidy.py - the gate on how the tree is written.

tidy.py           check the tree: each finding on a line, then the verdict
tidy.py --suite   the same as lines of the test protocol ("ok NAME", "not ok NAME: reason", "skip NAME: reason")
tidy.py RULE...   only these rules

Before a rule is believed it must find the violations planted for it. To add a rule, add a function to one of the rules
files with its planted violations above it. A finding is waived by a comment on its line or just above:
    tidy: <rule>: because <reason>
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile

import rules_c      # noqa: F401 - registers its rules
import rules_names  # noqa: F401
import rules_tree   # noqa: F401
from registry import RULES, Finding, Skip
from tree import Tree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def findings(rule, tree):
    """What a rule finds in a tree, without what is waived there."""
    found = [Finding(*row) for row in rule.check(tree)]
    return [row for row in found if not tree.is_exempt(row.path, row.line, rule.name)]


def plant(folder, what):
    """Make a planted tree in a folder."""
    subprocess.run(['git', 'init', '-q', '-b', 'main', folder], check=True)
    # Planted headers may use third-party ones, by way of the real build.
    if os.path.isdir(os.path.join(ROOT, '.out', 'deps')):
        os.makedirs(os.path.join(folder, '.out'))
        os.symlink(os.path.join(ROOT, '.out', 'deps'), os.path.join(folder, '.out', 'deps'))
    with open(os.path.join(folder, '.git', 'info', 'exclude'), 'w', encoding='ascii') as file:
        file.write('.out\n')
    if callable(what):
        what(folder)
        return
    for path, text in what.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8') as file:
            file.write(text)


def self_test(rule):
    """A sentence about what is wrong with the rule itself, or None."""
    for number, what in enumerate(rule.bad):
        with tempfile.TemporaryDirectory() as folder:
            plant(folder, what)
            if not findings(rule, Tree(folder)):
                return f'does not see its planted violation number {number + 1}'
    with tempfile.TemporaryDirectory() as folder:
        plant(folder, rule.good)
        found = findings(rule, Tree(folder))
        if found:
            return f'objects to what is right: {found[0].path}:{found[0].line}: {found[0].sentence}'
    return None


def judge(rule, tree):
    """(rule, findings, why it was skipped, what is wrong with the rule)."""
    try:
        wrong = self_test(rule)
        return rule, findings(rule, tree), None, wrong
    except Skip as skip:
        return rule, [], str(skip), None


def report_suite(rule, found, skipped, wrong):
    if skipped:
        print(f'skip tidy/{rule.name}: {skipped}')
        return
    print(f'not ok tidy/{rule.name}/self: {wrong}' if wrong else f'ok tidy/{rule.name}/self')
    for row in found:
        print(f'    {row.path}:{row.line}: {row.sentence}')
    if found:
        first = found[0]
        print(f'not ok tidy/{rule.name}: {len(found)} findings, first {first.path}:{first.line}: {first.sentence}')
    else:
        print(f'ok tidy/{rule.name}')


def report_lines(rule, found, skipped, wrong):
    if skipped:
        print(f'{rule.name}: not checked: {skipped}')
    if wrong:
        print(f'{rule.name}: the rule itself: {wrong}')
    for row in found:
        print(f'{row.path}:{row.line}: {rule.name}: {row.sentence}')


def main():
    names = [name for name in sys.argv[1:] if not name.startswith('-')]
    suite = '--suite' in sys.argv
    unknown = set(names) - {rule.name for rule in RULES}
    if unknown:
        sys.exit(f'no such rule: {", ".join(sorted(unknown))}; there are: {", ".join(rule.name for rule in RULES)}')
    tree = Tree(ROOT)
    chosen = [rule for rule in RULES if not names or rule.name in names]
    count = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for rule, found, skipped, wrong in pool.map(lambda rule: judge(rule, tree), chosen):
            (report_suite if suite else report_lines)(rule, found, skipped, wrong)
            count += len(found) + (wrong is not None)
    if not suite:
        print(f'{len(chosen)} rules, {count} findings')
    return 1 if count else 0


if __name__ == '__main__':
    sys.exit(main())
