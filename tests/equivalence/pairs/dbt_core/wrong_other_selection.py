import os
import subprocess

from prefect import flow, task


def run_dbt(*arguments):
    subprocess.run(["dbt", *arguments], cwd=os.environ["JAFFLE"], check=True)


@task
def seed():
    run_dbt("seed")


@task(retries=1, retry_delay_seconds=1)
def run():
    run_dbt("run", "--select", "stg")


@task
def test():
    run_dbt("test", "--select", "stg")


@flow
def dbt_core():
    seeded = seed.submit()
    ran = run.submit(wait_for=[seeded])
    return test.submit(wait_for=[ran])
