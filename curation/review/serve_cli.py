"""`curate review serve`."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from curation.core import files
from curation.core.app import App, pass_app
from curation.core.errors import RetryError, UsageError
from curation.review.server import credentials, environment, process

PORT = 6900


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--i-have-tls", "tls", is_flag=True, help="Something in front encrypts: allows another --host.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A name of the page behind a proxy with TLS.")
@pass_app
def serve(app: App, port: int, host: str, tls: bool, names: tuple[str, ...]) -> None:
    """Run the annotation server of this project until Ctrl-C.

    The real Argilla, with no Docker and no other server. Its environment is
    made at the first start. Accounts lie in data/review/server.json, readable
    only by you; who else is to review: curate review users add NAME.
    """
    _check(host, tls)
    home = files.make_dir(credentials.home(app.project))
    with _alone(home):
        process.check_port(host, port)
        python = environment.bring(app.ui.say, offline=bool(app.project.settings.offline))
        url = f"http://{_reachable(host)}:{port}"
        found, is_new = _credentials(home, url)
        _clear(home)
        app.ui.say("starting …")
        with process.running(python, home, host, port, names) as server:
            _tell(app, found, is_new, [f"https://{name}" for name in names] or [url])
            _wait(app, home, server)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(files.locked(home / ".lock", holding="data/review"))
        except RetryError:
            raise RetryError(
                "the review server of this project is running already",
                where="data/review",
                fix="its address is in data/review/server.json; to end it, press Ctrl-C where it runs",
            ) from None
        yield


def _check(host: str, tls: bool) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise UsageError(f"{ascii(host)[:60]} is no address", fix="give one, such as --host 127.0.0.1") from None
    if not address.is_loopback and not tls:
        raise UsageError(
            "beyond this machine passwords and conversations would travel unencrypted",
            where=f"--host {host}",
            fix="keep 127.0.0.1 and put a proxy with TLS or an SSH tunnel before it (docs/review-server.md), "
            "or add --i-have-tls",
        )


def _reachable(host: str) -> str:
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return "127.0.0.1"
    return f"[{address}]" if address.version == 6 else str(address)


def _credentials(home: Path, url: str) -> tuple[dict[str, Any], bool]:
    credentials.ensure_secret(home)
    found = credentials.read(home)
    if found is None:
        return credentials.begin(home, url), True
    if found["url"] != url:
        found["url"] = url
        credentials.write(home, found)
    return found, False


def _clear(home: Path) -> None:
    """Remove what a killed server has left of its page."""
    shutil.rmtree(home / "page", ignore_errors=True)
    for path in home.glob("*"):
        os.chmod(path, files.PRIVATE_DIR if path.is_dir() else files.PRIVATE_FILE)


def _tell(app: App, found: dict[str, Any], is_new: bool, urls: list[str]) -> None:
    people = [found["owner"], *found["annotators"]]
    if app.ui.json:
        app.ui.emit({"url": urls[0], "users": [each["username"] for each in people]})
        return
    if is_new:
        app.ui.say("accounts (shown this once; kept in data/review/server.json):")
        for each in people:
            app.ui.say(f"  {each['username']:<14} {each['password']}")
    for url in urls:
        app.ui.out(url)
    app.ui.say("sign in there; stop with Ctrl-C. Next, in a second terminal: curate review push")


def _wait(app: App, home: Path, server: Any) -> None:
    try:
        server.wait()
    except KeyboardInterrupt:
        app.ui.say("stopped; answers wait in data/review until: curate review pull")
        return
    raise process.died(home, server)
