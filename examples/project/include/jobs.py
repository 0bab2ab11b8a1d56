"""Jobs of dbt Cloud by the table that they build."""

JOBS = {"orders": 48617, "stock": 48618}
CLIENTS = {"acme": 501, "bolt": 502}
