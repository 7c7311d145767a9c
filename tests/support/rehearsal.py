"""Both builds of a notebook in one execution: what a student meets, then the solution."""

import copy

import nbformat


def tags(cell):
    return cell.metadata.get("tags", [])


def exercises(cells):
    """Return (stub, text with the hint, solution, check) of every exercise.

    The text stands right before or right after the stub, solution and check follow.
    """
    found = []
    for i, cell in enumerate(cells):
        if "exercise" in tags(cell):
            beside = [c for c in (cells[i - 1], cells[i + 1]) if c.cell_type == "markdown"]
            after = [c for c in cells[i + 1 : i + 4] if c.cell_type == "code"]
            text = " ".join(" ".join(c.source for c in beside).split())
            found.append((cell, text, *after[:2]))
    return found


def rehearsal(notebook):
    """Return a notebook that tries every exercise first without, then with its solution.

    The check of a stub comes first, where it stands once the solution is removed, and may raise.
    Then come the solution and its check, and at last the stub again: a later cell that needs the
    solution fails, as it would for a student. Cells that only this copy has are tagged
    ``rehearsal``; without them it is the students' notebook.
    """
    whole, cells = copy.deepcopy(notebook), []
    checks = {solution.id: check for _, _, solution, check in exercises(whole.cells)}
    stubs = {solution.id: stub for stub, _, solution, _ in exercises(whole.cells)}
    replaced = {check.id for check in checks.values()}
    for cell in whole.cells:
        if cell.id in checks:
            first = _again(checks[cell.id], "raises-exception")
            cell.metadata.tags = [*tags(cell), "rehearsal"]
            second, stub = (_again(c, "rehearsal") for c in (checks[cell.id], stubs[cell.id]))
            cells += [first, cell, second, stub]
        elif cell.id not in replaced:
            cells.append(cell)
    whole.cells = cells
    return whole


def _again(cell, tag):
    again = nbformat.v4.new_code_cell(cell.source)
    again.metadata.tags = [*tags(cell), tag]
    return again
