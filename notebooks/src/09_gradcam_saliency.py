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
# # 09 Grad-CAM: where does a network look?
#
# **Question.** Does an RGB network that was trained beside depth look at other places than one
# that was trained alone? And how would we know, other than by looking at a picture?
#
# $$s = \mathrm{ReLU}\Big( \sum_c w_c F_c \Big), \quad
# w_c = \frac{1}{d} \sum_{t,h,w} \frac{\partial\, y}{\partial F_c(t, h, w)}, \qquad
# E = \frac{\sum_{i \in \mathrm{hand}} s_i}{\sum_i s_i}$$
#
# $F_c$ is channel $c$ of a late feature map with $d = T \cdot H \cdot W$ positions, $y$ the score
# of a class, $s$ the *saliency* (Grad-CAM), and $E$ the share of it that lies on the hand.
#
# **Prerequisites.** Notebook 03 (feature maps, training together); gradients.
#
# **You will be able to** compute Grad-CAM by hand; lay it over a clip; measure how much of it is
# on the hand, with an interval and a fair control; test whether a map depends on what the network
# learnt; say what such pictures cannot show.
#
# **Time.** 25 minutes to read; at most 90 seconds to run on a 2-core CPU, from an empty cache.

# %%
import os

import pandas as pd
import torch
from IPython.display import display

import mmtlib
from mmtlib import analysis, figures
from mmtlib.exercises import checks, hint
from mmtlib.experiment import inspect_nvgesture, inspect_runs

# %% [markdown]
# ## 1 By hand: two channels, four places
#
# Say that the last feature map has two channels on a grid of 2 x 2 positions, one time step.
# Channel 1 answers to fingers and has gradient +0.4 everywhere: more of it raises the score of
# "beckon". Channel 2 answers to a sleeve; its gradients are -0.1, -0.1, -0.3 and -0.3.
#
# **Predict before you run.** What are $w_1$ and $w_2$? At which of the four places is $s$ zero, and
# why is it not negative there?

# %%
fingers, sleeve = torch.tensor([[5.0, 1.0], [0.0, 2.0]]), torch.tensor([[0.0, 2.0], [6.0, 3.0]])
slopes = torch.tensor([[-0.1, -0.1], [-0.3, -0.3]])
w = torch.tensor([0.4, slopes.mean()])
by_hand = (w[0] * fingers + w[1] * sleeve).relu()
print(f"weights {w[0]:.1f} and {w[1]:.1f}")
by_hand

# %% [markdown]
# Upper right, fingers and sleeve cancel. Lower left speaks *against* the class (-1.2), and the ReLU
# cuts that off: the map shows what speaks for it. Note what was lost: a channel has **one** weight
# for all positions.
#
# ### Exercise 1: Grad-CAM for a batch
#
# From features and gradients `(N, C, T, H, W)` to maps `(N, T, H, W)`. Stuck?
# `hint("grad_cam", 1)`, then 2 and 3.


# %% tags=["exercise"]
def grad_cam(features, gradients):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def grad_cam(features, gradients):
    weights = gradients.mean(dim=(2, 3, 4), keepdim=True)
    return (weights * features).sum(dim=1).relu()


# %% tags=["check"]
checks.grad_cam(grad_cam)

# %% [markdown]
# ## 2 Trained networks, and clips that they have not seen
#
# The package brings networks of the study along: RGB and depth, each trained alone, and the two
# trained together. The clips below show twelve people whom no network was trained with: the first
# 144 validation clips, each of 12 gestures by each person once. Test clips stay closed.

# %%
arms = {"alone": ["alone-rgb", "alone-depth"], "together": ["mtut"]}
runs = {arm: [mmtlib.stored_run(name) for name in names] for arm, names in arms.items()}
seen = inspect_runs(runs, clips=144)
networks, batch, clips, classes = seen.networks, seen.batch, seen.clips, seen.classes
print(runs["together"][0].origin)

# %% [markdown]
# Are these the clips and networks that they claim to be? Each run stores what it answered to every
# validation clip. Compute it again:

# %%
with torch.no_grad():
    logits = {k: network(batch.frames[k[1]]).logits for k, network in networks.items()}
rows = {
    k: {
        "recognised": (found.argmax(1) == batch.labels).double().mean().item(),
        "off the stored scores": abs(found.softmax(1).numpy() - seen.predictions[k].scores).max(),
    }
    for k, found in logits.items()
}
pd.DataFrame(rows).T.round(4)

# %% [markdown]
# ## 3 The equation beside the code
#
# PyTorch gives $\partial y / \partial F_c$. The library's `saliency` calls captum's `LayerGradCam`,
# interpolates the coarse map to the size of the clip, then divides by its highest value. The
# equation, treated in the same way, must agree (the last line would stop otherwise):

# %%
network, frames, labels = networks["together", "rgb"], batch.frames["rgb"][:4], batch.labels[:4]
features = analysis.stage_features(network, frames, "mixed_2").requires_grad_()
scores = network.classify(network.mixed_3(features)).gather(1, labels[:, None])
(gradients,) = torch.autograd.grad(scores.sum(), features)
mine = (gradients.mean((2, 3, 4), keepdim=True) * features.detach()).sum(1).relu()
library = analysis.saliency(network, frames, labels, stage="mixed_2")
print("grid", tuple(mine.shape[1:]), "-> clip", tuple(library.shape[1:]))
large = torch.nn.functional.interpolate(mine[:, None], library.shape[1:], mode="trilinear")[:, 0]
torch.testing.assert_close(large / large.amax((1, 2, 3), keepdim=True), library)

# %% [markdown]
# A smooth map over 16 frames of 32 x 32 pixels holds 4 x 8 x 8 numbers. The smoothness is the
# interpolation's, not the network's.
#
# ## 4 Look
#
# One clip, saliency for its true class. **Before you look:** which of the two RGB networks do you
# expect to look at the hand more, and would you notice if it were the other way round?

# %%
maps = {k: analysis.saliency(n, batch.frames[k[1]], batch.labels) for k, n in networks.items()}
shown = classes.index("beckon")
pair = {"RGB alone": maps["alone", "rgb"][shown], "RGB with depth": maps["together", "rgb"][shown]}
figures.saliency_strip(clips[shown], pair)

# %% [markdown]
# **What to see.** The white line is the hand's true outline, which the generator knows; bright
# places speak for the class. Is the brightest place of each row on the hand, beside it, or on
# the background? Is one row better than the other? Keep your verdict: the number comes below.
# And mind that each row is divided by its own maximum. A map that is weak everywhere looks as
# bright as a strong one.
#
# The same clip, moving (in print, and where motion is not wanted, its middle frame):

# %%
from mmtlib.widgets.clip_player import saliency_player

saliency_player(clips[shown], pair, height_px=160, title=classes[clips[shown].label])

# %% [markdown]
# ## 5 Measure
#
# One clip was chosen by us, so it proves nothing. The share $E$ can be taken of every clip.
#
# ### Exercise 2: the share on the hand
#
# From maps `(N, T, H, W)` and masks of that shape to `(N,)`. Stuck? `hint("hand_energy", 1)`.


# %% tags=["exercise"]
def hand_energy(maps, masks):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def hand_energy(maps, masks):
    return (maps * masks).sum(dim=(1, 2, 3)) / maps.sum(dim=(1, 2, 3))


# %% tags=["check"]
checks.hand_energy(hand_energy)

# %% [markdown]
# A share needs something to be compared with. A map without content has the share of the hand's
# *area*. But hands are mostly near the middle, and a network that looked there whatever it is
# shown would surpass that. A fairer level: how much of a clip's saliency lies on the hand of
# **another** clip?
#
# ### Exercise 3: the control
#
# Use `hand_energy` to write it: `(N,)`, every clip with a mask that is not its own. Stuck?
# `hint("other_hand", 1)`.


# %% tags=["exercise"]
def other_hand(maps, masks):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def other_hand(maps, masks):
    return (maps * masks.roll(1, 0)).sum(dim=(1, 2, 3)) / maps.sum(dim=(1, 2, 3))


# %% tags=["check"]
checks.other_hand(other_hand)

# %% [markdown]
# Now all clips and all four networks. `pointing_table` has both levels; `compare_pointing` takes
# the difference clip by clip, and its interval from drawing the twelve *people* anew. **Predict
# before you run:** for RGB, for depth, up or down?

# %%
masks = analysis.hand_masks(clips)
tables = {k: analysis.pointing_table(found, masks, batch) for k, found in maps.items()}
for m in ("rgb", "depth"):
    found = analysis.compare_pointing([tables["alone", m]], [tables["together", m]])
    print(f"{m}: {found.difference}")
shares = {k: t[["energy", "chance", "other"]].mean() for k, t in tables.items()}
pd.DataFrame(shares).T.assign(beyond=lambda t: t["energy"] - t["other"]).round(3)

# %%
figures.pointing_by_person({m: {arm: tables[arm, m] for arm in arms} for m in ("rgb", "depth")})

# %% [markdown]
# **What to see.** (In the table, `energy` is $E$, `chance` the hand's area, `other` the control,
# `beyond` what is more than the control.) A thin line is one person. Do nearly all lines of a panel
# slope the same way? Then other people would hardly turn the sign. Compare the slope with the
# height: most of the saliency of every network is *not* on the hand. And look at the dashed line,
# another clip's hand: if it rises as well, part of the change is "more to the usual places", not
# "more to this hand".
#
# **What this does not say.** There is one network of each kind here, trained with one seed. The
# interval knows other people, but no other training. It belongs to *these two networks*.
#
# ## 6 Finer, and other methods
#
# The number depends on the stage: earlier ones have a finer view, and less of the decision. Other
# methods ask other questions. *Integrated gradients* (Sundararajan 2017) gathers gradients of the
# pixels on the way from an empty clip; *occlusion* covers a window of the clip and sees how far
# the score falls. All of them are one function with another `method`. **Predict before you run:**
# will the three agree on which network looks at the hand more? And on how much?

# %%
few, both = slice(0, 12), {arm: networks[arm, "rgb"] for arm in arms}
ways = {
    "Grad-CAM, mixed_1": {"stage": "mixed_1"},
    "Grad-CAM, mixed_2": {"stage": "mixed_2"},
    "Integrated gradients": {"method": "integrated_gradients", "steps": 16},
    "Occlusion": {"method": "occlusion", "window": (4, 8, 8), "stride": (4, 8, 8)},
}
found = {
    (way, k): analysis.saliency(n, batch.frames["rgb"][few], batch.labels[few], **settings)
    for way, settings in ways.items() for k, n in both.items()
}  # fmt: skip
share = {k: analysis.pointing_energy(m, masks[few]).mean() for k, m in found.items()}
pd.Series(share).unstack().loc[list(ways)].round(3)

# %%
figures.saliency_strip(clips[shown], {way: found[way, "together"][shown] for way in ways})

# %% [markdown]
# **What to see.** Four answers to nearly the same question, for one network and one clip: smooth
# hills, blocks of the window's size, and single pixels (few hold nearly everything, so the row
# of integrated gradients looks empty; it is not). In the table, read along the rows (does the
# order of the two networks hold for each way?) and down the columns (the levels differ a lot).
# So a share without its method, stage and window means nothing, and only equals can be compared.
#
# ## 7 Does the map know what the network learnt?
#
# A method that draws the edges of the hand whatever the weights are would do well in section 5.
# The test (Adebayo 2018): draw the weights again at random, from the classifier downwards, and
# compare each map with the original. **Predict before you run:** what should become of the rank
# correlation?

# %%
network, frames, labels = both["together"], batch.frames["rgb"][:24], batch.labels[:24]
sanity = analysis.saliency_sanity(network, frames, labels)
steps = sanity.groupby(["step", "randomized"])[["rank_correlation", "similarity"]]
display(steps.mean().round(3))
*_, (_, random) = analysis.randomized_networks(network)
nothing = analysis.saliency(random, frames, labels)
share = pd.Series(analysis.pointing_energy(nothing, masks[:24])).mean()
print(f"share on the hand: {share:.3f}")
trained = maps["together", "rgb"][shown]
figures.saliency_strip(clips[shown], {"trained": trained, "random": nothing[shown]})

# %% [markdown]
# **What to see.** With random weights the map should have nothing in common with the trained one:
# correlation near 0. It may still have a shape, and even lie on the hand: bright things give large
# features in any network. That is the level at which a map says something about the *clip* and
# nothing about the training. Where is it, beside the shares above?
#
# ## 8 Real hands
#
# So far, hands were drawn by us. NVGesture's videos (notebook 05) have no outline, but their depth
# camera sees hand and forearm and nothing else: this **silhouette** serves as mask. The two RGB
# networks, which have seen synthetic clips only, look at real ones. Their twelve classes are not
# NVGesture's, so the saliency is for the class that each network *says*. **Predict before you
# run:** will `energy` still surpass `other`, another clip's silhouette?
#
# Real clips do not come with this course. Where `MMTLIB_NVGESTURE_ROOT` does not name their folder,
# the cell says so, and the rest of the notebook does without.

# %%
if root := os.environ.get("MMTLIB_NVGESTURE_ROOT"):
    real = inspect_nvgesture(runs, root)
    frames, hands = real.batch.frames["rgb"], analysis.hand_masks(real.clips, "silhouette")
    found, tables = {}, {}
    for (arm, _), network in real.networks.items():
        with torch.no_grad():
            said = network(frames).logits.argmax(1)
        found[arm] = analysis.saliency(network, frames, said)
        tables[arm] = analysis.pointing_table(found[arm], hands, real.batch)
    print(analysis.compare_pointing([tables["alone"]], [tables["together"]]).difference)
    print(pd.DataFrame({k: t[["energy", "chance", "other"]].mean() for k, t in tables.items()}).T)
    rows = {f"RGB {arm}": maps[0] for arm, maps in found.items()}
    display(figures.saliency_strip(real.clips[0], rows, mask=hands[0]))
else:
    print("No real clips here: MMTLIB_NVGESTURE_ROOT does not name their folder.")

# %% [markdown]
# **What to see.** White is the silhouette now, forearm included. These are few clips of few people,
# and one pair of networks, far from what they were trained on: first read `energy` against `other`
# (does the map know where *this* hand is?), then the difference and its interval. A map that is no
# more on its own hand than on another one's does not know where this hand is. What 28 such clips
# showed is in `docs/benchmark.md`.
#
# ## 9 One point, made live
#
# Everything above came from stored networks. Here is the whole way once more, small: two runs of
# the preset `tiny` (48 clips, 16 x 16 pixels), trained now, then measured.

# %%
small = mmtlib.ExperimentConfig.make(preset="tiny", modalities="rgb,depth", epochs=20)
compared = mmtlib.compare(small, seeds=[0])
live = {"alone": compared.alone["rgb"][0], "together": compared.together[0]}
for k, run in live.items():
    tiny = inspect_runs({k: [run]})
    found = analysis.saliency(tiny.networks[k, "rgb"], tiny.batch.frames["rgb"], tiny.batch.labels)
    share = pd.Series(analysis.pointing_energy(found, analysis.hand_masks(tiny.clips))).mean()
    print(f"{k}: {share:.3f} on the hand, accuracy {run.validation_accuracy['rgb']:.0%}")

# %% [markdown]
# Seconds of training, 24 clips, one seed. Whether this has the sign of section 5 or not, it is not
# evidence for or against it. Change `seeds` to `[1]` and see how stable the sign is.
#
# ## 10 Pitfalls
#
# - **A picture alone proves nothing.** The clip was chosen, and so was the colour scale.
# - **Coarse maps.** 8 x 8 positions cannot outline a finger, however smooth the overlay.
# - **Normalising.** Each map has its own maximum: brightness cannot be compared between rows.
# - **A low bar.** "More than the hand's area" is easily reached; take another clip's hand, and a
#   network with random weights.
# - **True or predicted class.** We asked what speaks for the true class, also where the network
#   was wrong. For a deployed network, ask for the predicted one.
# - **Clips are not people.** 144 clips of twelve people are twelve samples.
# - **More on the hand is not the aim.** A face or sleeve may predict a gesture too; accuracy is
#   measured elsewhere.
#
# ## 11 Summary
#
# Grad-CAM is a weighted sum of channels, cut at zero, drawn large. With masks it becomes a number,
# with another clip's hand a fair one, with people drawn anew one with an interval, and with random
# weights one knows whether it is about the network at all.
#
# **Sources.** Selvaraju et al., *Grad-CAM*, ICCV 2017; Sundararajan et al., *Axiomatic
# Attribution for Deep Networks*, ICML 2017; Zeiler, Fergus, ECCV 2014 (occlusion); Wang et al.,
# *Score-CAM*, CVPR workshops 2020 (the share of the energy); Adebayo et al., *Sanity Checks for
# Saliency Maps*, NeurIPS 2018.
#
# **Next.** [10 Embeddings and figures](10_embeddings_and_figures.ipynb): do the two networks mean
# the same?
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("09_gradcam_saliency")
