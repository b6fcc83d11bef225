#!/usr/bin/env python3
"""hull-jail against hostile tars and hostile trees; prints TAP.

Each case has a folder with the tree and, beside it, what must not change. Needs root.
"""
import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import io

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import corpus_gen as gen  # noqa: E402

JAIL = os.path.join(os.environ.get("HULL_LIBEXEC", "tools"), "hull-jail")


def run(tree, mode, *options, data=b"", lists=None, mntns=None):
    """(result, what came out): the result is {} of kind, error, entries …"""
    result_r, result_w = os.pipe()
    fds = [os.open(tree, os.O_RDONLY | os.O_DIRECTORY), result_w]
    if lists is not None:
        with tempfile.TemporaryFile() as file:
            file.write(lists)
            file.flush()
            fds.append(os.open("/proc/self/fd/%d" % file.fileno(), os.O_RDONLY))

    ns_fd = None if mntns is None else fcntl.fcntl(mntns, fcntl.F_DUPFD, 20)

    def place():
        high = [os.dup(fd) for fd in fds]
        while min(high) < 10:
            high = [os.dup(fd) for fd in high]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        if mntns is not None:
            os.dup2(ns_fd, 6)
            os.close(3)

    child = subprocess.Popen([JAIL, mode, *options], stdin=subprocess.PIPE, env={},
                             stdout=subprocess.PIPE, preexec_fn=place, close_fds=False)
    for fd in fds:
        os.close(fd)
    out, _ = child.communicate(data)
    with os.fdopen(result_r, "rb") as file:
        return parse(file.read()), out


def parse(data):
    """The jail's answer: fields by number; text has its length in front."""
    if len(data) < 16:
        return {"kind": -1, "error": "no result"}
    length, = struct.unpack_from("<I", data, 8)
    at = 12 + length + 4
    count, = struct.unpack_from("<I", data, at)
    at += 4
    result = {"kind": 0, "error": ""}
    names = ("kind", "error", "entries", "bytes", "written")
    for _ in range(count):
        index, = struct.unpack_from("<I", data, at)
        at += 4
        if index >= len(names):
            break
        if names[index] == "error":
            size, = struct.unpack_from("<I", data, at)
            result["error"] = data[at + 4:at + 4 + size].decode("utf-8", "replace")
            at += 4 + size
        else:
            result[names[index]], = struct.unpack_from("<q", data, at)
            at += 8
    return result


class Sandbox:
    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="hull-jail-")
        self.tree = self.top + "/tree"
        self.outside = self.top + "/outside"
        os.mkdir(self.tree, 0o755)
        os.mkdir(self.outside, 0o700)
        with open(self.outside + "/canary", "w", encoding="utf-8") as file:
            file.write("alive")
        os.chmod(self.outside + "/canary", 0o600)
        self.before = self.look()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def look(self):
        seen = []
        for path in (self.top, self.outside, self.outside + "/canary"):
            st = os.lstat(path)
            seen.append((path, st.st_mode, st.st_uid, st.st_nlink, st.st_mtime_ns, st.st_size))
        seen.append(sorted(os.listdir(self.top)))
        seen.append(sorted(os.listdir(self.outside)))
        seen.append(open(self.outside + "/canary", encoding="utf-8").read())
        return seen

    def untouched(self):
        return self.look() == self.before


TESTS = []


def test(fn):
    TESTS.append((fn.__name__.replace("_", " "), fn))
    return fn


def check(condition, what=""):
    if not condition:
        raise AssertionError(what)


def unpack_ok(box, data, *options, mode="overlay"):
    result, _ = run(box.tree, "unpack", "whiteouts=" + mode, *options, data=data)
    check(result["kind"] == 0, result)
    return result


def add_corpus(mode):
    with Sandbox() as box:
        for name, data, error in gen.refused(box.outside):
            TESTS.append((f"{mode}: refused: {name}", lambda d=data, n=name: refuse(mode, n)))
        for name, data, _ in gen.contained(box.outside):
            TESTS.append((f"{mode}: contained: {name}", lambda d=data, n=name: contain(mode, n)))


def refuse(mode, wanted):
    with Sandbox() as box:
        data, error = next((d, e) for n, d, e in gen.refused(box.outside) if n == wanted)
        result, _ = run(box.tree, "unpack", "whiteouts=" + mode, data=data)
        check(result["kind"] > 0, f"was not refused: {result}")
        check(error in result["error"], f"\"{error}\" is not in {result}")
        check(box.untouched(), "something outside changed")


def contain(mode, wanted):
    with Sandbox() as box:
        data, look = next((d, c) for n, d, c in gen.contained(box.outside) if n == wanted)
        unpack_ok(box, data, mode=mode)
        check(box.untouched(), "something outside changed")
        check(look(box.tree), sorted(os.listdir(box.tree)))


# --- limits ------------------------------------------------------------------------------------


@test
def limit_of_entries():
    with Sandbox() as box:
        data = gen.tar(*[gen.file(b"f%d" % i) for i in range(11)])
        result, _ = run(box.tree, "unpack", "whiteouts=overlay", "entries=10", data=data)
        check(result["kind"] > 0 and "f10" in result["error"], result)


@test
def limit_of_bytes():
    with Sandbox() as box:
        data = gen.tar(gen.file(b"a", b"x" * 600), gen.file(b"b", b"x" * 600))
        result, _ = run(box.tree, "unpack", "whiteouts=overlay", "bytes=1000", data=data)
        check(result["kind"] > 0 and result["error"].startswith("b:"), result)


def squeeze(kind, data):
    return subprocess.run([kind, "-c"], input=data, capture_output=True, check=True).stdout


@test
def compressed_archives_are_unpacked():
    for kind in "gzip", "bzip2", "xz", "zstd", "cat":
        with Sandbox() as box:
            data = gen.tar(*[gen.file(b"f%d" % i, b"%d" % i * 9999) for i in range(50)])
            packed = data if kind == "cat" else squeeze(kind, data)
            unpack_ok(box, packed, "compressed=1", mode="none")
            check(sorted(os.listdir(box.tree)) == sorted("f%d" % i for i in range(50)), kind)
            check(open(box.tree + "/f49", "rb").read() == b"49" * 9999, kind)


@test
def damage_in_compressed_archives_is_told():
    data = gen.tar(*[gen.file(b"f%d" % i, os.urandom(3000)) for i in range(50)])
    for kind in "gzip", "bzip2", "xz", "zstd":
        packed = squeeze(kind, data)
        # bzip2 looks at the checksum of a block when it has been given out.
        for bad, told in ((packed[:-30], kind + " data: "),
                          (packed[:5000] + b"damage" + packed[5006:],
                           "" if kind == "bzip2" else kind + " data: ")):
            with Sandbox() as box:
                result, _ = run(box.tree, "unpack", "whiteouts=none", "compressed=1", data=bad)
                check(result["kind"] > 0 and told in result["error"], (kind, result))


@test
def a_bomb_stops_at_the_limit():
    with Sandbox() as box:
        bomb = squeeze("bzip2", gen.tar(gen.file(b"a")) + bytes(30000000))
        result, _ = run(box.tree, "unpack", "whiteouts=none", "compressed=1", "bytes=5000000",
                        data=bomb)
        check(result["kind"] > 0, result)


@test
def errors_are_text():
    with Sandbox() as box:
        name = b"\x1b[31m\n\xff" + ("é" * 100 + "/" + "é" * 100 + "/..").encode()
        result, _ = run(box.tree, "unpack", "whiteouts=overlay",
                        data=gen.tar(gen.pax({b"path": name}), gen.file(b"x")))
        check(result["error"].startswith("?[31m??é"), result)
        check("leaves the tree" in result["error"] and "\ufffd" not in result["error"], result)


@test
def unknown_options_are_refused():
    with Sandbox() as box:
        for option in ("whiteouts=some", "colour=red", "entries=x", "x"):
            result, _ = run(box.tree, "unpack", option)
            check(result["kind"] > 0 and "bad option" in result["error"], result)


# --- whiteouts ---------------------------------------------------------------------------------


def is_whiteout(path):
    st = os.lstat(path)
    return (st.st_mode & 0o170000) == 0o020000 and st.st_rdev == 0


def is_opaque(path):
    return "trusted.overlay.opaque" in os.listxattr(path)


@test
def overlay_whiteouts_are_devices():
    with Sandbox() as box:
        unpack_ok(box, gen.tar(gen.file(b"a/.wh.x", b""), gen.file(b"b/.wh..wh..opq", b"")))
        check(is_whiteout(box.tree + "/a/x"))
        check(is_opaque(box.tree + "/b") and os.listdir(box.tree + "/b") == [])


@test
def overlay_whiteout_and_folder_of_one_name():
    for parts in ([gen.file(b".wh.d", b""), gen.folder(b"d"), gen.file(b"d/f")],
                  [gen.folder(b"d"), gen.file(b"d/f"), gen.file(b".wh.d", b"")],
                  [gen.file(b".wh.d", b""), gen.file(b"d/f")]):
        with Sandbox() as box:
            unpack_ok(box, gen.tar(*parts))
            check(is_opaque(box.tree + "/d") and os.path.exists(box.tree + "/d/f"))


@test
def overlay_whiteout_and_file_of_one_name():
    for parts in ([gen.file(b".wh.f", b""), gen.file(b"f", b"1")],
                  [gen.file(b"f", b"1"), gen.file(b".wh.f", b"")]):
        with Sandbox() as box:
            unpack_ok(box, gen.tar(*parts))
            check(gen.text_is("f", b"1")(box.tree))


def lower(box):
    for path in ("a/x/deep", "a/y", "b/z", "c"):
        os.makedirs(os.path.dirname(box.tree + "/" + path), exist_ok=True)
        with open(box.tree + "/" + path, "w", encoding="utf-8") as file:
            file.write("old")


@test
def applied_whiteouts_delete():
    with Sandbox() as box:
        lower(box)
        unpack_ok(box, gen.tar(gen.file(b"a/.wh.x", b""), gen.file(b".wh.c", b""),
                               gen.file(b".wh.missing", b"")), mode="apply")
        check(sorted(os.listdir(box.tree)) == ["a", "b"] and os.listdir(box.tree + "/a") == ["y"])


@test
def applied_opaque_keeps_what_the_layer_brings():
    for parts in ([gen.file(b"a/new/f"), gen.file(b"a/.wh..wh..opq", b"")],
                  [gen.file(b"a/.wh..wh..opq", b""), gen.file(b"a/new/f")]):
        with Sandbox() as box:
            lower(box)
            unpack_ok(box, gen.tar(*parts), mode="apply")
            check(os.listdir(box.tree + "/a") == ["new"])
            check(os.listdir(box.tree + "/a/new") == ["f"])


@test
def applied_whiteout_of_a_name_the_layer_brings():
    with Sandbox() as box:
        lower(box)
        unpack_ok(box, gen.tar(gen.file(b"a/new"), gen.file(b".wh.a", b"")), mode="apply")
        check(os.listdir(box.tree + "/a") == ["new"])


@test
def applied_whiteouts_follow_no_link():
    with Sandbox() as box:
        os.symlink(box.outside, box.tree + "/l")
        unpack_ok(box, gen.tar(gen.file(b".wh.l", b"")), mode="apply")
        check(os.listdir(box.tree) == [] and box.untouched())


@test
def without_whiteouts_the_name_is_a_name():
    with Sandbox() as box:
        unpack_ok(box, gen.tar(gen.file(b".wh.x", b"1")), mode="none")
        check(gen.text_is(".wh.x", b"1")(box.tree))


# --- into a container's tree -------------------------------------------------------------------


@test
def cp_follows_links_inside_only():
    with Sandbox() as box:
        os.makedirs(box.tree + "/usr/lib")
        os.symlink("/usr/lib", box.tree + "/lib")
        os.symlink("../../../../../../..", box.tree + "/up")
        os.symlink(box.outside, box.tree + "/out")
        unpack_ok(box, gen.tar(gen.file(b"lib/a", b"1"), gen.file(b"up/b", b"2")), mode="none")
        check(gen.text_is("usr/lib/a", b"1")(box.tree) and gen.text_is("b", b"2")(box.tree))
        result, _ = run(box.tree, "unpack", "whiteouts=none", data=gen.tar(gen.file(b"out/x")))
        check(result["kind"] > 0 and box.untouched(), result)


@test
def cp_into_a_folder():
    with Sandbox() as box:
        os.makedirs(box.tree + "/usr/lib")
        os.symlink("/usr/lib", box.tree + "/lib")
        unpack_ok(box, gen.tar(gen.folder(b"."), gen.file(b"a", b"1")), "path=/lib", mode="none")
        check(gen.text_is("usr/lib/a", b"1")(box.tree))
        result, _ = run(box.tree, "unpack", "whiteouts=none", "path=/../..", data=gen.tar())
        check(result["kind"] == 0, result)
        result, _ = run(box.tree, "unpack", "whiteouts=none", "path=/none", data=gen.tar())
        check(result["kind"] > 0 and "/none" in result["error"], result)


@test
def cp_keeps_kinds_when_told():
    with Sandbox() as box:
        os.mkdir(box.tree + "/d")
        open(box.tree + "/f", "w", encoding="utf-8").close()
        for entry, words in ((gen.file(b"d"), "overwrite directory with non-directory"),
                             (gen.folder(b"f"), "overwrite non-directory with directory")):
            result, _ = run(box.tree, "unpack", "whiteouts=none", "keep-type=1",
                            data=gen.tar(entry))
            check(result["kind"] > 0 and words in result["error"], result)


@test
def owner_of_everything():
    with Sandbox() as box:
        unpack_ok(box, gen.tar(gen.file(b"a/f", uid=5, gid=6)), "owner=1", "uid=1000", "gid=1001",
                  mode="none")
        for path in ("/a", "/a/f"):
            st = os.stat(box.tree + path)
            check((st.st_uid, st.st_gid) == (1000, 1001))


# --- packing -----------------------------------------------------------------------------------


def pack(box, *options, **more):
    result, out = run(box.tree, "pack", *options, **more)
    check(result["kind"] == 0, result)
    check(result["written"] == len(out))
    return tarfile.open(fileobj=io.BytesIO(out)), out


def make_tree(box):
    tree = box.tree
    os.makedirs(tree + "/d/sub", 0o750)
    with open(tree + "/d/f", "wb") as file:
        file.write(b"hello")
    os.link(tree + "/d/f", tree + "/d/sub/again")
    os.symlink(box.outside + "/canary", tree + "/link")
    os.mkfifo(tree + "/fifo")
    os.mknod(tree + "/null", 0o020666, os.makedev(1, 3))
    os.setxattr(tree + "/d/f", "user.x", b"\0\xff\n")
    os.setxattr(tree + "/d/f", "trusted.y", b"no")
    os.utime(tree + "/d/f", ns=(0, 1234567890123456789))
    socket.socket(socket.AF_UNIX).bind(tree + "/sock")
    os.mkdir(tree.encode() + b"/\xff\xfe" + b"n" * 200)


@test
def pack_everything():
    with Sandbox() as box:
        make_tree(box)
        tar, out = pack(box)
        names = tar.getnames()
        check(names[:4] == ["d", "d/f", "d/sub", "d/sub/again"], names)
        check("sock" not in names and "fifo" in names and "link" in names)
        check(tar.getmember("d/sub/again").linkname == "d/f")
        check(tar.getmember("link").linkname == box.outside + "/canary")
        check(tar.getmember("d/f").mtime == 1234567890.123456789)
        headers = tar.getmember("d/f").pax_headers
        check([k for k in headers if "xattr" in k] == ["SCHILY.xattr.user.x"], headers)
        check(pack(box)[1] == out, "not the same bytes twice")
        check(box.untouched())


@test
def pack_and_unpack_give_the_same():
    with Sandbox() as box, Sandbox() as other:
        make_tree(box)
        _, out = pack(box)
        unpack_ok(other, out, mode="none")
        check(pack(other)[1] == out)


@test
def pack_one_path():
    with Sandbox() as box:
        make_tree(box)
        os.symlink("/d", box.tree + "/ld")
        check(pack(box, "path=/d/f")[0].getnames() == ["f"])
        check(pack(box, "path=/ld/sub")[0].getnames() == ["sub", "sub/again"])
        check(pack(box, "path=/ld")[0].getmember("ld").issym())
        check(pack(box, "path=/link")[0].getmember("link").issym())
        check(pack(box, "path=/d", "rename=e")[0].getnames()[:2] == ["e", "e/f"])
        result, _ = run(box.tree, "pack", "path=/none")
        check(result["kind"] > 0 and "/none" in result["error"], result)
        os.symlink("../../../.." + box.outside, box.tree + "/out")
        result, _ = run(box.tree, "pack", "path=/out/canary")
        check(result["kind"] > 0, result)


@test
def pack_an_upper_directory():
    with Sandbox() as box:
        os.makedirs(box.tree + "/d/o")
        os.mknod(box.tree + "/d/gone", 0o020000, os.makedev(0, 0))
        os.setxattr(box.tree + "/d/o", "trusted.overlay.opaque", b"y")
        os.setxattr(box.tree + "/d", "trusted.overlay.origin", b"x")
        tar, _ = pack(box, "layer=1")
        check(tar.getnames() == ["d", "d/.wh.gone", "d/o", "d/o/.wh..wh..opq"], tar.getnames())
        check(all(m.isreg() and m.size == 0 for m in tar if ".wh." in m.name))
        check(not any("xattr" in key for m in tar for key in m.pax_headers))


@test
def pack_a_list():
    with Sandbox() as box:
        make_tree(box)
        tar, _ = pack(box, "list=1", lists=b"+d\0+d/f\0-d/gone\0-x\0")
        check(tar.getnames() == ["d", "d/f", "d/.wh.gone", ".wh.x"], tar.getnames())


@test
def pack_long_names():
    with Sandbox() as box:
        path = box.tree
        for _ in range(15):
            path += "/" + "x" * 200
            os.mkdir(path)
        os.symlink("t" * 3000, path + "/s")
        tar, _ = pack(box)
        check(max(len(name) for name in tar.getnames()) == 15 * 201 + 1)
        check(len(tar.getmembers()[-1].linkname) == 3000)


@test
def pack_a_big_file():
    with Sandbox() as box:
        with open(box.tree + "/big", "wb") as file:
            file.truncate(9 << 20)
        tar, _ = pack(box)
        check(tar.getmember("big").size == 9 << 20)


# --- in a running container --------------------------------------------------------------------


class Container:
    """A process with a mount namespace whose root is the tree, and a tmpfs at /vol."""

    def __init__(self, tree):
        libc = ctypes.CDLL(None, use_errno=True)
        ready_r, ready_w = os.pipe()
        os.mkdir(tree + "/vol")
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.become(libc, tree.encode())
                os.write(ready_w, b"1")
                while True:
                    libc.pause()
            finally:
                os._exit(1)
        os.close(ready_w)
        check(os.read(ready_r, 1) == b"1", "no namespace")
        os.close(ready_r)
        self.ns = os.open("/proc/%d/ns/mnt" % self.pid, os.O_RDONLY)

    @staticmethod
    def become(libc, tree):
        def call(rc):
            check(rc == 0, os.strerror(ctypes.get_errno()))

        call(libc.unshare(0x00020000))
        call(libc.mount(b"none", b"/", None, 0x44000, None))
        call(libc.mount(tree, tree, None, 0x1000, None))
        call(libc.mount(b"tmpfs", tree + b"/vol", b"tmpfs", 0, None))
        os.chdir(tree)
        call(libc.syscall(155, b".", b"."))
        call(libc.umount2(b".", 2))
        with open("/vol/inside", "wb") as file:
            file.write(b"volume")

    def stop(self):
        os.close(self.ns)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


@test
def a_running_container_is_seen_with_its_volumes():
    if os.uname().machine != "x86_64":
        return
    with Sandbox() as box:
        os.symlink("/../../vol", box.tree + "/l")
        container = Container(box.tree)
        try:
            result, out = run(box.tree, "pack", "path=/l/inside", "mntns=1", mntns=container.ns)
            check(result["kind"] == 0, result)
            with tarfile.open(fileobj=io.BytesIO(out)) as tar:
                check(tar.extractfile("inside").read() == b"volume")
            result, _ = run(box.tree, "unpack", "whiteouts=none", "path=/vol", "mntns=1",
                            mntns=container.ns, data=gen.tar(gen.file(b"new", b"1")))
            check(result["kind"] == 0, result)
            with open("/proc/%d/root/vol/new" % container.pid, "rb") as file:
                check(file.read() == b"1")
            check(os.listdir(box.tree + "/vol") == [], "it went beside the volume")
        finally:
            container.stop()
        check(box.untouched())


def mounted(tree, folders, *places):
    """A jail that has mounted copies of FOLDERS, its result, and the end of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    clones = [libc.syscall(428, -100, folder.encode(), 0x80001) for folder in folders]
    check(min(clones) >= 0, os.strerror(ctypes.get_errno()))
    result_r, result_w = os.pipe()
    fds = [os.open(tree, os.O_RDONLY | os.O_DIRECTORY), result_w, -1, -1, *clones]

    def place():
        high = [fd if fd < 0 else fcntl.fcntl(fd, fcntl.F_DUPFD, 40) for fd in fds]
        for i, fd in enumerate(high):
            if fd >= 0:
                os.dup2(fd, 3 + i)
        os.closerange(3 + len(fds), 100)

    child = subprocess.Popen([JAIL, "mount", *places], stdin=subprocess.PIPE, env={},
                             preexec_fn=place, close_fds=False)
    for fd in fds:
        if fd >= 0:
            os.close(fd)
    with os.fdopen(result_r, "rb") as file:
        return child, parse(file.read())


@test
def mounts_are_made_in_a_namespace_of_their_own():
    if os.uname().machine != "x86_64":
        return
    with Sandbox() as box:
        for name in "one", "two/sub":
            os.makedirs(box.tree + "/../given/" + name)
        os.symlink(box.outside, box.tree + "/evil")
        os.makedirs(box.tree + box.outside)
        os.mkdir(box.tree + "/outside")
        os.symlink("../../../../outside", box.tree + "/up")
        given = os.path.realpath(box.tree + "/../given")
        with open(given + "/file", "wb") as file:
            file.write(b"content")
        before = box.look()
        child, result = mounted(
            box.tree, [given, given, given, given + "/file"], "place=/evil/x", "place=/up",
            "place=/deep/er", "sub=../two", "place=/new/file")
        check(result["kind"] == 0, result)
        top = "/proc/%d/root" % child.pid
        check(sorted(os.listdir(top + "/deep/er")) == ["sub"], os.listdir(top + "/deep/er"))
        check(open(top + "/new/file", "rb").read() == b"content")
        check("one" in os.listdir(top + "/outside"), "a link that climbs stops at the top")
        check("one" in os.listdir(top + box.outside + "/x"), "a link starts at the tree's top")
        check(os.listdir(box.tree + "/deep/er") == [], "it is mounted for others, too")
        check(box.look() == before, "something outside changed")
        child.stdin.close()
        check(child.wait() == 0)
        child, result = mounted(box.tree, [given + "/file"], "place=/deep/er")
        check(result["kind"] > 0 and "/deep/er: mounting" in result["error"], result)
        child.stdin.close()
        child.wait()


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        return 0
    for mode in ("overlay", "apply"):
        add_corpus(mode)
    print(f"1..{len(TESTS)}")
    failed = 0
    for number, (name, fn) in enumerate(TESTS, 1):
        name = name.replace("#", "")
        try:
            fn()
            print(f"ok {number} - {name}")
        except Exception as error:  # a broken case must not hide the others
            failed += 1
            text = str(error).replace("\n", " ")
            print(f"# {type(error).__name__}: {text}\nnot ok {number} - {name}")
        sys.stdout.flush()
    return failed > 0


sys.exit(main())
