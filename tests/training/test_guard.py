"""A transfer that outgrows the classification loss is stopped, or said."""

import logging

import pytest

from mmtlib.config import Transfer, TransferSettings
from mmtlib.core.errors import ConfigError
from mmtlib.training.guard import STEPS, TIMES, Guard


def guard(**settings):
    return Guard(Transfer.of(TransferSettings(**settings), ("rgb", "depth")))


def sums(times, clips=4.0):
    return {
        "clips": clips, "loss/rgb": 0.5 * clips, "loss/depth": 0.5 * clips,
        "transfer/rgb/depth": 0.5 * times * clips, "transfer/depth/rgb": 0.0,
    }  # fmt: skip


def test_it_stops_after_so_many_steps_in_a_row_and_names_both_numbers():
    watching = guard(ssa_weight=100.0)
    for _ in range(STEPS - 1):
        watching.look(3, sums(2 * TIMES))
    watching.look(3, sums(0.5 * TIMES))  # one step below: counted anew
    for _ in range(STEPS - 1):
        watching.look(4, sums(2 * TIMES))
    with pytest.raises(ConfigError) as error:
        watching.look(4, sums(2 * TIMES))
    message = str(error.value)
    for part in ("epoch 4", "of rgb is 1e+03", "loss 0.5", "ssa_weight (it is 100)", "rho_ceiling"):
        assert part in message


def test_the_count_is_part_of_the_state():
    watching = guard()
    for _ in range(STEPS - 1):
        watching.look(0, sums(2 * TIMES))
    with pytest.raises(ConfigError):
        Guard(watching.transfer, watching.in_a_row).look(0, sums(2 * TIMES))


def test_warned_it_goes_on_and_speaks_once(caplog):
    with caplog.at_level(logging.WARNING, logger="mmtlib.training"):
        for how in ("warn", "off"):
            watching = guard(guard=how)
            for _ in range(3 * STEPS):
                watching.look(0, sums(2 * TIMES))
    (record,) = caplog.records
    assert "it ruins the network" in record.getMessage()
