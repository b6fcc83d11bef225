"""Attaching by websocket and with a terminal, and events that outlive the daemon."""
import base64
import fcntl
import os
import pty
import select
import socket
import struct
import subprocess
import termios
import time

import pytest


class WebSocket:
    """A client of RFC 6455 that shows every frame."""

    def __init__(self, engine, name, query="stream=1&stdin=1&stdout=1&stderr=1", **headers):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(engine.sock)
        head = {"Host": "docker", "Connection": "Upgrade", "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **headers}
        lines = ["GET /v1.51/containers/%s/attach/ws?%s HTTP/1.1" % (name, query)]
        lines += ["%s: %s" % pair for pair in head.items() if pair[1] is not None]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.sock.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def send(self, opcode, data, mask=b"\1\2\3\4", fin=0x80):
        length = (bytes([0x80 | len(data)]) if len(data) < 126
                  else b"\xfe" + struct.pack(">H", len(data)))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.sock.sendall(bytes([fin | opcode]) + length + mask + masked)

    def frame(self):
        head = self.file.read(2)
        if len(head) < 2:
            return None, b""
        length = head[1] & 0x7f
        assert not head[1] & 0x80, "a server does not mask"
        if length == 126:
            length = struct.unpack(">H", self.file.read(2))[0]
        return head[0] & 0x0f, self.file.read(length)

    def read_until(self, wanted):
        seen = b""
        while wanted not in seen:
            opcode, data = self.frame()
            assert opcode == 2, (opcode, data, seen)
            seen += data
        return seen


@pytest.fixture(params=[[], ["-t"]], ids=["plain", "tty"])
def shell(engine, request):
    engine.hull("run", "-dit", "--name", "shell", "--network", "none", "busybox", "sh") \
        if request.param else \
        engine.hull("run", "-di", "--name", "shell", "--network", "none", "busybox", "sh")
    yield "shell"
    engine.hull("rm", "-f", "shell")


def test_conversation(engine, shell):
    """Both outputs, pieces, pings, a close that detaches, a second client beside the first."""
    one, two = WebSocket(engine, shell), WebSocket(engine, shell)
    assert (one.status, two.status) == (101, 101)
    one.send(2, b"echo a$((1+1))b; ec", fin=0)
    one.send(9, b"are you there")
    one.send(0, b"ho c$((2+2))d >&2\n")
    frames = []
    while not (b"a2b" in b"".join(d for o, d in frames if o == 2)
               and b"c4d" in b"".join(d for o, d in frames if o == 2)
               and (10, b"are you there") in frames):
        frames.append(one.frame())
        assert frames[-1][0] in (2, 10)
    two.read_until(b"c4d")
    one.send(8, struct.pack(">H", 1000))
    opcode, data = one.frame()
    while opcode == 2:
        opcode, data = one.frame()
    assert (opcode, data) == (8, struct.pack(">H", 1000)) and one.frame() == (None, b"")
    two.send(1, b"echo e$((3+3))f; exit 3\n")
    two.read_until(b"e6f")
    opcode, data = two.frame()
    while opcode == 2:
        opcode, data = two.frame()
    assert (opcode, data) == (8, struct.pack(">H", 1000))
    assert engine.hull("wait", shell).stdout == "3\n"


def test_strictness(engine, shell):
    for headers in ({"Upgrade": "tcp"}, {"Connection": "close"}, {"Sec-WebSocket-Version": "12"},
                    {"Sec-WebSocket-Key": "short"}, {"Sec-WebSocket-Key": None}):
        assert WebSocket(engine, shell, **headers).status == 400, headers
    assert WebSocket(engine, "nope").status == 404
    client = WebSocket(engine, shell)
    client.sock.sendall(b"\x82\x02hi")  # not masked
    opcode, data = client.frame()
    while opcode == 2:
        opcode, data = client.frame()
    assert (opcode, data) == (8, struct.pack(">H", 1002))


def test_attaching_again_draws_again(engine):
    """A program hears of the terminal's size each time, even when that is what it was before."""
    engine.hull("run", "-dit", "--name", "drawer", "--network", "none", "busybox", "sh", "-c",
                "trap 'stty size' WINCH; while :; do sleep 1000 & wait; done")
    try:
        for _ in range(3):
            main, terminal = pty.openpty()
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 91, 0, 0))
            client = subprocess.Popen(engine.command("attach", "drawer"), stdin=terminal,
                                      stdout=terminal, stderr=terminal)
            os.close(terminal)
            seen, deadline = b"", time.monotonic() + 30
            while b"31 91" not in seen and time.monotonic() < deadline:
                if select.select([main], [], [], 1)[0]:
                    seen += os.read(main, 4096)
            os.write(main, b"\x10\x11")
            assert client.wait(20) == 1
            os.close(main)
            assert b"31 91" in seen
    finally:
        engine.hull("rm", "-f", "drawer")


def test_events_are_filtered_as_docker_does(own_engine):
    """By the beginning of the id or name of whatever it is about."""
    own_engine.hull("create", "--name", "alpha", "busybox")
    own_engine.hull("create", "--name", "alphabet", "busybox")
    own_engine.hull("network", "create", "alnet")
    for wanted, seen in {"container=alpha": ["alpha", "alphabet"], "container=alphabet":
                         ["alphabet"], "container=al": ["alpha", "alphabet", "alnet"],
                         "container=x": [], "network=aln": ["alnet"], "image=busyb": [],
                         "network=alphab": ["alphabet"], "service=alphab": ["alphabet"],
                         "event=creat": [], "type=net": []}.items():
        told = own_engine.hull("events", "--since", "120s", "--until", "0s", "-f", wanted,
                               "--format", "{{.Actor.Attributes.name}}").stdout
        assert told.split() == seen, wanted


def test_events_after_restarts(own_engine):
    """The history goes on after an end in order and after kill -9, and has each event once."""
    own_engine.hull("create", "--name", "one", "busybox")
    own_engine.process.terminate()
    own_engine.process.wait(30)
    own_engine.start()
    own_engine.hull("create", "--name", "two", "busybox")
    own_engine.hull("rename", "two", "three")
    own_engine.hull("version")
    own_engine.kill()
    own_engine.start()
    own_engine.hull("rm", "one")
    seen = own_engine.hull("events", "--since", "120s", "--until", "0s", "-f", "type=container",
                           "--format", "{{.Action}} {{.Actor.Attributes.name}}").stdout
    assert seen.splitlines() == ["create one", "create two", "rename three", "destroy one"]
    with open(own_engine.root + "/data/events", "a") as file:
        file.write('{"Type":"container","Act')  # as a crash may leave it
    own_engine.kill()
    own_engine.start()
    own_engine.hull("rm", "three")
    seen = own_engine.hull("events", "--since", "120s", "--until", "0s", "-f", "event=destroy",
                             "--format", "{{.Actor.Attributes.name}}").stdout
    assert seen.split() == ["one", "three"]
