"""A dbt Cloud API of our own that answers over TLS as scripted and writes down every request.

Stands for dbt Cloud in the equivalence tests; knows neither Airflow nor Prefect. Requests go into a journal, one
JSON object a line. Tasks that have nothing to do with dbt append a line of their own (``echo load >> "$JOURNAL"``)
to the same file, so that its lines are one order of everything that happened.

A case is begun by ``POST /case`` with ``{"case": name, "jobs": {job id or "*": {"outcomes": [...], "polls": n}}}``.
Each trigger of a job takes its next outcome, the last one for ever after: ``success``, ``error``, ``cancelled``,
``running`` (never ends), or an HTTP status such as ``500`` with which the trigger itself is refused. A run is seen
unfinished in its first ``polls`` answers. Jobs need no declaration unless they are to be listed.

``/echo/STATUS`` answers any request so, and writes down its text, query and headers.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme

QUEUED, RUNNING, SUCCESS, ERROR, CANCELLED = 1, 3, 10, 20, 30
ENDS = {"success": SUCCESS, "error": ERROR, "cancelled": CANCELLED, "running": None}
ACCOUNT, PROJECT, ENVIRONMENT, FIRST_RUN = 42, 2, 3, 5001
DEFAULT_JOB: dict[str, Any] = {"outcomes": ["success"], "polls": 1}

Answer = tuple[int, Any]


class Run:
    """One run of a job: its answers so far and how it will end."""

    def __init__(self, number: int, job: int, end: int | None, polls: int, cause: str) -> None:
        self.number, self.job, self.end, self.polls, self.cause = number, job, end, polls, cause
        self.status = QUEUED

    def poll(self) -> None:
        """Move on by one look at the run."""
        if self.status in (QUEUED, RUNNING):
            self.status = RUNNING if self.polls or self.end is None else self.end
            self.polls -= bool(self.polls)

    def data(self) -> dict[str, Any]:
        done = self.status not in (QUEUED, RUNNING)
        steps = ["Clone git repository", "Create profile", "Invoke dbt with `dbt deps`", "Invoke dbt with `dbt build`"]
        verdict = {SUCCESS: "Success", ERROR: "Error", CANCELLED: "Cancelled"}.get(self.status, "Running")
        return {
            "id": self.number,
            "job_id": self.job,
            "job_definition_id": self.job,
            "account_id": ACCOUNT,
            "project_id": PROJECT,
            "environment_id": ENVIRONMENT,
            "status": self.status,
            "status_humanized": verdict,
            "is_complete": done,
            "is_success": self.status == SUCCESS,
            "is_error": self.status == ERROR,
            "is_cancelled": self.status == CANCELLED,
            "href": f"https://cloud.getdbt.com/deploy/{ACCOUNT}/projects/{PROJECT}/runs/{self.number}/",
            "trigger": {"cause": self.cause},
            "run_steps": [
                {
                    "index": index,
                    "name": name,
                    "status": SUCCESS if index < 4 else self.status,
                    "status_humanized": "Success" if index < 4 else verdict,
                    "logs": "",
                }
                for index, name in enumerate(steps, 1)
            ],
        }


class DbtCloudApi:
    """The server; ``with DbtCloudApi(folder) as api`` runs it on a free port of localhost.

    ``host`` is what connections and credential blocks name, ``certificate`` the file of the authority to trust,
    ``journal`` the file that requests and tasks are written to.
    """

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.certificate = folder / "authority.pem"
        self.certificate.write_bytes(authority.cert_pem.bytes())
        self.journal = folder / "journal.txt"
        self.journal.touch()
        self._lock = threading.Lock()
        self._jobs: dict[str, dict[str, Any]] = {}
        self._triggered: dict[int, int] = {}
        self._runs: dict[int, Run] = {}
        self._first = FIRST_RUN
        self._order = 0

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._server = _Server(("127.0.0.1", 0), _handler(self), context)
        self.host = f"localhost:{self._server.server_port}"

    def __enter__(self) -> DbtCloudApi:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def recordings(self) -> dict[str, list[dict[str, Any]]]:
        """What was written down, by case and in order: requests, and ``{"mark": text}`` for the lines of tasks."""
        cases: dict[str, list[dict[str, Any]]] = {}
        current: list[dict[str, Any]] = []
        for line in self.journal.read_text(encoding="utf-8").splitlines():
            record = json.loads(line) if line.startswith("{") else {"mark": line.strip()}
            if "case" in record:
                current = cases.setdefault(record["case"], [])
            else:
                current.append(record)
        return cases

    def answer(self, method: str, target: str, authorization: str, body: Any) -> Answer:
        """Answer one request and write it down before the answer leaves."""
        url = urlsplit(target)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        with self._lock:
            if url.path == "/case":
                self._jobs, self._triggered = body["jobs"], {}
                self._first = FIRST_RUN + len(self._runs)
                self._write({"case": body["case"]})
                return 200, {}
            answer: Answer = (401, _failure("Invalid token."))
            about: dict[str, Any] = {}
            if url.path.startswith("/echo/"):
                answer, method = (int(url.path[6:9]), {"echo": method}), f"echo {method}"
                body = {**body, **query}
            elif authorization:
                answer, about = self._route(method, url.path, query, body)
            self._order += 1
            self._write(
                {
                    "order": self._order,
                    "time": time.monotonic(),
                    "method": method,
                    "path": url.path,
                    "query": query,
                    "body": body,
                    "scheme": authorization.partition(" ")[0],
                    "answered": answer[0],
                    **about,
                }
            )
            return answer

    def _write(self, record: dict[str, Any]) -> None:
        # One write call on a descriptor in append mode, as the tasks' own lines: never interleaved.
        descriptor = os.open(self.journal, os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, (json.dumps(record) + "\n").encode())
        os.close(descriptor)

    def _route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[Answer, dict[str, Any]]:
        """The answer to a request, and what to write down about the job and the run it concerns."""
        found = re.fullmatch(r"/api/v(?P<version>[23])/accounts/(?P<account>\d+)/(?P<rest>.*)", path)
        rest = found["rest"].strip("/").split("/") if found else [""]
        if len(rest) > 1 and rest[0] == "runs":
            return self._route_run(method, self._runs.get(int(rest[1])), rest[2:])
        data: Any
        match method, rest:
            case "POST", ["jobs", job, "run" | "rerun"]:
                return self._trigger(int(job), (body or {}).get("cause", ""))
            case "GET", ["jobs", job]:
                return (200, _one(_job(int(job)))), {}
            case "GET", ["runs"]:
                data = self._list_runs(query)
            case "GET", ["jobs"]:
                wanted = query.get("name__icontains", "").lower()
                jobs = [_job(int(job)) for job in self._jobs if job != "*"]
                data = [job for job in jobs if wanted in job["name"].lower()]
            case "GET", ["projects"]:
                data = [{"id": PROJECT, "name": "analytics"}]
            case "GET", ["projects", _, "environments"]:
                data = [{"id": ENVIRONMENT, "name": "production"}]
            case _:
                return NOT_FOUND, {}
        return (200, _page(data, query)), {}

    def _route_run(self, method: str, run: Run | None, rest: list[str]) -> tuple[Answer, dict[str, Any]]:
        if run is None:
            return NOT_FOUND, {}
        about: dict[str, Any] = {"job": run.job, "run": run.number}
        match method, rest:
            case "POST", ["cancel"]:
                run.end, run.polls = CANCELLED, 0
                return (200, _one(run.data())), about
            case "GET", []:
                run.poll()
                return (200, _one(run.data())), {**about, "status": run.status}
            case "GET", ["artifacts"]:
                return (200, _one(["manifest.json", "run_results.json"])), about
            case "GET", ["artifacts", *name]:
                return (200, _artifact("/".join(name))), about
        return NOT_FOUND, about

    def _trigger(self, job: int, cause: str) -> tuple[Answer, dict[str, Any]]:
        script = self._jobs.get(str(job)) or self._jobs.get("*") or DEFAULT_JOB
        nth = self._triggered.get(job, 0)
        self._triggered[job] = nth + 1
        outcome = script["outcomes"][min(nth, len(script["outcomes"]) - 1)]
        if outcome not in ENDS:
            return (int(outcome), _failure(f"scripted {outcome}")), {"job": job}
        run = Run(FIRST_RUN + len(self._runs), job, ENDS[outcome], script.get("polls", 1), cause)
        self._runs[run.number] = run
        return (200, _one(run.data())), {"job": job, "run": run.number}

    def _list_runs(self, query: dict[str, str]) -> list[dict[str, Any]]:
        runs = [run for run in self._runs.values() if run.number >= self._first]
        if "job_definition_id" in query:
            runs = [run for run in runs if run.job == int(query["job_definition_id"])]
        if "status__in" in query:
            runs = [run for run in runs if run.status in json.loads(query["status__in"])]
        return [run.data() for run in (reversed(runs) if query.get("order_by", "").startswith("-") else runs)]


def _one(data: Any) -> dict[str, Any]:
    return {"status": {"code": 200, "is_success": True}, "data": data}


def _failure(message: str) -> dict[str, Any]:
    return {"status": {"is_success": False, "user_message": message, "developer_message": ""}, "data": None}


def _page(rows: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    # Pages of two unless asked otherwise: every list of three jobs proves that the caller reads on.
    limit, offset = int(query.get("limit", 2)), int(query.get("offset", 0))
    page = rows[offset : offset + limit]
    extra = {
        "filters": {"limit": limit, "offset": offset},
        "pagination": {"count": len(page), "total_count": len(rows)},
    }
    return {**_one(page), "extra": extra}


def _job(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"job {number}",
        "project_id": PROJECT,
        "environment_id": ENVIRONMENT,
        "execute_steps": ["dbt build"],
        "generate_docs": False,
        "generate_sources": False,
    }


def _artifact(name: str) -> Any:
    if name == "run_results.json":
        return {"results": [{"unique_id": "model.shop.orders", "status": "error"}]}
    return {"metadata": {"artifact": name}}


NOT_FOUND: Answer = (404, _failure("The requested resource was not found."))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext
    ) -> None:
        super().__init__(address, handler)
        # The handshake belongs to the request's own thread: a slow client must not hold up the others.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


def _handler(api: DbtCloudApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def _handle(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, payload = api.answer(
                self.command, self.path, self.headers.get("Authorization", ""), self._body(raw)
            )
            content = json.dumps(payload).encode() if self.command != "HEAD" else b""
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/echo/200")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _body(self, raw: bytes) -> Any:
            if not self.path.startswith("/echo/"):
                return json.loads(raw) if raw else None
            named = {name: self.headers[name] for name in ("Content-Type", "X-Caller") if self.headers[name]}
            return {"text": raw.decode(), **named}

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _handle

        def log_message(self, *arguments: Any, **more: Any) -> None:
            """The journal is the log."""

    return Handler
