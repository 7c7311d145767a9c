import pytest

from mmtlib.core import errors


@pytest.mark.parametrize("kind", [errors.DataError, errors.ConfigError, errors.CheckpointError])
def test_one_family_apart_from_the_built_in_errors(kind):
    assert issubclass(kind, errors.MmtlibError)
    assert not issubclass(kind, (OSError, ValueError, KeyError))


def test_unknown_name_lists_what_is_known_in_order_and_the_nearest():
    error = errors.unknown_name("modality", "dpeth", ["rgb", "depth", "ir"])
    assert isinstance(error, errors.ConfigError)
    assert str(error) == ("Unknown modality 'dpeth'; known: depth, ir, rgb. Did you mean 'depth'?")


@pytest.mark.parametrize("name", ["zzzzzz", None, 7])
def test_unknown_name_does_not_guess_when_nothing_is_near(name):
    message = str(errors.unknown_name("split", name, iter(["train", "test"])))
    assert repr(name) in message
    assert "Did you mean" not in message
