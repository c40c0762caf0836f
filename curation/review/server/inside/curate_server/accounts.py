"""The accounts of the server, made to be those of the credentials file."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from argilla_server.contexts.accounts import hash_password, verify_password
from argilla_server.database import SyncSessionLocal
from argilla_server.models import User, UserRole, Workspace, WorkspaceUser
from sqlalchemy import select

from .environment import Home


def reconcile(home: Home) -> None:
    """Make missing accounts, renew changed passwords and keys, shut out whom the file lists as removed.

    An account is never deleted: the server would delete the person's answers with it.
    """
    wanted = json.loads(home.credentials.read_text("utf-8"))
    done = home.path / "accounts.done"
    digest = _digest(home, wanted)
    with SyncSessionLocal() as session:
        known = set(session.scalars(select(User.username)))
        people = [(wanted["owner"], UserRole.owner), *((each, UserRole.annotator) for each in wanted["annotators"])]
        if {each["username"] for each, _ in people} <= known and _read(done) == digest:
            return
        workspace = session.scalars(select(Workspace).filter_by(name=wanted["workspace"])).first()
        if workspace is None:
            workspace = Workspace(name=wanted["workspace"])
            session.add(workspace)
            session.flush()
        for each, role in people:
            _ensure(session, workspace, each, role)
        for name in wanted.get("removed", ()):
            _shut_out(session, name)
        session.commit()
    done.write_text(digest, "utf-8")


def _digest(home: Home, wanted: Any) -> str:
    text = json.dumps({k: v for k, v in wanted.items() if k != "url"}, sort_keys=True)
    return hmac.new(home.secret.read_bytes(), text.encode(), hashlib.sha256).hexdigest()


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _ensure(session: Any, workspace: Workspace, wanted: dict[str, str], role: UserRole) -> None:
    user = session.scalars(select(User).filter_by(username=wanted["username"])).first()
    if user is None:
        user = User(first_name=wanted["username"], username=wanted["username"], role=role, password_hash="")
        session.add(user)
    if not user.password_hash or not verify_password(wanted["password"], user.password_hash):
        user.password_hash = hash_password(wanted["password"])
    user.api_key = wanted["api_key"]
    session.flush()
    member = session.scalars(select(WorkspaceUser).filter_by(workspace_id=workspace.id, user_id=user.id)).first()
    if member is None:
        session.add(WorkspaceUser(workspace_id=workspace.id, user_id=user.id))


def _shut_out(session: Any, name: str) -> None:
    import secrets

    user = session.scalars(select(User).filter_by(username=name)).first()
    if user is not None and user.role != UserRole.owner:
        user.password_hash, user.api_key = hash_password(secrets.token_urlsafe(32)), secrets.token_urlsafe(32)
        for member in session.scalars(select(WorkspaceUser).filter_by(user_id=user.id)):
            session.delete(member)
