"""Creates blocks and deployments, inside the Prefect environment: ``python deploy_migrated.py FLOWS``.

FLOWS is a directory that ``offramp migrate`` wrote, with a prefect.yaml. What the server then has goes to stdout as
JSON: the blocks by name, the deployments by name, and the exit codes of blocks.py when it is run again.
"""

# Neither library is there where mypy runs.
# mypy: disable-error-code="import-not-found,import-untyped"

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from run_prefect import start_server, wait_for


def main(flows: str) -> None:
    server, url = start_server()
    try:
        os.environ["PREFECT_API_URL"] = url
        wait_for(url, server)
        in_flows("blocks.py")
        again = in_flows("blocks.py", check=False), in_flows("blocks.py", "--overwrite", check=False)
        in_flows("-m", "prefect", "work-pool", "create", "flows", "--type", "process")
        in_flows("-m", "prefect", "--no-prompt", "deploy", "--all")
        switch_on()
        # A deployment that somebody has switched on is not to be paused by the next release.
        in_flows("-m", "prefect", "--no-prompt", "deploy", "--all")
        print(json.dumps({"again": again, "blocks": blocks(), "deployments": deployments()}))
    finally:
        server.terminate()
        server.wait(30)


def in_flows(*arguments: str, check: bool = True) -> int:
    done = subprocess.run([sys.executable, *arguments], cwd=sys.argv[1], check=False, capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.returncode


def switch_on() -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            client.resume_deployment(deployment.id)


def blocks() -> dict[str, Any]:
    from prefect_dbt.cloud import DbtCloudCredentials

    found = {}
    for name in json.loads(os.environ["BLOCKS"]):
        block = DbtCloudCredentials.load(name)
        found[name] = [block.api_key.get_secret_value(), block.account_id, block.domain]
    return found


def deployments() -> dict[str, Any]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return {
            deployment.name: {
                "flow": client.read_flow(deployment.flow_id).name,
                "entrypoint": deployment.entrypoint,
                "tags": deployment.tags,
                "paused": deployment.paused,
                "schedules": [entry.schedule.model_dump(mode="json") for entry in deployment.schedules],
                "limit": deployment.global_concurrency_limit and deployment.global_concurrency_limit.limit,
            }
            for deployment in client.read_deployments()
        }


if __name__ == "__main__":
    main(sys.argv[1])
