"""Compares this tool with others at the same work, interleaved in one run: what docs/ quotes."""
