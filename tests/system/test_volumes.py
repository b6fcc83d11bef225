"""Volumes: options of local ones, plugins of others, and what is left when the daemon is killed."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

from engine import Engine
from images import archive, tar_of
from plugins import PluginProcess

TMPFS = ("-o", "type=tmpfs", "-o", "device=tmpfs")


def fails(engine, *args):
    done = engine.hull(*args, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


def mounted(engine, name):
    """True when something is mounted at the folder of the volume, in the host's table."""
    with open("/proc/self/mountinfo") as table:
        return any(line.split()[4] == "%s/data/volumes/%s/_data" % (engine.root, name)
                   for line in table)


def list_of(engine):
    """GET /volumes."""
    done = subprocess.run(["curl", "-s", "--max-time", "30", "--unix-socket", engine.sock,
                           "http://x/volumes"], capture_output=True, check=True)
    return json.loads(done.stdout)


def wait_for(what):
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Plugin(PluginProcess):
    program, interfaces = "volplugin.py", ("VolumeDriver",)

    def volumes(self):
        return sorted(os.listdir(self.base + ".kept"))

    def uses(self, name):
        return os.listdir(os.path.join(self.base + ".kept", name))

    def kill(self):
        with open(self.base + ".pid") as file:
            os.kill(int(file.read()), 9)

    def listens(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.base + ".sock") == 0


@pytest.fixture(scope="module")
def world():
    """A daemon that looks for plugins in a folder of its own, with the plugin toy."""
    folder = tempfile.mkdtemp(prefix="hullvl-")
    made = Engine("--plugin-opt", "volume/remote:plugin-sockets=" + folder,
                  "--plugin-opt", "volume/remote:plugin-specs=" + folder + "/specs",
                  "--plugin-opt", "volume/remote:plugin-retry-ms=300",
                  "--plugin-opt", "volume/remote:plugin-timeout-ms=1500",
                  bridge="htv%d" % (os.getpid() % 100000))
    made.load_busybox()
    made.plugin = Plugin(folder, "toy")
    yield made
    made.stop()
    made.plugin.kill()
    shutil.rmtree(folder)


@pytest.fixture
def engine(world):
    yield world
    world.plugin.mode("")
    for name in world.hull("ps", "-aq").stdout.split():
        world.hull("rm", "-fv", name)
    left = world.hull("volume", "ls", "-q").stdout.split()
    if left:
        world.hull("volume", "rm", *left)
    assert os.listdir(world.root + "/data/volumes") == [] and world.plugin.volumes() == []
    with open("/proc/self/mountinfo") as table:
        assert world.root + "/data/volumes" not in table.read()


def sleeper(engine, name, *args):
    engine.hull("run", "-d", "--name", name, "--network", "none", *args, "busybox", "sleep", "300")
    return name


def run(engine, *args):
    return engine.hull("run", "--rm", "--network", "none", *args).stdout


# --- options of local volumes ------------------------------------------------------------------------


@pytest.mark.parametrize("options, says", [
    (("foo=1",), 'create odd: invalid option: "foo"'),
    (("SIZE=1",), 'create odd: invalid option: "SIZE"'),
    (("type=tmpfs",), 'create odd: missing required option: "device"'),
    (("device=x",), 'create odd: missing required option: "type"'),
    (("o=ro",), 'create odd: missing required option: "device"'),
    (("size=1g",), "create odd: quota size requested but no quota support"),
    (("size=much",), "create odd: invalid size: 'much'")])
def test_options_are_refused_by_name(engine, options, says):
    given = [word for option in options for word in ("-o", option)]
    assert says in fails(engine, "volume", "create", *given, "odd")
    assert engine.hull("volume", "ls", "-q").stdout == ""


def test_names(engine):
    assert "create x: volume name is too short" in fails(engine, "volume", "create", "x")
    assert 'create a b: "a b" includes invalid characters' in fails(engine, "volume", "create",
                                                                    "a b")


def test_a_tmpfs_is_mounted_while_it_is_used(engine):
    engine.hull("volume", "create", *TMPFS, "-o", "o=size=1m,uid=1000,mode=750,noexec", "small")
    shown = json.loads(engine.hull("volume", "inspect", "small").stdout)[0]
    assert shown["Options"] == {"type": "tmpfs", "device": "tmpfs",
                                "o": "size=1m,uid=1000,mode=750,noexec"}
    assert shown["Driver"] == "local" and shown["Scope"] == "local"
    assert not mounted(engine, "small")
    one = sleeper(engine, "one", "-v", "small:/x")
    assert mounted(engine, "small")
    two = sleeper(engine, "two", "-v", "small:/y:ro")
    line = engine.hull("exec", one, "grep", " /x ", "/proc/mounts").stdout
    assert "tmpfs" in line and "size=1024k" in line and "noexec" in line
    assert engine.hull("exec", one, "stat", "-c", "%u %a", "/x").stdout == "1000 750\n"
    engine.hull("exec", one, "touch", "/x/file")
    engine.hull("exec", two, "ls", "/y/file")
    engine.hull("kill", one)
    wait_for(lambda: engine.hull("inspect", "-f", "{{.State.Running}}", one).stdout == "false\n")
    assert mounted(engine, "small")
    engine.hull("rm", "-f", two)
    assert not mounted(engine, "small")
    engine.hull("start", one)
    assert engine.hull("exec", one, "ls", "/x").stdout == ""
    assert "volume is in use" in fails(engine, "volume", "rm", "small")


def test_a_bind_shows_the_host(engine):
    with tempfile.TemporaryDirectory(prefix="hull-src-") as source:
        with open(source + "/file", "w") as file:
            file.write("here\n")
        engine.hull("volume", "create", "-o", "type=none", "-o", "device=" + source, "-o", "o=bind",
                    "host")
        engine.hull("volume", "create", "-o", "type=none", "-o", "device=" + source, "-o",
                    "o=bind,ro", "host-ro")
        assert run(engine, "-v", "host:/x", "busybox", "cat", "/x/file") == "here\n"
        assert "Read-only" in fails(engine, "run", "--rm", "-v", "host-ro:/x", "busybox", "touch",
                                    "/x/file")
        engine.hull("volume", "rm", "host", "host-ro")
        assert os.listdir(source) == ["file"]


@pytest.mark.parametrize("options, says", [
    (("type=none", "device=/nonexistent", "o=bind"),
     "failed to mount local volume: mount /nonexistent:@/_data, flags: 0x1000: no such file or"),
    (("type=nosuchfs", "device=x"), "failed to mount local volume: mount x:@/_data: no such device"),
    (("type=tmpfs", "device=tmpfs", "o=nosuch=3,password=secret"),
     "mount tmpfs:@/_data, data: nosuch=3,password=********: invalid argument"),
    (("type=nfs", "device=:/x", "o=addr=nohost.invalid"),
     "error resolving passed in network volume address: lookup nohost.invalid"),
    (("type=nfs", "device=host:/x"), 'the option "o" needs addr=HOST')])
def test_a_mount_that_fails_says_what_was_tried(engine, options, says):
    given = [word for option in options for word in ("-o", option)]
    engine.hull("volume", "create", *given, "bad")
    said = fails(engine, "run", "--name", "cbad", "-v", "bad:/x", "busybox", "true")
    folder = engine.root + "/data/volumes/bad"
    assert "error while mounting volume '%s/_data': " % folder in said
    assert says.replace("@", folder) in said and "secret" not in said
    assert not mounted(engine, "bad")


def test_what_a_killed_daemon_mounted_is_found_again(engine):
    engine.hull("volume", "create", *TMPFS, "small")
    one, two = sleeper(engine, "one", "-v", "small:/x"), sleeper(engine, "two", "-v", "small:/x")
    sleeper(engine, "toyed", "-v", "far:/x", "--volume-driver", "toy")
    engine.hull("exec", one, "touch", "/x/file")
    engine.kill()
    engine.start()
    assert engine.hull("exec", two, "ls", "/x").stdout == "file\n"
    engine.hull("rm", "-f", one)
    assert mounted(engine, "small") and len(engine.plugin.uses("far")) == 1
    engine.hull("rm", "-f", two)
    engine.hull("stop", "-t", "0", "toyed")
    assert not mounted(engine, "small") and engine.plugin.uses("far") == []


def test_rm_v_takes_anonymous_volumes_only(engine):
    sleeper(engine, "one", "-v", "/anon", "-v", "named:/x")
    engine.hull("rm", "-fv", "one")
    assert engine.hull("volume", "ls", "-q").stdout == "named\n"


# --- modes of binds -------------------------------------------------------------------------------------


@pytest.fixture
def tree():
    """A mount of the host with a folder in it, private at first."""
    top = tempfile.mkdtemp(prefix="hull-tree-")
    subprocess.run(["mount", "-t", "tmpfs", "tree", top], check=True)
    subprocess.run(["mount", "--make-private", top], check=True)
    os.mkdir(top + "/sub")
    yield top
    subprocess.run(["umount", "-R", "-l", top], check=True)
    os.rmdir(top)


@pytest.mark.parametrize("mode, says", [
    ("z,Z", "invalid mode: z,Z"), ("ro,rw", "invalid mode: ro,rw"),
    ("rshared,slave", "invalid mode: rshared,slave"), ("odd", "invalid mode: odd"),
    ("nocopy", "field VolumeOptions must not be specified"),
    ("shared", "is mounted on @ but it is not a shared mount"),
    ("rslave", "is mounted on @ but it is not a shared or slave mount")])
def test_modes_are_refused_as_docker_refuses_them(engine, tree, mode, says):
    said = fails(engine, "run", "--rm", "-v", tree + "/sub:/x:" + mode, "busybox", "true")
    assert says.replace("@", tree) in said
    assert "field BindOptions must not be specified" in fails(
        engine, "run", "--rm", "-v", "near:/x:rshared", "busybox", "true")


@pytest.mark.parametrize("mode", ["z", "Z", "ro,z", "z,rprivate"])
def test_labels_are_taken_and_do_nothing_without_selinux(engine, tree, mode):
    sleeper(engine, "one", "-v", tree + ":/x:" + mode, "-v", "near:/y:Z")
    points = {point["Destination"]: point
              for point in json.loads(engine.hull("inspect", "one").stdout)[0]["Mounts"]}
    assert points["/x"]["Mode"] == mode and points["/x"]["RW"] == ("ro" not in mode)
    assert points["/y"]["Mode"] == "Z" and points["/x"]["Propagation"] == "rprivate"


@pytest.mark.parametrize("mode, into, out", [("rslave", True, False), ("rshared", True, True),
                                             ("rprivate", False, False)])
def test_mounts_pass_as_the_propagation_says(engine, tree, mode, into, out):
    subprocess.run(["mount", "--make-shared", tree], check=True)
    sleeper(engine, "one", "--cap-add", "SYS_ADMIN", "--mount",
            "type=bind,source=%s,target=/x,bind-propagation=%s" % (tree, mode))
    os.mkdir(tree + "/inner")
    subprocess.run(["mount", "-t", "tmpfs", "late", tree + "/sub"], check=True)
    seen = engine.hull("exec", "one", "cat", "/proc/mounts").stdout
    assert ("late /x/sub " in seen) == into
    engine.hull("exec", "one", "mount", "-t", "tmpfs", "theirs", "/x/inner")
    with open("/proc/mounts") as table:
        assert ("theirs %s/inner " % tree in table.read()) == out


# --- images --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tools(world):
    """An image of two layers, for mounting."""
    world.load(archive("tools:1", [
        tar_of({"bin/": None, "bin/tool": (b"one", 0o755), "gone": (b"x", 0o644)}),
        tar_of({"bin/more": (b"two", 0o755), ".wh.gone": (b"", 0o644)})]))
    return "tools:1"


def test_an_image_is_mounted_for_reading(engine, tools):
    source = "type=image,source=%s,target=/x" % tools
    assert run(engine, "--mount", source, "busybox", "cat", "/x/bin/tool", "/x/bin/more") == "onetwo"
    assert "No such file" in fails(engine, "run", "--rm", "--mount", source, "busybox", "cat",
                                   "/x/gone")
    assert "Read-only" in fails(engine, "run", "--rm", "--mount", source, "busybox", "touch",
                                "/x/bin/tool")
    assert run(engine, "--mount", source + ",image-subpath=bin", "busybox", "ls", "/x") == (
        "more\ntool\n")
    # One layer alone is no overlay.
    assert "busybox" in run(engine, "--mount", "type=image,src=busybox,dst=/x", "busybox", "ls",
                            "/x/bin")
    assert "Read-only" in fails(engine, "run", "--rm", "--mount",
                                "type=image,src=busybox,dst=/x,image-subpath=tmp", "busybox",
                                "touch", "/x/file")


def test_an_image_that_is_mounted_is_in_use(engine, tools):
    one = sleeper(engine, "one", "--mount", "type=image,source=%s,target=/x" % tools)
    point = json.loads(engine.hull("inspect", one).stdout)[0]["Mounts"][0]
    assert point["Type"] == "image" and point["Source"] == tools and not point["RW"]
    assert point["Name"] == engine.hull("images", "-q", "--no-trunc", tools).stdout.strip()
    assert "is using its referenced image" in fails(engine, "rmi", tools)
    engine.hull("image", "prune", "-af")
    engine.hull("kill", one)
    engine.hull("start", one)
    engine.kill()
    engine.start()
    assert engine.hull("exec", one, "cat", "/x/bin/tool").stdout == "one"
    engine.hull("rm", "-f", one)


@pytest.mark.parametrize("mount, says", [
    ("type=image,target=/x", "field Source must not be empty"),
    ("type=image,source=nosuch:1,target=/x", "No such image: nosuch:1"),
    ("type=image,source=tools:1,target=/x,image-subpath=../etc",
     "subpath must be a relative path within the image"),
    ("type=image,source=tools:1,target=/x,image-subpath=nosuch", "cannot access path nosuch in image tools:1: No such file"),
    ("type=image,source=tools:1,target=/x,volume-nocopy=true", "cannot mix")])
def test_images_that_can_not_be_mounted(engine, tools, mount, says):
    assert says in fails(engine, "run", "--rm", "--pull", "never", "--mount", mount, "busybox",
                         "true")


# --- plugins of others ----------------------------------------------------------------------------------


def test_a_plugin_keeps_volumes(engine):
    toy = engine.plugin
    engine.hull("volume", "create", "-d", "toy", "-o", "a=b", "--label", "k=v", "far")
    assert toy.calls("Create")[-1] == {"Name": "far", "Opts": {"a": "b"}}
    shown = json.loads(engine.hull("volume", "inspect", "far").stdout)[0]
    assert shown == {"Name": "far", "Driver": "toy", "Mountpoint": "", "Scope": "local",
                     "CreatedAt": "2020-01-02T03:04:05Z", "Labels": {"k": "v"},
                     "Options": {"a": "b"}, "Status": {"mounts": 0}}
    one = sleeper(engine, "one", "-v", "far:/x", "-v", "far:/y")
    engine.hull("exec", one, "touch", "/x/file")
    assert engine.hull("exec", one, "ls", "/y").stdout == "file\n"
    ids = [call["ID"] for call in toy.calls("Mount")[-2:]]
    assert len(set(ids)) == 2 and all(len(id) == 64 for id in ids)
    point = json.loads(engine.hull("inspect", one).stdout)[0]["Mounts"][0]
    assert point["Type"] == "volume" and point["Driver"] == "toy" and point["Name"] == "far"
    assert "toy       far" in engine.hull("volume", "ls").stdout
    engine.hull("rm", "-f", one)
    assert sorted(call["ID"] for call in toy.calls("Unmount")[-2:]) == sorted(ids)
    # df and prune are about this host's disk.
    assert engine.hull("volume", "prune", "-af").stdout.startswith("Total reclaimed space: 0B")
    engine.hull("volume", "rm", "far")
    assert toy.calls("Remove")[-1] == {"Name": "far"}


def test_run_makes_volumes_of_a_plugin(engine):
    run(engine, "--volume-driver", "toy", "-v", "one:/x", "busybox", "touch", "/x/file")
    assert run(engine, "-v", "one:/x", "busybox", "ls", "/x") == "file\n"
    run(engine, "--mount", "type=volume,source=two,target=/x,volume-driver=toy,volume-opt=a=b",
        "busybox", "true")
    assert engine.plugin.calls("Create")[-1] == {"Name": "two", "Opts": {"a": "b"}}
    assert engine.plugin.volumes() == ["one", "two"]
    run(engine, "--volume-driver", "toy", "-v", "/anon", "busybox", "true")
    assert engine.plugin.volumes() == ["one", "two"]  # the anonymous one went with --rm


def test_volumes_that_the_plugin_made_by_itself(engine):
    os.makedirs(engine.plugin.base + ".kept/theirs")
    os.makedirs(engine.plugin.base + ".d/theirs.data")
    assert "toy       theirs" in engine.hull("volume", "ls").stdout
    assert json.loads(engine.hull("volume", "inspect", "theirs").stdout)[0]["Driver"] == "toy"
    assert run(engine, "-v", "theirs:/x", "busybox", "ls", "/x") == ""
    assert len(engine.plugin.calls("Mount")) > 0
    engine.hull("volume", "rm", "theirs")
    assert engine.plugin.volumes() == []


def test_a_name_is_of_one_driver(engine):
    engine.hull("volume", "create", "-d", "toy", "far")
    assert ("create far: driver 'toy' already has volume 'far': volume name must be unique"
            in fails(engine, "volume", "create", "-d", "local", "far"))
    assert ('create far: error looking up volume plugin nosuch: plugin "nosuch" not found'
            in fails(engine, "volume", "create", "-d", "nosuch", "far"))
    assert 'error looking up volume plugin nosuch: plugin "nosuch" not found' in fails(
        engine, "run", "--rm", "--volume-driver", "nosuch", "-v", "new:/x", "busybox", "true")
    assert "volume plugin ../toy" in fails(engine, "volume", "create", "-d", "../toy", "new")


@pytest.mark.parametrize("mode, says", [
    ("hang", "no answer within 2 s"), ("lie", "cannot understand its answer"),
    ("junk", "cannot understand its answer"), ("fail", "it does not like VolumeDriver.Mount"),
    ("redirect", "it answered with status 302"), ("early", "unexpected EOF"), ("huge", "too long"),
    ("twice", "it says twice how long it is"), ('{"Mountpoint":["/tmp"]}', "Mountpoint"),
    ('{"Mountpoint":"/tmp/../etc"}', 'the mountpoint "/tmp/../etc" is no absolute path'),
    ('{"Mountpoint":"etc"}', 'the mountpoint "etc" is no absolute path'),
    ('{"Mountpoint":"/nonexistent/x"}', "/nonexistent/x")])
def test_one_that_hangs_or_lies_fails_its_own_call(engine, mode, says):
    engine.hull("volume", "create", "-d", "toy", "far")
    engine.plugin.mode("VolumeDriver.Mount " + mode)
    with subprocess.Popen(engine.command("run", "--rm", "-v", "far:/x", "busybox", "true"),
                          stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as slow:
        # Nobody else waits.
        assert run(engine, "-v", "near:/x", "busybox", "echo", "hi") == "hi\n"
        said = slow.communicate(timeout=20)[1]
    assert slow.returncode in (125, 127) and says in said, said
    assert "toy" in said or mode.startswith('{"Mountpoint":"/non')
    engine.plugin.mode("")
    assert run(engine, "-v", "far:/x", "busybox", "ls", "/x") == ""
    assert engine.plugin.uses("far") == []


@pytest.mark.parametrize("way", ["pieces", "old", "chunks", "late"])
def test_an_answer_in_a_way_of_its_own_counts(engine, way):
    engine.plugin.mode("\n".join("VolumeDriver.%s %s" % (method, way) for method in
                                 ("Create", "Mount", "Unmount", "Get", "List", "Remove")))
    engine.hull("volume", "create", "-d", "toy", "odd")
    assert run(engine, "-v", "odd:/x", "busybox", "sh", "-c", "echo hi >/x/y; cat /x/y") == "hi\n"
    assert "odd" in engine.hull("volume", "ls", "-q").stdout
    engine.hull("volume", "rm", "odd")
    engine.plugin.mode("")


def test_lists_go_on_without_one_that_fails(engine):
    engine.hull("volume", "create", "near")
    engine.hull("volume", "create", "-d", "toy", "far")
    engine.plugin.mode("VolumeDriver.List fail")
    answer = list_of(engine)
    assert [one["Name"] for one in answer["Volumes"]] == ["far", "near"]
    assert answer["Warnings"] == [
        'list toy: plugin "toy": VolumeDriver.List: it does not like VolumeDriver.List']
    engine.plugin.mode("")
    assert list_of(engine)["Warnings"] is None


def test_a_plugin_that_died_is_named_and_back_when_it_is_started(engine):
    engine.hull("volume", "create", "-d", "toy", "far")
    one = sleeper(engine, "one", "-v", "far:/x")
    engine.plugin.mode("VolumeDriver.Get die")
    said = fails(engine, "run", "--rm", "-v", "far:/x", "busybox", "true")
    assert 'plugin "toy": VolumeDriver.Get' in said
    engine.plugin.mode("")
    wait_for(lambda: not engine.plugin.listens())
    said = fails(engine, "run", "--rm", "-v", "far:/x", "busybox", "true")
    assert 'plugin "toy"' in said and "is the plugin running?" in said
    # What runs goes on, and ends.
    assert engine.hull("exec", one, "ls", "/x").stdout == ""
    engine.hull("rm", "-f", one)
    engine.plugin.start()
    for use in engine.plugin.uses("far"):  # it was not told of the end
        os.unlink(os.path.join(engine.plugin.base + ".kept/far", use))
    assert "far" in engine.hull("volume", "ls", "-q").stdout


def test_one_that_was_lost_and_can_not_be_made_anew_stays_written_down(engine):
    """What is made under its name later is not a local one."""
    engine.hull("volume", "create", "-d", "toy", "lost")
    os.rmdir(engine.plugin.base + ".kept/lost")
    engine.plugin.mode("VolumeDriver.Create fail")
    try:
        assert "VolumeDriver.Create" in fails(engine, "run", "-v", "lost:/x", "busybox", "true")
    finally:
        engine.plugin.mode("")
    assert run(engine, "-v", "lost:/x", "busybox", "true") == ""
    assert engine.hull("volume", "inspect", "-f", "{{.Driver}}", "lost").stdout == "toy\n"
    engine.hull("rm", "-f", *engine.hull("ps", "-aq").stdout.split(), check=False)
    engine.hull("volume", "rm", "lost")


def test_volumes_of_a_plugin_that_is_away_are_not_lost(engine):
    """Its socket is gone: nothing is made anew under the name, and nothing is forgotten."""
    engine.hull("volume", "create", "-d", "toy", "kept")
    socket = engine.plugin.base + ".sock"
    os.rename(socket, socket + ".away")
    try:
        for args in (("volume", "inspect", "kept"), ("volume", "rm", "kept"),
                     ("run", "--rm", "-v", "kept:/v", "busybox", "true")):
            assert 'plugin "toy" not found' in fails(engine, *args), args
        assert "kept" in engine.hull("volume", "ls", "-q").stdout.split()
    finally:
        os.rename(socket + ".away", socket)
    shown = engine.hull("volume", "inspect", "-f", "{{.Driver}}", "kept").stdout
    assert shown == "toy\n"
    engine.hull("volume", "rm", "kept")


def test_force_forgets_what_the_plugin_does_not_remove(engine):
    engine.hull("volume", "create", "-d", "toy", "far")
    engine.plugin.mode("VolumeDriver.Remove fail")
    assert ('remove far: plugin "toy": VolumeDriver.Remove: it does not like VolumeDriver.Remove'
            in fails(engine, "volume", "rm", "far"))
    assert "far" in engine.hull("volume", "ls", "-q").stdout
    engine.plugin.mode("")
    engine.hull("volume", "rm", "far")
    assert "no such volume" in fails(engine, "volume", "inspect", "far")


@pytest.mark.parametrize("client", ["hull", "docker"])
def test_cp_sees_the_mounts_of_a_stopped_container(engine, client, tmp_path):
    folder = tmp_path / "bound"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "deep").write_text("deep\n")
    (tmp_path / "new").write_text("new\n")
    engine.hull("volume", "create", "copied")
    engine.hull("run", "--rm", "-v", "copied:/v", "busybox", "touch", "/v/there")
    engine.hull("create", "--name", "still", "-v", "copied:/data", "-v", "%s:/ro:ro" % folder,
                "-v", "%s:/rw" % folder, "-v", "%s/sub/deep:/one" % folder, "busybox", "cat",
                "/data/new")
    try:
        def run(*args, check=True):
            return engine.run(client, "cp", *args, check=check)
        run(str(tmp_path / "new"), "still:/data/")
        run(str(tmp_path / "new"), "still:/rw/sub/renamed")
        assert (folder / "sub" / "renamed").read_text() == "new\n"
        for path, wanted in (("/ro/sub/deep", "deep\n"), ("/ro/../rw/sub/deep", "deep\n"),
                             ("/one", "deep\n"), ("/data/new", "new\n")):
            run("still:" + path, str(tmp_path / "back"))
            assert (tmp_path / "back").read_text() == wanted
        run("still:/ro", str(tmp_path / "tree"))
        assert (tmp_path / "tree" / "sub" / "deep").read_text() == "deep\n"
        run("still:/data/.", str(tmp_path / "content"))
        assert {path.name for path in (tmp_path / "content").iterdir()} == {"there", "new"}
        done = run(str(tmp_path / "new"), "still:/ro/", check=False)
        assert "mounted volume is marked read-only" in done.stderr
        done = run("still:/data/none", str(tmp_path / "none"), check=False)
        assert done.returncode == 1 and "/data/none in container still" in done.stderr
        assert engine.hull("start", "-a", "still").stdout == "new\n"
    finally:
        engine.hull("rm", "-f", "still")
        engine.hull("volume", "rm", "copied")


def test_cp_into_a_volume_before_its_first_use_keeps_the_image(engine, tmp_path):
    """As docker, which fills it at create."""
    (tmp_path / "new").write_text("new\n")
    engine.hull("create", "--name", "fresh", "-v", "fresh:/www", "busybox", "ls", "/www")
    try:
        engine.hull("cp", str(tmp_path / "new"), "fresh:/www/")
        assert engine.hull("start", "-a", "fresh").stdout.split() == ["index.html", "new"]
    finally:
        engine.hull("rm", "-f", "fresh")
        engine.hull("volume", "rm", "fresh")


def test_volumes_are_filled_when_a_container_is_made(engine):
    """As docker has it: one that never runs gives others what its image has, and who inherits an
    empty volume does not fill it."""
    engine.hull("volume", "create", *TMPFS, "memory")
    engine.hull("create", "--name", "giver", "-v", "/www", "-v", "named:/etc", "-v", "memory:/root",
                "-v", "nothing:/none", "busybox")
    engine.hull("create", "--name", "nocopy", "-v", "bare:/www:nocopy", "busybox")
    assert not mounted(engine, "memory")
    shown = run(engine, "--volumes-from", "giver", "-v", "named:/seen", "-v", "bare:/bare",
                "busybox", "ls", "/www", "/seen", "/bare", "/none")
    assert shown.startswith("/bare:\n\n/none:\n\n/seen:\ngroup\n") and "passwd\n" in shown
    assert shown.endswith("/www:\nindex.html\n")
    assert run(engine, "--volumes-from", "nocopy", "busybox", "ls", "/www") == ""


def test_many_that_are_made_at_once_fill_a_volume_once(engine):
    made = [subprocess.Popen(engine.command("create", "-v", "many:/bin", "busybox"))
            for _ in range(6)]
    assert [process.wait(60) for process in made] == [0] * 6
    counts = run(engine, "-v", "many:/m", "busybox", "sh", "-c", "ls /m | wc -l; ls /bin | wc -l")
    assert len(set(counts.split())) == 1 and int(counts.split()[0]) > 100


@pytest.fixture
def linked(engine):
    """An image with links that lead into what is mounted."""
    engine.hull("run", "--name", "linker", "--network", "none", "busybox", "sh", "-c",
                "mkdir /back && ln -s /data/ /lnk && ln -s /back/sub /deep && ln -s /one /two")
    engine.hull("commit", "linker", "linked")
    yield "linked"
    engine.hull("rmi", "-f", "linked")


@pytest.mark.parametrize("client", ["hull", "docker"])
def test_cp_sees_what_a_driver_has_to_mount(engine, client, linked, tmp_path):
    """Volumes with options, of other drivers, what links lead to, files; and nothing is left."""
    folder = tmp_path / "bound"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_text("deep\n")
    (tmp_path / "new").write_text("new\n")
    engine.hull("volume", "create", *TMPFS, "memory")
    engine.hull("volume", "create", "-o", "type=none", "-o", "o=bind", "-o",
                "device=%s" % folder, "back")
    engine.hull("volume", "create", "-d", "toy", "far")
    engine.hull("create", "--name", "still", "-v", "memory:/memory", "-v", "back:/back",
                "-v", "far:/data", "-v", "%s/sub/file:/one" % folder, "-v", "%s:/ro:ro" % folder,
                "--tmpfs", "/empty", linked, "cat", "/data/new")

    def run(*args, status=0, stdin=None):
        done = engine.run(client, "cp", *args, check=False, stdin=stdin)
        assert done.returncode == status, done.stderr
        return done.stderr
    run(str(tmp_path / "new"), "still:/memory/")
    run(str(tmp_path / "new"), "still:/lnk/")
    for path in "/data/new", "/lnk/new", "/deep/../../lnk/new":
        run("still:" + path, str(tmp_path / "got"))
        assert (tmp_path / "got").read_text() == "new\n"
    run("still:/deep/file", str(tmp_path / "got"))
    run("-L", "still:/two", str(tmp_path / "got"))
    assert (tmp_path / "got").read_text() == "deep\n"
    assert "Device or resource busy" in run(str(tmp_path / "new"), "still:/one", status=1)
    assert (folder / "sub" / "file").read_text() == "deep\n"
    assert "marked read-only" in run(str(tmp_path / "new"), "still:/ro/sub/", status=1)
    assert "no such directory" in run(str(tmp_path / "new"), "still:/empty/", status=1)
    # one archive for all of them
    tar = tmp_path / "all.tar"
    tar.write_bytes(tar_of({"back/sub/put": (b"put\n", 0o644), "ro/sub/not": (b"", 0o644)}))
    with open(tar, "rb") as data:
        done = subprocess.run(engine.command("cp", "-", "still:/", client=client), stdin=data,
                              capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1 and "Read-only file system" in done.stderr
    assert sorted(path.name for path in (folder / "sub").iterdir()) == ["file", "put"]
    assert not any(mounted(engine, name) for name in ("memory", "back"))
    assert engine.plugin.uses("far") == []
    assert engine.hull("start", "-a", "still").stdout == "new\n"


def test_cp_while_its_container_starts_and_ends(engine, tmp_path):
    """The volume is in use for as long as one of them needs it."""
    engine.hull("volume", "create", *TMPFS, "memory")
    engine.hull("create", "--name", "still", "--network", "none", "-v", "memory:/data", "busybox",
                "sleep", "300")
    with subprocess.Popen(engine.command("cp", "-", "still:/data/"), stdin=subprocess.PIPE) as cp:
        wait_for(lambda: mounted(engine, "memory"))
        engine.hull("start", "still")
        cp.stdin.write(tar_of({"slow": (b"slow\n", 0o644)}))
        cp.stdin.close()
        assert cp.wait(20) == 0
    assert mounted(engine, "memory")
    assert engine.hull("exec", "still", "cat", "/data/slow").stdout == "slow\n"
    engine.hull("kill", "still")
    wait_for(lambda: not mounted(engine, "memory"))
    with subprocess.Popen(engine.command("cp", "-", "still:/data/"), stdin=subprocess.PIPE) as cp:
        wait_for(lambda: mounted(engine, "memory"))
        engine.hull("rm", "-v", "still")
        cp.stdin.close()
        assert cp.wait(20) in (0, 1)
    wait_for(lambda: not mounted(engine, "memory"))


def test_what_a_killed_daemon_mounted_for_cp_or_create_is_unmounted(engine):
    """By the next one, as soon as the containers are known again."""
    engine.hull("volume", "create", *TMPFS, "memory")
    engine.hull("create", "--name", "still", "-v", "memory:/data", "busybox")
    with subprocess.Popen(engine.command("cp", "-", "still:/data/"), stdin=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as cp:
        wait_for(lambda: mounted(engine, "memory"))
        engine.kill()
        cp.stdin.close()
        cp.wait(20)
    assert mounted(engine, "memory")
    engine.start()
    engine.hull("ps")
    wait_for(lambda: not mounted(engine, "memory"))
    os.environ["HULL_FAILPOINT"] = "volume_mount_done"
    try:
        engine.kill()
        engine.start()
    finally:
        del os.environ["HULL_FAILPOINT"]
    assert engine.hull("create", "--name", "new", "-v", "memory:/www", "busybox",
                       check=False).returncode
    engine.process.wait(20)
    assert mounted(engine, "memory")
    engine.start()
    assert engine.hull("ps", "-a", "--format", "{{.Names}}").stdout == "still\n"
    wait_for(lambda: not mounted(engine, "memory"))


def test_a_stopped_container_has_its_hosts(engine):
    """The files that the engine makes are those of its last run."""
    engine.hull("run", "--name", "ran", "--hostname", "shown", "--network", "none", "busybox",
                "true")
    tar = engine.hull("cp", "ran:/etc/hostname", "-").stdout
    assert "shown\n" in tar


def test_who_shares_a_network_shows_the_hosts_of_its_owner(engine):
    """As long as that one is there; before its own first run there is nothing to be seen."""
    def hosts(name):
        return engine.hull("cp", name + ":/etc/hosts", "-", check=False).stdout

    def path(name):
        return engine.hull("inspect", "-f", "{{.HostsPath}}", name).stdout

    engine.hull("run", "-d", "--name", "owner", "--network", "none", "--add-host", "far:192.0.2.1",
                "busybox", "sleep", "300")
    engine.hull("create", "--name", "guest", "--network", "container:owner", "busybox", "sleep",
                "300")
    engine.hull("create", "--name", "guest2", "--network", "container:guest", "busybox", "cat",
                "/etc/hosts")
    assert "192.0.2.1\tfar" not in hosts("guest") and path("guest") == "\n"
    engine.hull("start", "guest")
    assert "192.0.2.1\tfar" in engine.hull("start", "-a", "guest2").stdout
    engine.hull("kill", "guest")
    engine.hull("wait", "guest")
    for name in "guest", "guest2":
        assert "192.0.2.1\tfar" in hosts(name) and path(name) == path("owner")
    engine.hull("rm", "-f", "owner")
    assert "192.0.2.1" not in hosts("guest") and path("guest") == "\n"


def test_the_size_of_a_volume_is_what_du_says(engine):
    """A file with several names counts once."""
    engine.hull("volume", "create", "sized")
    run(engine, "-v", "sized:/d", "busybox", "sh", "-c",
        "dd if=/dev/zero of=/d/f bs=1k count=300 && mkdir /d/x && ln /d/f /d/g && ln /d/f /d/x/h "
        "&& echo a >/d/i && ln /d/i /d/x/j && mkfifo /d/p && ln -s f /d/l")
    done = subprocess.run(["curl", "-s", "--max-time", "30", "--unix-socket", engine.sock,
                           "http://x/system/df?type=volume"], capture_output=True, check=True)
    size = json.loads(done.stdout)["Volumes"][0]["UsageData"]["Size"]
    told = subprocess.run(["du", "-s", "-B1", engine.root + "/data/volumes/sized/_data"],
                          capture_output=True, check=True).stdout
    assert size == int(told.split()[0])
