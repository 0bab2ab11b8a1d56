"""``python -m offramp``: the console command."""

from offramp.frontends.cli import command

command()
