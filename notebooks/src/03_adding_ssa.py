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
# # 03 Adding SSA: how can networks with different channels learn from each other?
#
# **Where we are.** In notebook 02 depth was right on clips where RGB was wrong.
#
# **Question.** Can a network that sees only RGB learn from a network that sees depth, although no
# channel of the one means the same as a channel of the other?
#
# $$\mathrm{corr}(F) = \hat F \hat F^{\top} \in \mathbb{R}^{d \times d}, \qquad
# \ell_{SSA}^{m,n} = \rho^{m,n}\, \lVert \mathrm{corr}(F_m) - \mathrm{corr}(F_n) \rVert_F^2$$
#
# $$\ell^m = \ell_{cls}^m + \lambda \sum_{n \ne m} \ell_{SSA}^{m,n}$$
#
# $F_m$ is a late feature map of the network of modality $m$, written as a matrix with one row for
# each of the $d = T \cdot H \cdot W$ positions; $\hat F_m$ has its rows brought to length 1. In
# this notebook $\rho = 1$ throughout: notebook 04 is about $\rho$. SSA stands for *spatiotemporal
# semantic alignment*.
#
# **Prerequisites.** Notebook 02 (networks trained alone); tensors, `backward()`.
#
# **You will be able to** compute a correlation map by hand and in one line; say why it can be
# compared between networks and features cannot; say who gets the gradient; translate a weight
# from one reduction to another; read a comparison made with one seed for what it is.
#
# **Time.** 30 minutes to read; at most 3 minutes to run on a 2-core CPU from an empty cache,
# seconds if the runs are stored.

# %%
import pandas as pd
import torch
from IPython.display import ProgressBar

import mmtlib
from mmtlib import figures
from mmtlib.exercises import checks, hint
from mmtlib.losses import correlation_map, equivalent_weight, ssa_distance, ssa_loss

# %% [markdown]
# ## 1 Why not compare the features themselves?
#
# Suppose that channel 7 of the RGB network answers to fingertips. Nothing makes channel 7 of the
# depth network answer to fingertips too: each network numbers its channels as its own random
# start had it. Exchange two channels, and with them the weights that read them, and the network
# computes the same as before; yet any distance between *features* has changed.
#
# **Positions** are another matter. The two modalities show the same moment from the same point of
# view, so row 3, column 5 at time step 1 is the same piece of the world for both. A statement
# such as "what is here is like what is there" can be compared between networks. The correlation
# map collects all such statements about a clip.
#
# ## 2 By hand: a 2 x 2 x 1 feature map
#
# Two time steps, two rows, one column: $d = 4$ positions, with $C = 2$ channels each.
#
# | position | features | length | as a row of length 1 |
# |---|---|---|---|
# | 1 | (3, 4) | 5 | (0.6, 0.8) |
# | 2 | (6, 8) | 10 | (0.6, 0.8) |
# | 3 | (1, 0) | 1 | (1, 0) |
# | 4 | (0, 2) | 2 | (0, 1) |
#
# **Predict before you run.** The map has 16 entries. How many of them must you really compute?
# Which are 1, which is 0? Position 2 is twice position 1: does that show anywhere? Write the
# matrix down.

# %%
rows = torch.tensor([[3.0, 4.0], [6.0, 8.0], [1.0, 0.0], [0.0, 2.0]])
by_loop = torch.empty(4, 4)
for i in range(4):
    for j in range(4):
        by_loop[i, j] = rows[i] @ rows[j] / (rows[i].norm() * rows[j].norm())
by_loop

# %% [markdown]
# The map is symmetric with ones on the diagonal, so six entries are left to compute. Each is the
# cosine of the angle between two positions' features: 1 for the same direction whatever the
# length (positions 1 and 2), 0 for a right angle (3 and 4).
#
# ## 3 The equation beside the code
#
# Two loops over positions are one matrix product, $\hat F \hat F^{\top}$:

# %%
unit = rows / rows.norm(dim=1, keepdim=True)  # F hat: every row has length 1
by_matrix = unit @ unit.T
features = rows.T.reshape(1, 2, 2, 2, 1)  # as a network returns them: (N, C, T, H, W)
by_library = correlation_map(features)[0]
torch.testing.assert_close(by_loop, by_matrix)
torch.testing.assert_close(by_loop, by_library)

# %% [markdown]
# Three ways, one result (the cell would have stopped otherwise). Now change the features in three
# ways and ask how far they have moved: as features, and as correlation maps.
#
# **Predict before you run.** In which rows of the table is the second number 0?

# %%
turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])  # mixes the channels, keeps lengths and angles
variants = {
    "two channels exchanged": features.flip(1),
    "channels mixed by a rotation": torch.einsum("ck,nkthw->ncthw", turn, features),
    "two time steps exchanged": features.flip(2),
}
squared = {k: float((v - features).square().sum()) for k, v in variants.items()}
apart = {k: float(ssa_distance(v, features, reduction="sum")) for k, v in variants.items()}
pd.DataFrame({"features": squared, "correlation maps": apart}).round(4)

# %%
figures.correlation_maps(
    {"as it was": by_library}
    | {name: correlation_map(variants[name])[0] for name in list(variants)[1:]},
    grid=(2, 2, 1),
)

# %% [markdown]
# **What to see.** Mixing the channels leaves the map as it was; exchanging the time steps does
# not. The map forgets *which* channel says something and keeps *where* it is said: that is why it
# can travel between networks, and why it needs modalities that are aligned in space and time.
#
# ### Exercise 1: the map for a batch
#
# Write `position_correlation(features)` for features `(N, C, T, H, W)`, returning `(N, d, d)`,
# without calling the library's function. Positions whose features are all zero occur (a ReLU
# makes them) and must not give NaN. Stuck? `hint("position_correlation", 1)`, then 2 and 3.


# %% tags=["exercise"]
def position_correlation(features):
    """Return the cosines between all positions, (N, d, d)."""
    raise NotImplementedError


# %% tags=["solution"]
def position_correlation(features):
    """Return the cosines between all positions, (N, d, d)."""
    unit = torch.nn.functional.normalize(features.flatten(2), dim=1)  # (N, C, d)
    return unit.mT @ unit


# %% tags=["check"]
checks.position_correlation(position_correlation)

# %% [markdown]
# ## 4 Who moves? The distance, and its gradient
#
# The distance of two maps is $\lVert \mathrm{corr}(F_m) - \mathrm{corr}(F_n) \rVert_F^2$, the
# sum of the squared differences of their $d^2$ entries. It is the same seen from either side, so
# left to itself its gradient would pull both networks, the better one towards the worse one too.
# The method stops that: in the term of learner $m$ the map of teacher $n$ counts as a constant.
# (With two networks there are two such terms, each with its own learner.)
#
# Below, a learner with **three** channels is moved, step by step, towards the map of the
# hand-made teacher with **two**. **Predict before you run:** can the distance reach 0 at all? If
# so, will the learner's features then equal the teacher's?

# %%
learner = torch.rand(1, 3, 2, 2, 1, generator=torch.Generator().manual_seed(0)).requires_grad_()
teacher = features.clone().requires_grad_()
optimizer = torch.optim.SGD([learner], lr=0.05)
path = []
for _ in range(200):
    optimizer.zero_grad()
    losses = torch.tensor(1.0), torch.tensor(1.0)
    loss = ssa_loss(learner, teacher, *losses, focal=False, reduction="sum")
    loss.backward()
    optimizer.step()
    path.append(loss.item())
print("distance at step", {step: round(path[step], 4) for step in (0, 10, 50, 199)})
print("gradient of the teacher:", teacher.grad)
ends = {"learner": learner.detach().flatten(2)[0].T.tolist(), "teacher": rows.tolist()}
pd.DataFrame(ends, index=[1, 2, 3, 4]).map(lambda row: [round(x, 2) for x in row])

# %% [markdown]
# The learner came to nearly the same angles between positions with features of its own, in its own
# number of channels, while no gradient reached the teacher. (The two losses given to `ssa_loss`
# are for $\rho$; `focal=False` means $\rho = 1$, so they are not used.)
#
# ### Exercise 2: the loss of a learner
#
# Write `alignment_loss(learner, teacher)`: one number, the mean over the clips of a batch of the
# squared distance of the maps, with a gradient for the learner only. Library functions are
# allowed, `ssa_loss` is not. Stuck? `hint("alignment_loss", 1)`.


# %% tags=["exercise"]
def alignment_loss(learner, teacher):
    """Return the mean squared distance of the maps; the teacher gets no gradient."""
    raise NotImplementedError


# %% tags=["solution"]
def alignment_loss(learner, teacher):
    """Return the mean squared distance of the maps; the teacher gets no gradient."""
    return ssa_distance(learner, teacher.detach(), reduction="sum").mean()


# %% tags=["check"]
checks.alignment_loss(alignment_loss)

# %% [markdown]
# ## 5 Experiment: trained alone, trained together
#
# Now on moving hands. `compare` trains three runs with the same seed: the RGB network alone, the
# depth network alone, and both side by side with SSA and $\rho = 1$ (`focal=False`). A pair of
# runs starts from the same weights and sees the same clips in the same order with the same
# shifts; the alignment term is the only difference. It begins after some epochs of classification
# alone, when there is something worth aligning.
#
# Accuracy is measured on **validation** clips, of people who are not in the training clips. The
# test clips stay unread: they are for the end, when nothing is chosen any more.

# %%
config = mmtlib.ExperimentConfig.make(modalities=("rgb", "depth"), focal=False)
bar = ProgressBar(3)
bar.display()
comparison = mmtlib.compare(
    config, seeds=[0], progress=lambda done, total: setattr(bar, "progress", done)
)
comparison.summary()

# %% [markdown]
# Each network is tested on its own modality only; depth is not needed to use the RGB network.
# **Before you read on:** does the difference for RGB have the sign you expected? And for depth?
# The interval comes from drawing the *validation subjects* anew. Whether it contains 0 tells you
# whether other people might reverse the sign. It knows nothing of other seeds, of which there is
# one.
#
# ## 6 Did the maps come closer?
#
# An accuracy says whether something changed, not what. Here are the maps themselves: the networks
# see the first 24 validation clips, and we compare RGB's map with depth's map **of the same
# clip** and, as a control, with depth's map **of another clip**. If the networks had only learned
# one map for everything, both distances would fall alike.

# %%
from mmtlib.core.clips import ClipBatch
from mmtlib.experiment import make_transform, open_data

prepare, clips = make_transform(config, training=False), open_data(config, "validation").clips
batch = ClipBatch.from_clips([prepare(clips[i]) for i in range(24)])
trained = {"alone": {m: runs[0] for m, runs in comparison.alone.items()}}
trained["with SSA"] = dict.fromkeys(config.modalities, comparison.together[0])
found = {}
with torch.no_grad():
    for how, runs in trained.items():
        for m, run in runs.items():
            found[m, how] = run.network(m)(batch.frames[m]).features

# %%
same, other = {}, {}
for how in trained:
    rgb, depth = found["rgb", how], found["depth", how]
    same[how] = float(ssa_distance(rgb, depth, reduction="mean").mean())
    other[how] = float(ssa_distance(rgb, depth.roll(1, 0), reduction="mean").mean())
pd.DataFrame({"same clip": same, "another clip (control)": other}).round(4)

# %%
grid = tuple(found["rgb", "alone"].shape[2:])
names = {"rgb": "RGB", "depth": "Depth"}
maps = {f"{names[m]} {how}": correlation_map(f)[0] for (m, how), f in found.items()}
figures.correlation_maps({k: maps[k] for k in maps if "alone" in k}, grid=grid)

# %% [markdown]
# **What to see.** One clip, two networks that never met. The diagonal is 1 by definition. White
# lines part the time steps; the finer tiles are the rows of the picture, because positions are
# counted row by row. Dark lines are positions unlike most others. Look for structure that both
# share: that much they found independently. A matrix of this size is hard to read; section 7 lays
# it out in space again.

# %%
figures.correlation_maps({k: maps[k] for k in maps if "SSA" in k}, grid=grid)

# %% [markdown]
# **What to see.** The same clip after training together, on the same colour scale. Say in words
# what has changed: are the two maps more alike than the two above? Which of the two moved? Is
# there more contrast, or less? Then check your impression with the table: it averages 24 clips, a
# picture shows one.
#
# ## 7 Walk through the maps
#
# A row of a map is one position compared with all others, so it can be laid out in space and time
# again. The clip is our running example. Choose a position with the sliders (or click on a map):
# first on the hand, then on the background. Below the widget is the same as a still picture, for
# readers without a running kernel.

# %%
from mmtlib.widgets.correlation_explorer import correlation_explorer, correlation_static

middle = grid[1] // 2 * grid[2] + grid[2] // 2
correlation_explorer(clips[0], maps, grid=grid, position=middle)

# %%
correlation_static(clips[0], maps, grid=grid, position=middle)

# %% [markdown]
# **What to see.** The cross marks the chosen position, in the pictures and on each
# network's row of heat. Bright places are those that a network takes to be like the chosen one.
# Does the bright region follow the hand, its outline, or the background? Compare "alone" with
# "with SSA".
#
# ## 8 A weight means nothing without its reduction
#
# $\lVert \cdot \rVert_F^2$ sums $d^2$ entries; code often takes their mean. The two differ by a
# factor $d^2$, and so must the weights. **Predict before you run:** the paper gives
# $\lambda = 0.05$ for sums with $d = 392$. Is our weight, given for means, the stronger or the
# weaker one, once both are on one scale?

# %%
d = found["rgb", "alone"][0, 0].numel()
weights = {
    f"this notebook, d = {d}": equivalent_weight(config.ssa_weight, config.ssa_reduction, d),
    "paper, d = 392": equivalent_weight(0.05, "sum", 392),
}
pd.DataFrame(weights, index=["for the sum", "for the mean"]).T

# %% [markdown]
# Neither column alone says which is stronger *in effect*: that also depends on the networks, on
# how far apart their maps are, and on $\rho$. Always report weight, reduction and $d$ together.
#
# ### Exercise 3: translate a weight
#
# Write `equivalent_sum_weight(weight, grid)`: the weight for sums that equals `weight` for means,
# on a grid `(T, H, W)`. Stuck? `hint("equivalent_sum_weight", 1)`.


# %% tags=["exercise"]
def equivalent_sum_weight(weight, grid):
    """Return the weight for "sum" that gives the same loss as `weight` for "mean"."""
    raise NotImplementedError


# %% tags=["solution"]
def equivalent_sum_weight(weight, grid):
    """Return the weight for "sum" that gives the same loss as `weight` for "mean"."""
    d = grid[0] * grid[1] * grid[2]
    return weight / d**2


# %% tags=["check"]
checks.equivalent_sum_weight(equivalent_sum_weight)

# %% [markdown]
# ## 9 What one seed can show, and what it cannot
#
# On the very same clips, two networks can be compared clip by clip:

# %%
from mmtlib.evaluation import mcnemar

alone = comparison.alone["rgb"][0].predictions()["rgb"]
together = comparison.together[0].predictions()["rgb"]
mcnemar(alone, together)

# %% [markdown]
# `only_a` counts the clips that only the network trained alone recognised, `only_b` those that
# only the one trained together recognised. The test asks whether such a split could be chance
# **for these two networks on clips of these people**. It says nothing about the *method*: start
# from another seed and both networks are others. A method is compared over several seeds, in
# pairs, and `make tutorial` ends with such a table for three of them, which is still a small
# sample.
#
# So this notebook has shown that the mechanism runs, what it does to the maps, and what happened
# once. It has not shown that SSA helps, nor that it does not.
#
# ## 10 Pitfalls
#
# - **Normalising the wrong axis.** Each *position* gets length 1 over its channels. Normalising
#   each channel over the positions gives something else, and the diagonal is no longer 1.
# - **A distance instead of its square.** The root has no finite gradient where two maps are
#   equal.
# - **A teacher that moves.** Without the stop-gradient both networks meet somewhere in between.
# - **Modalities that are not aligned.** Shift or flip one of them alone and position 3 is no
#   longer the same place. Every random shift must be drawn once for all modalities of a clip.
# - **A weight without its reduction**, or with another $d$: see above.
# - **A baseline that is not paired.** Seeds differ a lot; compare equal seeds, equal steps.
#
# ## 11 Summary
#
# - The correlation map of a clip says how alike the contents of any two positions are. It does
#   not depend on the order, the mixing or the number of channels, but on the places.
# - SSA pulls the learner's map towards the teacher's; the teacher stands still.
# - It costs nothing at test time: the RGB network still takes RGB alone.
#
# **What this could not tell.** With $\rho = 1$ a network learns from the other **even where the
# other is worse**. Did that do harm, and can it be avoided? Notebook 04.
#
# **Sources.** Abavisani, Joze, Patel: Improving the Performance of Unimodal Dynamic Hand-Gesture
# Recognition with Multimodal Training, CVPR 2019, arXiv 1812.06145. McNemar, Psychometrika 12,
# 1947.
#
# **Next.** [04 Focal regularization](04_focal_regularization.ipynb): what if the teacher is worse?
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("03_adding_ssa")
