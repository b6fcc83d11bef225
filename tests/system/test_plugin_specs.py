"""Plugins that are found by .spec and .json files, over TCP and TLS with certificates of both."""
import http.server
import json
import os
import ssl
import subprocess
import threading

import pytest
from test_drivers import POOL, fails, plugged  # noqa: F401, a fixture

ANSWERS = {"Plugin.Activate": {"Implements": ["NetworkDriver"]},
           "NetworkDriver.GetCapabilities": {"Scope": "local"}}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path[1:])
        data = json.dumps(ANSWERS.get(self.path[1:], {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that was refused


def openssl(folder, *args):
    subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Authorities "ca" and "other"; "server" and "client" by the first."""
    folder = str(tmp_path_factory.mktemp("keys"))
    for name in ("ca", "other"):
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", name + ".key", "-out", name + ".pem", "-days", "2", "-subj",
                "/CN=" + name)
    with open(folder + "/ext", "w") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        openssl(folder, "x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", name + ".pem")
    return folder


def serve(context=None):
    server = Server(("127.0.0.1", 0), Handler)
    server.asked = []
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def secure(keys):
    """A plugin that wants to see a certificate by "ca"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys + "/server.pem", keys + "/server.key")
    context.load_verify_locations(keys + "/ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = serve(context)
    yield server
    server.shutdown()
    server.server_close()


def spec(engine, name, text):
    folder = os.path.dirname(engine.plugin.base) + "/specs"
    os.makedirs(folder, exist_ok=True)
    with open("%s/%s" % (folder, name), "w") as file:
        file.write(text if isinstance(text, str) else json.dumps(text))


def works(engine, driver):
    engine.hull("network", "create", "-d", driver, *POOL, "spec" + driver)
    engine.hull("network", "rm", "spec" + driver)


@pytest.mark.parametrize("scheme", ["tcp", "http"])
def test_a_spec_is_a_line(plugged, scheme):
    server = serve()
    spec(plugged, scheme + "one.spec", "%s://127.0.0.1:%d\n" % (scheme, server.server_port))
    works(plugged, scheme + "one")
    assert server.asked == ["Plugin.Activate", "NetworkDriver.GetCapabilities",
                            "NetworkDriver.CreateNetwork", "NetworkDriver.DeleteNetwork"]
    server.shutdown()
    server.server_close()
    said = fails(plugged, "network", "create", "-d", scheme + "one", *POOL, "drvno")
    assert 'plugin "%sone"' % scheme in said and "is the plugin running?" in said


@pytest.mark.parametrize("scheme", ["tcp", "https"])
def test_both_ends_show_certificates(plugged, secure, keys, scheme):
    tls = {"CAFile": keys + "/ca.pem", "CertFile": keys + "/client.pem",
           "KeyFile": keys + "/client.key"}
    address = "%s://localhost:%d" % (scheme, secure.server_port)
    spec(plugged, scheme + "safe.json", {"Name": scheme + "safe", "Addr": address,
                                         "TLSConfig": tls})
    works(plugged, scheme + "safe")
    assert secure.asked[-1] == "NetworkDriver.DeleteNetwork"


@pytest.mark.parametrize("change,says", [
    ({"CAFile": "other.pem"}, "certificate"),
    ({"CertFile": None, "KeyFile": None}, ""),
    ({"CAFile": "nosuch.pem"}, "nosuch.pem"),
    ({"KeyFile": "other.key"}, "key"),
])
def test_what_is_not_trusted_is_not_asked(plugged, secure, keys, change, says):
    tls = {"CAFile": "ca.pem", "CertFile": "client.pem", "KeyFile": "client.key", **change}
    name = "bad%d" % secure.server_port
    spec(plugged, name + ".json", {
        "Name": name, "Addr": "tcp://localhost:%d" % secure.server_port,
        "TLSConfig": {key: keys + "/" + value for key, value in tls.items() if value}})
    said = fails(plugged, "network", "create", "-d", name, *POOL, "drvno")
    assert 'plugin "%s": Plugin.Activate' % name in said and says in said
    assert secure.asked == []


def test_verification_can_be_turned_off(plugged, secure, keys):
    spec(plugged, "loose.json", {
        "Name": "loose", "Addr": "tcp://localhost:%d" % secure.server_port,
        "TLSConfig": {"InsecureSkipVerify": True, "CertFile": keys + "/client.pem",
                      "KeyFile": keys + "/client.key"}})
    works(plugged, "loose")


@pytest.mark.parametrize("name,text,says", [
    ("a.spec", "ftp://localhost:1", "is no address of a plugin"),
    ("b.spec", "tcp://localhost", "is no address of a plugin"),
    ("c.json", "{", "c.json"),
    ("d.json", {"Name": "d"}, "is no address of a plugin"),
    ("e.json", {"Addr": 7}, "Addr"),
])
def test_specs_that_make_no_sense_are_named(plugged, name, text, says):
    spec(plugged, name, text)
    assert says in fails(plugged, "network", "create", "-d", name[0], *POOL, "drvno")


@pytest.mark.parametrize("what", ["folder", "file"])
@pytest.mark.parametrize("how", ["writable", "foreign", "link"])
def test_what_others_can_write_is_not_obeyed(plugged, what, how):
    """Whoever writes a spec is sent what containers do: only root may."""
    server = serve()
    name = "x" + what + how
    folder = os.path.dirname(plugged.plugin.base) + "/specs"
    spec(plugged, name + ".spec", "tcp://127.0.0.1:%d\n" % server.server_port)
    path = folder if what == "folder" else "%s/%s.spec" % (folder, name)
    place = path
    try:
        if how == "link":  # what it leads to counts
            place = path + ".elsewhere"
            os.rename(path, place)
            os.symlink(place, path)
        if how == "writable":
            os.chmod(place, 0o777)
        else:
            os.chown(place, 1000, 1000)
        said = fails(plugged, "network", "create", "-d", name, *POOL, "drvno")
        assert path in said and "must belong to root and not be writable for all" in said
        assert server.asked == []
    finally:
        if how == "link":
            os.unlink(path)
            os.rename(place, path)
        os.chown(path, 0, 0)
        os.chmod(path, 0o755 if what == "folder" else 0o644)
    works(plugged, name)  # and it was for nothing else
    server.shutdown()
    server.server_close()
