"""What differs between versions of the API, which characters an answer escapes, what an archive may
be compressed with: as dockerd has it."""
import http.client
import json
import socket
import subprocess

import pytest

from images import tar_of

ODD = 'a<b>&c\u2028"\\u003c'


def connect(engine):
    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(engine.sock)
    return connection


def put(engine, cid, data):
    connection = connect(engine)
    connection.request("PUT", "/v1.41/containers/%s/archive?path=/" % cid, data,
                       {"Content-Type": "application/x-tar"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def raw(engine, method, path, body=None):
    """The bytes of the answer, undecoded."""
    connection = connect(engine)
    connection.request(method, path, None if body is None else json.dumps(body),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd", "cat"])
def test_an_archive_is_unpacked_whatever_it_is_compressed_with(engine, kind):
    cid = engine.hull("create", "busybox").stdout.strip()
    packed = subprocess.run([kind, "-c"][:1 if kind == "cat" else 2], capture_output=True,
                            input=tar_of({"made/" + kind: (b"content" * 5000, 0o640)}), check=True)
    try:
        status, answer = put(engine, cid, packed.stdout)
        assert (status, answer) == (200, "")
        shown = engine.hull("cp", cid + ":/made/" + kind, "-").stdout
        assert "content" * 5000 in shown
        if kind != "cat":
            status, answer = put(engine, cid, packed.stdout[:-20])
            assert status == 400 and kind + " data: " in answer, answer
    finally:
        engine.hull("rm", "-f", cid)


def test_an_image_has_what_its_version_says(engine):
    for version, more in (("1.24", {"VirtualSize", "ContainerConfig"}),
                          ("1.43", {"VirtualSize", "ContainerConfig"}),
                          ("1.44", {"ContainerConfig"}), ("1.45", set()), ("1.51", set())):
        shown = json.loads(raw(engine, "GET", "/v%s/images/busybox/json" % version))
        assert set(shown) & {"VirtualSize", "ContainerConfig"} == more, version
        if "ContainerConfig" in more:
            assert shown["ContainerConfig"] == shown["Config"]
        listed = json.loads(raw(engine, "GET", "/v%s/images/json" % version))
        assert all(("VirtualSize" in image) == ("VirtualSize" in more) for image in listed)
        used = json.loads(raw(engine, "GET", "/v%s/system/df" % version))["Images"]
        assert used and all(("VirtualSize" in image) == ("VirtualSize" in more) for image in used)


def test_answers_show_html_and_streams_escape_it(engine):
    begin = engine.hull("info", "-f", "{{.SystemTime}}").stdout.strip()
    plain, escaped = 'a<b>&c\\u2028\\"\\\\u003c', 'a\\u003cb\\u003e\\u0026c\\u2028\\"\\\\u003c'
    made = json.loads(raw(engine, "POST", "/v1.41/containers/create",
                          {"Image": "busybox", "Cmd": ["echo", ODD], "Labels": {"odd": ODD}}))
    cid = made["Id"]
    try:
        shown = raw(engine, "GET", "/v1.41/containers/%s/json" % cid)
        assert '"Cmd":["echo","%s"]' % plain in shown and json.loads(shown)["Args"] == [ODD]
        assert '"odd":"%s"' % plain in raw(engine, "GET", "/v1.41/containers/json?all=1")
        assert raw(engine, "GET", "/v1.41/containers/a%3Cb%3E%26/json") == \
            '{"message":"No such container: a<b>&"}\n'
        end = engine.hull("info", "-f", "{{.SystemTime}}").stdout.strip()
        events = raw(engine, "GET", "/v1.41/events?since=%s&until=%s" %
                     (begin.replace("+", "%2B"), end.replace("+", "%2B")))
        assert '"odd":"%s"' % escaped in events and "<" not in events
        # The command prints what the daemon says.
        assert '"%s"' % plain in engine.hull("inspect", cid).stdout
        assert engine.hull("inspect", "-f", "{{json .Args}}", cid).stdout == '["%s"]\n' % plain
        assert engine.docker("inspect", cid).stdout.count('"%s"' % plain) == \
            engine.hull("inspect", cid).stdout.count('"%s"' % plain)
    finally:
        engine.hull("rm", "-f", cid)
