"""The tasks that choose what runs after them, the trigger rules that are followed, and what a flow with them needs."""

from __future__ import annotations

# By what notes say that operators run.
CHOICES = ("branch", "short-circuit")
# Where nothing can be skipped, these mean the same.
AFTER_SUCCESS = frozenset({"all_success", "none_failed", "none_failed_min_one_success"})
RULES = AFTER_SUCCESS | {"all_done", "one_failed"}
# The names that a flow with a choice gives a meaning.
OWN_NAMES = frozenset({"chosen", "taken", "ends", "watched", "future", "wait"})
