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


def found(name: str, content: str, folder: Path, config: str = "") -> Found:
    """Row, column, code and fingerprint of each finding."""
    (folder / "offramp.toml").write_text(config)
    chosen = settings.load(str(folder), {})
    enabled = frozenset({"OFR302", "OFR303"})
    rulebook = load_rulebook([], pytest.fail)
    context = Context(chosen, rulebook, enabled, find_versions(chosen))
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
}


@pytest.mark.parametrize(("name", "content", "expected"), CASES.values(), ids=CASES)
def test_names_are_found_where_they_stand(name: str, content: str, expected: Found, tmp_path: Path) -> None:
    assert found(name, content, tmp_path) == expected


@pytest.mark.parametrize(
    ("name", "content", "row", "sentence"),
    [
        ("requirements.txt", "pandas\napache-airflow ~> 2\n", 2, "`apache-airflow ~> 2` is no requirement"),
        ("requirements.txt", "a\n<<<<<<< HEAD\nb\n", 2, "this line is the mark of an unresolved merge"),
        ("pyproject.toml", "[project]\ndependencies = [\n", 3, "Invalid value"),
        ("uv.lock", '[[package]]\nname = "apache-airflow\n', 2, "Illegal character '\\n'"),
        ("Pipfile", "x =\n", 1, "Invalid value"),
        ("Pipfile.lock", '{\n"a": \n', 3, "Expecting value"),
        ("environment.yml", "a: b: c\n", 1, "mapping values are not allowed here"),
        ("setup.cfg", "name = x\n", 1, "File contains no section headers."),
    ],
)
def test_what_cannot_be_parsed_is_said(name: str, content: str, row: int, sentence: str, tmp_path: Path) -> None:
    ((found_row, _, code, said),) = found(name, content, tmp_path)
    assert (found_row, code) == (row, "OFR901")
    assert said == f"cannot parse: {sentence}"


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
        ("/p/notes.txt", False),
        ("/p/myrequirements.txt", False),
        ("/p/setup.py", False),
        ("/p/docker-compose.yml", False),
        ("/p/x.toml", False),
    ],
)
def test_manifests_are_known_by_their_names(path: str, expected: bool) -> None:
    assert is_manifest(path) is expected
