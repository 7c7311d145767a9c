"""A guard against a transfer that ruins a network: it outgrows the classification loss by far."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping

from mmtlib.config import Transfer
from mmtlib.core.errors import ConfigError

TIMES = 1000.0
"""How many times the classification loss a learner's transfer term may be. In no epoch of the first
study at weights up to 100 (on the mean) was it more than 100 times; the recipe that ruined its
networks reached two million (tests/study/test_first_study_terms.py)."""
STEPS = 20
"""For how many steps in a row it may be more."""

logger = logging.getLogger("mmtlib.training")


class Guard:
    """Looks at every step of a training, and stops it or warns once for each learner.

    Attributes:
        in_a_row: learner -> steps in a row with too large a transfer term; part of a saved state.
    """

    def __init__(self, transfer: Transfer, in_a_row: Mapping[str, int] | None = None) -> None:
        self.transfer = transfer
        self.in_a_row = dict(in_a_row or {})

    def look(self, epoch: int, sums: Mapping[str, float]) -> None:
        """Look at the sums of a step (see `mmtlib.training.history.step_sums`).

        Raises:
            ConfigError: if the guard is to stop the training, and the term was too large for long.
        """
        if self.transfer.settings.guard == "off":
            return
        terms: defaultdict[str, float] = defaultdict(float)
        for key, value in sums.items():
            if key.startswith("transfer/"):
                terms[key.split("/")[1]] += value
        for learner, term in terms.items():
            loss = sums[f"loss/{learner}"]
            self.in_a_row[learner] = self.in_a_row.get(learner, 0) + 1 if term > TIMES * loss else 0
            if self.in_a_row[learner] == STEPS:
                self._speak(epoch, learner, term / sums["clips"], loss / sums["clips"])

    def _speak(self, epoch: int, learner: str, term: float, loss: float) -> None:
        its, weight = self.transfer.settings, self.transfer.weight_setting
        change = f"lower {weight} (it is {self.transfer.weight:g})"
        if self.transfer.focal:
            change += f" or rho_ceiling (it is {its.rho_ceiling:g})"
        found = (
            f"In epoch {epoch} the transfer term of {learner} is {term:.3g} and its classification "
            f"loss {loss:.3g}, for {STEPS} steps more than {TIMES:g} times as large: it ruins the "
            f"network; {change}"
        )
        if its.guard == "stop":
            raise ConfigError(f"{found}, or let it go on with guard='warn'.")
        logger.warning("%s.", found)
