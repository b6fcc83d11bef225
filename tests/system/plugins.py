"""Docker plugins of the tests as processes of their own, and what they were asked."""
import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class PluginProcess:
    """PROGRAM of tests/plugin, or what is left of it; it answers as its mode says."""

    program = None
    interfaces = ()  # "VolumeDriver": what a method's name begins with, before the dot

    def __init__(self, folder, name):
        self.base, self.folder, self.name = os.path.join(folder, name), folder, name
        self.start()

    def start(self):
        subprocess.run(["%s/../plugin/%s" % (HERE, self.program), self.folder, self.name],
                       check=True)

    def mode(self, text):
        with open(self.base + ".mode", "w") as file:
            file.write(text)

    def calls(self, method):
        names = [interface + "." + method for interface in self.interfaces]
        if not os.path.exists(self.base + ".log"):
            return []  # it was never asked
        with open(self.base + ".log") as file:
            return [line["body"] for line in map(json.loads, file) if line["method"] in names]
