"""The results as a table in Markdown and as JSON."""
import json
import os

from measure import DISTURBED_MAX
from rows import BY_NUMBER
from stats import Series, goal_met, paired

NAMES = {"ours": "ours", "nginx": "nginx", "haproxy": "HAProxy", "floor": "floor"}


def number(value, row):
    if row.bulk:
        return "%.2f" % value
    return "{:,.0f}".format(value)


def cell(series, row):
    if not series:
        return "-"
    if len(series.values) == 1:
        return number(series.median, row)
    return "%s +-%.0f%%" % (number(series.median, row), 100 * series.spread)


def ratio_cell(series):
    if not series:
        return "-"
    if len(series.values) == 1:
        return "%.2f" % series.median
    return "%.2f (%.2f-%.2f)" % (series.median, min(series.values), max(series.values))


def goal_text(row, which):
    factor, name = getattr(row, which)
    if name == "bytes":
        return "<= {:,} B".format(factor)
    return "%s%.2f x %s" % ("<= " if row.kind in ("latency", "routes", "swap") else "", factor, NAMES.get(name, name))


def verdict_of(must, aim):
    if must is None:
        return "-"
    if aim:
        return "aim reached"
    return "must reached" if must else "NOT REACHED"


def bottleneck(row, get):
    """The proxy, unless it slept although nobody else had its core."""
    if row.kind == "latency":
        return "none (paced)"
    if get("proxy_core") >= 0.9:
        return "proxy"
    if get("proxy_waited") + get("load_waited") > 0.1:
        return "other processes of this machine"
    return "load" if get("load_busy") > 0.9 else "neither"


class Table:
    """results: {row number: {target: [one dict or None per round]}}."""

    def __init__(self, results):
        self.results = results

    def values(self, number_of_row, name, key="value"):
        rounds = self.results.get(number_of_row, {}).get(name, [])
        return [r[key] if r and r.get(key) is not None else None for r in rounds]

    def series(self, number_of_row, name, key="value"):
        return Series(self.values(number_of_row, name, key))

    def others(self, row, key="value"):
        got = {n: self.values(row.number, n, key) for n in ("nginx", "haproxy", "floor")}
        got["ten routes"] = self.values(row.number, "ours", "smallest_ns")
        got["no swaps"] = self.values(row.number, "ours", "calm_p99_us")
        if row.log:
            got["ours without log"] = self.values(1, "ours")
        return got

    def verdict(self, row):
        """Must and aim: True, False, or None when there is nothing to compare."""
        if row.kind != "latency":
            ours, others, less = self.values(row.number, "ours"), self.others(row), row.kind in ("routes", "swap")
            return goal_met(row.must, ours, others, less), goal_met(row.aim, ours, others, less)
        p50 = self.values(row.number, "ours", "p50_us"), self.others(row, "p50_us")
        p99 = self.values(row.number, "ours", "p99_us"), self.others(row, "p99_us")
        both = [goal_met(row.aim, *p50, less_is_better=True), goal_met(row.aim, *p99, less_is_better=True)]
        return goal_met(row.must, *p50, less_is_better=True), None if None in both else all(both)

    def verdict_text(self, row):
        """Latency on a machine with other work to do is that work's latency."""
        disturbed = [self.series(row.number, n, "disturbed").median for n in ("ours", "nginx", "haproxy")
                     if self.series(row.number, n, "disturbed")]
        if row.kind == "latency" and disturbed and max(disturbed) > DISTURBED_MAX:
            return "machine not quiet"
        return verdict_of(*self.verdict(row))

    def lines(self):
        out = ["| row | workload | ours | nginx | HAProxy | floor | ours / nginx | ours / HAProxy | ours / floor |"
               " must | aim | verdict |", "|--:|---|--:|--:|--:|--:|--:|--:|--:|---|---|---|"]
        for n in sorted(self.results):
            row = BY_NUMBER[n]
            if row.kind in ("routes", "swap"):
                continue
            keys = [("", "value")]
            if row.kind == "latency":
                keys = [("p50", "p50_us"), ("p99", "p99_us")]
            for label, key in keys:
                cells = [cell(self.series(n, name, key), row) for name in NAMES]
                ratios = [ratio_cell(paired(self.values(n, "ours", key), self.values(n, other, key)))
                          for other in ("nginx", "haproxy", "floor")]
                ends = [goal_text(row, "must"), goal_text(row, "aim"), self.verdict_text(row)]
                title = row.title + (" (%s, %s)" % (label, row.unit) if label else " (%s)" % row.unit)
                out.append("| " + " | ".join([str(n), title] + cells + ratios + ends) + " |")
        return out

    def proof_lines(self):
        """Who was the bottleneck, and how quiet the machine was."""
        out = ["| row | target | requests/s | proxy: share of its core | user share of that | "
               "load and backend: share of their core | proxy waited for a CPU | load waited | bottleneck |",
               "|--:|---|--:|--:|--:|--:|--:|--:|---|"]
        for n in sorted(self.results):
            if BY_NUMBER[n].kind in ("memory", "routes", "swap"):
                continue
            for name in NAMES:
                if not self.series(n, name, "per_second"):
                    continue
                get = lambda key: self.series(n, name, key).median
                who = bottleneck(BY_NUMBER[n], get)
                out.append("| %d | %s | %s | %.0f%% | %.0f%% | %.0f%% | %.1f%% | %.1f%% | %s |" % (
                    n, NAMES[name], "{:,.0f}".format(get("per_second")), 100 * get("proxy_core"),
                    100 * get("proxy_user_share"), 100 * get("load_busy"), 100 * get("proxy_waited"),
                    100 * get("load_waited"), who))
        return out

    def memory_lines(self):
        out = []
        for n in sorted(self.results):
            if BY_NUMBER[n].kind != "memory":
                continue
            for name in NAMES:
                if self.series(n, name):
                    get = lambda key: self.series(n, name, key).median
                    out.append("- row %d, %s: %s connections held, resident %.1f MB before, %.1f MB after (%.0f B each "
                               "by resident size, %.0f B by proportional size)" % (
                                   n, NAMES[name], "{:,.0f}".format(get("connections")), get("rss_before") / 1e6,
                                   get("rss_after") / 1e6, get("rss_per_connection"), get("value")))
        return out


def configuration_lines(table):
    """Rows 20 and 21: nobody to compare with but ourselves."""
    out = []
    for n in sorted(table.results):
        row, got = BY_NUMBER[n], [r for r in table.results[n].get("ours", []) if r]
        if row.kind not in ("routes", "swap") or not got:
            continue
        ends = "must %s, aim %s: %s" % (goal_text(row, "must"), goal_text(row, "aim"), table.verdict_text(row))
        if row.kind == "routes":
            for size in got[0]["sizes"]:
                of = lambda key: Series([r["sizes"][size][key] for r in got]).median
                out.append("- row %d, %s routes: %.0f ns to match, %.0f ms to read, check and compile, %.0f bytes a route" % (
                    n, "{:,}".format(size), of("match_ns"), of("compile_ms"), of("bytes_per_route")))
        else:
            of = lambda key: Series([r[key] for r in got]).median
            out.append("- row %d: p50 %.0f and p99 %.0f us with swaps, %.0f and %.0f us without" % (
                n, of("p50_us"), of("value"), of("calm_p50_us"), of("calm_p99_us")))
        out.append("- row %d, %s: %s" % (n, row.title, ends))
    return out


def markdown(table, about, failures):
    lines = ["# Benchmark", ""]
    lines += ["- %s: %s" % pair for pair in about.items()]
    lines += ["", "Medians of the rounds, +- half the spread; ratios are medians of the rounds' own ratios (least-"
              "greatest).", ""] + table.lines()
    lines += ["", "## What limited each run", ""] + table.proof_lines()
    if table.memory_lines():
        lines += ["", "## Memory", ""] + table.memory_lines()
    if configuration_lines(table):
        lines += ["", "## Configurations of many routes", ""] + configuration_lines(table)
    if failures:
        lines += ["", "## Measurements that failed", ""] + ["- " + f for f in failures]
    return "\n".join(lines) + "\n"


def write(out, table, about, failures, plot):
    os.makedirs(out, exist_ok=True)
    text = markdown(table, about, failures)
    with open(os.path.join(out, "table.md"), "w") as f:
        f.write(text)
    with open(os.path.join(out, "results.json"), "w") as f:
        json.dump({"about": about, "failures": failures, "rows": table.results}, f, indent=1)
    with open(os.path.join(out, "plot.svg"), "w") as f:
        f.write(plot)
    return text
