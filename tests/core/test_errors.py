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


def nested(depth, value=1):
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [nested(10**4), 10**9999, "x" * 10**6, [0.5] * 10**6, {1: {}}], ids=type
)
def test_values_are_shown_short_however_deep_and_long_they_are(value):
    assert len(errors.shown_value(value)) < 200
    assert len(str(errors.unknown_name("split", value, ["test"]))) < 250


def test_plain_values_are_shown_as_python_writes_them():
    for value in (None, True, 1.5, -7, "ten", ["rgb", "depth"], ("a",)):
        assert errors.shown_value(value) == repr(value)


@pytest.mark.parametrize("name", ["zzzzzz", None, 7])
def test_unknown_name_does_not_guess_when_nothing_is_near(name):
    message = str(errors.unknown_name("split", name, iter(["train", "test"])))
    assert repr(name) in message
    assert "Did you mean" not in message
