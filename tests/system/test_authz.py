"""Authorization plugins by docker's protocol: a plugin in this process that sees every request and
answer, and clients that try to get something past it."""
import base64
import http.server
import json
import os
import re
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time

import pytest

from engine import Engine, program
from test_siege import free_port


class Plugin:
    """rule(phase, body) answers AuthZReq ("req") and AuthZRes ("res"): True, a reason to deny, bytes
    to answer with, "hang", "die" or an HTTP status."""

    def __init__(self, folder, name):
        self.path, self.name = os.path.join(folder, name + ".sock"), name
        self.seen, self.rule, self.released = [], None, threading.Event()
        self.reset()
        self.start()

    def reset(self):
        self.released.set()
        self.released = threading.Event()
        self.seen, self.rule = [], lambda phase, body: True

    def start(self):
        plugin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def address_string(self):
                return "unix"

            def log_message(self, *args):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
                plugin.serve(self, body)

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

        self.server = Server(self.path, Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        os.unlink(self.path)

    def serve(self, handler, body):
        if handler.path == "/Plugin.Activate":
            return self.answer(handler, 200, b'{"Implements": ["authz"]}')
        phase = "req" if handler.path == "/AuthZPlugin.AuthZReq" else "res"
        for key in "RequestBody", "ResponseBody":
            if key in body:
                body[key] = base64.b64decode(body[key])
        released = self.released
        self.seen.append((phase, body))
        verdict = self.rule(phase, body)
        if verdict == "hang":
            released.wait(30)
        elif verdict == "die":
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif isinstance(verdict, int) and verdict is not True:
            self.answer(handler, verdict, b"no")
        elif isinstance(verdict, bytes):
            self.answer(handler, 200, verdict)
        else:
            allow = verdict is True
            self.answer(handler, 200, json.dumps(
                {"Allow": allow, "Msg": "" if allow else verdict}).encode())
        return None

    @staticmethod
    def answer(handler, status, data):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def asked(self, phase, pattern, method=None):
        """What was seen of the requests whose address fits."""
        return [body for p, body in self.seen if p == phase and re.search(pattern, body["RequestUri"])
                and method in (None, body["RequestMethod"])]


@pytest.fixture(scope="module")
def guarded():
    """A daemon with the plugins first and second, which is reached over TLS, too."""
    folder = tempfile.mkdtemp(prefix="hullaz-")

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, capture_output=True, check=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/O=us/CN=ann", "-days", "2",
            "-addext", "subjectAltName=IP:127.0.0.1")
    plugins, port = [Plugin(folder, "first"), Plugin(folder, "second")], free_port()
    made = Engine("--authorization-plugin", "first", "--authorization-plugin", "second",
                  "--plugin-opt", "support/authz:plugin-sockets=" + folder,
                  "--plugin-opt", "support/authz:plugin-retry-ms=300",
                  "--plugin-opt", "support/authz:plugin-timeout-ms=700",
                  "--tlsverify", "--tlscacert", folder + "/cert.pem",
                  "--tlscert", folder + "/cert.pem", "--tlskey", folder + "/key.pem",
                  "-H", "unix://@ROOT/hull.sock", "-H", "tcp://127.0.0.1:%d" % port,
                  bridge="hta%d" % (os.getpid() % 100000))
    made.port, made.folder, made.plugins = port, folder, plugins
    made.load_busybox()
    yield made
    for plugin in plugins:
        plugin.reset()
    made.stop()
    for plugin in plugins:
        plugin.stop()
    shutil.rmtree(folder)


@pytest.fixture
def asked(guarded):
    """The first plugin, which allows all again afterwards."""
    for plugin in guarded.plugins:
        plugin.reset()
    yield guarded.plugins[0]
    for plugin in guarded.plugins:
        plugin.reset()


def deny(pattern, phase="req", why="not today", method=None):
    def rule(asked_phase, body):
        hit = phase == asked_phase and re.search(pattern, body["RequestUri"]) and \
            method in (None, body["RequestMethod"])
        return why if hit else True
    return rule


def talk(engine, data, more=b"", timeout=5):
    """All that comes back for these bytes; MORE is sent when the server asks for it."""
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(timeout)
    link.connect(engine.sock)
    seen = b""
    try:
        link.sendall(data)
    except BrokenPipeError:
        pass  # it has heard enough
    try:
        while True:
            got = link.recv(65536)
            if not got:
                break
            seen += got
            if more and b"100 Continue" in seen:
                link.sendall(more)
                more = b""
    except ConnectionResetError:
        pass
    except socket.timeout:
        seen += b" TIMEOUT"
    link.close()
    return seen.decode(errors="replace")


def post(path, body=b"", *headers, length=True):
    lines = ["POST %s HTTP/1.1" % path, "Host: d", "Connection: close", *headers]
    if length:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


JSON = "Content-Type: application/json"
CREATE = json.dumps({"Image": "busybox", "Cmd": ["true"]}).encode()


def names(engine):
    return engine.hull("ps", "-a", "--format", "{{.Names}}").stdout.split()


# --- what is allowed ------------------------------------------------------------------------------


@pytest.mark.parametrize("client", ["hull", "docker"])
def test_what_is_allowed_works(guarded, asked, client):
    done = guarded.run(client, "run", "--rm", "--name", "azok", "-e", "A=b", "busybox", "echo", "hi")
    assert done.stdout == "hi\n"
    for plugin in guarded.plugins:
        created = plugin.asked("req", "/containers/create")[0]
        assert created["RequestMethod"] == "POST" and "name=azok" in created["RequestUri"]
        assert json.loads(created["RequestBody"])["Image"] == "busybox"
        assert created["RequestHeaders"]["Content-Type"] == "application/json"
        assert "User" not in created and "RequestPeerCertificates" not in created
        answer = plugin.asked("res", "/containers/create")[0]
        assert answer["ResponseStatusCode"] == 201 and len(json.loads(answer["ResponseBody"])["Id"]) == 64
        assert answer["ResponseHeaders"]["Content-Type"] == "application/json"
        assert json.loads(answer["RequestBody"])["Image"] == "busybox"
        for path in "/attach", "/start", "/wait":
            assert plugin.asked("req", path) and plugin.asked("res", path), path
    info = json.loads(guarded.hull("info", "--format", "{{json .Plugins}}").stdout)
    assert info["Authorization"] == ["first", "second"]


def test_every_endpoint_asks(guarded, asked):
    """Also those that only refuse, and those that no client uses."""
    table = open(os.path.join(os.path.dirname(__file__), "../../api/routes.h")).read()
    rows = re.findall(r'R\((GET|POST|PUT|DELETE|HEAD), "([^"]+)"', table)
    assert len(rows) > 60
    asked.rule = lambda phase, body: "closed"
    text = "".join("%s %s HTTP/1.1\r\nHost: d\r\n\r\n" % (
        verb, re.sub(r"\{[^}]*\}", "x", path)) for verb, path in [*rows, ("OPTIONS", "/info")])
    said = talk(guarded, text.encode() + b"GET /nowhere HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
    assert said.count("HTTP/1.1 403 ") == len(rows) + 1 == len(asked.seen)
    assert said.count("HTTP/1.1 404 ") == 1 and "page not found" in said
    assert len(guarded.plugins[1].seen) == 0  # the second is not asked what the first denied


def test_user_of_the_certificate(guarded, asked):
    files = ["--cacert", "/cert.pem", "--cert", "/cert.pem", "--key", "/key.pem"]
    subprocess.run(["curl", "-sS", "--fail", "--max-time", "5",
                    *(guarded.folder + f if f[0] == "/" else f for f in files),
                    "https://127.0.0.1:%d/info" % guarded.port], check=True, capture_output=True)
    seen = asked.asked("req", "/info")[0]
    assert (seen["User"], seen["UserAuthNMethod"]) == ("ann", "TLS")
    with open(guarded.folder + "/cert.pem", "rb") as file:
        assert [base64.b64decode(c) for c in seen["RequestPeerCertificates"]] == [file.read()]
    asked.rule = lambda phase, body: True if body.get("User") == "bob" else "you are no bob"
    done = subprocess.run([program("hull"), "-H", "tcp://127.0.0.1:%d" % guarded.port, "--tlsverify",
                           "--tlscacert", guarded.folder + "/cert.pem", "--tlscert",
                           guarded.folder + "/cert.pem", "--tlskey", guarded.folder + "/key.pem",
                           "ps"], capture_output=True, text=True, timeout=10, check=False)
    assert "authorization denied by plugin first: you are no bob" in done.stderr


def test_credentials_are_not_shown(guarded, asked):
    talk(guarded, post("/containers/create?name=..", CREATE, JSON, "X-Registry-Auth: c2VjcmV0",
                       "Authorization: Bearer secret", "X-Registry-Config: secret", "x-MINE: shown"))
    seen = asked.asked("req", "/containers/create")[0]["RequestHeaders"]
    assert seen["X-Mine"] == "shown"
    assert not {"Authorization", "X-Registry-Auth", "X-Registry-Config"} & set(seen)
    talk(guarded, post("/auth", b'{"password":"secret"}', JSON))
    assert "RequestBody" not in asked.asked("req", "/auth")[0]


# --- what is denied -------------------------------------------------------------------------------


@pytest.mark.parametrize("client", ["hull", "docker"])
@pytest.mark.parametrize("which", [0, 1])
def test_denied_before_anything_is_done(guarded, asked, client, which):
    guarded.plugins[which].rule = deny("/containers/create")
    done = guarded.run(client, "create", "--name", "azno", "busybox", check=False)
    assert done.returncode != 0
    assert "authorization denied by plugin %s: not today" % guarded.plugins[which].name in done.stderr
    assert "azno" not in names(guarded)


def test_denied_answers(guarded, asked):
    """The answer is kept back, also one that would be an error, a stream or a taken connection."""
    guarded.hull("run", "-d", "--name", "azsecret", "busybox", "sh", "-c", "echo the-secret; sleep 60")
    try:
        for path, extra in (("/containers/azsecret/json", ""), ("/containers/azsecret/logs?stdout=1", ""),
                            ("/containers/nobody/json", ""), ("/containers/azsecret/export", ""),
                            ("/events?until=1", "")):
            asked.rule = deny(re.escape(path.split("?")[0]), "res", "keep it")
            said = talk(guarded, ("GET %s HTTP/1.1\r\nHost: d\r\n%sConnection: close\r\n\r\n"
                                  % (path, extra)).encode())
            assert said.startswith("HTTP/1.1 403 ") and "by plugin first: keep it" in said, said
            assert "the-secret" not in said and "No such container" not in said
        asked.rule = deny("/attach", "res", "keep it")
        said = talk(guarded, post("/containers/azsecret/attach?stream=1&logs=1&stdout=1", b"",
                                  "Upgrade: tcp").replace(b"Connection: close", b"Connection: Upgrade"), timeout=1)
        assert said.startswith("HTTP/1.1 403 ") and "the-secret" not in said
    finally:
        asked.reset()
        guarded.hull("rm", "-f", "azsecret")


def test_hijacked_requests_are_asked_first(guarded, asked):
    guarded.hull("run", "-d", "--name", "azexec", "busybox", "sleep", "60")
    try:
        asked.rule = deny("/exec/.*/start")
        done = guarded.docker("exec", "azexec", "touch", "/was-here", check=False)
        assert done.returncode != 0 and "403" in done.stderr
        assert guarded.hull("diff", "azexec").stdout == ""
        asked.rule = deny("/attach")
        for path in "/containers/azexec/attach?stream=1&stdin=1", "/containers/azexec/attach/ws?stream=1":
            said = talk(guarded, ("%s %s HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: %s\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                                  "AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" % (
                                      ("GET", path, "websocket") if "/ws" in path else
                                      ("POST", path, "tcp"))).encode(), timeout=1)
            assert said.startswith("HTTP/1.1 403 ") and "101" not in said
        asked.rule = lambda phase, body: True
        assert guarded.pty("exec", "-it", "azexec", "echo", "seen").strip() == "seen"
        assert len(asked.asked("res", "/exec/.*/start")) == 1
        assert asked.asked("res", "/exec/.*/start")[0]["ResponseStatusCode"] == 101
    finally:
        asked.reset()
        guarded.hull("rm", "-f", "azexec")


@pytest.mark.parametrize("verdict, says", [
    ("hang", "no answer within"), ("die", "it closed the connection"),
    (b"<html>", "cannot understand its answer"), (b'{"Allow": "true"}', "Allow"),
    (b'{"Allow": true, "Err": "its disk is full"}', "its disk is full"), (500, "no"), (404, "no"),
    (b"{}", "authorization denied by plugin first: "), (b"", "authorization denied by plugin first: "),
    (b'{"Allow": null}', "plugin first"), (b'{"Allow": 1}', "plugin first")])
def test_a_plugin_that_fails_denies(guarded, asked, verdict, says):
    asked.rule = lambda phase, body: verdict if "/containers/create" in body["RequestUri"] else True
    began = time.monotonic()
    done = guarded.hull("create", "--name", "azfail", "busybox", check=False)
    assert done.returncode != 0 and time.monotonic() - began < 5
    assert re.search("plugin first( failed with error)?: ", done.stderr) and says in done.stderr
    asked.reset()
    assert "azfail" not in names(guarded)


def test_a_plugin_that_is_away(guarded, asked):
    """Everything is refused until it is back; containers run on, and a restart changes nothing."""
    guarded.hull("run", "-d", "--name", "azaway", "busybox", "sleep", "60")
    try:
        asked.stop()
        assert "plugin first failed with error: " in guarded.hull("ps", check=False).stderr
        assert talk(guarded, b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
                    ).startswith("HTTP/1.1 500 ")
        guarded.kill()
        again = threading.Timer(0.4, asked.start)
        again.start()
        guarded.start()
        again.join()
        assert guarded.hull("inspect", "-f", "{{.State.Running}}", "azaway").stdout == "true\n"
    finally:
        guarded.hull("rm", "-f", "azaway")


def test_a_plugin_that_does_not_come():
    """The daemon does not start without it, as docker's."""
    root = tempfile.mkdtemp(prefix="hullaz-")
    try:
        began = time.monotonic()
        done = subprocess.run([program("hulld"), "--root", root, "--bridge", "none",
                               "--authorization-plugin", "nosuch", "--plugin-opt",
                               "support/authz:plugin-start-ms=700"], capture_output=True, text=True,
                              timeout=20, check=False)
        assert done.returncode != 0 and time.monotonic() - began > 0.5
        assert 'failed to validate authorization plugin: plugin "nosuch" not found' in done.stderr
    finally:
        shutil.rmtree(root)


def test_a_name_that_is_none():
    root = tempfile.mkdtemp(prefix="hullaz-")
    try:
        done = subprocess.run([program("hulld"), "--root", root, "--bridge", "none",
                               "--authorization-plugin", "../evil"], capture_output=True, text=True,
                              timeout=20, check=False)
        assert done.returncode != 0
        assert 'authorization-plugins: invalid plugin name "../evil"' in done.stderr
    finally:
        shutil.rmtree(root)


# --- attacks: a body that the plugin does not see -------------------------------------------------


def bodies_only(phase, body):
    """A plugin that allows a container only when it can read what it will be."""
    if phase == "res" or not re.search("/containers/create", body["RequestUri"], re.I):
        return True
    return "no body, so it allows" and True if not body.get("RequestBody") else "privileged"


CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CREATE), CREATE)
BIG = CREATE[:-1] + b', "Labels": {"l": "' + b"x" * (1 << 20) + b'"}}'


@pytest.mark.parametrize("data, more, says", [
    # CVE-2024-41110: the length says that there is nothing; what follows is a request of its own
    (post("/containers/create?name=azevil", b"", JSON).replace(b"Connection: close\r\n", b"")
     + CREATE, b"", "400"),
    (post("/containers/create?name=azevil", CHUNKS, JSON, "Transfer-Encoding: chunked"), b"", "400"),
    (post("/containers/create?name=azevil", CHUNKS, JSON, "Transfer-Encoding: chunked", length=False),
     b"", "403"),
    (post("/containers/create?name=azevil", CREATE, JSON, "Transfer-Encoding: identity"), b"", "501|400"),
    (post("/containers/create?name=azevil", CREATE, JSON, "Content-Length: 0"), b"", "400"),
    # more than can be shown: by length, by chunks, and after "Continue"
    (post("/containers/create?name=azevil", BIG, JSON), b"", "413"),
    (post("/containers/create?name=azevil", b"%x\r\n%s\r\n0\r\n\r\n" % (len(BIG), BIG), JSON,
          "Transfer-Encoding: chunked", length=False), b"", "413"),
    (post("/containers/create?name=azevil", b"", JSON, "Expect: 100-continue",
          "Content-Length: %d" % len(CREATE), length=False), CREATE, "403"),
    # JSON by another name
    (post("/containers/create?name=azevil", CREATE, "Content-Type: text/plain"), b"", "400"),
    (post("/containers/create?name=azevil", CREATE), b"", "400"),
    (post("/containers/create?name=azevil", CREATE, "Content-Type: Application/JSON;charset=utf-8"),
     b"", "403"),
    (post("/containers/create?name=azevil", CREATE, "Content-Type: text/plain", JSON), b"", "400"),
    (post("/containers/create?name=azevil", CREATE, JSON, "Content-Encoding: gzip"), b"", "403|400"),
    (post("/containers/create?name=azevil", CREATE + b"\0" + CREATE, JSON), b"", "403"),
    # the endpoint by another name
    (post("/v1.44/containers/../containers/create?name=azevil", CREATE, JSON), b"", "404"),
    (post("//containers/create?name=azevil", CREATE, JSON), b"", "404"),
    (post("/%63ontainers/create?name=azevil", CREATE, JSON), b"", "404"),
    (post("/CONTAINERS/create?name=azevil", CREATE, JSON), b"", "404"),
    (post("http://d/containers/create?name=azevil", CREATE, JSON), b"", "400"),
    (post("/containers/create/?name=azevil", CREATE, JSON), b"", "404"),
], ids=range(20))
def test_bodies_that_are_not_seen(guarded, asked, data, more, says):
    asked.rule = bodies_only
    said = talk(guarded, data, more)
    assert re.search(r"HTTP/1.1 (%s) " % says, said), said[:500]
    assert "HTTP/1.1 201" not in said and "TIMEOUT" not in said
    assert "azevil" not in names(guarded)


def test_archives_are_not_shown_and_json_is(guarded, asked):
    """A tar goes by unseen, as the protocol has it; the same endpoint with JSON does not."""
    asked.rule = lambda phase, body: True
    big = b"x" * ((1 << 20) + 1)
    said = talk(guarded, post("/images/load", big, JSON))
    assert said.startswith("HTTP/1.1 413 ") and "authorization plugins" in said
    assert asked.asked("req", "/images/load") == []
    assert not talk(guarded, post("/images/load", big, "Content-Type: application/x-tar")
                    ).startswith("HTTP/1.1 413")
    assert "RequestBody" not in asked.asked("req", "/images/load")[0]
    said = talk(guarded, post("/images/load", b'{"a":1}', JSON))  # read ahead, and still the body
    assert asked.asked("req", "/images/load")[1]["RequestBody"] == b'{"a":1}'
    assert "HTTP/1.1 2" in said and "error" in said or "HTTP/1.1 400" in said
