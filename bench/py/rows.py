"""The rows of the table: what is loaded how, and what is to be reached.

A goal is (factor, whose figure): ours must be at least factor times that figure, or at most, where less is better.
"""
from collections import namedtuple

Row = namedtuple("Row", "number title unit load must aim floor tls log bulk kind")

CPU = "requests per CPU-second"
GB = "GB per CPU-second"


def row(number, title, load, must, aim, unit=CPU, floor=False, tls=False, log=False, bulk=False, kind="rate"):
    return Row(number, title, unit, load.split(), must, aim, floor, tls, log, bulk, kind)


ROWS = [
    row(1, "HTTP/1.1 keep-alive, 64 conns, 1 KB", "--conns 64", (1.15, "nginx"), (0.90, "floor"), floor=True),
    row(2, "same, 512 conns", "--conns 512", (1.3, "nginx"), (0.85, "floor"), floor=True),
    row(3, "same, 2,048 conns", "--conns 2048", (1.3, "nginx"), (0.85, "floor"), floor=True),
    row(4, "HTTP/1.1 over TLS 1.3, 64 conns", "--tls --conns 64", (1.15, "nginx"), (1.35, "nginx"), tls=True),
    row(5, "same, 512 conns", "--tls --conns 512", (1.3, "nginx"), (1.7, "nginx"), tls=True),
    row(6, "HTTP/2 over TLS 1.3, 32 conns x 32 streams", "--tls --h2 --conns 32 --depth 32", (1.2, "nginx"),
        (1.5, "nginx"), tls=True),
    row(7, "pipelined HTTP/1.1 (8 deep), 64 conns", "--conns 64 --depth 8", (1.2, "nginx"), (1.6, "nginx"),
        floor=True),
    row(8, "1 MiB bodies, cleartext", "--large --conns 16", (1.1, "haproxy"), (0.95, "floor"), unit=GB, floor=True,
        bulk=True),
    row(9, "1 MiB bodies over TLS 1.3", "--large --tls --conns 16", (0.95, "haproxy"), (1.3, "haproxy"), unit=GB,
        tls=True, bulk=True),
    row(10, "full TLS 1.3 handshakes, connection each", "--plan each --tls --conns 32", (1.4, "nginx"),
        (1.6, "nginx"), tls=True),
    row(11, "same with X25519MLKEM768", "--plan each --tls --group mlkem --conns 32", (1.25, "nginx"),
        (1.4, "nginx"), tls=True),
    row(12, "resumed handshakes", "--plan each --tls --resume --conns 32", (1.3, "nginx"), (1.5, "nginx"), tls=True),
    row(13, "connection per request, cleartext", "--plan each --conns 64", (1.0, "haproxy"), (1.15, "haproxy"),
        floor=True),
    row(14, "row 1 with access log (JSON, file)", "--conns 64", (1.15, "nginx"), (0.97, "ours without log"), log=True),
    row(17, "resident memory per idle cleartext connection", "--plan idle --conns 8000", (1150, "bytes"),
        (500, "bytes"), unit="bytes per connection", kind="memory"),
    row(18, "resident memory per idle TLS connection", "--plan idle --tls --conns 2000", (12 * 1024, "bytes"),
        (6 * 1024, "bytes"), unit="bytes per connection", tls=True, kind="memory"),
    row(19, "p50 and p99 at half of nginx's saturated rate", "--plan paced --conns 64", (1.15, "nginx"),
        (1.0, "nginx and haproxy"), unit="microseconds", floor=True, kind="latency"),
    row(20, "matching a request among 10,000 routes", "", (4.0, "ten routes"), (2.0, "ten routes"), unit="ns", kind="routes"),
    row(21, "p99 with a swap of 10,000 routes each second", "--plan paced --conns 64", (1.10, "no swaps"), (1.02, "no swaps"),
        unit="microseconds", kind="swap"),
]
BY_NUMBER = {r.number: r for r in ROWS}
