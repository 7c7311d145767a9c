import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.analysis import (
    common_semantics,
    cross_modal_probes,
    embed,
    pooled_features,
    probe_matrix,
)
from mmtlib.analysis import embeddings as module
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.evaluation import accuracy
from mmtlib.models import build_model

CLASSES = 3


def made_features(n=90, c=6, seed=0, *, noise=0.3):
    """Return features of RGB, depth that means the same at another scale, and flow that does not.

    Flow knows the classes as well, but its channels are exchanged.
    """
    rng = np.random.default_rng(seed)
    labels, subjects = np.arange(n) % CLASSES, np.arange(n) // CLASSES % 6
    means = 2 * np.eye(CLASSES, c)
    rgb, depth, flow = (means[labels] + noise * rng.standard_normal((n, c)) for _ in range(3))
    return {"rgb": rgb, "depth": 10 * depth - 5, "flow": np.roll(flow, 1, 1)}, labels, subjects


def probes_of(features, labels, subjects, **settings):
    return cross_modal_probes(features, labels, subjects, classes=CLASSES, **settings)


def test_probes_work_across_modalities_that_mean_the_same():
    matrix = probe_matrix(probes_of(*made_features()))
    assert matrix.index.tolist() == matrix.columns.tolist() == ["rgb", "depth", "flow"]
    assert np.diag(matrix).min() > 0.95
    assert matrix.loc["rgb", "depth"] > 0.95
    assert matrix.loc["depth", "rgb"] > 0.95
    # Every class of flow lies where another class of the others does.
    assert matrix.loc["rgb", "flow"] < 0.1
    assert matrix.loc["flow", "depth"] < 0.1


def test_a_rotation_learnt_from_pairs_without_labels_undoes_exchanged_channels():
    made = made_features()
    assert probe_matrix(probes_of(*made)).loc["rgb", "flow"] < 0.1
    assert probe_matrix(probes_of(*made, rotate=True)).to_numpy().min() > 0.95


@pytest.mark.parametrize("seed", range(4))
def test_no_rotation_makes_unrelated_features_mean_the_same(seed):
    features, labels, subjects = made_features(n=270, c=12, seed=seed)
    noise = np.random.default_rng(100 + seed).standard_normal(features["rgb"].shape)
    made = {"rgb": features["rgb"], "depth": noise}
    matrix = probe_matrix(probes_of(made, labels, subjects, rotate=True))
    assert 0.1 < matrix.loc["rgb", "depth"] < 0.6
    assert matrix.loc["depth", "rgb"] < 0.9


def test_a_rotation_needs_people_beside_those_of_the_probe():
    features, labels, subjects = made_features()
    with pytest.raises(DataError, match="three subjects"):
        probes_of(features, labels, subjects % 2, rotate=True)


def test_common_semantics_is_the_mean_off_the_diagonal():
    features, labels, subjects = made_features()
    del features["flow"]
    probes = probes_of(features, labels, subjects)
    found = common_semantics(probes)
    matrix = probe_matrix(probes).to_numpy()
    assert found.across == pytest.approx((matrix[0, 1] + matrix[1, 0]) / 2)
    assert found.within == pytest.approx(np.trace(matrix) / 2)
    assert found.chance == pytest.approx(1 / 3)
    with pytest.raises(DataError, match="two modalities or more"):
        common_semantics(probes_of({"rgb": features["rgb"]}, labels, subjects))


def test_unrelated_features_stay_at_chance():
    rng = np.random.default_rng(0)
    _, labels, subjects = made_features(300)
    features = {name: rng.standard_normal((300, 6)) for name in ("rgb", "depth")}
    found = common_semantics(probes_of(features, labels, subjects))
    assert found.across == pytest.approx(1 / 3, abs=0.08)
    assert found.within == pytest.approx(1 / 3, abs=0.08)


def test_a_probe_never_sees_the_person_it_is_tested_on():
    """Features that name the person and nothing else: known people would be recognised."""
    subjects = np.repeat(np.arange(6), 10)
    labels = subjects % 2
    rng = np.random.default_rng(0)
    x = 3 * np.eye(6)[subjects] + 0.1 * rng.standard_normal((60, 6))
    probes = cross_modal_probes({"rgb": x, "depth": x}, labels, subjects, classes=2, folds=6)
    assert max(accuracy(p) for p in probes.values()) < 0.6


def test_every_clip_is_tested_once_with_a_probability_for_each_class():
    features, labels, subjects = made_features()
    names = [f"clip-{i}" for i in range(len(labels))]
    probes = cross_modal_probes(features, labels, subjects, classes=5, clip_ids=names)
    for found in probes.values():
        assert found.classes == 5
        assert (found.scores[:, 3:] == 0).all()
        assert found.clip_ids == tuple(names)
        np.testing.assert_array_equal(found.labels, labels)


def test_scale_and_offset_of_a_channel_do_not_count():
    features, labels, subjects = made_features()
    other = {name: x * np.linspace(0.1, 9, 6) + 4 for name, x in features.items()}
    one, two = (probes_of(f, labels, subjects) for f in (features, other))
    for pair in one:
        np.testing.assert_allclose(one[pair].scores, two[pair].scores, atol=1e-3)


def test_probes_take_the_features_of_networks():
    clips = {"rgb": 3, "depth": 1}
    generator = torch.Generator().manual_seed(0)
    features = {
        m: pooled_features(
            build_model("compact_i3d", m, num_classes=2, seed=0),
            torch.randn(12, c, 8, 16, 16, generator=generator),
        )
        for m, c in clips.items()
    }
    probes = cross_modal_probes(features, np.arange(12) % 2, np.arange(12) // 4, classes=2)
    assert set(probes) == {(a, b) for a in clips for b in clips}


@settings(max_examples=10)
@given(seed=st.integers(0, 99))
def test_pca_finds_the_plane_that_the_points_lie_in(seed):
    rng = np.random.default_rng(seed)
    plane = rng.standard_normal((20, 2))
    basis = np.linalg.qr(rng.standard_normal((5, 2)))[0]
    table = embed({"rgb": plane @ basis.T}, np.zeros(20, int))
    scaled = plane @ basis.T
    scaled = (scaled - scaled.mean(0)) / scaled.std(0)
    found = table[["x", "y"]].to_numpy()
    assert np.linalg.norm(found) <= np.linalg.norm(scaled) + 1e-9
    expected = np.linalg.svd(scaled, compute_uv=False)[:2]
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), expected, rtol=1e-6)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_classes_lie_together_and_the_seed_decides(method):
    features, labels, _ = made_features(60, noise=0.05)
    del features["flow"]
    table = embed(features, labels, method=method, perplexity=8, seed=2)
    assert table["modality"].tolist() == ["rgb"] * 60 + ["depth"] * 60
    assert table["clip"].tolist() == [*range(60)] * 2
    assert table["label"].tolist() == [*labels] * 2
    points = table[["x", "y"]].to_numpy()
    far = np.linalg.norm(points[:, None] - points, axis=2)
    same = np.equal.outer(table["label"].to_numpy(), table["label"].to_numpy())
    np.fill_diagonal(far, np.inf)
    assert same[np.arange(120), far.argmin(1)].all()
    assert embed(features, labels, method=method, perplexity=8, seed=2).equals(table)


def test_features_that_do_not_fit_are_refused():
    features, labels, subjects = made_features()
    wider = {**features, "flow": np.zeros((90, 7))}
    for function in (probes_of, lambda f, y, _: embed(f, y)):
        with pytest.raises(DataError, match=r"rgb 90 x 6, depth 90 x 6, flow 90 x 7\."):
            function(wider, labels, subjects)
        with pytest.raises(DataError, match="labels: expected 90 whole numbers"):
            function(features, labels[:5], subjects)
        with pytest.raises(DataError, match=r"labels: expected 90 whole numbers.*float64"):
            function(features, labels * 1.0, subjects)
        with pytest.raises(DataError, match="rgb: expected finite features"):
            function({"rgb": np.full((90, 6), np.nan)}, labels, subjects)
        with pytest.raises(DataError, match="No features"):
            function({}, labels, subjects)


COLLAPSED = {
    "zeros": np.zeros((30, 6)),
    "one vector": np.tile(np.linspace(0.1, 0.7, 6), (30, 1)),
    "rounding": np.tile(np.linspace(0.1, 0.7, 6), (30, 1)) * (1 + 1e-16 * np.eye(30, 6)),
    "too small to be squared": np.random.default_rng(0).normal(size=(30, 6)) * 1e-200,
    "too large to be squared": np.random.default_rng(0).normal(size=(30, 6)) * 1e200,
}


@pytest.mark.parametrize("kind", COLLAPSED)
@pytest.mark.parametrize("other", [False, True])
def test_a_collapsed_network_is_named_before_any_library_sees_it(kind, other, monkeypatch):
    """t-SNE of equal points ends Python with a segmentation fault, so it must not be called."""
    features, labels, subjects = made_features(30)
    given = {"rgb": features["rgb"]} if other else {}
    given["depth"] = COLLAPSED[kind]
    for name in ("TSNE", "PCA", "LogisticRegression"):
        monkeypatch.setattr(module, name, None)
    for function in (
        lambda: embed(given, labels, method="tsne"),
        lambda: embed(given, labels),
        lambda: probes_of(given, labels, subjects),
    ):
        with pytest.raises(DataError, match=r"depth: (all points are equal|the points have no)"):
            function()


@settings(max_examples=12)
@given(
    points=st.integers(2, 8), different=st.integers(2, 4), channels=st.integers(2, 3),
    scale=st.sampled_from([1e-30, 1.0, 1e30]), seed=st.integers(0, 9),
)  # fmt: skip
def test_few_and_equal_points_are_embedded_as_long_as_two_differ(
    points, different, channels, scale, seed
):
    drawn = np.random.default_rng(seed).normal(size=(different, channels)) * scale
    x = drawn[np.arange(points) % different]
    table = embed({"ir": x}, np.zeros(points, int), method="tsne", perplexity=1.0)
    assert np.isfinite(table[["x", "y"]]).all(axis=None)


def test_probes_of_people_who_make_one_gesture_each_are_refused():
    features, _, _ = made_features(30)
    people = np.arange(30) % 2
    with pytest.raises(DataError, match="all of one class: probes need"):
        cross_modal_probes(features, people, people, classes=2)


def test_settings_out_of_their_range_are_refused():
    features, labels, subjects = made_features()
    with pytest.raises(ConfigError, match="2 folds or more"):
        probes_of(features, labels, subjects, folds=1)
    with pytest.raises(ConfigError, match="penalty above 0"):
        probes_of(features, labels, subjects, penalty=0.0)
    with pytest.raises(DataError, match="two subjects"):
        probes_of(features, labels, subjects * 0)
    with pytest.raises(DataError, match="two classes"):
        probes_of(features, labels * 0, subjects)
    with pytest.raises(DataError, match="Expected labels 0 to 1, got 0 to 2"):
        cross_modal_probes(features, labels, subjects, classes=2)
    with pytest.raises(ConfigError, match="Unknown method of embedding 'umap'"):
        embed(features, labels, method="umap")
    with pytest.raises(ConfigError, match="perplexity: expected 0 to 270"):
        embed(features, labels, method="tsne", perplexity=270)
    with pytest.raises(DataError, match="two points and channels"):
        embed({"rgb": np.zeros((4, 1))}, np.zeros(4, int))
