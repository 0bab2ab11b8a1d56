"""The language server; imports pygls, and any layer below; only ``frontends.cli`` imports it, when asked to serve."""
