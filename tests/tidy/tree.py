"""tree.py - a source tree as the tidy rules see it: files, their code without comments, their includes, exemptions."""
import functools
import os
import re
import subprocess

COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
EXEMPTION = re.compile(r'tidy: ([a-z0-9-]+): because \S')

# Inputs of tests: bytes as they came, not text that we write.
DATA = ('tests/fuzz/corpus/', 'tests/vectors/')


def _blank(match):
    """The same number of lines and columns, with nothing in them."""
    return re.sub(r'[^\n]', ' ', match.group(0))


def _blank_comment(match):
    return _blank(match) if match.group(0).startswith('/') else match.group(0)


class Tree:
    """Files below a folder: those that git knows or would take (so that a new file is checked before it is added)."""

    def __init__(self, root):
        self.root = root
        done = subprocess.run(['git', '-C', root, 'ls-files', '-co', '--exclude-standard', '-z'],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if done.returncode == 0:
            names = [os.fsdecode(name) for name in done.stdout.split(b'\0') if name]
        else:
            names = [os.path.relpath(os.path.join(folder, name), root)
                     for folder, _, files in os.walk(root) for name in files]
        self.all_files = sorted(set(name for name in names if os.path.isfile(os.path.join(root, name))))

    def files(self, *suffixes, under=''):
        """Our own files with one of the suffixes (all if none is given) below a folder."""
        return [name for name in self.all_files
                if name.startswith(under) and not name.startswith(DATA) and (not suffixes or name.endswith(suffixes))]

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        with open(os.path.join(self.root, path), encoding='utf-8', errors='surrogateescape', newline='') as file:
            return file.read()

    @functools.lru_cache(maxsize=None)
    def is_text(self, path):
        return '\0' not in self.text(path)

    def lines(self, path):
        return self.text(path).split('\n')

    @functools.lru_cache(maxsize=None)
    def code(self, path):
        """C without comments and without what stands in quotes; lines and columns are kept."""
        return COMMENT_OR_STRING.sub(_blank, self.text(path))

    def code_lines(self, path):
        return self.code(path).split('\n')

    def includes(self, path):
        """(line, "x/y.h" or <y.h> without its marks, is quoted) for each include."""
        text = COMMENT_OR_STRING.sub(_blank_comment, self.text(path))
        for number, line in enumerate(text.split('\n'), 1):
            found = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
            if found:
                yield number, found.group(2), found.group(1) == '"'

    def functions(self, path):
        """(name, is static, line of the opening brace, line of the closing one) of each function of a .c file."""
        lines = self.code_lines(path)
        for number, line in enumerate(lines, 1):
            if line.rstrip() != '{':
                continue
            head = ''
            above = number - 2
            while above >= 0 and lines[above].strip() and not lines[above].startswith(('}', '#')) \
                    and not lines[above].rstrip().endswith(';'):
                head = lines[above] + ' ' + head
                above -= 1
            found = re.search(r'(\w+)\s*\(', head)
            if not found:
                continue
            end = next((i for i in range(number, len(lines)) if lines[i].startswith('}')), len(lines) - 1)
            yield found.group(1), head.lstrip().startswith(('static ', 'TEST')), number, end + 1

    @functools.lru_cache(maxsize=None)
    def exemptions(self, path):
        """{line: rule} of the comments that waive one."""
        return {number: found.group(1) for number, line in enumerate(self.lines(path), 1)
                for found in [EXEMPTION.search(line)] if found}

    def is_exempt(self, path, line, rule):
        """On the line itself or within the three above; anywhere in the file for a finding about the whole file."""
        if not os.path.isfile(os.path.join(self.root, path)):
            return False
        return any(name == rule and (line == 0 or line - 3 <= at <= line)
                   for at, name in self.exemptions(path).items())
