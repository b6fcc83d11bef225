"""A daemon under a root of its own, and the clients that drive it."""
import glob
import json
import os
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import tempfile
import time

from images import archive, tar_of


def program(name):
    """Where a program is: below HULL_PREFIX when that is set, or on the PATH."""
    prefix = os.environ.get("HULL_PREFIX")
    folders = [prefix + "/bin", prefix + "/sbin"] if prefix else []
    found = shutil.which(name, path=os.pathsep.join(folders + [os.environ["PATH"], "/usr/sbin"]))
    assert found, name + " is neither below HULL_PREFIX nor on the PATH"
    return found


def busybox_layer():
    """A small userland: busybox under all its names, accounts, a page to serve."""
    busybox = shutil.which("busybox")
    assert busybox, "busybox-static is not installed"
    files = {"bin/busybox": (open(busybox, "rb").read(), 0o755), "tmp/": None, "root/": None,
             "www/index.html": (b"<h1>it works</h1>\n", 0o644),
             "etc/passwd": (b"root:x:0:0:root:/root:/bin/sh\n"
                            b"me:x:1000:1000:me:/home/me:/bin/sh\n", 0o644),
             "etc/group": (b"root:x:0:\nme:x:1000:\nextra:x:2000:me\n", 0o644)}
    names = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout
    for name in names.split():
        files.setdefault("bin/" + name, "busybox")
    return tar_of(files)


# crun refuses a host that has both versions of cgroups: the daemon need not see the second.
ONE_CGROUP = ["unshare", "--mount", "sh", "-c",
              "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"", "sh"]


def runtime_flags():
    """HULL_TEST_RUNTIME=crun runs all tests with that OCI runtime as the default one,
    HULL_TEST_USERNS=auto with a user namespace for each container."""
    name = os.environ.get("HULL_TEST_RUNTIME")
    remap = os.environ.get("HULL_TEST_USERNS")
    return (["--add-runtime", "tested=" + program(name), "--default-runtime", "tested"] if name
            else []) + (["--userns-remap", remap] if remap else [])


def assert_no_reports(path):
    """A daemon that was built with sanitizers writes into its log what they found."""
    with open(path, errors="replace") as log:
        text = log.read()
    found = re.search(r"^.*(runtime error:|ERROR: \w+Sanitizer)", text, re.M)
    assert not found, text[found.start():][:8000]


# -- what a daemon may leave behind ---------------------------------------------------------------


def instance(root):
    """What the daemon of ROOT has in its names of things that all daemons of a host share."""
    value = 2166136261
    for byte in (root + "/data").encode():
        value = (value ^ byte) * 16777619 & 0xffffffff
    return "hull-%08x" % value


def bridges(root):
    """The bridges of the networks that the daemon of ROOT has recorded."""
    store = root + "/data/state.db"
    if not os.path.exists(store):
        return set()
    link = sqlite3.connect("file:%s?mode=ro" % store, uri=True)
    found = [json.loads(value) for (value,) in
             link.execute("SELECT value FROM document WHERE bucket = 'network'")]
    link.close()
    return {network["Options"].get("com.docker.network.bridge.name", "hull-" + network["Id"][:10])
            for network in found if network["Driver"] == "bridge"}


def leftovers(root, within=()):
    """What belongs to a daemon without containers that has ended in order, and outlives it: mounts,
    processes, cgroups, rules, interfaces. WITHIN runs a command where the daemon ran."""
    found, name = [], instance(root)
    with open("/proc/self/mountinfo") as mounts:
        found += [line.strip() for line in mounts if root in line]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as line:
                if root.encode() in line.read():
                    found.append("process " + pid)
        except OSError:
            pass
    found += glob.glob("/sys/fs/cgroup/" + name) + glob.glob("/sys/fs/cgroup/*/" + name)
    for what, names in (("nft list tables", {name}), ("ip -o link", bridges(root))):
        shown = subprocess.run([*within, *what.split()], capture_output=True, text=True,
                               check=True, timeout=20).stdout
        found += [line for line in shown.splitlines()
                  if names & set(line.replace(":", " ").split())]
    return found


class Engine:
    def __init__(self, *flags, bridge=None, within=()):
        self.root = tempfile.mkdtemp(prefix="hull-test-")
        self.bridge = bridge or "ht%d" % (os.getpid() % 1000000)
        self.sock = self.root + "/hull.sock"
        self.flags = flags
        # A command that runs the daemon somewhere else.
        self.within = within or (ONE_CGROUP if os.environ.get("HULL_TEST_RUNTIME") else ())
        self.process = None
        self.start()

    def start(self):
        with open(self.root + "/hulld.log", "a") as log:
            self.process = subprocess.Popen(
                [*self.within, program("hulld"), "--root", self.root, "--bridge", self.bridge,
                 *runtime_flags(), *(flag.replace("@ROOT", self.root) for flag in self.flags)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while subprocess.run(self.command("version"), capture_output=True, check=False).returncode:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, "hulld does not answer: " + self.log()
            time.sleep(0.02)

    def log(self):
        with open(self.root + "/hulld.log") as log:
            return log.read()[-4000:]

    def kill(self):
        """kill -9: the daemon gets no chance to do anything."""
        self.process.kill()
        self.process.wait()

    def ports(self):
        """The interfaces in the bridge."""
        try:
            return os.listdir("/sys/class/net/%s/brif" % self.bridge)
        except OSError:
            return []

    def stop(self):
        """Remove all containers, end the daemon in order and remove what it had."""
        if self.process.poll() is not None:
            self.start()
        for name in self.hull("ps", "-aq").stdout.split():
            self.hull("rm", "-f", name, check=False)
        # The kernel takes a dead namespace's interfaces away in its own time.
        deadline = time.monotonic() + 10
        while self.ports():
            assert time.monotonic() < deadline, "interfaces are left: %s" % self.ports()
            time.sleep(0.1)
        self.process.terminate()
        self.process.wait(30)
        assert_no_reports(self.root + "/hulld.log")
        left = leftovers(self.root, self.within)
        assert not left, left
        shutil.rmtree(self.root)

    # -- clients ------------------------------------------------------------------------------

    def command(self, *args, client="hull"):
        return [program(client), "-H", "unix://" + self.sock, *args]

    def run(self, client, *args, check=True, stdin=None, timeout=120):
        done = subprocess.run(self.command(*args, client=client), input=stdin, text=True,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              capture_output=True, check=False, timeout=timeout,
                              errors="replace")
        if check:
            assert done.returncode == 0, "%s: %s%s" % (" ".join(args), done.stdout, done.stderr)
        return done

    def hull(self, *args, **options):
        return self.run("hull", *args, **options)

    def docker(self, *args, **options):
        return self.run("docker", *args, **options)

    def pty(self, *args, client="hull", timeout=20):
        """Output of a command whose streams are a terminal."""
        master, slave = pty.openpty()
        process = subprocess.Popen(self.command(*args, client=client), stdin=slave, stdout=slave,
                                   stderr=slave, start_new_session=True)
        os.close(slave)
        seen, deadline = b"", time.monotonic() + timeout
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    break
            elif process.poll() is not None:
                break
        process.wait(timeout)
        os.close(master)
        return seen.decode(errors="replace")

    def await_listener(self, name, port=80):
        """A program of the container NAME listens at PORT: one that was started need not yet."""
        pid = self.hull("inspect", "-f", "{{.State.Pid}}", name).stdout.strip()
        deadline = time.monotonic() + 20
        while True:
            rows = []
            for family in ("tcp", "tcp6"):
                with open("/proc/%s/net/%s" % (pid, family)) as table:
                    rows += [row.split() for row in table]
            if any(row[1].endswith(":%04X" % port) and row[3] == "0A" for row in rows):
                return
            assert time.monotonic() < deadline, "nobody listens at %d in %s" % (port, name)
            time.sleep(0.02)

    # -- images -------------------------------------------------------------------------------

    def load(self, data, check=True):
        """Load an archive given as bytes."""
        path = self.root + "/load.tar"
        with open(path, "wb") as file:
            file.write(data)
        return self.hull("load", "-i", path, check=check)

    def load_busybox(self):
        self.load(archive("busybox:latest", [busybox_layer()], {"Cmd": ["sh"]}))
