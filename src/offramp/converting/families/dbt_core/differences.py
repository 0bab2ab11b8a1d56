"""The ways in which every conversion of Cosmos differs, by what a flow has for it."""

from __future__ import annotations

DIFFERENCES: tuple[tuple[tuple[bytes, ...], str], ...] = (
    (
        (b"PrefectDbtRunner",),
        """\
- dbt runs in the flow's process: dbt-core and the adapter that the profile names have to be installed with Prefect. The
  project's directory and `profiles.yml` have to be there.
""",
    ),
    (
        (b'"--project-dir"',),
        """\
- dbt runs as a command: it has to be installed, with the adapter that the profile names, where the flow runs. The
  project's directory and `profiles.yml` have to be there.
""",
    ),
)
