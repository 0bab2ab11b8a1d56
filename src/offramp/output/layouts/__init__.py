"""Layouts of findings for services and programs, a module each: ``report(outcome)`` gives its text piece by piece."""
