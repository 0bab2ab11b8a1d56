"""Programs that Python code starts: those that are Airflow's command, or lead to it."""

from __future__ import annotations

import ast

import pytest

from offramp.project.commands import calls_airflow
from offramp.project.imported import imported_by

_HEAD = """\
import subprocess, os, sys, shlex, functools, threading, asyncio, logging
import subprocess as sp
from subprocess import run as r

R = subprocess.run
CMD = ["airflow", "dags", "list"]
LINE = "airflow dags list"
AIRFLOW = "airflow"


class C:
    CMD = ["airflow", "x"]


D = {"cmd": ["airflow", "x"]}


def helper(cmd):
    return subprocess.run(cmd, check=True)


def helper2(cmd):
    return subprocess.run(cmd, shell=True)


def work(x, rest, loop):
    %s
"""
_STARTS = """\
subprocess.run(["airflow","dags","list"])
subprocess.run(("airflow","dags","list"), check=True)
subprocess.run("airflow dags list", shell=True)
subprocess.run(args=["airflow","version"])
os.system("airflow dags trigger x")
os.system(f"airflow dags trigger {x}")
os.system("airflow dags trigger %s" % x)
os.system("airflow dags trigger {}".format(x))
os.system("airflow dags trigger " + x)
os.popen("airflow version").read()
subprocess.Popen(["airflow","x"]).wait()
subprocess.check_output(["/usr/local/bin/airflow","x"])
subprocess.check_call(shlex.split("airflow dags list"))
subprocess.check_call("airflow dags list".split())
subprocess.call(["sh","-c","airflow dags list"])
subprocess.call(["bash","-lc","cd /x && airflow dags list"])
subprocess.call(["/bin/bash","-e","-c","set -x; airflow dags list"])
subprocess.call(["python","-m","airflow","dags","list"])
subprocess.call([sys.executable,"-m","airflow","dags","list"])
subprocess.call([sys.executable,"-c","import airflow; print(1)"])
subprocess.call(["python3","-c","from airflow.models import DagBag"])
os.system("python -m airflow dags list")
os.execvp("airflow", ["airflow","dags"])
os.execlp("airflow", "airflow","dags")
os.execv(sys.executable, [sys.executable,"-m","airflow"])
os.execlp("sh","sh","-c","airflow dags list")
os.spawnlp(os.P_WAIT, "airflow","airflow","x")
os.spawnvp(os.P_WAIT, "airflow",["airflow","x"])
subprocess.getoutput("airflow version")
subprocess.getstatusoutput("sudo airflow version")
R(["airflow","x"])
sp.run(["airflow","x"])
r(["airflow","x"])
subprocess.run(CMD)
subprocess.run(LINE, shell=True)
subprocess.run(["env","A=b","airflow","x"])
subprocess.run(["sudo","-E","airflow","x"])
subprocess.run(["timeout","5","airflow","x"])
subprocess.run(["airflow"] + rest)
subprocess.run(["airflow", *rest])
subprocess.run([*["airflow"], "x"])
subprocess.run(CMD + ["--x"])
functools.partial(subprocess.run, ["airflow","x"])()
threading.Thread(target=os.system, args=("airflow x",)).start()
loop.run_in_executor(None, subprocess.run, ["airflow","x"])
asyncio.run(asyncio.create_subprocess_exec("airflow","x"))
asyncio.run(asyncio.create_subprocess_shell("airflow x"))
helper(["airflow","x"])
helper2("airflow x")
helper2(cmd="airflow x")
getattr(subprocess, "run")(["airflow","x"])
subprocess.run([AIRFLOW, "dags"])
subprocess.run(["airflow"])
subprocess.run("airflow")
os.system("if true; then airflow dags list; fi")
os.system("for i in 1; do airflow dags list; done")
os.system("ls | xargs airflow dags list")
os.system("echo $(airflow version)")
os.system("A=1 airflow version")
os.system("(cd x; airflow version)")
os.system("nohup airflow scheduler &")
os.system("/home/airflow/.local/bin/airflow version")
subprocess.run("; ".join(["cd x", "airflow version"]), shell=True)
subprocess.run(" ".join(["airflow", "version"]), shell=True)
subprocess.run(" ".join(CMD), shell=True)
subprocess.run(list(CMD))
subprocess.run(str(LINE), shell=True)
subprocess.run(C.CMD)
subprocess.run(D["cmd"])
[subprocess.run(c) for c in [["airflow","x"],["ls","x"]]]
for c in ("airflow x","ls"): os.system(c)
cmd = ["airflow"]; cmd.append("x"); subprocess.run(cmd)
cmd = []; cmd += ["airflow","x"]; subprocess.run(cmd)
cmd = ["airflow"]; cmd.extend(rest); subprocess.run(cmd)
subprocess.run(cmdw := ["airflow","x"])
subprocess.run(["airflow","x"] if x else ["ls","y"])
subprocess.run(shlex.split(LINE))
subprocess.run(LINE.split(" "))
subprocess.run(["sh","-c",LINE])
subprocess.run(["sh","-c",f"cd /x; airflow {x}"])
subprocess.run(["uv","run","airflow","version"])
subprocess.run(["poetry","run","airflow","version"])
subprocess.run(["python","-W","ignore","-m","airflow"])
subprocess.run(["su","-c","airflow version","airflow"])
"""
_LOOKS_LIKE_IT = """\
subprocess.run(["echo","airflow"])
subprocess.run(["echo","airflow dags list"])
subprocess.run(["echo","; airflow x"])
subprocess.run(["ls","/opt/airflow/dags"])
subprocess.run("ls /opt/airflow/dags", shell=True)
subprocess.run("cd /opt/airflow && dbt build", shell=True)
os.system("cd /opt/airflow; dbt run")
os.system("dbt run --target airflow")
os.system("dbt run --project-dir airflow")
os.system("psql -c 'select * from airflow.x'")
os.system("git commit -m airflow")
subprocess.run(["git","commit","-m","airflow"])
subprocess.run(["sudo","-u","airflow","ls"])
subprocess.run(["dbt","run","--profiles-dir","/opt/airflow"])
subprocess.run(["python","/opt/airflow/x.py"])
os.system("python /opt/airflow/x.py")
print("airflow dags list", subprocess)
logging.info("airflow dags list"); os.system("ls")
subprocess.run(["ls"], cwd="/opt/airflow", env={"X":"airflow"})
subprocess.run(["airflow-exporter","x"])
os.system("airflow-exporter x")
os.system("pip show airflow-client")
os.system("echo hi > airflow")
os.system("cp a airflow")
os.system("dbt run # airflow")
os.system("echo 'use airflow dags list'")
helper(["ls","airflow"])
helper2("ls airflow")
subprocess.run(["grep","-c","airflow","x"])
subprocess.run(["kubectl","logs","airflow"])
os.system("ssh airflow ls")
os.system("docker exec airflow ls")
subprocess.run(["python","-c","print('airflow')"])
subprocess.run(["python","-m","dbt","airflow"])
os.execvp("ls",["ls","airflow"])
"""


def _started(statement: str) -> bool:
    text = _HEAD % statement
    return any(one.command for one in imported_by(ast.parse(text), text.encode()))


@pytest.mark.parametrize("statement", _STARTS.splitlines())
def test_a_program_that_is_airflow_needs_it(statement: str) -> None:
    assert _started(statement)


@pytest.mark.parametrize("statement", _LOOKS_LIKE_IT.splitlines())
def test_a_program_that_is_given_a_word_like_it_does_not(statement: str) -> None:
    assert not _started(statement)


@pytest.mark.parametrize(
    "line",
    [
        "airflow version",
        "airflow",
        "cd /srv && airflow dags list",
        "python -m airflow version",
        "python3.11 -W ignore -m airflow version",
        "if true; then airflow version; fi",
        "! airflow version",
        "/usr/local/bin/airflow version",
        "timeout 5 airflow version",
        "sudo -u airflow airflow version",
        "poetry run airflow version",
        "$(airflow version)",
        "python -c 'import airflow'",
        "python <<E\nfrom airflow.models import DagBag\nE",
    ],
)
def test_a_line_that_calls_airflow(line: str) -> None:
    assert calls_airflow(line)


@pytest.mark.parametrize(
    "line",
    [
        "echo airflow",
        "cd /opt/airflow && dbt build",
        "sudo -u airflow ls",
        "git commit -m airflow",
        "psql -c 'select * from airflow.dag'",
        "airflow-exporter run",
        "echo copied from airflow to s3",
        "python -m dbt --project airflow",
    ],
)
def test_a_line_that_does_not(line: str) -> None:
    assert not calls_airflow(line)
