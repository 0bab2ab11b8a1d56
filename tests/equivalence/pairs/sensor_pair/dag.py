import os
from datetime import datetime

from airflow.decorators import dag, task
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor


@task
def announce(number):
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(f"announce {number}\n")


@task
def publish():
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write("publish\n")


@dag(start_date=datetime(2024, 1, 1), schedule=None, catchup=False)
def sensor_pair():
    trigger = DbtCloudRunJobOperator(task_id="trigger", job_id=41, wait_for_termination=False)
    wait = DbtCloudJobRunSensor(task_id="wait", run_id=trigger.output, poke_interval=1, timeout=60)
    announce(trigger.output)
    wait >> publish()


sensor_pair()
