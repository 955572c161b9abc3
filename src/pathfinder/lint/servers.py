"""A server is started on the port that was asked for, and says which port and path are its own."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix, strings


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, cell, step in matrix.steps():
        if step.kind != "start" or cell.server is None or cell.server.port is None:
            continue
        if not any("{port}" in text for text in strings(step)):
            yield Finding("servers", where, "It starts a server without {port}.")
    for where, _, cell in matrix.cells():
        if cell.server is not None and cell.server.port is not None and cell.server.health is None:
            yield Finding("servers", where, "A server without a health path cannot be waited for.", "warning")
        if cell.server is None and any(step.kind == "start" for step in cell.launch) and "chat" in cell.tasks:
            yield Finding("servers", where, "It starts something and says neither its API nor its port.", "warning")
