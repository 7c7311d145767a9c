# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 08 Correlation maps: what does a network see as alike?
#
# **Where we are.** Notebooks 06 and 07 asked by accuracies whether, and when, RGB gains. Now we
# look inside.
#
# **Question.** SSA pulls the correlation maps of two networks together. What can be seen in such a
# map, did the maps come together, and is a network whose map is closer also a better one?
#
# $$\mathrm{corr}(F) = \hat F \hat F^{\top}, \qquad
# D_{m,n} = \frac{1}{d^2} \lVert \mathrm{corr}(F_m) - \mathrm{corr}(F_n) \rVert_F^2$$
#
# $$\mathrm{CKA}(X, Y) = \frac{\langle K, L \rangle}{\lVert K \rVert_F \lVert L \rVert_F}$$
#
# $\hat F$ has a row of length 1 for each of the $d = T \cdot H \cdot W$ positions. $K$ and $L$
# are the Gram matrices $X X^{\top}$ and $Y Y^{\top}$ of centred features (mean 0 in every channel).
#
# **Prerequisites.** Notebook 03 (correlation maps, SSA).
#
# **You will be able to** lay a row of a map back over the frames; measure how far two networks'
# maps are apart, with a control; use CKA as a second opinion; say why "closer" need not be
# "better".
#
# **Time.** 25 minutes to read; at most 90 seconds to run on a 2-core CPU, from an empty cache.

# %%
import pandas as pd
import torch

import mmtlib
from mmtlib import analysis, figures
from mmtlib.exercises import checks, hint
from mmtlib.experiment import inspect_runs
from mmtlib.losses import correlation_map, ssa_distance

# %% [markdown]
# ## 1 By hand: what the two measures do not see
#
# Five positions with two channels each, and three copies of them that were changed: turned (the
# channels mixed by a rotation), every second position made three times as long, and the same
# offset added to all of them.
#
# **Predict before you run.** $D$ between each copy and the original: which are 0? CKA: which are 1?

# %%
rows = torch.tensor([[3.0, 4.0], [6.0, 1.0], [1.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
copies = {
    "turned": rows @ torch.tensor([[0.6, -0.8], [0.8, 0.6]]),
    "longer": rows * torch.tensor([[1.0], [3.0], [1.0], [3.0], [1.0]]),
    "offset": rows + torch.tensor([4.0, 0.0]),
}
as_features = {k: v.T.reshape(1, 2, 5, 1, 1) for k, v in {"": rows, **copies}.items()}
distance = {
    k: (correlation_map(f) - correlation_map(as_features[""])).square().mean().item()
    for k, f in as_features.items() if k
}  # fmt: skip
alike = {k: analysis.linear_cka(rows, v).item() for k, v in copies.items()}
pd.DataFrame({"D": distance, "CKA": alike}).round(3)

# %% [markdown]
# Both ignore a turn: they can be compared across networks whose channels mean different things.
# The map ignores how *long* features are, CKA does not. CKA ignores a common *offset*, the map
# does not. They are different questions, so CKA can serve as a witness: the alignment loss was
# not asked to raise it. (The library's CKA is the unbiased estimator. With few examples and many
# channels the plain one comes near 1 for noise.)
#
# ### Exercise 1: plain linear CKA
#
# From features `(n, p)` and `(n, q)` to one number, by the equation above. Stuck? `hint("cka", 1)`,
# then 2 and 3.


# %% tags=["exercise"]
def cka(x, y):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    K, L = x @ x.T, y @ y.T
    return (K * L).sum() / (K.norm() * L.norm())


# %% tags=["check"]
checks.cka(cka)

# %% [markdown]
# ## 2 The networks, and one clip's maps
#
# The package brings networks of the study along: RGB and depth trained alone, and both trained
# together with SSA and focal regularization (notebook 04). They see 144 validation clips: twelve
# people whom no network was trained with, each in every gesture once. Test clips stay closed. The
# clip to look at, here and in notebook 09, is the first one of *beckon*.

# %%
arms = {"alone": ["alone-rgb", "alone-depth"], "together": ["mtut"]}
runs = {arm: [mmtlib.stored_run(name) for name in names] for arm, names in arms.items()}
seen = inspect_runs(runs, clips=144)
maps = {
    k: analysis.stage_correlations(network, seen.batch.frames[k[1]])
    for k, network in seen.networks.items()
}
grid = maps["together", "rgb"].grid
print(runs["together"][0].origin, "- grid T, H, W:", grid)

# %%
shown = seen.classes.index("beckon")
title = {"rgb": "RGB", "depth": "Depth"}
figures.correlation_pairs(
    {arm: {title[m]: maps[arm, m].maps[shown] for m in title} for arm in arms}, grid=grid
)

# %% [markdown]
# **What to see.** Above, two networks that never met; below, two that were trained together. The
# four squares of a map are time step against time step; the finer tiles are rows of the picture.
# Right: where the two maps differ, on one scale for both rows, and $D$ in the title. Do the lower
# two look alike? Which of the two is closer to the map above it, that is, who moved?
#
# ## 3 Lay it back over the frames
#
# One row of a map holds a position's similarity to every other. In space and time again it can be
# read.
#
# ### Exercise 2: one row, laid out
#
# From a map `(d, d)`, the grid `(T, H, W)` and a position `(t, y, x)` to `(T, H, W)`. Stuck?
# `hint("like_this", 1)`.


# %% tags=["exercise"]
def like_this(maps, grid, position):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def like_this(maps, grid, position):
    t, y, x = position
    return maps[(t * grid[1] + y) * grid[2] + x].reshape(grid)


# %% tags=["check"]
checks.like_this(like_this)

# %% [markdown]
# **Predict before you run:** we choose a position in the middle of the hand. Which places will the
# RGB network trained alone take to be like it: the hand, or what is beside it? The library's
# `similarity_over_frames` does what you wrote, for all clips, and interpolates.

# %%
hand = torch.nn.functional.adaptive_avg_pool3d(seen.clips[shown].mask[None].float(), grid)[0]
position = tuple(int(i) for i in torch.unravel_index(hand.argmax(), grid))
size = seen.clips[shown].shape
figures.similarity_strip(
    seen.clips[shown],
    {
        f"{title[m]} {arm}": analysis.similarity_over_frames(found, position, size)[shown]
        for (arm, m), found in maps.items()
        if (arm, m) != ("alone", "depth")
    },
    position=position,
    grid=grid,
)

# %% [markdown]
# **What to see.** The cross marks the position. Bright places are alike to it. Where does RGB
# trained alone take the background for hand? Is the region in "RGB together" nearer to what depth
# sees? The maps have 8 x 8 positions, whatever their smoothness suggests.
#
# Walk through all positions yourself with the sliders, or click on a map (this needs a running
# kernel; the picture below it is the same standing still):

# %%
from mmtlib.widgets.correlation_explorer import correlation_explorer, correlation_static

start = (position[0] * grid[1] + position[1]) * grid[2] + position[2]
walk = {f"{title[m]} {arm}": found.maps[shown] for (arm, m), found in maps.items()}
correlation_explorer(seen.clips[shown], walk, grid=grid, position=start)

# %%
correlation_static(seen.clips[shown], walk, grid=grid, position=start)

# %% [markdown]
# ### A number for it
#
# The hand's outline is known, so the impression can be measured: the mean similarity of two
# positions that both lie on the hand (`within`), and of one on the hand and one on the background
# (`across`). A network that keeps the hand apart has a high first and a low second number.

# %%
masks = analysis.hand_masks(seen.clips)
contrast = {k: analysis.hand_contrast(found, masks) for k, found in maps.items()}
table = pd.DataFrame({k: t[["within", "across"]].mean() for k, t in contrast.items()}).T
table.assign(contrast=table["within"] - table["across"]).round(3)

# %% [markdown]
# Compare the two rows of RGB with each other, then with the rows of depth. Nothing in the loss
# mentions the hand. If RGB's numbers have come closer to depth's, they came with the map.
#
# ## 4 How far apart, over all clips
#
# ### Exercise 3: the distance of two maps
#
# $D$ for features `(N, C, T, H, W)` of two networks, `(N,)`; `C` may differ. You may use
# `correlation_map`. Stuck? `hint("map_distance", 1)`.


# %% tags=["exercise"]
def map_distance(first, second):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def map_distance(first, second):
    return (correlation_map(first) - correlation_map(second)).square().mean(dim=(1, 2))


# %% tags=["check"]
checks.map_distance(map_distance)

# %% [markdown]
# Two networks that had the same map for *every* clip would have $D = 0$ and know nothing. So each
# clip's RGB map is also compared with the depth map of **another** clip. What the clip itself
# contributes is the gap between the two. CKA (positions as examples) stands beside $D$ as the
# witness, at three stages and for 72 clips; the loss compared `mixed_2`. **Predict before you
# run:** at which stages will the maps have come closer?

# %%
found = {}
for stage in ("mixed_1", "mixed_2", "mixed_3"):
    for arm in arms:
        rgb, depth = (
            analysis.stage_features(seen.networks[arm, m], seen.batch.frames[m][:72], stage)
            for m in title
        )
        for which, other in {"same clip": depth, "another clip": depth.roll(1, 0)}.items():
            cka_of_clips = analysis.cka_over_positions(rgb, other)
            found["D", which, stage, arm] = ssa_distance(rgb, other, reduction="mean").mean()
            found["CKA", which, stage, arm] = cka_of_clips.nanmean()
pd.Series(found).astype(float).unstack([0, 1]).round(3)

# %% [markdown]
# Three things to check. Does $D$ fall for the same clip by more than for another one? Does CKA,
# which nobody trained for, agree? And is the change largest where the loss was applied?
#
# When did it happen? The run's history holds the distance of every epoch, on training clips while
# both networks still change:

# %%
history = runs["together"][0].history.pair_table()
history = history[history["learner"] == "rgb"].set_index("epoch")[["ssa", "rho"]]
history.loc[history.index.isin([5, 6, 8, 10, 15, 20, 30, 39])].round(4).T

# %% [markdown]
# `ssa` is $D$ on training clips, `rho` how much RGB listens to depth (notebook 04). Most of the
# way may be gone in the first epochs.
#
# ## 5 Is closer better?
#
# RGB got closer to depth, and RGB got better. That is one pair of facts, not a law. Look at the
# twelve gestures: did RGB gain most where its maps came closest? (Gains are of these two
# networks, on these clips, so they are rough.)

# %%
closer = {}
for arm in arms:
    pair = {m: analysis.stage_features(seen.networks[arm, m], seen.batch.frames[m]) for m in title}
    distances = analysis.map_distances(pair, seen.batch.labels)
    closer[arm] = analysis.distances_by_class(distances, seen.classes)["distance"]
alone, together = ({"rgb": [seen.predictions[arm, "rgb"]]} for arm in arms)
table = analysis.gain_by_class(alone, together, seen.classes).set_index("class")[["gain"]]
table["closer"] = (closer["alone"] - closer["together"]).to_numpy()
print(f"rank correlation: {table['closer'].corr(table['gain'], 'spearman'):.2f}")
table.sort_values("closer", ascending=False).round(3)

# %% [markdown]
# With twelve gestures a rank correlation between about -0.58 and +0.58 is what chance alone gives
# in 95 of 100 cases. Is yours outside?
#
# ### One point made live: pull harder
#
# If closer were better, a larger weight would be better without end. The preset `tiny` (48 clips)
# trains in seconds: no alignment, then a sensible and an absurd weight, without $\rho$.
# **Predict before you run** both columns.

# %%
base = mmtlib.ExperimentConfig.make(
    preset="tiny", modalities=("rgb", "depth"), epochs=15, focal=False
)
rows = {}
for weight in (0.0, 10.0, 1000.0):
    run = mmtlib.run(base.replace(ssa_weight=weight))
    small = inspect_runs({"": [run]})
    pair = [
        analysis.stage_features(n, small.batch.frames[m]) for (_, m), n in small.networks.items()
    ]
    rows[weight] = {"D": ssa_distance(*pair, reduction="mean").mean().item()}
    rows[weight] |= run.validation_accuracy
pd.DataFrame(rows).T.rename_axis("weight").round(3)

# %% [markdown]
# $D$ falls with the weight, as it must: it is what the loss asks for. Whether accuracy follows is
# another matter (24 clips, one seed: read it with care). The easiest way to equal maps is to have
# nothing in them. That is why the weight is tuned on validation *accuracy*, never on $D$.
#
# ## 6 Pitfalls
#
# - **Judging by what was trained for.** $D$ falls by construction; a witness such as CKA, or
#   accuracy, does not.
# - **No control.** Maps of different clips come closer too, as all clips have a middle.
# - **Sum or mean, and $d$.** Only the mean can be compared between stages, and even then stages
#   differ in what they hold.
# - **The biased CKA** with few examples and many channels: near 1 for noise.
# - **One clip, one position, one seed.** The pictures show one of each, the tables one seed.
# - **Smooth overlays** of 8 x 8 positions.
#
# ## 7 Summary
#
# A map's row, laid over the frames, shows what a network takes to be the same thing. Training
# together can be seen there, and measured: $D$ against another clip, CKA as a witness, the
# contrast of hand and background. None of them replaces accuracy on new people.
#
# **Sources.** Abavisani, Joze, Patel, CVPR 2019, arXiv 1812.06145 (the maps); Kornblith, Norouzi,
# Lee, Hinton, *Similarity of Neural Network Representations Revisited*, ICML 2019 (CKA); Song et
# al., JMLR 13, 2012 (its unbiased estimator).
#
# **What this could not tell.** A map says which places look alike to a network, not which of them
# its answer depends on.
#
# **Next.** [09 Grad-CAM and saliency](09_gradcam_saliency.ipynb): where does a network look?
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("08_correlation_maps")
