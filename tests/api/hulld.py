#!/usr/bin/env python3
"""The daemon's program: flags, configuration file, root, signals."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("HULL_BUILDDIR", "."))
PROGRAM = os.path.join(BUILD, "tools/hulld/hulld")
os.environ.setdefault("HULL_PLUGIN_PATH", os.path.join(BUILD, "plugins"))
os.environ.setdefault("HULL_LIBEXEC", os.path.join(BUILD, "tools"))
SECONDS = 15
COUNT = 0
FAILED = 0


def result(name, wrong):
    global COUNT, FAILED
    COUNT += 1
    FAILED += bool(wrong)
    print("%sok %d - %s" % ("not " if wrong else "", COUNT, name))
    if wrong:
        print("# " + str(wrong).replace("\n", "\n# "))


def run(*args):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=SECONDS)
    return done.returncode, done.stdout + done.stderr


def refused(name, part, *args):
    status, text = run(*args)
    result(name, "" if status == 1 and part in text else "status %d: %s" % (status, text))


def config(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def check_configuration(folder):
    good = config(folder, "good.json", json.dumps({"log-level": "warn", "dns": ["1.1.1.1"]}))
    status, text = run("--validate", "--config-file", good, "--label", "a=b", "--label", "c=d")
    result("a good configuration", "" if status == 0 and "OK" in text else text)
    refused("an unknown key", 'unknown key "nope"', "--validate", "--config-file",
            config(folder, "bad.json", '{"nope": 1}'))
    refused("a key twice", "duplicate key", "--validate", "--config-file",
            config(folder, "twice.json", '{"dns": [], "dns": []}'))
    refused("a wrong type", "mtu: expected an integer", "--validate", "--config-file",
            config(folder, "type.json", '{"mtu": "big"}'))
    refused("a flag and a key", "both as a flag and in the configuration file: dns",
            "--validate", "--config-file", good, "--dns", "8.8.8.8")
    refused("a file that is not there", "No such file", "--validate", "--config-file", "/nope.json")
    refused("a setting that is not done", "storage-opts: the storage drivers have no options",
            "--validate", "--storage-opt", "x=y")
    refused("ids of nobody", 'no subuid ranges found for user "nobody-here"', "--validate",
            "--userns-remap", "nobody-here")
    refused("an unknown flag", "unknown flag: --nope", "--nope")
    refused("a flag without its value", "flag needs an argument", "--bip")
    refused("tcp without client certificates", "--tlsverify", "--validate", "-H", "tcp://1.2.3.4:5")
    refused("a storage driver that is not there", "storage-driver", "--validate", "-s", "btrfs")
    refused("what is not done yet", "not supported by hull yet", "--validate",
            "--registry-mirror", "https://mirror.example")
    refused("a log level that is none", "log-level", "--validate", "-l", "loud")


class Daemon:
    def __init__(self, root, *args):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.settimeout(SECONDS)
        path = root + ".notify"
        self.notify.bind(path)
        self.log = open(root + ".log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([PROGRAM, "--root", root, "--bridge", "none", *args],
                                        stderr=self.log, env=dict(os.environ, NOTIFY_SOCKET=path))

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def until(self, part):
        end = time.monotonic() + SECONDS
        while part not in self.text() and time.monotonic() < end:
            time.sleep(0.02)
        return "" if part in self.text() else self.text()

    def end(self, number):
        self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        self.log.close()
        self.notify.close()
        return "" if status == 0 else "status %d" % status


def check_daemon(folder):
    root = os.path.join(folder, "root")
    file = config(folder, "hulld.json", '{"log-level": "info"}')
    daemon = Daemon(root, "--config-file", file)
    result("it says READY", "" if daemon.notify.recv(100) == b"READY=1" else daemon.text())
    paths = ["data", "exec", "hull.sock", "hulld.pid"]
    missing = [path for path in paths if not os.path.exists(os.path.join(root, path))]
    result("everything is below its root", ", ".join(missing))
    mode = os.stat(os.path.join(root, "hull.sock")).st_mode & 0o777
    result("nobody else may use the socket", "" if mode == 0o660 else oct(mode))
    refused("a second daemon on the same root", "is held: hulld is running with pid",
            "--root", root)
    config(folder, "hulld.json", '{"log-level": "debug"}')
    daemon.process.send_signal(signal.SIGHUP)
    result("SIGHUP reloads the log level", daemon.until("configuration reloaded"))
    config(folder, "hulld.json", "{")
    daemon.process.send_signal(signal.SIGHUP)
    result("a broken file changes nothing", daemon.until("configuration not reloaded"))
    result("SIGTERM ends it", daemon.end(signal.SIGTERM))
    left = [path for path in ("hull.sock", "hulld.pid") if os.path.exists(os.path.join(root, path))]
    result("its socket and pid file are gone", ", ".join(left))

    os.unlink(root + ".notify")
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(os.path.join(root, "hull.sock"))
    stale.close()
    daemon = Daemon(root)
    result("a stale socket is replaced", "" if daemon.notify.recv(100) == b"READY=1" else "no")
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.log.close()
    os.unlink(root + ".notify")
    daemon = Daemon(root)
    result("it starts again after SIGKILL", "" if daemon.notify.recv(100) == b"READY=1" else "no")
    result("SIGINT ends it", daemon.end(signal.SIGINT))


def check_sockets(folder):
    """Sockets that the daemon can't listen on, and must not take from others."""
    path = os.path.join(folder, "datagrams")
    args = [PROGRAM, "--root", os.path.join(folder, "other"), "--bridge", "none", "-H"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(path)
        refused("a socket of datagrams is in the way", "is a socket that is not ours",
                *args[1:], "unix://" + path)
        result("it is left alone", "" if os.path.exists(path) else "it is gone")
        done = subprocess.run(["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&%d'
                               % other.fileno(), "sh", *args, "fd://"], capture_output=True,
                              text=True, timeout=SECONDS, pass_fds=[other.fileno()])
        result("a passed socket must be a listening one",
               "" if done.returncode == 1 and "no listening stream socket" in done.stderr
               else "status %d: %s" % (done.returncode, done.stderr))


def main():
    folder = tempfile.mkdtemp(prefix="hull-daemon-")
    try:
        check_configuration(folder)
        if os.geteuid() == 0:
            check_daemon(folder)
            check_sockets(folder)
        else:
            print("# the daemon needs root: its cases were left out")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("1..%d" % COUNT)
    sys.exit(FAILED > 0)


main()
