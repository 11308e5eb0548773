"""Node: its own HTTP/1.1 and HTTP/2, WebSocket by the package ws, gRPC by @grpc/grpc-js; servers and clients."""
import pki
from case_curl import secure
from forge import Forge, free_port, secret, simple, simple_documents, tls_listener
from tools import node, node_server


def test_http1_to_http1():
    port = free_port()
    with node_server("http.cjs", "serve1", port, packages=False), simple(port) as f:
        node("http.cjs", "call1", f"http://127.0.0.1:{f.port}", packages=False)


def test_http2_to_http1():
    port = free_port()
    with node_server("http.cjs", "serve1", port, packages=False), simple(port) as f:
        node("http.cjs", "call2", f"http://127.0.0.1:{f.port}", packages=False)


def test_http1_to_http2():
    port = free_port()
    with node_server("http.cjs", "serve2", port, packages=False), simple(port, protocol="http2") as f:
        node("http.cjs", "call1", f"http://127.0.0.1:{f.port}", packages=False)


def test_http2_to_http2():
    port = free_port()
    with node_server("http.cjs", "serve2", port, packages=False), simple(port, protocol="http2", workers=2) as f:
        node("http.cjs", "call2", f"http://127.0.0.1:{f.port}", packages=False)


def test_over_tls():
    port = free_port()
    with node_server("http.cjs", "serve1", port, packages=False), secure(port) as f:
        for verb in ("call1", "call2"):
            node("http.cjs", verb, f"https://127.0.0.1:{f.tls_port}", pki.authority().chain_path, "a.test", packages=False)


def test_websocket():
    port = free_port()
    with node_server("ws.cjs", "serve", port), secure(port) as f:
        node("ws.cjs", "call", f"ws://127.0.0.1:{f.port}/chat")
        node("ws.cjs", "call", f"wss://127.0.0.1:{f.tls_port}/chat", pki.authority().chain_path, "a.test")


def grpc_gateway(port):
    docs = simple_documents(port, protocol="grpc")
    docs[0]["conf"]["listeners"].append(tls_listener(free_port(), "a"))
    return Forge([*docs, secret("a", pki.certificate("a.test").text)])


def test_grpc():
    port = free_port()
    with node_server("grpc.cjs", "serve", port) as server, grpc_gateway(port) as f:
        node("grpc.cjs", "call", f"127.0.0.1:{f.port}")
        # A deadline at the client cancels the call at the server: the reset goes all the way.
        f.wait(lambda: "cancelled" in server.output(), "the server is told that the client gave up")


def test_grpc_over_tls():
    port = free_port()
    with node_server("grpc.cjs", "serve", port), grpc_gateway(port) as f:
        node("grpc.cjs", "call", f"127.0.0.1:{f.tls_port}", pki.authority().chain_path, "a.test")
