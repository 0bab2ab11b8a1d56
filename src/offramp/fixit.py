"""Rules for Fixit, one for every code: ``enable = ["offramp.fixit"]``; may import the front ends."""

from offramp.frontends.fixit_rules import lint_rules

globals().update(lint_rules())
