#!/usr/bin/env python3
"""Whole requests against a live daemon: tests/api/cases/*.txt, and the table of endpoints.

A case file holds cases:

    == name of the case
    > GET /_ping HTTP/1.1        a line of the request, sent with CR LF behind it
    >> 5\\r\\nhello               bytes with Python's escapes, and nothing behind them
    < 200                        the status of the answer; one line per answer expected
    <~ page not found            the last answer contains this text
    <h Content-Type: text/plain  the last answer has this header, and its value begins so
    < closed                     the daemon ends the connection after it

Answers are read until as many have come as the case names. All cases of a file run on connections
of their own; the daemon must still be there, with no more descriptors than before, at the end.
"""
import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("HULL_BUILDDIR", "."))
os.environ.setdefault("HULL_PLUGIN_PATH", os.path.join(BUILD, "plugins"))
os.environ.setdefault("HULL_LIBEXEC", os.path.join(BUILD, "tools"))
SECONDS = 10


class Case:
    def __init__(self, name):
        self.name = name
        self.data = b""
        self.expect = []


def read_cases(path):
    cases = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("== "):
                cases.append(Case(line[3:]))
            elif line.startswith(">> "):
                cases[-1].data += ast.literal_eval('b"%s"' % line[3:].replace('"', '\\"'))
            elif line.startswith(">"):
                cases[-1].data += line[2:].encode() + b"\r\n"
            elif line.startswith("<"):
                cases[-1].expect.append(line[1:])
    return cases


class Answer:
    def __init__(self, head, body):
        lines = head.split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = dict((k.lower(), v) for k, v in (l.split(": ", 1) for l in lines[1:]))
        self.body = body


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        self.socket.connect(path)
        self.buffer = b""

    def more(self):
        got = self.socket.recv(65536)
        self.buffer += got
        return bool(got)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise EOFError("closed in the middle of %r" % self.buffer[-60:])
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.more():
                raise EOFError("closed in the middle of a body")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def answer(self, head_only):
        head = self.until(b"\r\n\r\n").decode("latin-1")
        answer = Answer(head, b"")
        if answer.headers.get("transfer-encoding") == "chunked":
            while True:
                size = int(self.until(b"\r\n"), 16)
                answer.body += self.exactly(size)
                self.exactly(2)
                if size == 0:
                    break
        elif not head_only and answer.status not in (100, 101, 204, 304):
            answer.body = self.exactly(int(answer.headers.get("content-length", "0")))
        answer.body = answer.body.decode("utf-8", "replace")
        return answer

    def closed(self):
        return not self.buffer and not self.more()


def run_case(case, path):
    """None, or what is wrong."""
    client = Client(path)
    try:
        client.socket.sendall(case.data)
        answer = None
        for expect in case.expect:
            kind, text = expect[0], expect[1:].strip()
            if kind == " " and text == "closed":
                if not client.closed():
                    return "the connection stays open"
            elif kind == " ":
                answer = client.answer(case.data.startswith(b"HEAD"))
                if answer.status != int(text):
                    return "status %d, not %s: %s" % (answer.status, text, answer.body)
            elif kind == "~" and text not in answer.body:
                return "%r is not in %r" % (text, answer.body)
            elif kind == "h":
                name, value = text.split(": ", 1)
                if not answer.headers.get(name.lower(), "").startswith(value):
                    return "%s is %r" % (name, answer.headers.get(name.lower()))
    except (OSError, EOFError) as error:
        return str(error) or repr(error)
    finally:
        client.socket.close()
    return None


class Daemon:
    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="hull-api-")
        self.socket = os.path.join(self.root, "hull.sock")
        self.log = open(os.path.join(self.root, "log"), "w+b")
        program = os.path.join(BUILD, "tools/hulld/hulld")
        self.process = subprocess.Popen([program, "--root", self.root, "--bridge", "none"],
                                        stderr=self.log, stdout=self.log)
        end = time.monotonic() + SECONDS
        while not self.answers() and time.monotonic() < end:
            if self.process.poll() is not None:
                break
            time.sleep(0.02)

    def answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(SECONDS * 3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.log.seek(0)
        text = self.log.read().decode("utf-8", "replace")
        self.log.close()
        shutil.rmtree(self.root, ignore_errors=True)
        return status, text


# --- the table of endpoints ----------------------------------------------------------------------

def missing_endpoints():
    """Published endpoints that api/routes.h does not name, even to refuse them."""
    with open(os.path.join(HERE, "../../api/routes.h"), encoding="utf-8") as file:
        text = file.read()
    named = set(re.findall(r'\b[RN]\((\w+), "([^"]+)"', text))
    named = set((verb, re.sub(r"\{\w+(:\.\*)?\}", "{}", path)) for verb, path in named)
    swarm = re.findall(r'\bS\("([^"]+)"\)', text)
    missing = []
    with open(os.path.join(HERE, "endpoints.tsv"), encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#") or not line.strip():
                continue
            verb, path = line.rstrip("\n").split("\t")
            plain = re.sub(r"\{\w+\}", "{}", path)
            below = any(path == p or path.startswith(p + "/") for p in swarm)
            if (verb, plain) not in named and not below:
                missing.append("%s %s" % (verb, path))
    return missing


# --- TAP -----------------------------------------------------------------------------------------

class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def result(self, name, wrong):
        self.count += 1
        self.failed += wrong is not None
        print("%sok %d - %s" % ("not " if wrong else "", self.count, name))
        if wrong:
            print("# " + wrong.replace("\n", "\n# "))


def main():
    tap = Tap()
    missing = missing_endpoints()
    tap.result("every published endpoint is in api/routes.h",
               "missing: " + ", ".join(missing) if missing else None)
    if os.geteuid() != 0:
        print("1..%d # the daemon needs root: its cases were left out" % tap.count)
        return
    daemon = Daemon()
    try:
        names = sorted(os.listdir(os.path.join(HERE, "cases")))
        first = read_cases(os.path.join(HERE, "cases", names[0]))[0]
        run_case(first, daemon.socket)
        before = daemon.descriptors()
        for name in names:
            for case in read_cases(os.path.join(HERE, "cases", name)):
                tap.result("%s: %s" % (name[:-4], case.name), run_case(case, daemon.socket))
        end = time.monotonic() + SECONDS
        while daemon.descriptors() > before + 4 and time.monotonic() < end:
            time.sleep(0.05)
        after = daemon.descriptors()
        tap.result("no descriptors are left open",
                   "%d before, %d after" % (before, after) if after > before + 4 else None)
    finally:
        status, log = daemon.end()
    tap.result("the daemon ended in order",
               "status %d\n%s" % (status, log) if status != 0 or "BUG" in log else None)
    print("1..%d" % tap.count)
    sys.exit(tap.failed > 0)


main()
