"""A server of Docker's plugin protocol for test plugins: what netplugin.py and volplugin.py share.

    serve(FOLDER, NAME, METHODS)    serves FOLDER/NAME.sock, and comes back when it listens

It goes to the background; FOLDER/NAME.pid has its process, FOLDER/NAME.log each call and answer,
a line of JSON. What a line of FOLDER/NAME.mode says ("NetworkDriver.Join hang") is done to that
method: hang, die, lie (an answer of the wrong type), junk (no JSON), drip (a byte now and then),
flood (100 MB), endless (a head without end), fail (an error of its own), missing (404), or JSON to
answer with. Some lie in their HTTP: redirect, early (half of the answer), longer (more than was
said), huge (10 MB of JSON that is right), twice (two lengths). And some say what is true in ways of
their own, which must work: pieces (a byte at a time), old (HTTP/1.0, to its end), chunks, late
(head and body apart). It ends by itself after some minutes.
"""
import http.server
import json
import os
import signal
import socketserver
import threading
import time

LOCK = threading.Lock()
ODD = "redirect early longer huge twice pieces old chunks late".split()
LIE = {name: 7 for name in ("InterfaceName", "Interface", "Scope", "Pool", "Address",
                            "Mountpoint", "Volume", "Volumes", "Capabilities")}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, data):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def mode_of(self, method):
        try:
            with open(self.server.base + ".mode") as file:
                modes = [line.strip().split(" ", 1) for line in file]
        except OSError:
            return None
        return dict(mode for mode in modes if len(mode) == 2).get(method)

    def pour(self, head, piece, count, pause):
        """Until the other end has had enough."""
        try:
            self.wfile.write(head)
            for _ in range(count):
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:
            self.close_connection = True

    def odd(self, way, data):
        """DATA, the answer that is right, in ways that are or are not."""
        ok, length = b"HTTP/1.1 200 OK\r\n", b"Content-Length: %d\r\n" % len(data)
        head = ok + length + b"\r\n"
        self.close_connection = True
        writes = {
            "redirect": [b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n" + length,
                         b"\r\n", data],
            "early": [head, data[:len(data) // 2]],
            "longer": [head, data + b"}" * 100],
            "huge": [ok, b"Content-Length: %d\r\n\r\n" % (10 << 20), data,
                     b" " * ((10 << 20) - len(data))],
            "twice": [ok + length, b"Content-Length: %d\r\n\r\n" % (len(data) + 1), data],
            "pieces": [bytes([byte]) for byte in head + data],
            "old": [b"HTTP/1.0 200 OK\r\n\r\n", data],
            "chunks": [ok + b"Transfer-Encoding: chunked\r\n\r\n"] + [
                b"1\r\n%c\r\n" % byte for byte in data] + [b"0\r\n\r\n"],
            "late": [head, data],
        }[way]
        try:
            for piece in writes:
                self.connection.sendall(piece)
                if way == "late":
                    time.sleep(0.2)
        except OSError:
            pass

    def special(self, method, mode):
        head = b"HTTP/1.1 200 OK\r\n"
        if mode == "hang":
            time.sleep(100)
        elif mode == "drip":
            self.pour(head + b"Content-Length: 2000\r\n\r\n{", b" ", 1000, 0.1)
        elif mode == "flood":
            self.pour(head + b"Content-Length: 104857600\r\n\r\n", b" " * 1048576, 100, 0)
        elif mode == "endless":
            self.pour(head, b"X-%s: y\r\n" % (b"x" * 1000), 100000, 0)
        elif mode == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif mode == "fail":
            self.answer(500, json.dumps({"Err": "it does not like %s" % method}).encode())
        elif mode == "missing":
            self.answer(404, b"404 page not found\n")
        elif mode == "lie":
            self.answer(200, json.dumps(LIE).encode())
        else:
            self.answer(200, b"<html>" if mode == "junk" else mode.encode())

    def do_POST(self):
        method = self.path[1:]
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(text or b"{}")
        mode = self.mode_of(method)
        if mode is not None and mode not in ODD:
            self.log_call(method, body, mode)
            return self.special(method, mode)
        try:
            with LOCK:
                done = 200, self.server.methods[method](body)
        except Exception as error:  # pylint: disable=broad-except
            done = 500, {"Err": "%s: %r" % (method, error), "Error": "%r" % error}
        self.log_call(method, body, done[1])
        if mode is not None:
            return self.odd(mode, json.dumps(done[1]).encode())
        return self.answer(done[0], json.dumps(done[1]).encode())

    def log_call(self, method, body, answer):
        with LOCK, open(self.server.base + ".log", "a") as file:
            file.write(json.dumps({"method": method, "body": body, "answer": answer}) + "\n")

    def log_message(self, *args):
        pass

    def address_string(self):
        return "unix"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def serve(folder, name, methods):
    base = os.path.join(folder, name)
    if os.path.exists(base + ".sock"):
        os.unlink(base + ".sock")
    server = Server(base + ".sock", Handler)
    server.base, server.methods = base, methods
    pid = os.fork()
    if pid > 0:
        with open(base + ".pid", "w") as file:
            file.write(str(pid))
        return
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    signal.alarm(300)
    server.serve_forever()
