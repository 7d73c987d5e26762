"""Questions before something is lost."""

import sys

from runs.errors import UserError


def let_confirm(question: str, *, yes: bool, refused: str = "nothing is deleted") -> None:
    """Go on only if the user says yes, here or by an option. Raises UserError if he does not, or cannot be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError(
            f"{question.rstrip('.?')}; there is no terminal to ask on: add --yes (make ... YES=1); {refused}"
        )
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UserError(refused)
