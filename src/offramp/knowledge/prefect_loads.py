"""The modules that a running flow loads, or tries to; imports nothing.

A Python script's directory comes first where it imports from, so a module of one of
these names that stands there is taken instead. What Python has loaded before the script
begins (``os``, ``sys``, ``time`` …) is not among them.
"""

from __future__ import annotations

# The tops of what a run of a flow and a served flow loaded or looked for (`-X importtime`, in all processes):
# Prefect 3.9.1, prefect-dbt 0.7.25 and prefect-sqlalchemy, CPython 3.11. An equivalence test compares.
LOADED = frozenset(
    """
    __future__ a2wsgi agate aiosqlite alembic amplitude annotated_doc annotated_types anyio argparse array
    asgi_lifespan ast async_timeout asyncio asyncpg attr attrs babel backports base64 beartype binascii
    bisect brotli brotlicffi burner_redis bz2 cProfile cachetools calendar cdecimal certifi chardet
    charset_normalizer ciso8601 click cloudpickle collections colorama colorsys concurrent configparser
    contextlib contextvars coolname copy copyreg cronsim cryptography csv ctypes cython dataclasses datetime
    dateutil dbt dbt_common dbt_extractor dbt_semantic_interfaces dbtlabs decimal difflib dis docket dotenv
    dsi_pydantic_shim email email_validator enum exceptiongroup fastapi fcntl fnmatch fqdn fractions fsspec
    functools getpass gettext glob google graphviz greenlet griffe griffecli grp gzip h11 h2 hashlib heapq
    hiredis hmac hpack html http httpcore httptools httpx humanize hyperframe icu idna importlib
    importlib_metadata inspect ipaddress isal isodate isoduration jinja2 jinja2_humanize_extension json
    jsonpointer jsonschema jsonschema_specifications key_value keyword leather linecache locale logging lz4
    lzma mako markupsafe mashumaro math mimetypes mmap more_itertools msgpack multipart multiprocessing
    networkx ntpath numbers opcode opentelemetry operator orjson packaging parsedatetime pathlib pathspec
    pendulum pickle pkgutil platform pluggy pprint prefect prefect_dbt prefect_shell prefect_sqlalchemy
    profile prometheus_client pstats pydantic pydantic_core pydantic_extra_types pydantic_settings pyexpat
    pygments python_multipart python_socks pytimeparse pytz queue quopri random re redis referencing reprlib
    requests resource rfc3339_validator rfc3986_validator rfc3987 rfc3987_syntax rich rpds runpy secrets
    select selectors sgqlc shlex shutil signal simplejson six slugify snappy sniffio snowplow_tracker socket
    socketserver socks socksio sqlalchemy sqlite3 sqlparse ssl starlette string stringprep struct subprocess
    sysconfig tarfile tempfile termios textwrap threading timeit token tokenize toml tomllib traceback
    tracemalloc trio types typing typing_extensions typing_inspection uncalled_for unicodedata unittest
    uri_template urllib urllib3 uuid uvicorn uvloop warnings watchfiles weakref webcolors websockets
    whenever wsgiref xml xxhash yaml zipfile zipp zlib zoneinfo zstandard
    """.split()
)
