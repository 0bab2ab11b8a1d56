from include.jobs import CLIENTS, JOBS


def test_each_job_stands_once():
    jobs = [*JOBS.values(), *CLIENTS.values()]
    assert len(set(jobs)) == len(jobs)
