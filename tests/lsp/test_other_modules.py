"""What is typed into a module changes the findings of the open files that import it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp.editor import abilities, codes_of, editing

WRAPPER = """\
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


class Nightly(DbtCloudRunJobOperator):
    def __init__(self, **kwargs):
        super().__init__(wait_for_termination={waits}, **kwargs)
"""
DAG = "from plugins.wrapper import Nightly\n\nNightly(task_id='a', job_id=1)\n"


@pytest.mark.asyncio
async def test_typing_into_a_module_that_is_imported(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    async with editing(tmp_path, capabilities=abilities()) as editor:
        editor.write("plugins/wrapper.py", WRAPPER.format(waits=True))
        uri = editor.open("dags/dag.py", DAG)
        assert codes_of(await editor.shows(uri, "OFR101")) == ["OFR101"]
        wrapper = editor.open("plugins/wrapper.py", WRAPPER.format(waits=True))
        editor.type(wrapper, WRAPPER.format(waits=False))
        await editor.shows(uri, "OFR101", "OFR201")
        editor.close(wrapper)
        await editor.shows(uri, "OFR101")
