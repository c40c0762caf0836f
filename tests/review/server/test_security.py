"""Twelve promises of the server: each a test, looked at from outside the process."""

import contextlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from curation.cli import main
from curation.review.server import credentials, process
from tests.review.server.site import Site, free_port, label_question, record

pytestmark = pytest.mark.server


def _login(site, username, password):
    data = f"username={username}&password={password}".encode()
    request = urllib.request.Request(site.url + "/api/v1/token", data=data)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())["access_token"]
    except urllib.error.HTTPError as error:
        return error.code


def test_1_no_default_credentials(site):
    for key in ("argilla.apikey", "owner.apikey", "", "rubrix.apikey"):
        assert site.call("GET", "/api/v1/me", key=key)[0] == 401
    for name in ("argilla", "owner", "admin", "annotator-1", "rubrix"):
        assert _login(site, name, "1234") == 401
        assert _login(site, name, "12345678") == 401


def test_2_passwords_and_keys_are_long_and_random(tmp_path):
    found = [credentials.begin(tmp_path / str(n), "http://x") for n in range(3)]
    people = [each for f in found for each in (f["owner"], *f["annotators"])]
    secrets = [each[name] for each in people for name in ("password", "api_key")]
    assert len(set(secrets)) == len(secrets) == 18
    assert all(len(s) >= 24 for s in secrets)  # 6 bits a character


def _listening(pid):
    """Addresses at which a process and its children listen, from the kernel's own table."""
    inodes = {os.readlink(p) for p in Path(f"/proc/{pid}/fd").iterdir() if p.is_symlink()}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and f"socket:[{columns[9]}]" in inodes:
                found.append(columns[1].partition(":")[0])
    return found


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="needs the tables of a Linux kernel")
def test_3_it_listens_at_loopback_only(site):
    assert _listening(site.process.pid) == ["0100007F"]  # 127.0.0.1, and nothing else


def test_4_another_address_only_with_tls_in_front(tmp_path, capsys):
    assert main(["init", str(tmp_path / "p")]) == 0
    for host in ("0.0.0.0", "::", "192.168.1.5"):
        assert main(["--project", str(tmp_path / "p"), "review", "serve", "--host", host]) == 2
        assert "unencrypted" in capsys.readouterr().err
    assert main(["--project", str(tmp_path / "p"), "review", "serve", "--host", "example.org"]) == 2
    assert not (tmp_path / "p" / "data" / "review").exists()


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """A server that was started by somebody without a umask and is started a second time, and a session before that."""
    before = os.umask(0)
    try:
        site = Site(tmp_path_factory.mktemp("again") / "data" / "review").start()
        site.push(site.dataset("modes"), [record("r", "text")])
        token = _login(site, "owner", site.accounts["owner"]["password"])
        secret = (site.home / "secret").read_text()
        site.stop()
        site.start()
    finally:
        os.umask(before)
    yield site, token, secret
    site.stop()


def test_5_only_the_owner_of_the_files_can_read_them(again):
    site, _, _ = again
    paths = [site.home, *site.home.rglob("*")]
    assert {"argilla.db", "search.db", "server.json", "secret", "server.log"} <= {p.name for p in paths}
    loose = [p.name for p in paths if p.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    assert loose == []


def test_6_no_secret_in_command_lines_environments_or_logs(site):
    site.call("GET", "/api/v1/me", key="wrong.key.of.somebody")
    _login(site, "owner", "wrong-password-of-somebody")
    secrets = [
        each[n] for each in (site.accounts["owner"], *site.accounts["annotators"]) for n in ("password", "api_key")
    ]
    secrets += [(site.home / "secret").read_text().strip(), "wrong.key.of.somebody", "wrong-password-of-somebody"]
    shown = (site.home / process.LOG).read_text()
    for name in ("cmdline", "environ"):
        with contextlib.suppress(FileNotFoundError):
            shown += Path(f"/proc/{site.process.pid}/{name}").read_text()
    assert not [s for s in secrets if s in shown]


def test_7_sessions_are_signed_with_a_key_that_outlives_restarts(again):
    site, token, secret = again
    assert len(secret.strip()) == 64 and (site.home / "secret").read_text() == secret
    bearer = {"Authorization": f"Bearer {token}"}
    assert site.call("GET", "/api/v1/me", key="", headers=bearer)[0] == 200
    head, _, rest = token.partition(".")
    forged = f"{head}.{rest.partition('.')[0]}.{'A' * 43}"
    unsigned = f"eyJhbGciOiJub25lIn0.{rest.partition('.')[0]}."
    for each in (forged, unsigned):
        assert site.call("GET", "/api/v1/me", key="", headers={"Authorization": f"Bearer {each}"})[0] == 401


def test_8_no_other_origin_may_ask_and_no_other_name_is_answered(site):
    for origin in ("https://evil.example", "null", "http://localhost:3000"):
        _, got, _ = site.call("GET", "/api/v1/me", headers={"Origin": origin})
        assert not [name for name in got if name.lower() == "access-control-allow-origin"]
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        status, got, _ = site.call("OPTIONS", "/api/v1/datasets", headers=asked)
        assert status == 400 and "Access-Control-Allow-Origin" not in got
    assert site.call("GET", "/api/v1/me", headers={"Host": "evil.example"})[0] == 421
    assert site.call("GET", "/", headers={"Host": "evil.example:80"})[0] == 421
    assert site.call("GET", "/", headers={"Host": f"localhost:{site.port}"})[0] == 200


def test_9_it_connects_to_no_other_machine(site):
    """Not by its own will (looked at in the kernel's table), and not if its owner asks for it."""
    before = (site.home / process.LOG).read_text().count("refused a connection")
    for url in ("http://192.0.2.7/hook", "http://outside.invalid/hook"):
        made = site.ask("POST", "/webhooks", {"url": url, "events": ["response.created"], "description": "x"})
        status, _, said = site.call("POST", f"/api/v1/webhooks/{made['id']}/ping")
        assert status == 500 and "may not connect" in str(said)
    ids = site.push(dataset := site.dataset("alone"), [record("r", "text")])
    site.answer(ids[0], {"label": "yes"}, key=site.annotators[0])
    asked = {"name": "argilla/x", "subset": "default", "split": "train", "mapping": {"fields": [], "metadata": []}}
    site.call("POST", f"/api/v1/datasets/{dataset}/import", asked)
    end = time.monotonic() + 15
    while (site.home / process.LOG).read_text().count("refused a connection") < before + 4 and time.monotonic() < end:
        assert not _remotes(site.process.pid)
        time.sleep(0.05)
    log = (site.home / process.LOG).read_text()
    assert log.count("refused a connection") >= before + 4  # two pings, and the event to both
    assert site.ask("GET", "/me")["username"] == "owner"
    for each in site.ask("GET", "/webhooks")["items"]:
        site.ask("DELETE", f"/webhooks/{each['id']}")


def _remotes(pid):
    found = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError):
            inodes = {os.readlink(p) for p in Path(f"/proc/{pid}/fd").iterdir() if p.is_symlink()}
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                columns = line.split()
                address = columns[2].partition(":")[0]
                if f"socket:[{columns[9]}]" in inodes and address not in ("00000000", "0100007F"):
                    found.append(address)
    return found


def test_10_every_answer_carries_headers_that_browsers_obey(site):
    for path in ("/", "/sign-in", "/api/v1/me", "/_nuxt/nothing.js", "/datasets"):
        _, got, _ = site.call("GET", path)
        policy = got["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        scripts = re.search(r"script-src ([^;]*)", policy)[1].split()
        assert scripts[0] == "'self'" and all(s.startswith("'sha256-") for s in scripts[1:]) and "http" not in policy
        assert got["X-Content-Type-Options"] == "nosniff" and got["X-Frame-Options"] == "DENY"
        assert got["Referrer-Policy"] == "no-referrer" and "Server" not in got
    assert site.call("GET", "/api/v1/me")[1]["Cache-Control"] == "no-store"
    for path in ("/docs", "/api/docs", "/api/v1/docs", "/api/v1/openapi.json", "/openapi.json"):
        status, got, raw = site.call("GET", path)  # the page itself, or nothing: no list of what there is to attack
        assert status == 404 or b"__NUXT__" in raw


def test_11_an_annotator_cannot_do_what_the_owner_can(site):
    dataset = site.dataset("mine")
    (record_id,) = site.push(dataset, [record("r", "text")])
    response = site.answer(record_id, {"label": "yes"}, key=site.annotators[1])
    ann = site.annotators[0]
    person = {"username": "x", "password": "y" * 12, "first_name": "x", "role": "owner"}
    for method, path, body in (
        ("GET", "/users", None),
        ("POST", "/users", person),
        ("DELETE", f"/datasets/{dataset}", None),
        ("PATCH", f"/datasets/{dataset}", {"guidelines": "x"}),
        ("PUT", f"/datasets/{dataset}/records/bulk", {"items": [record("s", "x")]}),
        ("PATCH", f"/records/{record_id}", {"metadata": {}}),
        ("DELETE", f"/records/{record_id}", None),
        ("GET", f"/datasets/{dataset}/records?include=responses", None),
        ("POST", f"/datasets/{dataset}/records/search", {}),
        ("PUT", f"/responses/{response['id']}", {"values": {"label": {"value": "no"}}, "status": "submitted"}),
        ("DELETE", f"/responses/{response['id']}", None),
        ("GET", "/webhooks", None),
        ("POST", "/workspaces", {"name": "x"}),
    ):
        status, _, _ = site.call(method, f"/api/v1{path}", body, key=ann)
        assert status in (403, 404), (method, path, status)
    seen = site.ask("POST", f"/me/datasets/{dataset}/records/search?include=responses", {}, key=ann)
    assert seen["items"][0]["record"]["responses"] == []  # nobody is shown what others said


def test_12_hostile_input_leaves_the_server_standing(site):
    before = (site.home / process.LOG).stat().st_size
    dataset = site.dataset("hard", metadata=[("terms", "m")])
    deep = "[" * 20000 + "]" * 20000
    for path, data in (
        (f"/datasets/{dataset}/records/search", deep.encode()),
        (f"/datasets/{dataset}/records/search", b"\xff\xfe not json"),
        (f"/datasets/{dataset}/records/bulk", b'{"items": [' + b"{}," * 5000 + b"{}]}"),
        ("/me/responses/bulk", b'{"items": [{"record_id": "x"}]}'),
    ):
        request = urllib.request.Request(site.url + "/api/v1" + path, data=data, method="POST")
        request.add_header("X-Argilla-Api-Key", site.owner)
        request.add_header("Content-Type", "application/json")
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=60).read()
    long = "very long " * 10_000
    hostile = "x'; DROP TABLE records; -- \x1b[31m \u202e \ud7ff <b> %s {0}"
    site.push(dataset, [record("long", long), record(hostile, hostile, metadata={"m": "'; --"})])
    assert site.find(dataset, '"very long very"')[0] == ["long"]
    assert site.find(dataset, "DROP")[0] == [hostile]
    for half in ("half \ud800 pair", "nul \x00 in it"):
        body = {"items": [record(f"x{len(half)}", half, metadata={"m": half})]}
        status, _, _ = site.call("PUT", f"/api/v1/datasets/{dataset}/records/bulk", body)
        assert status in (200, 422)
        assert (
            site.call("POST", f"/api/v1/datasets/{dataset}/records/search", {"query": {"text": {"q": half}}})[0] < 500
        )
    for path in (
        "/../../../etc/passwd",
        "/..%2f..%2f..%2fetc/passwd",
        "/_nuxt/%2e%2e/%2e%2e/%2e%2e/secret",
        "//secret",
    ):
        _, _, raw = site.call("GET", path)
        assert b"root:" not in raw and (site.home / "secret").read_bytes().strip() not in raw
    said = (site.home / process.LOG).read_bytes()[before:]
    assert b"very long" not in said and b"not json" not in said and said.count(b"\n") < 50


def test_the_log_says_where_but_never_what_people_wrote(site):
    dataset = site.dataset("logged", questions=[label_question("label", "yes", "no")])
    canary = "canary-4711 my sister Anna"
    (record_id,) = site.push(dataset, [record("r", canary)])
    values = {"label": {"value": canary}}
    answer = {"record_id": record_id, "status": "submitted", "values": values}
    wrong = [
        ("PUT", f"/datasets/{dataset}/records/bulk", {"items": [{"fields": {"text": {"a": canary}}, "metadata": 1}]}),
        ("PUT", f"/datasets/{dataset}/records/bulk", {"items": [{"fields": {"other": canary}}]}),
        ("POST", f"/datasets/{dataset}/records/search", {"query": {"text": {"q": [canary]}}}),
        ("POST", "/me/responses/bulk", {"items": [{**answer, "values": canary}]}),
        ("PATCH", f"/records/{record_id}", {"metadata": canary}),
        ("POST", f"/records/{record_id}/responses", {"status": canary, "values": values}),
    ]
    for method, path, body in wrong:
        assert site.call(method, "/api/v1" + path, body)[0] == 422, path
    said = (site.home / process.LOG).read_text()
    assert "canary" not in said and "Anna" not in said
    assert re.search(r"ERROR argilla at \w+\.py:\d+", said)


@pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx here")
@pytest.mark.slow
def test_the_recipe_with_nginx_and_a_certificate(tmp_path):
    """The block of docs/review-server.md, with ports and paths of a test."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl here")
    page = (Path(__file__).parents[3] / "docs" / "review-server.md").read_text()
    (block,) = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    site = Site(tmp_path / "review", names=("review.example.org",)).start()
    key, cert, port = tmp_path / "key.pem", tmp_path / "cert.pem", free_port()
    line = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=review.example.org -keyout {} -out {}"
    subprocess.run(line.format(key, cert).split(), check=True, capture_output=True)
    block = block.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace(
        "127.0.0.1:6900", f"127.0.0.1:{site.port}"
    )
    block = re.sub(r"ssl_certificate_key .*;", f"ssl_certificate_key {key};", block)
    block = re.sub(r"ssl_certificate /.*;", f"ssl_certificate {cert};", block)
    temps = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}\n"
        f"http {{ access_log off; {temps}\n{block}\n}}\n"
    )
    nginx = subprocess.Popen(["nginx", "-c", str(config), "-p", str(tmp_path)])
    try:
        import ssl

        context = ssl.create_default_context(cafile=str(cert))
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        import http.client

        class Connection(http.client.HTTPSConnection):
            def connect(self):
                raw = socket.create_connection(("127.0.0.1", port))
                self.sock = context.wrap_socket(raw, server_hostname="review.example.org")

        def ask(path, method="GET", body=None, headers=None):
            connection = Connection("review.example.org", context=context)
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

        status, got, raw = ask("/")
        assert status == 200 and b"__NUXT__" in raw and "max-age" in got["Strict-Transport-Security"]
        assert ask("/api/v1/me", headers={"X-Argilla-Api-Key": site.owner})[0] == 200
        owner = site.accounts["owner"]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        login = f"username={owner['username']}&password={owner['password']}"
        assert ask("/api/v1/token", "POST", login, form)[0] in (200, 201)
        tries = [ask("/api/v1/token", "POST", "username=owner&password=x", form)[0] for _ in range(25)]
        assert 429 in tries or 503 in tries  # guessing is slowed down
    finally:
        nginx.terminate()
        nginx.wait()
        site.stop()
