"""A real dockerd under folders and a bridge of its own, to hold hulld against."""
import os
import shutil
import subprocess
import tempfile
import time

from engine import program


def found():
    """Where dockerd is, or None."""
    return shutil.which("dockerd", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


# Its mounts are in a namespace of their own, in which no plugin's socket is found either: a dockerd
# asks each of them 15 seconds long, again and again, even when it is gone.
APART = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
         "mkdir -p /run/docker/plugins && mount -t tmpfs none /run/docker/plugins && exec \"$@\"",
         "sh"]


class Dockerd:
    """It changes no rule of the host's firewall, and nothing of it is left after stop()."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="hull-dockerd-")
        self.host = "unix://" + self.root + "/docker.sock"
        self.bridge = "htd%d" % (os.getpid() % 1000000)
        for args in (["link", "add", self.bridge, "type", "bridge"],
                     ["addr", "add", "10.213.6.1/24", "dev", self.bridge],
                     ["link", "set", self.bridge, "up"]):
            subprocess.run(["ip", *args], check=True)
        with open(self.root + "/log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*APART, found(), "--data-root", self.root + "/data", "--exec-root", self.root + "/exec",
                 "--pidfile", self.root + "/pid", "-H", self.host, "--bridge", self.bridge,
                 "--iptables=false", "--ip-masq=false", "--ip-forward=false"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.await_answer()
        except BaseException:
            self.stop()
            raise

    def log(self):
        with open(self.root + "/log", encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]

    def await_answer(self):
        deadline = time.monotonic() + 40
        while subprocess.run([program("hull"), "-H", self.host, "version"], capture_output=True,
                             check=False).returncode:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, "dockerd does not answer: " + self.log()
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        subprocess.run(["ip", "link", "del", self.bridge], capture_output=True, check=False)
        shutil.rmtree(self.root, ignore_errors=True)
