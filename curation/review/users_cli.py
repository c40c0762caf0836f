"""`curate review users`: who may sign in to the annotation server."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from curation.core import files
from curation.core.app import App, pass_app
from curation.core.errors import ProjectError
from curation.review.server import credentials, environment, process

_NEW_URL = "http://127.0.0.1:6900"


@click.group()
def users() -> None:
    """Add, remove and list the people who annotate on this project's server."""


@contextlib.contextmanager
def _changing(app: App) -> Iterator[dict[str, Any]]:
    """The credentials, to be changed; afterwards the server's accounts follow, whether it runs or not."""
    if os.environ.get("ARGILLA_API_URL"):
        raise ProjectError(
            "ARGILLA_API_URL names a server that is not ours, and its users are managed there",
            where="ARGILLA_API_URL",
            fix="unset it to manage the users of this project's own server",
        )
    home = files.make_dir(credentials.home(app.project))
    with files.locked(home / ".users.lock", holding="the users of the review server"):
        credentials.ensure_secret(home)
        found = credentials.read(home) or credentials.begin(home, _NEW_URL)
        yield found
        credentials.write(home, found)
        _follow(app, home)


def _follow(app: App, home: Path) -> None:
    if (home / "argilla.db").exists():
        python = environment.bring(app.ui.say, offline=bool(app.project.settings.offline))
        process.run_once(python, "accounts", home)


def _find(found: dict[str, Any], name: str) -> dict[str, str]:
    for each in (found["owner"], *found["annotators"]):
        if each["username"] == name:
            return each
    known = ", ".join(each["username"] for each in found["annotators"])
    raise ProjectError(f"no user is called {ascii(name)[:60]}", fix=f"annotators here: {known or 'none'}")


def _show(app: App, account: dict[str, str]) -> None:
    if app.ui.json:
        app.ui.emit({"username": account["username"], "password": account["password"]})
    else:
        app.ui.say("hand this over on a safe way; it is kept in data/review/server.json:")
        app.ui.out(f"{account['username']}  {account['password']}")


@users.command()
@click.argument("name")
@pass_app
def add(app: App, name: str) -> None:
    """Give a person an account with a random password.

    NAME is stored with every answer: a pseudonym is best.
    """
    account = credentials.new_account(name)
    with _changing(app) as found:
        if any(each["username"] == name for each in (found["owner"], *found["annotators"])):
            raise ProjectError(f"there is a user '{name}' already", fix=f"curate review users reset {name}")
        found["annotators"].append(account)
        found["removed"] = [each for each in found["removed"] if each != name]
    _show(app, account)


@users.command()
@click.argument("name")
@pass_app
def remove(app: App, name: str) -> None:
    """Shut a person out; their answers stay.

    The password and the key stop working, and no data set is shown any more.
    """
    with _changing(app) as found:
        account = _find(found, name)
        if account is found["owner"]:
            raise ProjectError("the owner cannot be removed", fix="a new password: curate review users reset owner")
        found["annotators"].remove(account)
        found["removed"] = sorted({*found["removed"], name})
    app.ui.say(f"{name} is shut out; the answers stay")


@users.command()
@click.argument("name")
@pass_app
def reset(app: App, name: str) -> None:
    """Give a person a new password and key; the old ones stop working."""
    with _changing(app) as found:
        account = _find(found, name)
        account.update(credentials.new_account(name))
    _show(app, account)


@users.command("list")
@pass_app
def list_users(app: App) -> None:
    """List the accounts."""
    found = credentials.read(credentials.home(app.project))
    rows = [] if found is None else [(found["owner"], "owner"), *((each, "annotator") for each in found["annotators"])]
    names = [(each["username"], role) for each, role in rows]
    names += [(name, "removed") for name in (found["removed"] if found else ())]
    if app.ui.json:
        app.ui.emit([{"username": name, "role": role} for name, role in names])
    elif names:
        app.ui.table(("user", "role"), names)
    else:
        app.ui.say("none yet; the first are made by: curate review serve")
