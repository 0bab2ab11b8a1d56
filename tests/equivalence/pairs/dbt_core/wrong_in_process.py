import os

from prefect import flow, task
from prefect_dbt import PrefectDbtRunner, PrefectDbtSettings


def run_dbt(*arguments):
    project = os.environ["JAFFLE"]
    settings = PrefectDbtSettings(project_dir=project, profiles_dir=project)
    PrefectDbtRunner(settings=settings).invoke(list(arguments))


@task
def seed():
    run_dbt("seed")


@task
def run():
    run_dbt("run")


@task
def test():
    run_dbt("test", "--select", "stg")


@flow
def dbt_core():
    seeded = seed.submit()
    ran = run.submit(wait_for=[seeded])
    return test.submit(wait_for=[ran])
