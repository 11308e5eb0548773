"""The rate rows as bars, each row relative to its best peer, in SVG."""
from rows import BY_NUMBER

COLOURS = {"ours": "#1f6feb", "nginx": "#3fa34d", "haproxy": "#d98e04", "floor": "#9aa0a6"}
LABELS = {"ours": "ours", "nginx": "nginx", "haproxy": "HAProxy", "floor": "bare io_uring forwarder"}
LEFT, WIDTH, BAR, GAP, TOP = 360, 520, 13, 12, 58


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def bars_of(table):
    """[(row, {target: value relative to the better of nginx and HAProxy, more is better})]"""
    out = []
    for n in sorted(table.results):
        row = BY_NUMBER[n]
        key = "p50_us" if row.kind == "latency" else "value"
        got = {name: table.series(n, name, key).median for name in COLOURS if table.series(n, name, key)}
        got = {name: v for name, v in got.items() if v > 0}
        peers = [got[p] for p in ("nginx", "haproxy") if p in got]
        if not peers:
            continue
        if row.kind == "rate":
            out.append((row, {name: v / max(peers) for name, v in got.items()}))
        else:
            out.append((row, {name: min(peers) / v for name, v in got.items()}))
    return out


def svg(table):
    bars = bars_of(table)
    top_value = max([v for _, got in bars for v in got.values()] + [1.5])
    scale = WIDTH / min(top_value, 4.0)
    height = TOP + sum(len(got) * BAR + GAP for _, got in bars) + 20
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">'
           % (LEFT + WIDTH + 80, height), '<rect width="100%" height="100%" fill="white"/>',
           '<text x="10" y="20" font-size="14">Work per CPU-second (per byte in rows 17 and 18, speed in row 19); '
           'best of nginx and HAProxy = 1; longer is better</text>']
    x = 10
    for name in COLOURS:
        out.append('<rect x="%d" y="32" width="12" height="12" fill="%s"/><text x="%d" y="42">%s</text>'
                   % (x, COLOURS[name], x + 16, LABELS[name]))
        x += 40 + 7 * len(LABELS[name])
    y = TOP
    for row, got in bars:
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>'
                   % (LEFT - 8, y + len(got) * BAR / 2 + 4, escape("%d. %s" % (row.number, row.title))))
        for name in COLOURS:
            if name in got:
                length = min(got[name], 4.0) * scale
                out.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d">%.2f</text>'
                           % (LEFT, y, length, BAR - 2, COLOURS[name], LEFT + length + 4, y + BAR - 3, got[name]))
                y += BAR
        y += GAP
    out.append('<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#444" stroke-dasharray="3,3"/>'
               % (LEFT + scale, LEFT + scale, TOP - 6, y))
    return "\n".join(out + ["</svg>"]) + "\n"
