"""OFR221: shell texts whose exit code is not that of the dbt command in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.dbt_failures import Place, hidden, how_text, places
from offramp.finding.dbt_in_texts import commands_text
from offramp.finding.trap import File, Trap
from offramp.model import Blocked

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "commands", "how")
HELP = "Let the failure be the text's, or say that it may be lost with `# offramp: ignore[OFR221]` and the reason"
# Causes of a lost failure that a shell which leaves at the first one does away with.
_MENDED = frozenset({"next", "pipe"})


def find(file: File) -> Iterator[Trap]:
    """The operators, calls and returned texts."""
    for found in places(file):
        lost = hidden(found)
        if lost:
            slots = {
                "call": found.name,
                "commands": commands_text([(verdict.run, "") for verdict in lost]),
                "how": how_text(lost),
            }
            yield Trap(found.place, slots, found.about, learned=found, elsewhere=found.elsewhere)


def fix(planning: Planning, found: Place) -> Fix:
    """Have the shell leave at the first command that fails."""
    from offramp.editing.shell_literals import beginning
    from offramp.model import Applicability, Edit, Fix, Span
    from offramp.settings import DBT_COMMANDS
    from offramp.shell.outcome import ARRIVES, verdicts

    lost = hidden(found)
    kinds = {verdict.cause.kind for verdict in lost if verdict.cause is not None}
    if not kinds <= _MENDED:
        raise Blocked(f"looks meant: {how_text(lost)}", found.place)
    if found.node is None:
        raise Blocked("has no single text here that could be changed", found.place)
    piped = "pipe" in kinds
    if piped and not found.bash:
        raise Blocked("`set -o pipefail` is Bash's, and this text is read by `sh`", found.place)
    option = "set -eo pipefail" if piped else "set -e"
    place = beginning(planning.module, planning.source, found.node)
    after = verdicts(f"{option}\n{place.text}", DBT_COMMANDS, lambda _path: None)
    if not after or any(verdict.outcome != ARRIVES for verdict in after if verdict.run in {one.run for one in lost}):
        raise Blocked(f"`{option}` would not let the failure through", found.place)
    edit = Edit(Span(place.offset, place.offset), f"{option}{place.separator}")
    reason = "what was green fails then, and every other command that fails ends the text too"
    return Fix(f"Begin with `{option}`", (edit,), Applicability.UNSAFE, reason)
