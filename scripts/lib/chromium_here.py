"""Debian's Chromium for tests, without a window and driven by its own DevTools protocol: as it is installed, or installed now when we may.

    with Chromium() as browser:
        page = browser.page(cookies={"https://…": {"name": "value"}})
        page.open("https://…")
        page.run("document.title")                 what a script in the page gives; promises are waited for
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from debian_here import NotInstalledError, install, may_install

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium"
_START_SECONDS = 60.0
_ANSWER_SECONDS = 60.0
_FLAGS = (
    "--headless=new", "--disable-gpu", "--mute-audio", "--no-first-run", "--no-default-browser-check", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0", "--hide-scrollbars",
)  # fmt: skip


class ChromiumNotThere(RuntimeError):
    """Chromium is not installed and cannot be, or did not start; the message says what to do."""


class PageError(RuntimeError):
    """A page was not loaded, or a script in it failed."""


def ensure_chromium() -> str:
    """The path of the program.

    Raises:
        ChromiumNotThere: nobody may install here, or it failed.
    """
    found = _found()
    if found is None:
        _install()
        found = _found()
    if found is None:
        raise ChromiumNotThere(f"the package {PACKAGE} was installed but gives no program {' or '.join(NAMES)}")
    return found


def _found() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)


def _install() -> None:
    if not may_install():
        raise ChromiumNotThere(f"Chromium is not installed; install it (Debian: {PACKAGE})")
    print(f"Chromium is not installed; installing Debian's package {PACKAGE} …", file=sys.stderr)
    try:
        install(PACKAGE)
    except NotInstalledError as error:
        raise ChromiumNotThere(str(error)) from None


class Chromium:
    """One browser with a profile of its own, which goes with it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: Any = None
        self._open = ExitStack()
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self._number = 0
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Chromium:
        from websockets.sync.client import connect

        # The sandbox of Chromium refuses to be started by root; what is opened here is our own page.
        flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        log = Path(self._profile.name) / "chromium.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [ensure_chromium(), *flags, f"--user-data-dir={self._profile.name}", "about:blank"],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        try:
            port, path = self._address(log)
            self._socket = self._open.enter_context(connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _address(self, log: Path) -> tuple[str, str]:
        """Port and path of the DevTools, as soon as the browser has written them down."""
        place = Path(self._profile.name) / "DevToolsActivePort"
        deadline = time.monotonic() + _START_SECONDS
        while True:
            lines = place.read_text().split("\n") if place.is_file() else []
            if len(lines) >= 2 and lines[1]:
                return lines[0], lines[1]
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                said = log.read_text(errors="replace")[-2000:]
                raise ChromiumNotThere(f"Chromium {'ended' if ended else 'opened no DevTools'} while it started:\n{said}")
            time.sleep(0.05)

    def _end(self) -> None:
        self._open.close()
        if self._process is not None:
            # The group, because each page has a process of its own.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._profile.cleanup()

    def page(self, cookies: Mapping[str, Mapping[str, str]] | None = None) -> Page:
        """An empty page. `cookies` are set beforehand, by the address that they are for."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for url, values in (cookies or {}).items():
            for name, value in values.items():
                page.call("Network.setCookie", name=name, value=value, url=url)
        return page

    def call(self, method: str, session: str | None = None, /, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol; events that come meanwhile are kept.

        Raises:
            PageError: the browser refuses it.
        """
        self._number += 1
        number = self._number
        order: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session is not None:
            order["sessionId"] = session
        self._socket.send(json.dumps(order))
        while True:
            said = json.loads(self._socket.recv(timeout=_ANSWER_SECONDS))
            if said.get("id") != number:
                self._events.append(said)
                continue
            if "error" in said:
                raise PageError(f"{method}: {said['error'].get('message')}")
            result: dict[str, Any] = said["result"]
            return result

    def events(self, session: str, method: str) -> list[dict[str, Any]]:
        """The events of one kind of a page, so far."""
        return [
            event["params"] for event in self._events if event.get("method") == method and event.get("sessionId") == session
        ]

    def wait(self, session: str, method: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event of a kind that fits, waited for if it has not come yet."""
        while True:
            for params in self.events(session, method):
                if fits(params):
                    return params
            self._events.append(json.loads(self._socket.recv(timeout=_ANSWER_SECONDS)))


class Page:
    """A page of the browser."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser, self._session = browser, session
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, for this page."""
        return self._browser.call(method, self._session, **params)

    def open(self, url: str) -> int:
        """Opens an address and waits until the page with all its parts is there; the status of its answer.

        Raises:
            PageError: it cannot be loaded.
        """
        begun = self.call("Page.navigate", url=url)
        if begun.get("errorText"):
            raise PageError(f"{url}: {begun['errorText']}")
        answer = self._browser.wait(
            self._session, "Network.responseReceived",
            lambda event: event["type"] == "Document" and event["loaderId"] == begun["loaderId"],
        )  # fmt: skip
        self.run("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', () => done()))")
        return int(answer["response"]["status"])

    def run(self, script: str) -> Any:
        """What an expression gives in the page, as JSON; a promise is waited for.

        Raises:
            PageError: it failed.
        """
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in told:
            failed = told["exceptionDetails"]
            raise PageError(failed.get("exception", {}).get("description") or failed["text"])
        return told["result"].get("value")

    def answers(self) -> list[tuple[str, int, str]]:
        """Address, status and content type of every answer that the page has got."""
        return [
            (event["response"]["url"], int(event["response"]["status"]), event["response"]["mimeType"])
            for event in self._browser.events(self._session, "Network.responseReceived")
        ]

    def complaints(self) -> list[str]:
        """What the browser logged as an error of the page: refused by its policy, not found, a script that failed."""
        logged = self._browser.events(self._session, "Log.entryAdded")
        failed = self._browser.events(self._session, "Runtime.exceptionThrown")
        return [
            *(f"{item['entry']['text']} {item['entry'].get('url', '')}" for item in logged if item["entry"]["level"] == "error"),
            *(item["exceptionDetails"]["text"] for item in failed),
        ]

    def picture(self, out: Path) -> Path:
        """Writes a PNG of what is seen."""
        import base64

        out.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return out
