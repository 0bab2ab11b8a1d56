from include.factory import client_dag
from include.jobs import CLIENTS

for client, job in CLIENTS.items():
    globals()[f"{client}_daily"] = client_dag(client, job)
