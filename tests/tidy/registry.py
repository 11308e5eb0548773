"""registry.py - what a rule is: a function that yields findings, with the violations that prove that it sees them."""
import collections

# bad: trees with one violation each, which the rule must find; good: a tree in which it must find nothing.
# A tree is {path: text}, or a function that makes one in the folder it is given.
Rule = collections.namedtuple('Rule', 'name check bad good')
Finding = collections.namedtuple('Finding', 'path line sentence')

RULES = []


class Skip(Exception):
    """A rule cannot be checked on this host; the sentence says why."""


def rule(name, bad, good=None):
    """Register the function below as a rule. It takes a Tree and yields (path, line, sentence), line 0 for the file."""
    def register(check):
        assert bad, 'a rule without a planted violation'
        RULES.append(Rule(name, check, bad, good or {}))
        return check
    return register
