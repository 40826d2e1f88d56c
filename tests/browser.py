"""A real Chromium, driven over its debugging pipe (https://chromedevtools.github.io/devtools-protocol/)."""
import base64
import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
import zlib

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def luminance(png):
    """A PNG of 8 bits a channel without interlacing (https://www.w3.org/TR/png/), as Chromium makes them."""
    at, data = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        chunk = png[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", chunk[:10])
        elif kind == b"IDAT":
            data += chunk
        at += 12 + length
    channels = {2: 3, 6: 4}[colour]
    assert depth == 8
    raw, stride, before, rows = zlib.decompress(data), width * channels, bytearray(width * channels), []
    for y in range(height):
        filtering, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride):
            left, up, corner = (line[x - channels] if x >= channels else 0), before[x], (before[x - channels] if x >= channels else 0)
            guess = left + up - corner
            paeth = min((left, up, corner), key=lambda one: abs(guess - one))
            line[x] = (line[x] + (0, left, up, (left + up) // 2, paeth)[filtering]) & 255
        before = line
        rows += [(line[x] * 299 + line[x + 1] * 587 + line[x + 2] * 114) // 1000 for x in range(0, stride, channels)]
    return width, height, rows


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="sgproof-chromium-")
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()

        def place():  # the pipe is file descriptors 3 and 4
            os.dup2(to_read, 13)
            os.dup2(to_write, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)
            os.set_inheritable(3, True)
            os.set_inheritable(4, True)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-extensions", "--user-data-dir=" + self.profile, "--remote-debugging-pipe", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=place, close_fds=False)
        os.close(to_read)
        os.close(to_write)
        self.number, self.buffer, self.events = 0, b"", []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    session = None

    def message(self):
        while b"\0" not in self.buffer:
            part = os.read(self.back, 1 << 20)
            if not part:
                raise EOFError("Chromium ended")
            self.buffer += part
        line, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(line)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError("%s: %s" % (method, message["error"]))
                return message["result"]
            self.events.append(message)

    def wait_for(self, method):
        while True:
            for event in self.events:
                if event["method"] == method:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(self.message())

    def open(self, url):
        self.events.clear()
        began = time.monotonic()
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")
        self.run("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")  # painted
        return time.monotonic() - began

    def run(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def complaints(self):
        """What the console and the network had to say since the page was opened."""
        self.run("1")
        return [e["params"] for e in self.events if e["method"] in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")]

    def requests(self):
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def key(self, key, code, number, text=""):
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, windowsVirtualKeyCode=number, **more)

    def screenshot(self, path, width=1200, height=1600):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        data = self.call("Page.captureScreenshot")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def small(self, width, height, scheme="light", scale=0.125):
        """What the window shows, small: (width, height, luminance of each pixel, by rows)."""
        self.scheme(scheme)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        self.run("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
        data = self.call("Page.captureScreenshot", format="png", clip={"x": 0, "y": 0, "width": width, "height": height, "scale": scale})["data"]
        self.call("Emulation.clearDeviceMetricsOverride")
        self.call("Emulation.setEmulatedMedia", features=[])
        return luminance(base64.b64decode(data))

    def on_a_telephone(self):
        """(width of the page on 390 pixels, the tables in it that are cut off, the cells that no heading or label tells of)"""
        self.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
        told = self.run("""(() => {
            document.querySelectorAll('details').forEach(d => d.open = true);
            const name = e => e.tagName + '.' + e.className, tables = [...document.querySelectorAll('main table')], cells = [...document.querySelectorAll('main td')];
            const cut = tables.filter(t => !t.closest('.wide') || t.closest('.wide').scrollWidth > t.closest('.wide').clientWidth);
            const bare = cells.filter(d => d.checkVisibility() && /^[0-9]+$/.test(d.textContent) && !d.closest('.matrix') && ['none', 'normal', '""'].includes(getComputedStyle(d, '::before').content));
            return [document.documentElement.scrollWidth, cut.map(name), bare.map(d => name(d.closest('table')))];
        })()""")
        self.call("Emulation.clearDeviceMetricsOverride")
        return told

    def pdf(self, path, **paper):
        data = self.call("Page.printToPDF", printBackground=False, **paper)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
        except (EOFError, BrokenPipeError):
            pass
        self.process.wait(30)
        os.close(self.to)
        os.close(self.back)
        shutil.rmtree(self.profile, True)
