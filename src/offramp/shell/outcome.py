"""Whose exit code a shell text ends with: for each dbt command, whether its failure is the text's.

Each dbt command in turn is let fail, and all ways through the text from there are followed, as Bash goes them. Other
commands work, but for those whose failure the text provides for, and for tests: these go either way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from offramp.record import NamedTuple
from offramp.shell.conditions import compared, matches, truth, value_of
from offramp.shell.parsing import UNKNOWN, parse
from offramp.shell.reading import without_jinja
from offramp.shell.state import (
    BREAK,
    CONTINUE,
    EXIT,
    FAILED,
    JOB,
    OTHER,
    RETURN,
    SUCCESS,
    Cause,
    State,
    with_options,
    with_shopt,
)
from offramp.shell.syntax import document_of, source_of, takes_text, words_of
from offramp.shell.words import Inner, Run, Script, run_by

if TYPE_CHECKING:
    from tree_sitter import Node

# What becomes of a command's failure.
ARRIVES, HIDDEN, BACKGROUND, UNCLEAR = "arrives", "hidden", "background", "unclear"
_MOST_STEPS = 4000
_MOST_STATES = 64
_DEEPEST = 8
_PASSES = 2
_DECLARING = frozenset({"declaration_command", "unset_command"})
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_LISTS = frozenset({"program", "do_group", "compound_statement", "else_clause"})
# Commands that nobody expects to fail where something follows on `||`.
_SURE = frozenset(
    ": true echo printf export cd mkdir rm cp mv tee cat sed awk head tail sort date sleep touch pwd ls".split()
)
# Programs that tell somebody; whatever else answers a failure may well end with one itself.
_NOTIFYING = frozenset("aws az curl gcloud gsutil kill logger mail mailx sendmail wget".split())
# Commands that look into what dbt writes, where they are told to say no more than whether they found it.
_SEARCHING = frozenset({"egrep", "fgrep", "grep", "rg"})
_HARMLESS_SOURCES = re.compile(
    r"activate|\.?env|\.?bashrc|\.?(?:bash_)?profile|(?:.*/)?conda\.sh|nvm\.sh|setenv(?:\.sh)?"
)
_DETACHING = frozenset({"docker", "docker-compose", "podman", "nerdctl"})
_UNCLEAR_PROGRAMS = frozenset(
    "at batch bg coproc do done elif else esac fg fi kubectl oc select then watch { }".split()
)


class Verdict(NamedTuple):
    """What becomes of the failure of one dbt command, and what takes its place."""

    run: Run
    outcome: str
    cause: Cause | None = None


class _UnclearError(Exception):
    """Raised where a text is not understood."""


def verdicts(
    text: str, names: Collection[str], script: Callable[[str], str | None], options: Sequence[str] = ()
) -> list[Verdict]:
    """What becomes of the failure of each dbt command of a text, which is started with options of Bash."""
    text = without_jinja(text)
    found = _Walk(names, script)
    try:
        found.text(text, list(options))
    except _UnclearError:
        return []
    return [_verdict(text, key, run, names, script, options) for key, run in found.runs.items()]


def _verdict(
    text: str,
    key: tuple[int, ...],
    run: Run,
    names: Collection[str],
    script: Callable[[str], str | None],
    options: Sequence[str],
) -> Verdict:
    try:
        ends = [end for end in _Walk(names, script, key).text(text, list(options)) if end.failed]
    except _UnclearError:
        return Verdict(run, UNCLEAR)
    lost = [end for end in ends if end.code == SUCCESS]
    if not ends or (lost and len(lost) < len(ends)):
        return Verdict(run, UNCLEAR)
    if not lost:
        return Verdict(run, ARRIVES)
    return Verdict(run, BACKGROUND if lost[0].apart else HIDDEN, lost[0].cause)


class _Walk:
    """All ways through a text on which one dbt command fails, or none."""

    def __init__(
        self, names: Collection[str], script: Callable[[str], str | None], target: tuple[int, ...] | None = None
    ) -> None:
        self._names = names
        self._script = script
        self._target = target
        self._within: tuple[int, ...] = ()
        self._steps = 0
        self._turning: set[str] = set()
        self.runs: dict[tuple[int, ...], Run] = {}

    def text(self, text: str, options: list[str]) -> list[State]:
        """The shells in which a text that a shell is given may end."""
        return self._shell(text, with_options(State(), options))

    # -- texts and lists of statements -------------------------------------------------

    def _shell(self, text: str, state: State) -> list[State]:
        """The ends of a shell that runs a text, its trap on leaving included."""
        return [end for state in self._program(text, state) for end in self._trapped(state)]

    def _program(self, text: str, state: State, *, ignored: bool = False) -> list[State]:
        if len(self._within) > _DEEPEST:
            raise _UnclearError
        tree = parse(text)
        if tree.has_error:
            raise _UnclearError
        return self._sequence(tree.children, [state], ignored=ignored)

    def _trapped(self, state: State) -> Iterator[State]:
        if not state.exit_trap:
            yield state._replace(leaving="")
            return
        before = state._replace(leaving="", exit_trap="")
        for end in self._program(state.exit_trap, before):
            lost = state.code == FAILED and end.code == SUCCESS and end.leaving == EXIT
            kept = end if end.leaving == EXIT else end._replace(code=state.code)
            yield kept._replace(leaving="", cause=Cause("trap", state.exit_trap) if lost else state.cause)

    def _sequence(self, nodes: Iterable[Node], states: list[State], *, ignored: bool) -> list[State]:
        statements = [node for node in nodes if node.is_named and node.type not in {"comment", "heredoc_body"}]
        backgrounds = {
            node.prev_named_sibling.start_byte
            for node in nodes
            if node.type == "&" and node.prev_named_sibling is not None
        }
        for node in statements:
            leaving = [state for state in states if state.leaving]
            going = [state.lost("next", source_of(node)) for state in states if not state.leaving]
            if node.start_byte in backgrounds:
                after = [end for state in going for end in self._background(node, state)]
            else:
                after = self._each(node, going, ignored=ignored)
            states = leaving + after
        return states

    def _each(self, node: Node, states: Iterable[State], *, ignored: bool) -> list[State]:
        ends = list(dict.fromkeys(end for state in states for end in self._statement(node, state, ignored=ignored)))
        if len(ends) > _MOST_STATES:
            raise _UnclearError
        return ends

    def _statement(self, node: Node, state: State, *, ignored: bool) -> list[State]:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise _UnclearError
        method = _METHODS.get(node.type)
        if method is None:
            raise _UnclearError
        return list(getattr(self, method)(node, state, ignored))

    def _background(self, node: Node, state: State) -> Iterator[State]:
        before = state.failed
        for end in self._subshell(lambda inner: self._statement(node, inner, ignored=False), state):
            apart = end.apart or (end.failed and not before)
            cause = Cause("background", source_of(node)) if end.failed and not before else end.cause
            jobs = (*end.jobs, end.code)
            yield end._replace(code=SUCCESS, parts=(SUCCESS,), jobs=jobs, apart=apart, cause=cause).bound(
                "!", f"{JOB}{len(jobs) - 1}"
            )

    def _subshell(self, run: Callable[[State], list[State]], state: State) -> Iterator[State]:
        """What a shell of its own, a copy of this one, comes to."""
        trap = state.error_trap if state.errtrace else ""
        for end in run(state._replace(exit_trap="", error_trap=trap, jobs=(), turning=False)):
            for left in self._trapped(end):
                yield state.taking(left)

    def _checked(self, states: Iterable[State], *, ignored: bool) -> Iterator[State]:
        """Leave after a command that failed, where the shell is told to."""
        for state in states:
            if state.code == SUCCESS or ignored or state.leaving:
                yield state
                continue
            after = [state]
            if state.error_trap:
                before = state._replace(error_trap="")
                after = [
                    end
                    if end.leaving
                    else end._replace(code=state.code, parts=state.parts, error_trap=state.error_trap)
                    for end in self._program(state.error_trap, before)
                ]
            for end in after:
                yield end._replace(leaving=EXIT) if end.errexit and not end.leaving else end

    # -- compound commands -------------------------------------------------------------

    def list_of(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """The commands of a group."""
        if node.type == "compound_statement" and node.children[0].type == "((":
            yield from self.test(node, state, ignored)
        else:
            yield from self._sequence(node.children, [state], ignored=ignored)

    def subshell(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """Commands in parentheses."""
        ends = self._subshell(lambda inner: self._sequence(node.children, [inner], ignored=ignored), state)
        return self._checked(ends, ignored=ignored)

    def test(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """A test, which may go either way where it is not known."""
        for before in self._substituted(node, state):
            held = truth(node, before)
            codes = {True: (SUCCESS,), False: (OTHER,), None: (SUCCESS, OTHER)}[held]
            yield from self._checked(before.lost("next", source_of(node)).ends(*codes), ignored=ignored)

    def either(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """Commands joined by ``&&`` or ``||``."""
        yield from self._joined(node, [node.named_children[-1]], state, ignored=ignored)

    def _joined(self, joined: Node, right: list[Node], state: State, *, ignored: bool) -> Iterator[State]:
        """The left side of a list, and the right one where that runs: a pipe, where it has several commands."""
        sign = next(child.type for child in joined.children if child.type in {"&&", "||"})
        yield from self._and_then(joined.named_children[0], sign, right, state, ignored=ignored)

    def _and_then(self, left: Node, sign: str, right: list[Node], state: State, *, ignored: bool) -> Iterator[State]:
        for end in self._statement(left, state, ignored=True):
            if end.leaving or (end.code == SUCCESS) is (sign == "||"):
                yield end
                continue
            answering = end.code == FAILED
            before = end.lost("or", source_of(right[0]))._replace(answering=answering or end.answering)
            if len(right) == 1:
                afters: Iterable[State] = self._statement(right[0], before, ignored=ignored)
            else:
                afters = self._pipe(right, before, ignored=ignored)
            for after in afters:
                yield after._replace(answering=end.answering)

    def negated(self, node: Node, state: State, _ignored: bool) -> Iterator[State]:
        """A command after ``!``."""
        for end in self._statement(node.named_children[-1], state, ignored=True):
            yield end if end.leaving else self._inverted(end, source_of(node))

    def _inverted(self, state: State, text: str) -> State:
        code = OTHER if state.code == SUCCESS else SUCCESS
        return state.lost("not", text)._replace(code=code)

    def pipeline(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """Commands joined by pipes, each in a shell of its own."""
        parts = node.named_children
        body = parts[0].child_by_field_name("body") if parts[0].type == "redirected_statement" else None
        if body is not None and body.type == "list":
            # The grammar takes `a && b 2>&1 | c` for `{ a && b; } 2>&1 | c`.
            return self._joined(body, [body.named_children[-1], *parts[1:]], state, ignored=ignored)
        return self._pipe(parts, state, ignored=ignored)

    def _pipe(self, parts: list[Node], state: State, *, ignored: bool) -> Iterator[State]:
        negated = parts[0].type == "negated_command"
        first = parts[0].named_children[-1] if negated else parts[0]
        ends = self._piped([first, *parts[1:]], state, ignored=ignored or negated)
        if negated:
            yield from (self._inverted(end, source_of(parts[0])) for end in ends)
        else:
            yield from self._checked(ends, ignored=ignored)

    def _piped(self, parts: list[Node], state: State, *, ignored: bool) -> list[State]:
        ways: list[tuple[State, tuple[str, ...]]] = [(state, ())]
        for part in parts:
            ways = [
                (end, (*codes, end.code))
                for before, codes in ways
                for end in self._subshell(
                    lambda inner, part=part: self._statement(part, inner, ignored=ignored),  # type: ignore[misc]
                    before._replace(code=state.code, parts=state.parts),
                )
            ]
        return [self._after_pipe(end, codes, parts) for end, codes in ways]

    def _after_pipe(self, state: State, codes: tuple[str, ...], parts: list[Node]) -> State:
        failing = [code for code in codes if code != SUCCESS]
        code = failing[-1] if failing and state.pipefail else codes[-1]
        if FAILED in codes and code == SUCCESS:
            after = parts[min(codes.index(FAILED) + 1, len(parts) - 1)]
            state = state._replace(cause=Cause("pipe", source_of(after)))
        return state._replace(code=code, parts=codes)

    def conditional(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """An ``if`` with all its branches."""
        branches = [child for child in node.children if child.type in {"elif_clause", "else_clause"}]
        own = [child for child in node.children if child not in branches]
        yield from self._branch(own, branches, source_of(node), state, ignored=ignored)

    def _branch(
        self, own: list[Node], others: list[Node], text: str, state: State, *, ignored: bool
    ) -> Iterator[State]:
        then = next(index for index, child in enumerate(own) if child.type == "then")
        for end in self._sequence(own[:then], [state], ignored=True):
            if end.leaving:
                yield end
            elif end.code == SUCCESS:
                yield from self._sequence(own[then:], [end], ignored=ignored)
            else:
                answering = end.code == FAILED
                before = end.lost("if", text)._replace(answering=answering or end.answering)
                for after in self._otherwise(others, text, before, ignored=ignored):
                    yield after._replace(answering=end.answering)

    def _otherwise(self, others: list[Node], text: str, state: State, *, ignored: bool) -> Iterator[State]:
        if not others:
            yield state._replace(code=SUCCESS, parts=())
        elif others[0].type == "else_clause":
            yield from self._sequence(others[0].children, [state], ignored=ignored)
        else:
            yield from self._branch(list(others[0].children), others[1:], text, state, ignored=ignored)

    def case(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """A ``case`` with all its patterns."""
        subject = node.child_by_field_name("value")
        value = value_of(subject, state) if subject is not None else None
        state = state.lost("if", source_of(node))
        for item in (child for child in node.children if child.type == "case_item"):
            patterns = item.children_by_field_name("value")
            held = [matches(pattern, value) for pattern in patterns]
            if any(one is not False for one in held):
                commands = [child for child in item.children if child not in patterns]
                before = state if any(child.is_named for child in commands) else state._replace(code=SUCCESS, parts=())
                yield from self._sequence(commands, [before], ignored=ignored)
            if True in held:
                return
        yield state._replace(code=SUCCESS, parts=())

    def loop_over(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """A ``for`` loop: two passes stand for any number, unless there is one alone."""
        variable = node.child_by_field_name("variable")
        if variable is not None:
            self._turning.add(source_of(variable))
            state = state.bound(source_of(variable), None)
        values = node.children_by_field_name("value")
        once = len(values) == 1 and values[0].type in {"word", "number", "raw_string"}
        yield from self._passes(node, [state], 1 if once else _PASSES, ignored=ignored)

    def _passes(self, node: Node, states: list[State], count: int, *, ignored: bool) -> Iterator[State]:
        body = node.child_by_field_name("body")
        assert body is not None
        for _ in range(count):
            turned = self._turn(body, states, ignored=ignored)
            yield from (_out(end) for end in turned if end.leaving not in {"", CONTINUE})
            states = [end._replace(leaving="") for end in turned if end.leaving in {"", CONTINUE}]
        yield from states

    def _turn(self, body: Node, states: list[State], *, ignored: bool) -> list[State]:
        """The shell after one pass of a loop."""
        ends = self._each(body, [state._replace(turning=True) for state in states], ignored=ignored)
        around = any(state.turning for state in states)
        return [end._replace(turning=around) for end in ends]

    def loop_while(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """A ``while`` or ``until`` loop; ways on which it goes on and on have no end."""
        until = node.children[0].type == "until"
        body = node.child_by_field_name("body")
        assert body is not None
        conditions = [child for child in node.children[1:] if child.start_byte < body.start_byte]
        if _reads(conditions):
            read = self._sequence(conditions, [state], ignored=False)
            yield from self._passes(node, read, _PASSES, ignored=ignored)
            return
        going, last = [state], SUCCESS
        for _ in range(_PASSES + 1):
            tested = [end for before in going for end in self._sequence(conditions, [before], ignored=True)]
            yield from (end for end in tested if end.leaving)
            through = [end for end in tested if not end.leaving]
            for end in through:
                if (end.code == SUCCESS) is until:
                    yield end.lost("if", source_of(node))._replace(code=last)
            entered = [end.lost("if", source_of(node)) for end in through if (end.code == SUCCESS) is not until]
            turned = self._turn(body, entered, ignored=ignored)
            yield from (_out(end) for end in turned if end.leaving not in {"", CONTINUE})
            going = [end._replace(leaving="") for end in turned if end.leaving in {"", CONTINUE}]
            if len({end.code for end in going}) > 1:
                raise _UnclearError
            last = going[0].code if going else last

    def redirected(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """A command with redirections; a here-document's line may go on after it."""
        body = node.child_by_field_name("body")
        redirects = node.children_by_field_name("redirect")
        for redirect in redirects:
            following = redirect.child_by_field_name("right")
            operator = redirect.child_by_field_name("operator")
            if following is not None and operator is not None and body is not None:
                yield from self._and_then(body, source_of(operator), [following], state, ignored=ignored)
                return
            if any(child.type in {"pipeline", "command"} for child in redirect.named_children):
                raise _UnclearError
        for before in self._all_substituted(redirects, state):
            yield from self._statement(body, before, ignored=ignored) if body is not None else before.ends(SUCCESS)

    def function(self, node: Node, state: State, _ignored: bool) -> Iterator[State]:
        """A function's definition."""
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None or body is None:
            raise _UnclearError
        yield from state._replace(functions=(*state.functions, (source_of(name), body))).ends(SUCCESS)

    def assigned(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """Assignments, which end with the code of the last substitution in them."""
        assignments = [node] if node.type == "variable_assignment" else node.named_children
        values = {source_of(one.children[0]): self._assigned_value(one, state) for one in assignments}
        for name, value in values.items():
            state = state.bound(name, value)
        yield from self._checked(self._substituted(node, state, keeps=True), ignored=ignored)

    def _assigned_value(self, assignment: Node, state: State) -> str | None:
        value = assignment.child_by_field_name("value")
        if any(child.type == "+=" for child in assignment.children):
            return None
        return value_of(value, state) if value is not None else ""

    def declared(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """``export``, ``local`` and the like, which end with their own code whatever is substituted in them."""
        for one in node.named_children:
            if one.type == "variable_assignment":
                state = state.bound(source_of(one.children[0]), self._assigned_value(one, state))
        # `local` is an error outside of functions.
        code = OTHER if node.children[0].type == "local" and not state.called else SUCCESS
        ends = (end for before in self._substituted(node, state) for end in before.ends(code))
        yield from self._checked(ends, ignored=ignored)

    def _substituted(self, node: Node, state: State, *, keeps: bool = False) -> Iterator[State]:
        """The shell after the substitutions in a node have run; ``keeps`` for one that ends with their code."""
        if keeps and not any(_substitutions(node)):
            return state.ends(SUCCESS)
        return self._all_substituted([node], state, keeps=keeps)

    def _all_substituted(self, nodes: Iterable[Node], state: State, *, keeps: bool = False) -> Iterator[State]:
        states = [state]
        for inner in (inner for node in nodes for inner in _substitutions(node)):
            states = [end for before in states for end in self._substitution(inner, before, keeps=keeps)]
        return iter(states)

    def _substitution(self, node: Node, state: State, *, keeps: bool) -> Iterator[State]:
        inherits = state.errexit and state.inherits
        before = state._replace(errexit=inherits)
        ran = self._subshell(lambda inner: self._sequence(node.children, [inner], ignored=False), before)
        for end in ran:
            after = end._replace(errexit=state.errexit)
            if not keeps or node.type != "command_substitution":
                after = after.lost("substitution", source_of(node))._replace(code=state.code, parts=state.parts)
            yield after

    # -- commands ----------------------------------------------------------------------

    def command(self, node: Node, state: State, ignored: bool) -> Iterator[State]:
        """A simple command: of the shell, a function, dbt, another shell, or any other."""
        known = {name: value for name, value in state.variables if value is not None and FAILED not in value}
        words = words_of(node, known)
        for before in self._substituted(node, state):
            if not words:
                yield from before.ends(SUCCESS)
            else:
                ends = self._started(node, words, before, ignored=ignored)
                yield from self._checked(ends, ignored=ignored)

    def _started(self, node: Node, words: list[str], state: State, *, ignored: bool) -> Iterator[State]:
        body = dict(state.functions).get(words[0])
        program = words[0].rpartition("/")[2]
        if body is not None:
            yield from self._called(body, state, ignored=ignored)
        elif words[0] in _BUILTINS:
            yield from getattr(self, _BUILTINS[words[0]])(node, words[1:], state, ignored)
        elif program in _UNCLEAR_PROGRAMS or (program == "time" and _tests(words)):
            raise _UnclearError
        else:
            yield from self._program_of(node, words, state, ignored=ignored)

    def _called(self, body: Node, state: State, *, ignored: bool) -> Iterator[State]:
        trap = state.error_trap
        if len(self._within) > _DEEPEST:
            raise _UnclearError
        self._within = (*self._within, -1)
        before = state._replace(error_trap=trap if state.errtrace else "", turning=False, called=True)
        ends = self._statement(body, before, ignored=ignored)
        self._within = self._within[:-1]
        for end in ends:
            yield _back(end, state)._replace(error_trap=end.error_trap or trap, turning=state.turning)

    def _program_of(self, node: Node, words: list[str], state: State, *, ignored: bool) -> Iterator[State]:
        document = document_of(node)
        run = run_by(words, self._names)
        if document and takes_text(words) and (run is None or isinstance(run, Script)):
            yield from self._inner(node, document, _shell_options(words), state)
        elif isinstance(run, Run):
            yield from self._dbt(node, run, words, state, ignored=ignored)
        elif isinstance(run, Inner):
            ends = self._inner(node, run.text, _shell_options(words), state)
            yield from map(_left_alone, ends) if _detaches(words) else ends
        elif isinstance(run, Script):
            yield from self._of_script(node, run, words, state, ignored=ignored)
        else:
            yield from self._other(words, state, ignored=ignored)

    def _inner(self, node: Node, text: str, options: list[str], state: State) -> Iterator[State]:
        """Another shell, which is given a text."""
        if UNKNOWN in text and not text.strip(UNKNOWN + " "):
            raise _UnclearError
        fresh = with_options(
            State(failed=state.failed, apart=state.apart, cause=state.cause, answering=state.answering),
            options,
        )
        before = self._within
        self._within = (*before, node.start_byte)
        ends = self._shell(text, fresh)
        self._within = before
        yield from (state.taking(end) for end in ends)

    def _of_script(self, node: Node, run: Script, words: list[str], state: State, *, ignored: bool) -> Iterator[State]:
        text = None if UNKNOWN in run.path else self._script(run.path)
        if words[0] in {"source", "."}:
            yield from self._sourced(node, run, text, state, ignored=ignored)
        elif text is None:
            yield from state.ends(SUCCESS)
        else:
            first = re.match(r"#!\S*(?:sh|env bash)((?: -\w+)*)", text)
            by_itself = first is not None and words[0] == run.path
            options = first[1].split() if first is not None and by_itself else _shell_options(words)
            yield from self._inner(node, text, options, state)

    def _sourced(self, node: Node, run: Script, text: str | None, state: State, *, ignored: bool) -> Iterator[State]:
        if text is not None:
            ends = self._here(node, text, state._replace(called=True), ignored=ignored)
            yield from (_back(end, state) for end in ends)
        elif _HARMLESS_SOURCES.fullmatch(run.path.rpartition("/")[2]) or state.failed:
            yield from state.ends(SUCCESS)
        else:
            yield from _either_way(state)

    def _dbt(self, node: Node, run: Run, words: list[str], state: State, *, ignored: bool) -> Iterator[State]:
        key = (*self._within, node.start_byte)
        self.runs.setdefault(key, run)
        apart = _detaches(words)
        if key == self._target and not (state.failed and self._varies(run)):
            if apart:
                yield from state._replace(failed=True, apart=True, cause=Cause("background", source_of(node))).ends("0")
            else:
                yield from state._replace(failed=True).ends(FAILED)
        elif state.failed:
            retried = state.answering or run.command == "retry"
            yield from state.ends(SUCCESS, FAILED) if retried else state.ends(SUCCESS)
        else:
            yield from state.ends(SUCCESS, OTHER) if ignored else state.ends(SUCCESS)

    def _varies(self, run: Run) -> bool:
        """Return whether a command is another one in each pass of a loop or call of a function."""
        text = " ".join(run.words)
        names = {found.strip("{") for found in re.findall(r"\$(\{?\w+|\{?[@*])", text)}
        return any(name in self._turning or name in {"@", "*"} or name.isdigit() for name in names)

    def _other(self, words: list[str], state: State, *, ignored: bool) -> Iterator[State]:
        if UNKNOWN in words[0] and not words[0].strip(UNKNOWN) and not state.failed:
            yield from _either_way(state)
        elif _may_fail(words, ignored=ignored, answering=state.answering):
            yield from state.ends(SUCCESS, OTHER)
        else:
            yield from state.ends(SUCCESS)

    # -- commands of the shell -----------------------------------------------------------

    def set_options(self, _node: Node, words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``set``."""
        yield from with_options(state, words).ends(SUCCESS)

    def shopt(self, _node: Node, words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``shopt``."""
        yield from with_shopt(state, words).ends(SUCCESS)

    def count(self, _node: Node, _words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``let``, which ends with 1 where its result is 0."""
        yield from state.ends(SUCCESS, OTHER)

    def succeed(self, _node: Node, _words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``true`` and ``:``."""
        yield from state.ends(SUCCESS)

    def fail(self, _node: Node, _words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``false``."""
        yield from state.ends(OTHER)

    def leave(self, node: Node, words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``exit`` and ``return``."""
        name = source_of(node.children[0])
        if name == "return" and not state.called:
            # `return` is an error here, and the shell goes on.
            yield from state.lost("next", source_of(node)).ends(OTHER)
            return
        for code in _codes_given(node, words, state):
            yield state.lost("exit", source_of(node))._replace(code=code, leaving=EXIT if name == "exit" else RETURN)

    def break_off(self, node: Node, words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``break`` and ``continue``."""
        if words and words[0] != "1":
            raise _UnclearError
        leaving = source_of(node.children[0]) if state.turning else ""
        yield state._replace(code=SUCCESS, parts=(SUCCESS,), leaving=leaving)

    def trap(self, _node: Node, words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``trap``."""
        words = [word for word in words if word != "--"]
        text = "" if words[:1] == ["-"] else words[0] if words else ""
        signals = {word.removeprefix("SIG") for word in words[1:]}
        if signals & {"EXIT", "0"}:
            state = state._replace(exit_trap=text)
        if "ERR" in signals:
            state = state._replace(error_trap=text)
        yield from state.ends(SUCCESS)

    def wait(self, node: Node, words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``wait``: without a job it ends with 0."""
        if not words:
            yield from state._replace(jobs=()).ends(SUCCESS)
            return
        last = node.children_by_field_name("argument")[-1]
        value = value_of(last, state)
        if words == ["-n"] and len(state.jobs) == 1:
            value = f"{JOB}0"
        if value is None or not value.startswith(JOB) or int(value[1:]) >= len(state.jobs):
            yield from state.ends(SUCCESS, OTHER)
        else:
            yield from state.ends(state.jobs[int(value[1:])])

    def compare(self, node: Node, words: list[str], state: State, _ignored: bool) -> Iterator[State]:
        """``test``, which is known where it compares two values."""
        values = node.children_by_field_name("argument")
        held = compared(value_of(values[0], state), words[1], value_of(values[2], state)) if len(values) == 3 else None
        codes = {True: (SUCCESS,), False: (OTHER,), None: (SUCCESS, OTHER)}[held]
        yield from state.ends(*codes)

    def evaluate(self, node: Node, words: list[str], state: State, ignored: bool) -> Iterator[State]:
        """``eval``."""
        text = " ".join(words)
        if not text or UNKNOWN in text or text.startswith("$"):
            yield from _either_way(state)
            return
        yield from self._here(node, text, state, ignored=ignored)

    def _here(self, node: Node, text: str, state: State, *, ignored: bool) -> list[State]:
        """The shell after it has read a text itself."""
        before = self._within
        self._within = (*before, node.start_byte)
        ends = self._program(text, state, ignored=ignored)
        self._within = before
        return ends

    def execute(self, node: Node, words: list[str], state: State, ignored: bool) -> Iterator[State]:
        """``exec``, after which no other command runs."""
        if not words:
            yield from state.ends(SUCCESS)
            return
        for end in self._program_of(node, words, state, ignored=ignored):
            yield end._replace(leaving=EXIT, exit_trap="")

    def read(self, _node: Node, words: list[str], state: State, ignored: bool) -> Iterator[State]:
        """``read``."""
        for name in words:
            if re.fullmatch(r"\w+", name):
                self._turning.add(name)
                state = state.bound(name, None)
        yield from state.ends(SUCCESS, OTHER) if ignored else state.ends(SUCCESS)


_METHODS = {
    **dict.fromkeys(_LISTS, "list_of"),
    **dict.fromkeys(_DECLARING, "declared"),
    **dict.fromkeys(("for_statement", "c_style_for_statement"), "loop_over"),
    **dict.fromkeys(("variable_assignment", "variable_assignments"), "assigned"),
    "subshell": "subshell",
    "test_command": "test",
    "list": "either",
    "negated_command": "negated",
    "pipeline": "pipeline",
    "if_statement": "conditional",
    "case_statement": "case",
    "while_statement": "loop_while",
    "redirected_statement": "redirected",
    "function_definition": "function",
    "command": "command",
}
_BUILTINS = {
    **dict.fromkeys(("true", ":"), "succeed"),
    **dict.fromkeys(("exit", "return"), "leave"),
    **dict.fromkeys(("break", "continue"), "break_off"),
    "false": "fail",
    "let": "count",
    "set": "set_options",
    "shopt": "shopt",
    "trap": "trap",
    "wait": "wait",
    "eval": "evaluate",
    "exec": "execute",
    "read": "read",
    "test": "compare",
}


def _reads(conditions: list[Node]) -> bool:
    """Return whether a loop goes on as long as there is a line to read."""
    words = source_of(conditions[0]).split()
    return "read" in [word for word in words if "=" not in word][:1]


def _left_alone(state: State) -> State:
    """The shell after a container was started that it does not wait for."""
    return state._replace(code=SUCCESS, parts=(SUCCESS,), apart=state.apart or state.failed)


def _out(state: State) -> State:
    """The shell after a loop that it has left."""
    return state._replace(leaving="") if state.leaving == BREAK else state


def _may_fail(words: list[str], *, ignored: bool, answering: bool) -> bool:
    """Return whether it is to be expected that a command fails: where its failure, or dbt's, is provided for."""
    program = words[0].rpartition("/")[2]
    if program in _SEARCHING and any(re.match(r"-\w*q|--(?:quiet|silent)", word) for word in words[1:]):
        return True
    return program not in _SURE and (ignored or (answering and program not in _NOTIFYING))


def _back(end: State, state: State) -> State:
    """The shell after a function, or a file that it has read, has returned."""
    return end._replace(leaving="" if end.leaving == RETURN else end.leaving, called=state.called)


def _either_way(state: State) -> Iterator[State]:
    """The shell after commands that are not known, which may tell it to leave at a failure."""
    yield from state.ends(SUCCESS)
    if not (state.errexit and state.pipefail):
        yield from state._replace(errexit=True, pipefail=True).ends(SUCCESS)


def _codes_given(node: Node, words: list[str], state: State) -> tuple[str, ...]:
    """The codes that ``exit`` or ``return`` may give."""
    if not words:
        return (state.code,)
    value = value_of(node.children_by_field_name("argument")[0], state)
    if value == FAILED or (value is not None and value.isdigit()):
        return (FAILED if value == FAILED else str(int(value) % 256),)
    return (SUCCESS, OTHER)


def _substitutions(node: Node) -> Iterator[Node]:
    """The outermost substitutions in a node."""
    for child in node.children:
        if child.type in _SUBSTITUTIONS:
            yield child
        elif child.type not in {"heredoc_redirect", "subshell"}:
            yield from _substitutions(child)


def _shell_options(words: Sequence[str]) -> list[str]:
    """The options of the shell among the words of a command."""
    start = next((index for index, word in enumerate(words) if re.search(r"(?:^|/)(?:ba|da|z|k)?sh$", word)), None)
    if start is None:
        return []
    options: list[str] = []
    for before, word in zip(words[start:], words[start + 1 :], strict=False):
        if not word.startswith(("-", "+")) and not (before.startswith("-") and before.endswith("o")):
            break
        options.append(word.replace("c", "") if re.fullmatch(r"-\w+", word) else word)
    return options


def _tests(words: Sequence[str]) -> bool:
    """Return whether one of some words is a command of the shell that has a code of its own."""
    return any(word in _BUILTINS or word in {"[", "[["} or re.match(r"\w+=", word) for word in words[1:3])


def _detaches(words: Sequence[str]) -> bool:
    """Return whether a container is started that nobody waits for."""
    programs = {word.rpartition("/")[2] for word in words[:3]}
    return bool(programs & _DETACHING) and any(word in {"-d", "--detach"} for word in words)
