"""The effects of calling builtins, the standard library and other libraries, and of methods; the one table of them.

A callable stands in one row. The words of its row say what a call does with what it is given, and what it gives:

- ``reads``: looks at it, changes and keeps nothing, and gives nothing that has it in it
- ``form``: gives it in another form, from which it can be told; ``any``: whatever it is
- ``copies``: gives a new collection of its elements; ``once``: one that can be gone over once; ``elements``: with no
  other elements
- ``element``: gives one of its elements; ``takes``: that is no longer in it then; ``folds``: one value is made of all
- ``same``: gives it itself, or a copy of it
- ``calls``: calls it; ``later``: when what is given is called; ``keyed``: calls what it has for its ``key`` or
  ``default``
- ``executes``: runs it as code; ``imports``: runs the module of that name; ``namespace``: gives the names of a place
- ``text``, ``number`` (truth values too): what it gives is one; ``textless``: holds no text
- ``lasting``: what it gives cannot be changed, and is the same whenever it is given the same
- ``varies``: what it gives is another in each process
- ``shows``: writes it somewhere to be read by people; ``asks``: waits for a person; ``opens``: opens a file
- ``process``: acts on the whole process; ``starts``: starts something that goes on; ``loop``: asks for an event loop
- ``identity``: tells processes apart; ``clock``: asks what time it is; ``caches``: keeps results of what it decorates
"""

from __future__ import annotations

_ROWS = (
    ("reads number lasting folds", "builtins", "all any"),
    ("reads number lasting", "builtins", "bool callable hasattr isinstance issubclass len"),
    ("reads number lasting form", "builtins", "abs float int ord round"),
    ("reads number varies", "builtins", "hash id"),
    ("reads lasting", "builtins", "type"),
    ("reads lasting form", "builtins", "complex divmod pow"),
    ("reads lasting form textless", "builtins", "range"),
    ("reads text lasting form any", "builtins", "ascii format repr str"),
    ("reads text lasting form", "builtins", "bin chr hex oct"),
    ("reads form", "builtins", "bytearray bytes"),
    ("reads shows", "builtins", "print"),
    ("reads shows asks", "builtins", "help"),
    ("reads asks", "builtins", "input"),
    ("reads opens", "builtins", "open"),
    ("reads", "builtins", "dir"),
    ("copies", "builtins", "dict"),
    ("copies elements", "builtins", "list set tuple"),
    ("copies elements keyed", "builtins", "sorted"),
    ("copies elements lasting", "builtins", "frozenset"),
    ("copies elements once", "builtins", "iter reversed"),
    ("copies once", "builtins", "enumerate zip"),
    ("copies once calls", "builtins", "filter map"),
    ("copies element folds keyed", "builtins", "max min"),
    ("copies element folds", "builtins", "sum"),
    ("copies element takes", "builtins", "next"),
    ("executes", "builtins", "eval exec"),
    ("imports", "builtins", "__import__"),
    ("namespace", "builtins", "globals locals vars"),
    ("calls", "functools", "reduce"),
    ("calls later", "functools", "partial partialmethod"),
    ("calls", "itertools", "accumulate dropwhile filterfalse groupby starmap takewhile"),
    ("same", "builtins", "memoryview"),
    ("same", "copy", "copy deepcopy"),
    ("same", "typing", "cast"),
    ("same", "typing_extensions", "cast"),
    ("reads text lasting form keyed", "json", "dumps"),
    ("caches", "functools", "cache cached_property lru_cache"),
    ("lasting", "os", "getenv"),
    ("lasting", "os.environ", "get"),
    ("text lasting", "os.path", "abspath basename dirname expanduser join normpath realpath"),
    ("text lasting", "shlex", "join quote"),
    ("text lasting", "textwrap", "dedent"),
    ("lasting", "os.path", "splitext"),
    ("lasting textless", "pathlib", "Path PosixPath PurePath PurePosixPath"),
    ("lasting", "logging", "getLogger"),
    ("lasting", "re", "compile"),
    ("lasting", "uuid", "UUID"),
    ("lasting textless", "decimal", "Decimal"),
    ("lasting", "zoneinfo", "ZoneInfo"),
    ("lasting textless", "datetime", "date datetime time timedelta timezone"),
    ("clock textless", "datetime", "date.today datetime.now datetime.today datetime.utcnow"),
    ("textless", "pendulum", "datetime duration"),
    ("clock textless", "pendulum", "now today tomorrow yesterday"),
    ("clock", "time", "monotonic perf_counter time time_ns"),
    ("process", "os", "_exit abort chdir fchdir fork kill killpg nice putenv setsid umask unsetenv"),
    ("process", "os.environ", "clear pop popitem setdefault update"),
    ("process", "sys", "exit setprofile setrecursionlimit setswitchinterval settrace"),
    ("process", "random", "seed"),
    ("process", "numpy.random", "seed"),
    ("process", "socket", "setdefaulttimeout"),
    ("process", "warnings", "filterwarnings resetwarnings simplefilter"),
    ("process", "time", "tzset"),
    ("process", "decimal", "getcontext setcontext"),
    ("process", "logging", "basicConfig captureWarnings config.dictConfig config.fileConfig disable"),
    ("process", "contextlib", "chdir redirect_stderr redirect_stdout"),
    ("process", "csv", "field_size_limit"),
    ("process", "gc", "disable enable freeze set_threshold"),
    ("process", "multiprocessing", "set_start_method"),
    ("process", "importlib", "reload"),
    ("process", "dotenv", "load_dotenv"),
    ("process", "nest_asyncio", "apply"),
    ("identity", "os", "getpid getppid"),
    ("identity", "multiprocessing", "current_process"),
    ("starts", "threading", "Thread Timer"),
    ("starts", "_thread", "start_new_thread"),
    ("starts", "subprocess", "Popen"),
    ("starts", "multiprocessing", "Process"),
    ("starts", "os", "popen"),
    ("loop", "asyncio", "get_event_loop"),
)
EFFECTS: dict[str, frozenset[str]] = {
    f"{library}.{name}": frozenset(words.split()) for words, library, names in _ROWS for name in names.split()
}

# Libraries that change nothing that they are given; nothing changes an object of the second ones.
HARMLESS_LIBRARIES = frozenset(
    "asyncio collections copy croniter datetime dateutil decimal enum fractions hashlib itertools json logging math os "
    "pathlib pendulum pytz re string textwrap time types typing uuid zoneinfo dataclasses contextlib warnings pprint "
    "statistics functools".split()
)
IMMUTABLE_LIBRARIES = frozenset("datetime dateutil decimal fractions pathlib pendulum pytz re uuid zoneinfo".split())
# Libraries besides Python's own that know nothing of Airflow or Prefect, and give coroutines only by other names.
OTHER_LIBRARIES = frozenset(
    "babel boto3 botocore croniter dateutil decouple dotenv duckdb faker google holidays httpx jinja2 numpy orjson "
    "pandas pendulum polars pyarrow pydantic pytz requests ruamel slugify sqlalchemy toml tomli tzlocal ujson "
    "yaml".split()
)
# Modules all of whose callables act on the process, or keep a state in it that the next one finds.
PROCESS_MODULES = ("unittest.mock.", "mock.", "signal.", "atexit.", "locale.", "resource.", "faulthandler.", "ctypes.")
WITH_STATE = (
    *("matplotlib.", "seaborn.", "pyspark.", "mlflow.", "wandb.", "sentry_sdk.", "tensorflow.", "keras.", "ray."),
    *("duckdb.sql", "duckdb.execute", "duckdb.query", "pandas.set_option", "pandas.reset_option", "torch.set_"),
    *("torch.manual_seed", "numpy.set_printoptions", "boto3.setup_default_session", "urllib.request.install_opener"),
    *("dask.config.", "structlog.configure", "loguru.", "google.generativeai.configure", "nltk.download"),
)
# Parsers of command lines, which end the process where the arguments are wrong.
PARSERS = ("argparse.", "optparse.", "click.", "typer.", "fire.")

# Methods of text that give text, and that no other common type has with another meaning.
TEXT_METHODS = frozenset(
    "capitalize casefold expandtabs format_map ljust lower lstrip removeprefix removesuffix rjust rstrip strip "
    "swapcase title upper zfill".split()
)
# Methods of text that give text where their owner is one; dates, paths, threads and data frames have some too.
TEXT_ONLY_OF_TEXT = frozenset({"center", "format", "join", "replace", "translate"})
# Methods of dates, paths and digests that give text.
TEXT_OF_OTHERS = frozenset({"as_posix", "hexdigest", "isoformat", "strftime"})
# Methods of dates and times that give others, or numbers.
DATE_METHODS = frozenset({"add", "date", "subtract", "timestamp", "total_seconds", "weekday"})
# Methods of paths that give paths.
PATH_METHODS = frozenset({"absolute", "expanduser", "joinpath", "resolve", "with_name", "with_suffix"})
# Methods of text that give other things.
TEXT_READING_METHODS = frozenset(
    "count encode endswith find index isalnum isalpha isdigit islower isnumeric isspace isupper partition rfind "
    "rpartition rsplit split splitlines startswith".split()
)
# Methods that change nothing of their object and keep nothing of what they are given.
READING_METHODS = (
    TEXT_METHODS
    | TEXT_ONLY_OF_TEXT
    | TEXT_READING_METHODS
    | frozenset(
        "items keys values get copy union intersection difference symmetric_difference issubset issuperset isdisjoint "
        "most_common elements total __getitem__ __contains__ __len__ __iter__ __eq__ __or__ __add__ _asdict".split()
    )
)
# Methods that change their object in place and are followed step by step, and others, which are not.
MUTATORS = frozenset(
    "append extend insert add remove pop clear update setdefault sort reverse discard popitem appendleft".split()
)
CHANGING = frozenset(
    "popleft extendleft rotate move_to_end subtract difference_update intersection_update symmetric_difference_update "
    "__setitem__ __delitem__ __ior__ __iadd__ __imul__ __setattr__ __delattr__".split()
)
# Methods that change their object and give something that was in their object.
TAKERS = frozenset({"pop", "popitem", "popleft", "setdefault"})
# Methods of loggers that write what they are given.
LOGGING_METHODS = frozenset("debug info warning warn error exception critical fatal log".split())


def callables(*words: str, without: str = "") -> frozenset[str]:
    """The dotted paths of the callables that have all of some effects, and none of those ``without``."""
    wanted, others = frozenset(words), frozenset(without.split())
    return frozenset(path for path, has in EFFECTS.items() if wanted <= has and not others & has)


def callables_of_any(*words: str, without: str = "") -> frozenset[str]:
    """The dotted paths of the callables that have one of some effects, and none of those ``without``."""
    return frozenset[str]().union(*(callables(word, without=without) for word in words))
