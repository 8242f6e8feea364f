"""A small forge, for tests: git over HTTP, and the interface of one kind of forge.

    with ForgeServer("github", folder).serving() as forge:
        git("push", forge.url("ada/project"), ...)

Repositories are bare ones in a folder, served by the real `git http-backend`. As GitHub it answers
the REST API below `/api/v3`, and, where it is called `api.github.localhost`, at the root, as `gh`
asks for it; the GraphQL API knows the two mutations that REST lacks. As GitLab and Gitea it opens
merge requests and pull requests by hooks of the repository (see tests/forge_hooks.py).
"""

import asyncio
import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

Kind = Literal["github", "gitlab", "gitea", "none"]

HOOKS = Path(__file__).with_name("forge_hooks.py")
TOKEN = "gh-test-token-0123456789"


@dataclass(frozen=True)
class Request:
    """One request to the API, as it came."""

    method: str
    path: str
    """Below the root of the API."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path.partition('?')[0]}"


@dataclass
class Fault:
    """What the API answers instead, to requests that match, the first `times` times."""

    request: str
    """A regular expression for `METHOD path`."""
    status: int
    """0 breaks the connection."""
    message: str = "scripted"
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    after: bool = False
    """Do what was asked, and only then answer this."""


class ForgeServer:
    """The server. `pulls` are its pull requests, as its API shows them."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.port = 0
        self.pulls: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.users: dict[str, str] = {}
        """Who may push and with which password; everybody where it is empty."""
        self.has_drafts = True
        self.moved: dict[str, str] = {}
        """Old names of repositories, which lead to the new ones."""
        self.before_push: Callable[[], object] = lambda: None
        """Called when somebody begins to push, before they are told the refs."""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, name: str, *, login: str = "", host: str = "127.0.0.1") -> str:
        """A repository's URL; `login` is `user:password@`."""
        return f"http://{login}{host}:{self.port}/{name}.git"

    def repository(self, name: str) -> Path:
        return self.folder / f"{name}.git"

    def create(self, name: str) -> Path:
        """An empty repository to push to."""
        path = self.repository(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        _git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
        _git(path, "config", "http.receivepack", "true")
        _git(path, "config", "receive.advertisePushOptions", "true")
        if self.kind == "gitea":
            _git(path, "config", "receive.procReceiveRefs", "refs/for")
            self.add_hook(name, "proc-receive", f"exec {_hook('gitea')}")
        if self.kind == "gitlab":
            self.add_hook(name, "post-receive", f"exec {_hook('gitlab')}")
        return path

    def add_hook(self, name: str, hook: str, script: str) -> None:
        file = self.repository(name) / "hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def refs(self, name: str) -> dict[str, str]:
        lines = _git(self.repository(name), "for-each-ref", "--format=%(refname) %(objectname)")
        return dict(line.split(" ") for line in lines.splitlines())

    def pushed_with(self, name: str) -> list[dict[str, Any]]:
        """What the hooks have noted, a push each: its options, and the request it opened."""
        file = self.repository(name) / "pushes.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @contextlib.contextmanager
    def serving(self) -> Iterator["ForgeServer"]:
        """Serve from a thread."""
        self.folder.mkdir(exist_ok=True)
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready.set)))
        thread.start()
        assert ready.wait(10)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stopped.set)
            thread.join()

    async def _serve(self, on_ready: Callable[[], object]) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.port = runner.addresses[0][1]
        self.socket = self.folder / "gh.sock"
        await web.UnixSite(runner, str(self.socket)).start()
        on_ready()
        await self._stopped.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        for old, new in self.moved.items():
            if re.search(rf"(^|/repos)/{re.escape(old)}(\.git)?(/|$)", path):
                status = 301 if request.method == "GET" else 307
                there = request.path_qs.replace(old, new, 1)
                return web.Response(status=status, headers={"Location": there})
        if self.kind == "gitea" and path == "/api/v1/version":
            return web.json_response({"version": "1.22.0"})
        if self.kind == "gitlab" and path == "/api/v4/version":
            return web.json_response(
                {"message": "401 Unauthorized"}, status=401, headers={"x-gitlab-meta": "{}"}
            )
        if self.kind == "github":
            if path.startswith(("/api/v3", "/api/graphql")):
                return await self._api(request, re.sub("^/api(/v3)?/?", "", request.path_qs))
            if request.host.startswith("api.github.localhost"):
                return await self._api(request, request.path_qs.lstrip("/"))
        if re.search(r"\.git/(info/refs|git-(upload|receive)-pack)$", path):
            return await self._git_http(request)
        return web.Response(status=404, text="not here")

    # -- git

    async def _git_http(self, request: web.Request) -> web.StreamResponse:
        user = self._user(request)
        is_push = "git-receive-pack" in request.path_qs
        if self.users and is_push and user is None:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="forge"'})
        if self.users and is_push and user == "reader":
            return web.Response(status=403, text="no permission")
        if not self.repository(request.path.partition(".git/")[0].lstrip("/")).exists():
            return web.Response(status=404, text="no such repository")
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query_string,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "REMOTE_USER": user or "anonymous",
            "FORGE_URL": self.origin,
        }
        if request.query_string == "service=git-receive-pack":
            self.before_push()
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            env=environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        answer, _ = await process.communicate(await request.read())
        head, _, body = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        status = int(headers.pop("Status", "200 OK").split()[0])
        return web.Response(status=status, headers=headers, body=body)

    def _user(self, request: web.Request) -> str | None:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        name, _, password = base64.b64decode(value).decode().partition(":")
        return name if self.users.get(name) == password else None

    # -- GitHub

    async def _api(self, request: web.Request, path: str) -> web.StreamResponse:
        raw = await request.read()
        seen = Request(
            request.method,
            path,
            {name.lower(): value for name, value in request.headers.items()},
            json.loads(raw) if raw else None,
        )
        if seen.path == "meta":
            return self._json(200, {"installed_version": "3.13.0"})
        self.requests.append(seen)
        fault = next((f for f in self.faults if f.times and re.search(f.request, str(seen))), None)
        if fault and not fault.after:
            return self._fail(fault, request)
        answer = self._authorized(seen) or self._rest(seen)
        return self._fail(fault, request) if fault else answer

    def _fail(self, fault: Fault, request: web.Request) -> web.Response:
        fault.times -= 1
        if fault.status == 0 and request.transport is not None:
            request.transport.abort()
        return self._json(fault.status or 500, {"message": fault.message}, fault.headers)

    def _json(
        self, status: int, body: Any, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        named = {"X-GitHub-Request-Id": "TEST", **(headers or {})}
        return web.json_response(body, status=status, headers=named)

    def _authorized(self, seen: Request) -> web.Response | None:
        token = seen.headers.get("authorization", "").rpartition(" ")[2]
        return None if token == TOKEN else self._json(401, {"message": "Bad credentials"})

    def _rest(self, seen: Request) -> web.Response:
        if seen.path == "graphql":
            return self._graphql(seen.body)
        if self.repository(seen.path.removeprefix("repos/")).exists():
            return self._json(200, {"full_name": seen.path.removeprefix("repos/")})
        found = re.fullmatch(r"repos/([^/]+/[^/]+)/pulls(?:/(\d+))?(?:\?(.*))?", seen.path)
        if found is None or not self.repository(found[1]).exists():
            return self._json(404, {"message": "Not Found"})
        name, number = found[1], found[2]
        if number is None and seen.method == "GET":
            return self._json(200, self._listed(name, seen.path))
        if number is None and seen.method == "POST":
            return self._create(name, seen.body)
        pull = next((one for one in self.pulls if one["number"] == int(number or 0)), None)
        if pull is None or seen.method != "PATCH":
            return self._json(404, {"message": "Not Found"})
        pull |= {key: seen.body[key] for key in ("title", "body", "state") if key in seen.body}
        if "base" in seen.body:
            pull["base"]["ref"] = seen.body["base"]
        return self._json(200, pull)

    def _listed(self, name: str, path: str) -> list[dict[str, Any]]:
        from urllib.parse import parse_qs

        query = parse_qs(path.partition("?")[2])
        head, state = query.get("head", [""])[0], query.get("state", ["open"])[0]
        return [
            pull
            for pull in reversed(self.pulls)
            if pull["base"]["repo"]["full_name"] == name
            and (not head or pull["head"]["label"] == head)
            and state in ("all", pull["state"])
        ]

    def _create(self, name: str, body: dict[str, Any]) -> web.Response:
        refs = self.refs(name)
        owner = name.partition("/")[0]
        head, base = body["head"], body["base"]
        errors: list[dict[str, str]] = []
        for field_name, branch in (("head", head), ("base", base)):
            if f"refs/heads/{branch}" not in refs:
                errors.append({"resource": "PullRequest", "field": field_name, "code": "invalid"})
        if body["draft"] and not self.has_drafts:
            message = "Draft pull requests are not supported in this repository."
            return self._json(422, {"message": message})
        label = f"{owner}:{head}"
        if any(p["head"]["label"] == label and p["state"] == "open" for p in self.pulls):
            message = f"A pull request already exists for {label}."
            errors.append({"resource": "PullRequest", "code": "custom", "message": message})
        if errors:
            return self._json(422, {"message": "Validation Failed", "errors": errors})
        number = len(self.pulls) + 1
        repo = {"full_name": name}
        pull = {
            "number": number,
            "node_id": f"PR_{number}",
            "html_url": f"{self.origin}/{name}/pull/{number}",
            "state": "open",
            "merged_at": None,
            "title": body["title"],
            "body": body["body"],
            "draft": body["draft"],
            "head": {"ref": head, "label": label, "repo": repo, "sha": refs[f"refs/heads/{head}"]},
            "base": {"ref": base, "repo": repo},
        }
        self.pulls.append(pull)
        return self._json(201, pull)

    def _graphql(self, body: dict[str, Any]) -> web.Response:
        if not self.has_drafts:
            return self._json(200, {"errors": [{"message": "Draft pull requests..."}]})
        for pull in self.pulls:
            if pull["node_id"] == body["variables"]["id"]:
                pull["draft"] = "convertPullRequestToDraft" in body["query"]
        return self._json(200, {"data": {}})


def _hook(kind: str) -> str:
    return f'"{sys.executable}" "{HOOKS}" {kind}'


def _git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, check=True)
    return os.fsdecode(done.stdout)
