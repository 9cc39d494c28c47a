"""What servers and clients under way have in common: they say one JSON object a line."""

import json
import queue
import subprocess
import threading

# Long enough for a loaded machine; a case that takes this long has failed.
PATIENCE = 120


class Failed(Exception):
    pass


class Program:
    """A program under way. It ends with its stdin."""

    def __init__(self, name, command, **streams):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **streams)
        self.said = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            self.said.put(json.loads(line))
        self.said.put(None)

    def tell(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def hear(self):
        try:
            said = self.said.get(timeout=PATIENCE)
        except queue.Empty:
            raise Failed(f"{self.name} says nothing") from None
        if said is None:
            raise Failed(f"{self.name} has ended")
        return said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.stdin.close()
        try:
            # What it has started has to end, too.
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
