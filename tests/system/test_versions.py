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


def ask(engine, method, path, body=None):
    """The status and the decoded answer."""
    connection = connect(engine)
    connection.request(method, path, None if body is None else json.dumps(body),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, json.loads(text) if text else None


def create(engine, version, **settings):
    """The answer's status, and what inspect shows or the error's text."""
    settings = {"Image": "busybox", **settings}
    status, made = ask(engine, "POST", "/v%s/containers/create" % version, settings)
    if status != 201:
        return status, made["message"]
    shown = ask(engine, "GET", "/v%s/containers/%s/json" % (version, made["Id"]))[1]
    engine.hull("rm", "-f", made["Id"])
    return status, shown


MOUNTS = [
    ("1.44", "1.45", {"Type": "volume", "Target": "/v", "VolumeOptions": {"Subpath": "a"}},
     "VolumeOptions.Subpath needs API v1.45 or newer"),
    ("1.47", "1.48", {"Type": "image", "Target": "/i", "Source": "busybox"},
     'a mount of type "image" needs API v1.48 or newer'),
    ("1.43", "1.44", {"Type": "bind", "Target": "/b", "Source": "/tmp", "ReadOnly": True,
                      "BindOptions": {"ReadOnlyForceRecursive": True,
                                      "Propagation": "rprivate"}},
     "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer"),
]


@pytest.mark.parametrize("old,new,mount,text", MOUNTS, ids=lambda value: str(value)[:20])
def test_a_mount_that_is_too_new_is_refused(engine, old, new, mount, text):
    assert create(engine, old, HostConfig={"Mounts": [mount]}) == (400, text)
    status, shown = create(engine, new, HostConfig={"Mounts": [mount]})
    assert status == 201 or "Subpath" in text, shown


def test_what_an_old_version_does_not_know_is_left_out(engine):
    tmpfs = {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"Options": [["exec"]]}}
    host = {"Annotations": {"a": "b"}, "Mounts": [tmpfs]}
    health = {"Test": ["CMD", "true"], "StartInterval": 2000000000}
    for version, annotated, interval, options in (("1.42", False, False, False),
                                                  ("1.43", True, False, False),
                                                  ("1.44", True, True, False),
                                                  ("1.46", True, True, True)):
        status, shown = create(engine, version, HostConfig=host, Healthcheck=health)
        assert status == 201, shown
        assert bool(shown["HostConfig"].get("Annotations")) == annotated
        assert ("StartInterval" in shown["Config"]["Healthcheck"]) == interval
        assert bool(shown["HostConfig"]["Mounts"][0]["TmpfsOptions"].get("Options")) == options
    for version, mode in (("1.39", "shareable"), ("1.40", "private")):
        assert create(engine, version)[1]["HostConfig"]["IpcMode"] == mode
    read_only = {"Type": "bind", "Source": "/tmp", "Target": "/b", "ReadOnly": True}
    for version, alone in (("1.43", True), ("1.44", False)):
        shown = create(engine, version, HostConfig={"Mounts": [read_only]})[1]
        options = shown["HostConfig"]["Mounts"][0].get("BindOptions") or {}
        assert options.get("ReadOnlyNonRecursive", False) == alone
    foreign = {"Type": "tmpfs", "Target": "/t", "VolumeOptions": {"NoCopy": True}}
    assert create(engine, "1.41", HostConfig={"Mounts": [foreign]})[0] == 201
    assert create(engine, "1.42", HostConfig={"Mounts": [foreign]}) == (
        400, 'VolumeOptions must not be specified on mount type "tmpfs"')


def test_one_network_at_create_before_144(engine):
    networks = {"one": {"Aliases": ["a"]}, "two": {}}
    for name in networks:
        engine.hull("network", "create", name)
    try:
        body = {"NetworkingConfig": {"EndpointsConfig": networks},
                "HostConfig": {"NetworkMode": "one"}}
        assert create(engine, "1.43", **body) == (
            400, "Container cannot be created with multiple network endpoints: one, two")
        assert create(engine, "1.44", **body)[0] == 201
        body["NetworkingConfig"]["EndpointsConfig"] = {"one": {"Aliases": ["a"]}}
        for version, more in (("1.44", True), ("1.45", False)):
            shown = create(engine, version, **body)[1]
            aliases = shown["NetworkSettings"]["Networks"]["one"]["Aliases"]
            assert (shown["Id"][:12] in aliases) == more and "a" in aliases
    finally:
        for name in networks:
            engine.hull("network", "rm", name)


def test_which_volumes_prune_takes(engine):
    for version, taken in (("1.41", True), ("1.42", False)):
        engine.hull("volume", "create", "named-old")
        pruned = ask(engine, "POST", "/v%s/volumes/prune" % version)[1]
        assert ("named-old" in (pruned["VolumesDeleted"] or [])) == taken
    filters = "?filters=%7B%22all%22%3A%5B%22true%22%5D%7D"
    assert "named-old" in ask(engine, "POST", "/v1.42/volumes/prune" + filters)[1]["VolumesDeleted"]


def test_what_answers_of_older_versions_have(engine):
    cid = engine.hull("create", "--annotation", "a=b", "busybox").stdout.strip()
    for version, listed, backend, counted in (("1.45", False, False, False),
                                              ("1.46", True, False, False),
                                              ("1.49", True, True, False),
                                              ("1.51", True, True, True)):
        containers = ask(engine, "GET", "/v%s/containers/json?all=1" % version)[1]
        mine = [item for item in containers if item["Id"] == cid][0]
        assert ("Annotations" in mine["HostConfig"]) == listed
        assert ("FirewallBackend" in ask(engine, "GET", "/v%s/info" % version)[1]) == backend
        images = ask(engine, "GET", "/v%s/images/json" % version)[1]
        assert (min(image["Containers"] for image in images) >= 0) == counted
    engine.hull("rm", cid)


def test_an_old_stop_knows_no_signal(engine):
    cid = engine.hull("run", "-d", "--init", "busybox", "sleep", "100").stdout.strip()
    assert ask(engine, "POST", "/v1.41/containers/%s/stop?signal=USR1&t=5" % cid)[0] == 204
    assert engine.hull("inspect", "-f", "{{.State.ExitCode}}", cid).stdout == "143\n"
    engine.hull("start", cid)
    assert ask(engine, "POST", "/v1.42/containers/%s/stop?signal=INT&t=5" % cid)[0] == 204
    assert engine.hull("inspect", "-f", "{{.State.ExitCode}}", cid).stdout == "130\n"
    engine.hull("rm", cid)


def test_programs_on_a_tmpfs(engine):
    script = "cp /bin/busybox /t/true && /t/true && echo ran"
    for options, status, text in (([["exec"]], 201, "ran\n"), ([["noexec"]], 201, ""),
                                  (None, 201, ""), ([["suid"]], 400, None)):
        mount = {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"Options": options}}
        code, made = ask(engine, "POST", "/v1.46/containers/create", {
            "Image": "busybox", "Cmd": ["sh", "-c", script], "AttachStdout": True,
            "HostConfig": {"Mounts": [mount], "NetworkMode": "none"}})
        assert code == status, made
        if status != 201:
            assert '["exec"] and ["noexec"] are known' in made["message"]
            continue
        assert engine.hull("start", "-a", made["Id"], check=False).stdout == text
        engine.hull("rm", made["Id"])


def test_binds_are_read_only_as_far_as_the_version_says(engine, tmp_path):
    """Before 1.44 what is mounted below a read-only bind stayed writable."""
    (tmp_path / "below").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(tmp_path / "below")], check=True)
    try:
        for version, wanted in (("1.43", 0), ("1.44", 1)):
            made = json.loads(raw(engine, "POST", "/v%s/containers/create" % version, {
                "Image": "busybox", "Cmd": ["touch", "/x/below/" + version],
                "HostConfig": {"Binds": ["%s:/x:ro" % tmp_path], "NetworkMode": "none"}}))
            done = engine.hull("start", "-a", made["Id"], check=False)
            engine.hull("rm", made["Id"])
            assert done.returncode == wanted, (version, done.stderr)
    finally:
        subprocess.run(["umount", str(tmp_path / "below")], check=True)
