"""Medians, spreads and verdicts over the rounds of a run. Pure."""
import statistics


class Series:
    """What the rounds gave for one target in one row."""

    def __init__(self, values):
        self.values = [v for v in values if v is not None]

    def __bool__(self):
        return bool(self.values)

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def spread(self):
        """Half the distance from the least to the greatest, as a share of the median."""
        return (max(self.values) - min(self.values)) / 2 / self.median if self.median else 0.0


def paired(ours, theirs):
    """Ratios round by round: what disturbs one round disturbs both of its figures."""
    return Series([a / b if a is not None and b else None for a, b in zip(ours, theirs)])


def goal_met(goal, ours, others, less_is_better=False):
    """Whether (factor, name) is reached, by the median of the rounds' ratios; None when there is nothing to compare.

    ours: the rounds' values; others: {name: the rounds' values}; None stands for a round that failed.
    """
    factor, name = goal
    if name == "bytes":
        return Series(ours).median <= factor if Series(ours) else None
    answers = []
    for one in name.split(" and "):
        ratios = paired(ours, others.get(one, []))
        if not ratios:
            return None
        answers.append(ratios.median <= factor if less_is_better else ratios.median >= factor)
    return all(answers)
