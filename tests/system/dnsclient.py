"""A resolver of few lines, for tests: as a module, and as a program that asks from inside a
container's network namespace (JSON list of questions in, JSON list of answers out)."""
import json
import random
import socket
import struct
import subprocess
import sys

A, NS, CNAME, PTR, MX, AAAA, OPT = 1, 2, 5, 12, 15, 28, 41
ADDRESS = "127.0.0.11"


def wire_name(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def question(name, kind=A, edns=0, ident=None, flags=0x0100):
    ident = random.randrange(65536) if ident is None else ident
    head = struct.pack(">HHHHHH", ident, flags, 1, 0, 0, 1 if edns else 0)
    tail = b"\0" + struct.pack(">HHIH", OPT, edns, 0, 0) if edns else b""
    return head + wire_name(name) + struct.pack(">HH", kind, 1) + tail


def read_name(data, at):
    parts, end = [], None
    while data[at]:
        if data[at] >= 0xc0:
            end = at + 2 if end is None else end
            at = struct.unpack(">H", data[at:at + 2])[0] & 0x3fff
            continue
        parts.append(data[at + 1:at + 1 + data[at]].decode())
        at += data[at] + 1
    return ".".join(parts), at + 1 if end is None else end


def read_answer(data):
    ident, flags, _questions, count, _authorities, more = struct.unpack(">HHHHHH", data[:12])
    name, at = read_name(data, 12)
    found = {"id": ident, "code": flags & 15, "cut": bool(flags & 0x200), "size": len(data),
             "name": name, "records": [], "ttl": None, "edns": more > 0}
    at += 4
    for _ in range(count):
        _owner, at = read_name(data, at)
        kind, _class, ttl, size = struct.unpack(">HHIH", data[at:at + 10])
        value = data[at + 10:at + 10 + size]
        if kind in (A, AAAA):
            value = socket.inet_ntop(socket.AF_INET if kind == A else socket.AF_INET6, value)
        elif kind in (PTR, CNAME):
            value = read_name(data, at + 10)[0]
        else:
            value = value.hex()
        found["records"].append(value)
        found["ttl"] = ttl
        at += 10 + size
    return found


def read_all(sock, size):
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data


def exchange(message, tcp=False, server=ADDRESS, timeout=6):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect((server, 53))
        if not tcp:
            sock.send(message)
            return sock.recv(65535)
        sock.sendall(struct.pack(">H", len(message)) + message)
        return read_all(sock, struct.unpack(">H", read_all(sock, 2))[0])


def ask(name, kind=A, tcp=False, edns=0, server=ADDRESS):
    sent = question(name, kind, edns)
    found = read_answer(exchange(sent, tcp, server))
    assert found["id"] == struct.unpack(">H", sent[:2])[0] and found["name"] == name
    return found


def inside(pid, code, timeout=60):
    """The value that the last line of CODE prints as JSON, run in the namespace of PID."""
    done = subprocess.run(["nsenter", "-t", str(pid), "-n", sys.executable, "-c",
                           "import json, sys\nsys.path.insert(0, %r)\nfrom dnsclient import *\n%s"
                           % (__file__.rsplit("/", 1)[0], code)],
                          capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
