"""What `--connections` takes from an export of Airflow's connections, and that no secret gets anywhere."""

from __future__ import annotations

import pytest

from .conftest import Place, dag

CANARY = "c4n4ry-s3cr3t"

OBJECT = {"conn_type": "dbt_cloud", "login": "4711", "password": CANARY, "host": "acme.getdbt.com", "port": None}
# Written by airflow 3.3.2: Connection(conn_type="dbt_cloud", host=…, login=…, password=…).get_uri()
URI = f"dbt-cloud://4711:{CANARY}@acme.getdbt.com"


def block(place: Place, connection: object) -> list[str]:
    """The account and domain that blocks.py has for a connection."""
    place.write({"dags/a.py": dag("a")})
    place.connections({"dbt_cloud": connection, "warehouse": f"postgres://u:{CANARY}@db/x"})
    done = place.migrate("dags", "--out", "flows", "--force", "--connections", "connections.json")
    assert (done.code, done.err) == (0, "")
    assert CANARY not in done.out
    for name in place.files("flows"):
        assert CANARY not in place.read(f"flows/{name}")
    lines = [line.strip(" ,") for line in place.read("flows/blocks.py").splitlines()]
    assert 'api_key=os.environ["DBT_CLOUD_API_KEY_DBT_CLOUD"]' in lines
    return [line for line in lines if line.startswith(("account_id=", "domain="))]


KNOWN = ["account_id=4711", 'domain="acme.getdbt.com"']
DEFAULT = ["account_id=4711", 'domain="cloud.getdbt.com"']
ASKED = 'account_id=int(os.environ["DBT_CLOUD_ACCOUNT_ID_DBT_CLOUD"])'


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (OBJECT, KNOWN),
        (URI, KNOWN),
        ({**OBJECT, "host": "https://acme.getdbt.com/"}, KNOWN),
        ({**OBJECT, "host": ""}, DEFAULT),
        ({"conn_type": "dbt_cloud", "login": "4711", "password": CANARY}, DEFAULT),
        ({**OBJECT, "host": "localhost:8443"}, ["account_id=4711", 'domain="localhost:8443"']),
        ({**OBJECT, "login": None}, [ASKED, KNOWN[1]]),
        # Somebody has put the token where the account belongs.
        ({**OBJECT, "login": CANARY}, [ASKED, KNOWN[1]]),
        ({**OBJECT, "extra": f'{{"token": "{CANARY}"}}'}, KNOWN),
        (f"dbt-cloud://https://4711:{CANARY}@acme.getdbt.com", KNOWN),
        (f"dbt-cloud://4711:{CANARY}@https%3A%2F%2Facme.getdbt.com/", KNOWN),
        (f"dbt-cloud://4711:{CANARY}@localhost%3A8443/", ["account_id=4711", 'domain="localhost:8443"']),
        (f"dbt-cloud://4711:{CANARY}@acme.getdbt.com:99", KNOWN),
        (f"dbt-cloud://4711:{CANARY}@/", DEFAULT),
        (f"dbt-cloud://4711:{CANARY}%2F%3A%40@acme.getdbt.com/?token={CANARY}", KNOWN),
        (f"dbt-cloud://{CANARY}@acme.getdbt.com", [ASKED, KNOWN[1]]),
    ],
)
def test_account_and_domain(place: Place, connection: object, expected: list[str]) -> None:
    assert block(place, connection) == expected


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            f'{{"dbt_cloud": "{CANARY}',
            "connections.json:1: the connections are not JSON: Unterminated string starting at",
        ),
        (f'["{CANARY}"]', "connections.json: the connections are not a JSON object, with connection ids as its keys"),
        (
            f'{{"dbt_cloud": ["{CANARY}"]}}',
            "connections.json: the connection `dbt_cloud` is neither a URI nor an object",
        ),
        (f'{{"dbt_cloud": "{CANARY}"}}', "connections.json: the URI of the connection `dbt_cloud` cannot be read"),
        (
            f'{{"dbt_cloud": "dbt-cloud://[{CANARY}"}}',
            "connections.json: the URI of the connection `dbt_cloud` cannot be read",
        ),
        (
            f'{{"dbt_cloud": {{"conn_type": "dbt_cloud", "host": "https://4711:{CANARY}@acme.getdbt.com"}}}}',
            "connections.json: the host of the connection `dbt_cloud` is not a domain",
        ),
    ],
)
def test_a_bad_export_is_named_and_not_quoted(place: Place, content: str, sentence: str) -> None:
    place.write({"dags/a.py": dag("a"), "connections.json": content})
    done = place.migrate("dags", "--out", "flows", "--connections", "connections.json")
    assert (done.code, done.out) == (2, "")
    assert done.err.removeprefix("offramp: ") == f"{sentence}\n"
    assert CANARY not in done.err
    assert not (place.root / "flows").exists()


def test_a_missing_export_is_an_error(place: Place) -> None:
    place.write({"dags/a.py": dag("a")})
    done = place.migrate("dags", "--out", "flows", "--connections", "nowhere.json")
    assert done.err == "offramp: nowhere.json: cannot read the connections: No such file or directory\n"
    assert done.code == 2


def test_what_the_export_lacks_is_said(place: Place) -> None:
    place.write({"dags/a.py": dag("a"), "dags/b.py": dag("b", connection="other")})
    proxied = {**OBJECT, "extra": {"proxies": {"https": f"http://u:{CANARY}@proxy"}}}
    place.connections({"dbt_cloud": proxied, "other": {"conn_type": "http"}})
    assert place.migrate("dags", "--out", "flows", "--connections", "connections.json").code == 0
    report = place.read("flows/MIGRATION.md")
    assert "The export of Airflow's connections has none for dbt Cloud named `other`." in report
    assert "The connection `dbt_cloud` names proxies, which a block cannot." in report
    assert CANARY not in report
    assert "export DBT_CLOUD_ACCOUNT_ID_OTHER=" in report
    assert "DBT_CLOUD_ACCOUNT_ID_DBT_CLOUD=" not in report
