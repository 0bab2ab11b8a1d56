"""What Fixit users enable, ``enable = ["offramp.fixit"]``: one rule for every code; may import the front ends."""

from offramp.frontends.fixit_rules import lint_rules

globals().update(lint_rules())
