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
# # 01 Clips and modalities: what does each picture measure?
#
# **Where we are.** In notebook 00 a network learnt from RGB and mixed up some gestures. Before we
# blame the network, let us see what there is to be seen.
#
# **Question.** Four cameras look at one hand. What does each of them measure, what keeps them
# aligned, and what silently breaks it?
#
# Depth arrives as a level $g$ instead of the distance $z$ in metres, and optical flow is the motion
# of a point $(x, y)$ of the picture from one frame to the next:
#
# $$g = \frac{z_{far} - z}{z_{far} - z_{near}}, \qquad
# (u, v)_t = (x, y)_{t+1} - (x, y)_t$$
#
# **Prerequisites.** Notebook 00. Tensors; no training this time.
#
# **You will be able to** name the unit of every modality, turn depth levels into metres, mirror a
# clip without spoiling its flow or its label, test whether modalities are aligned, and split
# clips so that the test is honest.
#
# **Time.** 20 minutes to read; at most 1 minute to run on a 2-core CPU, from an empty cache.

# %%
import numpy as np
import pandas as pd
import torch

from mmtlib import SyntheticGestures, figures, transforms
from mmtlib.core import modalities, seeding
from mmtlib.exercises import checks, hint
from mmtlib.synthetic import depth_to_8bit
from mmtlib.widgets.clip_player import clip_player

# %% [markdown]
# ## 1 The running example, four times
#
# `extras=True` also loads what no real data set has: the **mask**, true on every pixel of the hand.
# We use it as a witness. It is no input of any network.

# %%
clips = SyntheticGestures(None, "validation", ("rgb", "depth", "flow", "ir"), extras=True)
clip = clips[0]
print(f"{clips.classes[clip.label]}, subject {clip.subject}, {clip.frame_rate:g} frames a second")
figures.clip_strip(clip)

# %% [markdown]
# **What to see.** Rows are modalities, columns are moments. The yellow outline is the mask, one and
# the same in every row: where it lies on the hand in all four, the modalities are *aligned*. In RGB
# and in flow other things can look like the hand. In depth the hand is nearer than what is behind
# it; at edges the sensor often has no reading (orange). In flow, arrows and colours tell direction,
# paleness tells that little moves.

# %%
columns = {m.title: (m.channels, m.kind, m.unit) for m in modalities.MODALITIES.values()}
pd.DataFrame(columns, index=["channels", "kind", "unit"]).T

# %% [markdown]
# The *kind* decides what may be done to a picture. An **image** may be made brighter and is still
# an image. **Depth** may not: brighter would mean nearer. A **vector** picture holds arrows, and
# whoever moves its pixels must ask what becomes of the arrows.
#
# ## 2 By hand: four pixels of depth, three of flow
#
# With near = 0.3 m and far = 1.6 m the equation maps 0.3 m to level 1 and 1.6 m to level 0, in
# steps of 1/255. Level 0 itself is kept for "no reading", so the lowest level is 1/255. **Predict
# before you run:** which of 0.4 m, 0.95 m, 2.5 m and "no reading" become the brightest and the
# darkest pixels, and which two of them can hardly be told apart any more?

# %%
metres = torch.tensor([0.4, 0.95, 2.5, 0.0])  # 0.0: no reading
by_hand = (1.6 - metres) / (1.6 - 0.3)  # the equation alone
pd.DataFrame({"metres": metres, "equation": by_hand, "level": depth_to_8bit(metres)}).round(3)

# %% [markdown]
# The equation alone puts "no reading" above everything else, *nearer* than near, and gives 2.5 m a
# negative level. The sensor clips the second and keeps the first apart. Forget this once, by
# averaging over pixels or by resizing with interpolation, and surfaces appear that never were.
#
# Now flow. Three pixels in a row have $u = [2, 1, -1]$ pixels per frame. Hold a mirror to the clip.
# **Predict before you run:** what are the three numbers then?

# %%
u = torch.tensor([2.0, 1.0, -1.0])
{"only the pixels moved": u.flip(-1).tolist(), "mirrored": (-u.flip(-1)).tolist()}

# %% [markdown]
# In the mirror the left pixel is the right one *and* motion to the right is motion to the left.
#
# ## 3 Does flow say where the hand goes?
#
# The second half of the equation can be tested, as we know the mask. Its centre moves from frame to
# frame; the mean flow inside the mask should say how far. **Predict before you run:** will the two
# agree exactly?

# %%
x = torch.arange(clip.shape[2], dtype=torch.float32)
centre = torch.stack([(m.float().sum(0) * x).sum() / m.sum() for m in clip.mask])
mean_u = torch.stack([f[m].mean() for f, m in zip(clip.frames["flow"][0], clip.mask, strict=True)])
moved = pd.DataFrame({"centre moved": centre.diff(), "mean flow u": mean_u[:-1]})
print(f"correlation {moved.corr().iloc[0, 1]:.2f}")
moved.T.round(1)

# %% [markdown]
# Pixels per frame, positive to the right. They should agree in direction where the hand moves fast,
# and not exactly: the flow is noisy and smoothed, as an estimator's is, and the centre of the
# *visible* hand also moves when a finger bends. Flow is measured, never given.
#
# ## 4 Metres, levels and a sensor with a short sight
#
# The same clip can be read in metres, or as NVGesture's depth camera would have stored it: in
# levels, and blind beyond a close range.

# %%
in_metres = SyntheticGestures(None, "validation", "depth", depth="metres")[0]
figures.clip_strip(in_metres, depth_unit="metres")

# %% [markdown]
# **What to see.** The negative of section 1: in metres bright is *far*, in levels bright is *near*.
# Neither form is wrong, but a network trained on one would be lost with the other. Read the key on
# the right before you compare greys: each strip spreads black to white over its own readings.

# %%
short_sight = SyntheticGestures(None, "validation", "depth", close_range=0.7)[0]
figures.clip_strip(short_sight)

# %% [markdown]
# **What to see.** Everything beyond 0.7 m has no reading: the clutter is gone, and with it every
# hint of what lies behind the hand. What is left shows the shape of the hand in finer steps.
#
# ## 5 Transforms: drawn once, applied to all
#
# While training, clips are changed at random, so that a network does not learn positions by
# heart. Here a transform first *draws* its numbers for a clip and then applies them to every
# modality and to the mask. It notes them in the clip's history.
#
# What if each modality drew its own shift? Some published code does that. We imitate it: RGB from
# the shifted clip, depth from the one that was not.

# %%
shift = transforms.RandomShift(pixels=4)
shifted = shift(clip, seeding.torch_generator("notebook 01", 6))
print(shifted.history)
broken = shifted.with_frames({"rgb": shifted.frames["rgb"], "depth": clip.frames["depth"]})
figures.clip_strip(broken)

# %% [markdown]
# **What to see.** The outline moved with RGB and still fits there; in the depth row it lies beside
# the hand. Each modality *alone* is as good as before: a network trained on it would notice
# nothing. But a method that compares positions across modalities, as MTUT does, would compare
# the hand in one with the wall in the other. Let us put a number on it: how much does depth inside
# the mask differ from depth outside it, in standard deviations?

# %%
contrast = []
for c in (clip, shifted, broken):
    depth, seen = c.frames["depth"][0], c.frames["depth"][0] > 0  # holes are no distances
    inside, outside = depth[c.mask & seen], depth[~c.mask & seen]
    contrast.append(float((inside.mean() - outside.mean()) / depth[seen].std()))
pd.Series(contrast, index=["aligned", "shifted together", "shifted apart"]).round(2)

# %% [markdown]
# Read it so: shifting together should leave the number nearly as it was, shifting apart should pull
# it towards 0. A check like this one, on a few clips, is worth doing on any new data set.
#
# ## 6 Mirror: pixels, arrows and labels
#
# `HorizontalFlip` turns the flow around and swaps labels of gestures with a direction. The data set
# knows which: `label_swaps`. Look at the player and at the label.

# %%
flip = transforms.HorizontalFlip(probability=1.0, label_swaps=clips.label_swaps)
mirrored = flip(clip, seeding.torch_generator("notebook 01", 0))
print(f"before: {clips.classes[clip.label]}; after: {clips.classes[mirrored.label]}")
clip_player(mirrored, title=f"mirrored: {clips.classes[mirrored.label]}")

# %% [markdown]
# **What to see.** The hand goes the other way, the colours of the flow have changed to those of the
# other direction, and the label says so. Without new labels, every mirrored clip of a pair such as
# left and right would teach the network the opposite of the truth.
#
# ## 7 Who is in which split
#
# Training, validation and test clips show different *people*. Why so strict? **Predict before you
# run:** take the mean colour of the hand, three numbers, of every validation clip, and guess the
# person by the most similar other clip. How often is that right, and what is chance?

# %%
everyone = list(SyntheticGestures(None, "validation", "rgb", extras=True))
colour = torch.stack([c.frames["rgb"][:, c.mask].mean(dim=1) for c in everyone])
apart = torch.cdist(colour, colour).fill_diagonal_(torch.inf)  # a clip may not choose itself
right = np.mean(clips.subjects[apart.argmin(dim=1).numpy()] == clips.subjects)
people = set(clips.subjects)
print(f"right in {right:.1%} of {len(everyone)} clips; chance {1 / len(people):.1%}")
known = set(SyntheticGestures(None, "train", "rgb").subjects)
print(f"{len(known)} people to train, {len(people)} to validate, {len(known & people)} in both")

# %% [markdown]
# If three numbers tell people apart this much better than chance, then a network with a hundred
# thousand weights can do so too. With the same people on both sides of a split it may answer "this
# is she, and she likes to move left" and be right, until someone new stands in front of it. A split
# by clips measures memory; a split **by subject** measures what we want to know.
#
# The test people are different ones again, and we do not open their clips here.
#
# ## 8 Exercises
#
# **Exercise 1.** Go back from levels in [0, 1] to metres (near 0.3 m, far 1.6 m). Pixels without a
# reading must become NaN.
# Stuck? `hint("to_metres", 1)`, then 2 and 3.


# %% tags=["exercise"]
def to_metres(level):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def to_metres(level):
    return torch.where(level > 0, 1.6 - level * (1.6 - 0.3), torch.nan)


# %% tags=["check"]
checks.to_metres(to_metres)

# %% [markdown]
# **Exercise 2.** Mirror the flow `(2, T, H, W)` of a clip from left to right.
# Stuck? `hint("mirror_flow", 1)`, then 2 and 3.


# %% tags=["exercise"]
def mirror_flow(flow):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def mirror_flow(flow):
    return flow.flip(-1) * torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1)


# %% tags=["check"]
checks.mirror_flow(mirror_flow)

# %% [markdown]
# **Exercise 3.** From the subject of every clip, a share and a seed, return one true or false per
# clip: true for all clips of the people who are held out.
# Stuck? `hint("hold_out_subjects", 1)`, then 2 and 3.


# %% tags=["exercise"]
def hold_out_subjects(subjects, share, seed):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def hold_out_subjects(subjects, share, seed):
    people = np.unique(subjects)
    n = round(share * len(people))
    return np.isin(subjects, np.random.default_rng(seed).choice(people, n, replace=False))


# %% tags=["check"]
checks.hold_out_subjects(hold_out_subjects)

# %% [markdown]
# ## 9 Pitfalls
#
# - **Zero as a distance.** Means, resizing and normalising must leave "no reading" out.
# - **Flow after resizing.** Half the size means half the pixels per frame; `Resize` does both.
# - **A crop per modality.** It looks like more variety and destroys alignment.
# - **Views that are not registered.** In NVGesture raw colour and infrared come from other places
#   than depth; only the registered colour shares its view, roughly.
# - **Splitting by clip.** The accuracy is higher, and means less.
#
# ## Summary
#
# A modality has a unit and a kind, and the kind decides what may be done to it. Aligned modalities
# share every transform, drawn once for a clip. A mirror turns arrows and labels around. People, not
# clips, are what a split divides.
#
# **What this could not tell.** Depth shows a hand that clutter hides from RGB. Whether a network
# makes use of that, how much, and how sure one can be, has to be measured: notebook 02.
#
# **Sources.** P. Molchanov et al., *Online Detection and Classification of Dynamic Hand Gestures
# with Recurrent 3D Convolutional Neural Networks*, CVPR 2016 (NVGesture); M. Abavisani et al.,
# CVPR 2019, arXiv 1812.06145; the synthetic hand: `mmtlib.synthetic`.
#
# **Next.** [02 Unimodal baselines](02_unimodal_baselines.ipynb): how good is each modality alone,
# and how sure can one be of it?
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("01_clips_and_modalities")
