"""Every format of dependency manifest: what is found, at which row and column, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp import settings
from offramp.engine import Context, check_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.manifests import includes, is_manifest
from offramp.reading.source import Positions
from offramp.reading.versions import find_versions

Found = list[tuple[int, int, str, str]]


def found(
    name: str, content: str, folder: Path, config: str = "", codes: tuple[str, ...] = ("OFR302", "OFR303")
) -> Found:
    """Row, column, code and fingerprint of each finding."""
    (folder / "offramp.toml").write_text(config)
    chosen = settings.load(str(folder), {})
    rulebook = load_rulebook([], pytest.fail)
    context = Context(chosen, rulebook, frozenset(codes), find_versions(chosen))
    raw = content.encode()
    result = check_bytes(str(folder / name), raw, context, named=True)
    assert result.problem == ""
    positions = Positions(raw)
    return [(*positions.location(finding.span.start), finding.code, finding.fingerprint) for finding in result.findings]


CASES = {
    "requirements": (
        "requirements.txt",
        (
            "# apache-airflow==1\n"
            "pandas  # not apache-airflow\n"
            "apache-airflow[celery]==2.10.4 ; python_version < '3.13'\n"
            "  Apache_Airflow.Providers-dbt_cloud>=4 \\\n"
            "    --hash=sha256:00\n"
            "apache-airflow==${VERSION}\n"
            "git+https://github.com/apache/airflow@main#egg=apache-airflow\n"
            "-e git+https://example.com/x#subdirectory=y&egg=airflow-dbt\n"
            "./wheels/apache_airflow-2.10.4-py3-none-any.whl\n"
            "apache-airflow @ https://example.com/airflow.zip\n"
            "apache-airflow-client==3.1\n"
            "--index-url https://example.com/airflow/simple\n"
            "-c https://raw.githubusercontent.com/apache/airflow/constraints-2.10.4/constraints-3.11.txt\n"
        ),
        [
            (3, 1, "OFR303", "apache-airflow"),
            (4, 3, "OFR303", "Apache_Airflow.Providers-dbt_cloud"),
            (6, 1, "OFR303", "apache-airflow"),
            (7, 48, "OFR303", "apache-airflow"),
            (8, 49, "OFR303", "airflow-dbt"),
            (9, 1, "OFR303", "apache-airflow"),
            (10, 1, "OFR303", "apache-airflow"),
        ],
    ),
    "crlf and a byte order mark": (
        "dev-requirements.in",
        "pandas\r\nastronomer-cosmos\r\n",
        [(2, 1, "OFR303", "astronomer-cosmos")],
    ),
    "constraints": ("constraints-3.11.txt", "apache-airflow==2.10\n", [(1, 1, "OFR303", "apache-airflow")]),
    "a folder of requirements": ("requirements/base.txt", "airflow-dbt\n", [(1, 1, "OFR303", "airflow-dbt")]),
    "pyproject: PEP 621, groups, build system": (
        "pyproject.toml",
        (
            "[build-system]\n"
            'requires = ["setuptools", "apache-airflow"]\n'
            "[project]\n"
            'name = "airflow-tools"\n'
            "dependencies = [\n"
            '  # "apache-airflow>=2",\n'
            '  "apache-airflow>=2",\n'
            "  'apache-airflow-providers-dbt-cloud',\n"
            "]\n"
            "[project.optional-dependencies]\n"
            'cosmos = ["astronomer-cosmos~=1.0"]\n'
            "[dependency-groups]\n"
            'dev = ["pytest", {include-group = "airflow"}]\n'
            'airflow = ["apache-airflow>=2"]\n'
        ),
        [
            (2, 28, "OFR303", "apache-airflow"),
            (7, 4, "OFR303", "apache-airflow"),
            (8, 4, "OFR303", "apache-airflow-providers-dbt-cloud"),
            (11, 12, "OFR303", "astronomer-cosmos"),
            (14, 13, "OFR303", "apache-airflow"),
        ],
    ),
    "pyproject: entry points": (
        "pyproject.toml",
        (
            "[project.scripts]\n"
            'serve = "airflow.__main__:main"\n'
            'ours = "acme.airflow:main"\n'
            "[project.gui-scripts]\n"
            'show = "airflow:show"\n'
            "[project.entry-points.'apache_airflow_provider']\n"
            'provider_info = "acme.provider:info"\n'
            "[project.entry-points.plugins]\n"
            'dag = "airflow.models.dag:DAG [extra]"\n'
        ),
        [
            (2, 10, "OFR302", "airflow.__main__:main"),
            (5, 9, "OFR302", "airflow:show"),
            (9, 8, "OFR302", "airflow.models.dag:DAG"),
        ],
    ),
    "pyproject: Poetry": (
        "pyproject.toml",
        (
            "[tool.poetry.dependencies]\n"
            'python = "^3.11"\n'
            'apache-airflow = { version = "^2.10", extras = ["celery"] }\n'
            "[tool.poetry.dev-dependencies]\n"
            'airflow-dbt-python = "*"\n'
            "[tool.poetry.group.dev.dependencies.astronomer-cosmos]\n"
            'version = "^1"\n'
            "[tool.poetry.plugins.x]\n"
            'y = { reference = "airflow.x:y", type = "console" }\n'
        ),
        [
            (3, 1, "OFR303", "apache-airflow"),
            (5, 1, "OFR303", "airflow-dbt-python"),
            (6, 37, "OFR303", "astronomer-cosmos"),
            (9, 20, "OFR302", "airflow.x:y"),
        ],
    ),
    "pyproject: PDM, uv, Hatch": (
        "pyproject.toml",
        (
            "[tool.pdm.dev-dependencies]\n"
            'test = ["apache-airflow"]\n'
            "[tool.uv]\n"
            'dev-dependencies = ["airflow-dbt"]\n'
            'constraint-dependencies = ["apache-airflow<3"]\n'
            "[tool.hatch.envs.dags]\n"
            'extra-dependencies = ["astronomer-cosmos"]\n'
        ),
        [
            (2, 10, "OFR303", "apache-airflow"),
            (4, 22, "OFR303", "airflow-dbt"),
            (5, 29, "OFR303", "apache-airflow"),
            (7, 24, "OFR303", "astronomer-cosmos"),
        ],
    ),
    "setup.cfg": (
        "setup.cfg",
        (
            "[metadata]\n"
            "name = airflow\n"
            "[options]\n"
            "install_requires =\n"
            "    pandas\n"
            '    apache-airflow>=2; python_version >= "3.10"\n'
            "setup_requires = apache-airflow\n"
            "[options.extras_require]\n"
            "dbt = airflow-dbt\n"
            "[options.entry_points]\n"
            "console_scripts =\n"
            "    serve = airflow.__main__:main\n"
            "    ours = acme:main\n"
        ),
        [
            (6, 5, "OFR303", "apache-airflow"),
            (7, 18, "OFR303", "apache-airflow"),
            (9, 7, "OFR303", "airflow-dbt"),
            (12, 13, "OFR302", "airflow.__main__:main"),
        ],
    ),
    "setup.py": (
        "setup.py",
        (
            "from setuptools import find_packages, setup\n"
            "\n"
            "AIRFLOW = 'apache-airflow>=2'\n"
            "EXTRAS = {'dbt': ['airflow-dbt'], 'none': []}\n"
            "setup(\n"
            "    name='airflow',\n"
            "    install_requires=['pandas', AIRFLOW] + ['astronomer-cosmos'],\n"
            "    extras_require=EXTRAS,\n"
            "    packages=find_packages(),\n"
            "    entry_points={'console_scripts': ['serve=airflow.__main__:main', 'ours=acme:main']},\n"
            ")\n"
        ),
        [
            (4, 19, "OFR303", "airflow-dbt"),
            (7, 33, "OFR303", "apache-airflow"),
            (7, 45, "OFR303", "astronomer-cosmos"),
            (10, 39, "OFR302", "airflow.__main__:main"),
        ],
    ),
    "Pipfile": (
        "Pipfile",
        '[[source]]\nname = "airflow"\n[packages]\napache-airflow = "*"\n[dev-packages]\nairflow-dbt = "*"\n',
        [(4, 1, "OFR303", "apache-airflow"), (6, 1, "OFR303", "airflow-dbt")],
    ),
    "Pipfile.lock": (
        "Pipfile.lock",
        '{"_meta": {"sources": [{"name": "airflow"}]},\n "default": {\n  "apache-airflow": {"version": "==2.10"}}}\n',
        [(3, 4, "OFR303", "apache-airflow")],
    ),
    "conda": (
        "environment-dev.yml",
        (
            "name: airflow\n"
            "dependencies:\n"
            "  - python=3.11\n"
            "  - airflow=2.10.4=py311\n"
            "  - conda-forge::apache-airflow >=2\n"
            "  - pip:\n"
            "      - apache-airflow-providers-dbt-cloud==4.0  # later\n"
            "      - -r requirements.txt\n"
        ),
        [
            (4, 5, "OFR303", "airflow"),
            (5, 18, "OFR303", "apache-airflow"),
            (7, 9, "OFR303", "apache-airflow-providers-dbt-cloud"),
        ],
    ),
    "lock files": (
        "uv.lock",
        (
            'version = 1\n\n[[package]]\nname = "acme"\nversion = "1"\n'
            'dependencies = [\n    { name = "apache-airflow" },\n]\n\n'
            '[[package]]\nname = "apache-airflow"\nversion = "2.10.4"\n\n[[package]]\nname = "zipp"\nversion = "3"\n'
        ),
        [(11, 9, "OFR303", "apache-airflow")],
    ),
    "Dockerfile": (
        "dags.Dockerfile",
        (
            "FROM apache/airflow:2.10\n"
            "# RUN pip install apache-airflow\n"
            "RUN apt-get install -y airflow && \\\n"
            "    # the orchestrator\n"
            '    pip install --no-cache-dir "apache-airflow[celery]==${AIRFLOW_VERSION}" \\\n'
            "        --constraint https://x/apache-airflow.txt -r apache-airflow.txt \\\n"
            "    && echo pip install apache-airflow\n"
            'RUN ["python", "-m", "pip", "install", "airflow-dbt"]\n'
            "RUN sh -c 'uv pip install astronomer-cosmos'\n"
            "RUN echo apache-airflow; pip uninstall apache-airflow\n"
        ),
        [
            (5, 33, "OFR303", "apache-airflow"),
            (8, 41, "OFR303", "airflow-dbt"),
            (9, 27, "OFR303", "astronomer-cosmos"),
        ],
    ),
    "shell": (
        "bin/setup.sh",
        (
            "#!/bin/sh\n"
            "set -e  # pip install apache-airflow\n"
            'AIRFLOW=2.10 python3 -m pip install -q --upgrade "apache-airflow==$AIRFLOW" pandas >/dev/null\n'
            "uv add apache-airflow-providers-dbt-cloud || poetry add airflow-dbt@latest\n"
            "conda install -n dags airflow=2.10\n"
            "if ! pip3.11 install apache-airflow>=2; then exit 1; fi\n"
            'bash -c "pip install apache-airflow\n  echo done"\n'
        ),
        [
            (3, 51, "OFR303", "apache-airflow"),
            (4, 8, "OFR303", "apache-airflow-providers-dbt-cloud"),
            (4, 57, "OFR303", "airflow-dbt"),
            (5, 23, "OFR303", "airflow"),
            (6, 22, "OFR303", "apache-airflow"),
            (7, 22, "OFR303", "apache-airflow"),
        ],
    ),
    "nameless addresses": (
        "requirements.txt",
        (
            "git+https://github.com/apache/airflow.git\n"
            "git+ssh://git@github.com/apache/airflow.git@main#subdirectory=providers/dbt/cloud\n"
            "-e git+https://github.com/astronomer/astronomer-cosmos@feature/x\n"
            "--editable=hg+https://example.com/airflow-dbt\n"
            "https://github.com/apache/airflow/archive/refs/heads/main.zip ; python_version > '3'\n"
            "https://codeload.github.com/apache/airflow/tar.gz/main\n"
            "https://gitlab.com/acme/tools/airflow-dbt/-/archive/main/x.zip\n"
            "https://example.com/apache_airflow-2.10.4-py3-none-any.whl#sha256=00\n"
            "./wheels/apache_airflow-2.10.4-py3-none-any.whl[celery]\n"
            "https://example.com/apache-airflow-2.10.4.tar.gz?download=1\n"
            "git+https://github.com/apache/airflow-client-python.git\n"
            "git+https://github.com/acme/uses-airflow.git@airflow\n"
            "git+https://airflow.example.com/acme/tools.git\n"
            "https://example.com/airflow/tools.zip\n"
            "./airflow\n"
            "-e ./libs/airflow-helpers\n"
        ),
        [
            (1, 31, "OFR303", "airflow"),
            (2, 33, "OFR303", "airflow"),
            (3, 38, "OFR303", "astronomer-cosmos"),
            (4, 35, "OFR303", "airflow-dbt"),
            (5, 27, "OFR303", "airflow"),
            (6, 36, "OFR303", "airflow"),
            (7, 31, "OFR303", "airflow-dbt"),
            (8, 1, "OFR303", "apache-airflow"),
            (9, 1, "OFR303", "apache-airflow"),
            (10, 21, "OFR303", "apache-airflow"),
        ],
    ),
    "pixi.toml": (
        "pixi.toml",
        (
            '[workspace]\nname = "airflow"\n'
            '[dependencies]\npython = "*"\napache-airflow = ">=2"\n'
            '[pypi-dependencies]\nairflow-dbt = { version = "*", extras = ["x"] }\n'
            'tools = { git = "https://github.com/apache/airflow.git" }\n'
            '[feature.dags.dependencies]\nairflow = "*"\n'
            '[feature.dags.target.linux-64.pypi-dependencies]\n"astronomer-cosmos" = "*"\n'
            '[target.osx-arm64.host-dependencies]\nairflow-dbt-python = "*"\n'
            '[package.run-dependencies]\napache-airflow-providers-http = "*"\n'
            '[tasks]\nairflow = "airflow standalone"\n[environments]\nairflow = ["dags"]\n'
        ),
        [
            (5, 1, "OFR303", "apache-airflow"),
            (7, 1, "OFR303", "airflow-dbt"),
            (10, 1, "OFR303", "airflow"),
            (12, 2, "OFR303", "astronomer-cosmos"),
            (14, 1, "OFR303", "airflow-dbt-python"),
            (16, 1, "OFR303", "apache-airflow-providers-http"),
        ],
    ),
    "pyproject: pixi, tox, Rye, Flit, overrides": (
        "pyproject.toml",
        (
            '[tool.pixi.feature.x.dependencies]\nairflow = "*"\n'
            '[tool.tox]\nrequires = ["tox", "airflow-dbt"]\n'
            '[tool.tox.env.a]\ndeps = ["apache-airflow", "-r airflow.txt"]\n'
            '[tool.rye]\ndev-dependencies = ["airflow-dbt"]\n'
            '[tool.flit.metadata]\nrequires = ["astronomer-cosmos"]\n'
            '[tool.flit.metadata.requires-extra]\nx = ["astronomer-cosmos"]\n'
            '[tool.pdm.resolution.overrides]\napache-airflow = "2.10"\n'
            '[tool.uv]\noverride-dependencies = ["apache-airflow<3"]\n'
            'build-constraint-dependencies = ["apache-airflow<3"]\n'
        ),
        [
            (2, 1, "OFR303", "airflow"),
            (4, 21, "OFR303", "airflow-dbt"),
            (6, 10, "OFR303", "apache-airflow"),
            (8, 22, "OFR303", "airflow-dbt"),
            (10, 14, "OFR303", "astronomer-cosmos"),
            (12, 7, "OFR303", "astronomer-cosmos"),
            (14, 1, "OFR303", "apache-airflow"),
            (16, 27, "OFR303", "apache-airflow"),
            (17, 35, "OFR303", "apache-airflow"),
        ],
    ),
    "pyproject: tox as it was": (
        "pyproject.toml",
        '[tool.tox]\nlegacy_tox_ini = """\n[testenv]\ndeps =\n    airflow-dbt\n"""\n',
        [(5, 5, "OFR303", "airflow-dbt")],
    ),
    "hatch.toml": (
        "hatch.toml",
        (
            '[envs.test]\ndependencies = ["apache-airflow=={matrix:airflow}"]\n'
            '[[envs.test.matrix]]\nairflow = ["2.10", "3.0"]\n'
            "[envs.test.overrides]\n"
            'matrix.airflow.extra-dependencies = [{ value = "airflow-dbt", if = ["3.0"] }, "astronomer-cosmos"]\n'
        ),
        [
            (2, 18, "OFR303", "apache-airflow"),
            (6, 49, "OFR303", "airflow-dbt"),
            (6, 80, "OFR303", "astronomer-cosmos"),
        ],
    ),
    "uv.toml": ("uv.toml", 'constraint-dependencies = ["apache-airflow<3"]\n', [(1, 29, "OFR303", "apache-airflow")]),
    "tox.ini": (
        "tox.ini",
        (
            "[tox]\nenvlist = py312-airflow{2,3}\nrequires =\n    tox>=4\n    airflow-dbt\n"
            "[base]\ndeps = apache-airflow\n"
            "[testenv]\n"
            "deps =\n"
            "    {[base]deps}\n"
            "    -r airflow.txt\n"
            "    # apache-airflow\n"
            "    airflow2: apache-airflow>=2,<3\n"
            "    py312,airflow3: apache-airflow=={env:AIRFLOW:3.0}  # why\n"
            "    !airflow: astronomer-cosmos\n"
            "    -e git+https://github.com/apache/airflow.git\n"
            "    airflow: pytest\n"
            "commands =\n"
            "    pytest tests/airflow\n"
            "    {envpython} -m pip install 'airflow-dbt=={env:V}' && airflow db init\n"
        ),
        [
            (5, 5, "OFR303", "airflow-dbt"),
            (7, 8, "OFR303", "apache-airflow"),
            (13, 15, "OFR303", "apache-airflow"),
            (14, 21, "OFR303", "apache-airflow"),
            (15, 15, "OFR303", "astronomer-cosmos"),
            (16, 38, "OFR303", "airflow"),
            (20, 33, "OFR303", "airflow-dbt"),
        ],
    ),
    "tox in setup.cfg": (
        "setup.cfg",
        "[testenv:dags]\ndeps = apache-airflow\n[bdist_rpm]\nrequires = airflow\n",
        [(2, 8, "OFR303", "apache-airflow")],
    ),
    "tox.toml": (
        "tox.toml",
        (
            'requires = ["tox>=4", "airflow-dbt"]\n'
            "[env_run_base]\n"
            'deps = ["apache-airflow", "-r airflow.txt", { replace = "ref", of = ["airflow"] }]\n'
            'commands = [["pip", "install", "astronomer-cosmos"], ["pytest", "airflow"]]\n'
            '[env.lint]\ndeps = ["airflow-dbt-python"]\n'
        ),
        [
            (1, 24, "OFR303", "airflow-dbt"),
            (3, 10, "OFR303", "apache-airflow"),
            (4, 33, "OFR303", "astronomer-cosmos"),
            (6, 10, "OFR303", "airflow-dbt-python"),
        ],
    ),
    "noxfile.py": (
        "noxfile.py",
        (
            "import nox\n"
            "\n"
            'DEPS = ["pytest", "apache-airflow-providers-http"]\n'
            'VERSION = "2.10"\n'
            "\n"
            "\n"
            "@nox.session\n"
            '@nox.parametrize("airflow", ["2.10", "3.0"])\n'
            "def tests(session, airflow):\n"
            '    session.install("pytest", f"apache-airflow=={airflow}", "-c", "apache-airflow.txt")\n'
            "    session.install(*DEPS)\n"
            '    session.install("-e", ".[airflow]", "-r", "airflow.txt", silent=False)\n'
            '    session.conda_install("airflow=2.10")\n'
            '    session.run("python", "-m", "pip", "install", "airflow-dbt")\n'
            '    session.run("uv", "pip", "install", "astronomer-cosmos", external=True)\n'
            '    session.run_install("uv", "add", "apache-airflow[celery]==" + VERSION)\n'
            '    session.install("apache-airflow=={}".format(airflow))\n'
            '    session.run("airflow", "db", "init")\n'
            '    print("apache-airflow")\n'
        ),
        [
            (3, 19, "OFR303", "apache-airflow-providers-http"),
            (10, 31, "OFR303", "apache-airflow"),
            (13, 27, "OFR303", "airflow"),
            (14, 51, "OFR303", "airflow-dbt"),
            (15, 41, "OFR303", "astronomer-cosmos"),
            (16, 38, "OFR303", "apache-airflow"),
            (17, 21, "OFR303", "apache-airflow"),
        ],
    ),
    "a script that says what it needs": (
        "tools/é.py",
        (
            "#!/usr/bin/env -S uv run --script\n"
            "# apache-airflow\n"
            "# /// script\n"
            '# requires-python = ">=3.11"\n'
            "# dependencies = [\n"
            '#   "rich", # "apache-airflow"\n'
            '#   "apache-airflow>=2",\n'
            '#   "apache-airflow-client",\n'
            "# ]\n"
            "#\n"
            "# [tool.uv]\n"
            '# constraint-dependencies = ["airflow-dbt<2"]\n'
            "# ///\n"
            "# apache-airflow\n"
            'NAME = "é apache-airflow"\n'
        ),
        [(7, 6, "OFR303", "apache-airflow"), (12, 31, "OFR303", "airflow-dbt")],
    ),
    "a script with Windows' line ends": (
        "x.pyw",
        '# /// script\r\n# dependencies = ["apache-airflow"]\r\n# ///\r\nimport airflow\r\n',
        [(2, 20, "OFR303", "apache-airflow")],
    ),
    "a block of another kind": ("x.py", '# /// other\n# dependencies = ["apache-airflow"]\n# ///\n', []),
    "setup.py with versions that are not known": (
        "setup.py",
        (
            "import os\n"
            "from setuptools import setup\n"
            "setup(install_requires=[f'apache-airflow>={os.environ[\"V\"]}', 'airflow-dbt==%s' % os.environ['V']])\n"
        ),
        [(3, 25, "OFR303", "apache-airflow"), (3, 63, "OFR303", "airflow-dbt")],
    ),
    "pip in conda": (
        "environment.yml",
        (
            "dependencies:\n"
            "  - pip:\n"
            "    - --no-deps\n"
            "    - git+https://github.com/apache/airflow.git\n"
            "    - -e git+https://github.com/apache/airflow.git@main\n"
        ),
        [(4, 37, "OFR303", "airflow"), (5, 40, "OFR303", "airflow")],
    ),
    "pre-commit": (
        ".pre-commit-config.yaml",
        (
            "repos:\n"
            "  - repo: https://github.com/pre-commit/mirrors-mypy\n"
            "    hooks:\n"
            "      - id: mypy\n"
            '        additional_dependencies: [types-requests, "apache-airflow==2.10"]\n'
            "      - id: airflow\n"
            "        additional_dependencies:\n"
            "          - eslint-airflow@8\n"
            "          - airflow-dbt\n"
        ),
        [(5, 52, "OFR303", "apache-airflow"), (9, 13, "OFR303", "airflow-dbt")],
    ),
    "pixi.lock": (
        "pixi.lock",
        (
            "version: 6\nenvironments:\n  default:\n    packages:\n      linux-64:\n"
            "      - conda: https://example.com/apache-airflow-2.10.4-pyhd8ed1ab_0.conda\n"
            "packages:\n"
            "- conda: https://example.com/apache-airflow-2.10.4-pyhd8ed1ab_0.conda\n  depends:\n  - python\n"
            "- conda: https://example.com/zz-1-0.conda\n  depends:\n  - apache-airflow\n"
            "- pypi: https://example.com/astronomer_cosmos-1.0-py3-none-any.whl\n"
            "  name: astronomer-cosmos\n  requires_dist:\n  - apache-airflow>=2\n"
        ),
        [(8, 1, "OFR303", "apache-airflow"), (15, 9, "OFR303", "astronomer-cosmos")],
    ),
    "conda-lock": (
        "conda-lock.yml",
        "version: 1\npackage:\n- name: airflow\n  version: 2.10\n- name: zz\n  dependencies:\n    airflow: '*'\n",
        [(3, 9, "OFR303", "airflow")],
    ),
    "requirements.lock": (
        "requirements-dev.lock",
        "-e file:.\napache-airflow==2.10\n",
        [(2, 1, "OFR303", "apache-airflow")],
    ),
    "addresses in commands": (
        "Dockerfile",
        (
            "RUN pip install git+https://github.com/apache/airflow.git#egg=apache-airflow\n"
            "RUN pip install 'git+https://github.com/apache/airflow.git@main' && mamba add conda-forge::airflow=2.10\n"
        ),
        [(1, 63, "OFR303", "apache-airflow"), (2, 48, "OFR303", "airflow"), (2, 92, "OFR303", "airflow")],
    ),
}


@pytest.mark.parametrize(("name", "content", "expected"), CASES.values(), ids=CASES)
def test_names_are_found_where_they_stand(name: str, content: str, expected: Found, tmp_path: Path) -> None:
    assert found(name, content, tmp_path) == expected


@pytest.mark.parametrize(
    ("name", "content", "row", "sentence"),
    [
        ("requirements.txt", "pandas\napache-airflow ~> 2\n", 2, "`apache-airflow ~> 2` is not a requirement"),
        ("requirements.txt", "a\n<<<<<<< HEAD\nb\n", 2, "this line is the mark of an unresolved merge"),
        ("pyproject.toml", "[project]\ndependencies = [\n", 3, "Invalid value"),
        ("uv.lock", '[[package]]\nname = "apache-airflow\n', 2, "Illegal character '\\n'"),
        ("Pipfile", "x =\n", 1, "Invalid value"),
        ("Pipfile.lock", '{\n"a": \n', 3, "Expecting value"),
        ("environment.yml", "a: b: c\n", 1, "mapping values are not allowed here"),
        ("setup.cfg", "name = x\n", 1, "File contains no section headers."),
        ("tox.ini", "[testenv]\ndeps =\n  apache-airflow ~> 2\n", 3, "`apache-airflow ~> 2` is not a requirement"),
        ("pixi.toml", "[dependencies\nairflow = 1\n", 1, "Expected ']' at the end of a table declaration"),
        ("pixi.lock", "packages:\n- name: [airflow\n", 2, "while parsing a flow sequence"),
        ("x.py", "\n# /// script\n# dependencies = [apache-airflow]\n# ///\n", 3, "Invalid value"),
    ],
)
def test_what_cannot_be_parsed_is_said(name: str, content: str, row: int, sentence: str, tmp_path: Path) -> None:
    ((found_row, _, code, said),) = found(name, content, tmp_path)
    assert (found_row, code) == (row, "OFR901")
    assert said == f"cannot parse: {sentence}"


def test_a_rule_finds_its_own_in_a_manifest_without_the_others(tmp_path: Path) -> None:
    text = 'dependencies = ["apache-airflow"]\nentry-points.x.a = "airflow.models:DAG"\n'
    text = f'[project]\nname = "x"\nversion = "1"\n{text}'
    assert [code for _, _, code, _ in found("pyproject.toml", text, tmp_path, codes=("OFR302",))] == ["OFR302"]
    assert [code for _, _, code, _ in found("pyproject.toml", text, tmp_path, codes=("OFR303",))] == ["OFR303"]


def test_bans_of_the_configuration_decide(tmp_path: Path) -> None:
    config = '[gate]\nbanned = ["luigi", "acme_tools", "airflow.providers"]\nallow = {"legacy/**" = ["luigi"]}\n'
    lines = "luigi\nacme-tools\napache-airflow\napache-airflow-providers-http\n"
    names = [name for *_, name in found("requirements.txt", lines, tmp_path, config)]
    assert names == ["luigi", "acme-tools", "apache-airflow-providers-http"]
    (tmp_path / "legacy").mkdir()
    names = [name for *_, name in found("legacy/requirements.txt", lines, tmp_path, config)]
    assert names == ["acme-tools", "apache-airflow-providers-http"]


def test_included_files_are_named_with_their_places() -> None:
    text = b"-r base.in\n--requirement=../x.txt\n-c pins.txt # why\n-rtight.txt\n-r https://x/y.txt\nrequests\n"
    assert [(include.path, include.offset) for include in includes("/p/requirements.txt", text)] == [
        ("/p/base.in", 0),
        ("/x.txt", 11),
        ("/p/pins.txt", 34),
        ("/p/tight.txt", 52),
    ]


def test_other_manifests_include_files_too() -> None:
    def included(name: str, text: str) -> list[tuple[str, int]]:
        return [(include.path, text.count("\n", 0, include.offset) + 1) for include in includes(name, text.encode())]

    tox = "[testenv]\ndeps = -r a.txt\n  x, y: -c b/c.txt\n  -r{toxinidir}/d.txt\ncommands = pip install -r e.txt\n"
    tox += "[pytest]\naddopts =\n  -ra\n  -c x.ini\n"
    assert included("/p/tox.ini", tox) == [("/p/a.txt", 2), ("/p/b/c.txt", 3)]
    dynamic = (
        "[tool.setuptools.dynamic]\n"
        'dependencies = { file = ["a.txt", "b.txt"] }\n'
        'readme = { file = "readme.md" }\n'
        'optional-dependencies.x = { file = "c.txt" }\n'
    )
    assert included("/p/pyproject.toml", dynamic) == [("/p/a.txt", 2), ("/p/b.txt", 2), ("/p/c.txt", 4)]
    cfg = "[metadata]\nlong_description = file: readme.md\n[options]\ninstall_requires = file: a.txt, b.txt\n"
    assert included("/p/setup.cfg", cfg) == [("/p/a.txt", 4), ("/p/b.txt", 4)]
    assert included("/p/pyproject.toml", "[tool.setuptools.dynamic\n") == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/p/requirements.txt", True),
        ("/p/requirements-dev.in", True),
        ("/p/test_requirements.txt", True),
        ("/p/requirements/prod.txt", True),
        ("/p/Dockerfile", True),
        ("/p/Dockerfile.prod", True),
        ("/p/environment.yaml", True),
        ("/p/pylock.dev.toml", True),
        ("/p/pixi.toml", True),
        ("/p/tox.ini", True),
        ("/p/tox.toml", True),
        ("/p/hatch.toml", True),
        ("/p/uv.toml", True),
        ("/p/pixi.lock", True),
        ("/p/.pre-commit-config.yaml", True),
        ("/p/requirements-dev.lock", True),
        ("/p/pytest.ini", False),
        ("/p/my-pixi.toml", False),
        ("/p/notes.txt", False),
        ("/p/myrequirements.txt", False),
        ("/p/setup.py", False),
        ("/p/docker-compose.yml", False),
        ("/p/x.toml", False),
    ],
)
def test_manifests_are_known_by_their_names(path: str, expected: bool) -> None:
    assert is_manifest(path) is expected
