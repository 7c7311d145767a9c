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
# # 00 Quickstart: from one clip to a trained network
#
# **Question.** Can a small network learn, on your own computer and in a minute or two, to tell
# hand gestures apart from colour video alone?
#
# A network answers a clip with one number $z_k$ for each gesture $k$, its *logits*. They become
# probabilities, and training makes the probability of the true gesture $y$ large:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad \ell_{cls} = -\log p_y$$
#
# **Prerequisites.** Python, and having seen a PyTorch network before. No video, no gestures.
#
# **You will be able to** open a clip, train a network on one modality, read its training curve and
# its confusion matrix, ask it about one clip, and say what the rest of this course is about.
#
# **Time.** 10 minutes to read; at most 2 minutes to run on a 2-core CPU, from an empty cache.

# %%
import numpy as np
import pandas as pd
from IPython.display import ProgressBar

import mmtlib
from mmtlib import evaluation, figures, transforms
from mmtlib.exercises import checks, hint
from mmtlib.widgets.clip_player import clip_player

config = mmtlib.ExperimentConfig.make(modalities="rgb")

# %% [markdown]
# ## 1 One clip
#
# The clips of this course are made by the library itself: a jointed hand in front of clutter,
# seen by four cameras that share one view. Each camera's kind of picture is a **modality**. The
# first time, all clips are made and stored, which takes some seconds; from then on they are read.
#
# We keep to the *validation* clips here, from people whom no network trains on. The first of them
# is **our running example**: notebooks 01 to 04 come back to it.

# %%
modalities = ("rgb", "depth", "flow", "ir")
clips = mmtlib.SyntheticGestures(config.preset, "validation", modalities)
clip = clips[0]
clip_player(clip, title=f"{clips.classes[clip.label]}, subject {clip.subject}")

# %% [markdown]
# **What to see.** One movement, four times, in step. *RGB* shows colours, and things of skin
# colour that are no hand. *Depth* shows distance: near is bright, orange pixels gave no reading.
# *Optical flow* shows motion: the colour tells the direction, white stands still. *Infrared* shows
# how much light of a lamp at the camera comes back. Notebook 01 takes each of them apart.
#
# Inside, a clip is one tensor per modality, `(C, T, H, W)`: channels, frames, height, width.

# %%
{name: tuple(frames.shape) for name, frames in clip.frames.items()}

# %% [markdown]
# Only the number of channels differs. Frame 3, row 10, column 12 is the same moment and the same
# direction of view in all four: the modalities are **aligned**. Keep that in mind; the method of
# this course rests on it.
#
# Here is one clip of every gesture, as RGB.

# %%
figures.class_sheet([clips[i] for i in range(len(clips.classes))], clips.classes)

# %% [markdown]
# **What to see.** Three moments of each clip: start, middle, end. Some gestures differ in the shape
# of the hand, some only in the way it moves, and some pairs show the very same pictures in
# the opposite order. A single frame could not tell those apart; that is why the network gets the
# whole clip. Which two gestures would *you* mix up? Note them down; section 5 shows which ones the
# network does.

# %% [markdown]
# ## 2 By hand: what a loss means
#
# A network with three classes gives the logits 2, 1 and 0. **Predict before you run:** which class
# wins, does it get more or less than half of the probability, and what is the loss if the true
# class is the first one? If it is the last one?

# %%
logits = np.array([2.0, 1.0, 0.0])
scores = np.exp(logits) / np.exp(logits).sum()  # p_k, the left half of the equation
pd.DataFrame({"logit": logits, "score": scores, "loss if true": -np.log(scores)}).round(3)

# %% [markdown]
# Being sure and right costs little, being sure and wrong costs a lot. Two numbers are worth knowing
# by heart. A network that knows nothing gives all $K$ classes the same score $1/K$: its accuracy
# is $1/K$ (**chance**), and its loss is $-\log(1/K) = \log K$, whatever the true class is.

# %%
k = len(clips.classes)
print(
    f"{k} classes: chance is {1 / k:.1%}, and a network that knows nothing has loss {np.log(k):.2f}"
)

# %% [markdown]
# ## 3 Train
#
# The config holds every setting; whatever it does not name has a default. Our network is
# `CompactI3D`, a small 3D-convolutional network: its filters slide over time as well as over
# the picture. **Predict before you run:** how many in a hundred validation clips will it get
# right?
#
# A finished run is stored under a name made from its settings and data. Run the cell again, or
# restart everything, and it is loaded at once.

# %%
bar = ProgressBar(config.epochs)
bar.display()
run = mmtlib.run(config, progress=lambda done, total, history: setattr(bar, "progress", done))
bar.progress = config.epochs
print(f"{sum(w.numel() for w in run.network('rgb').parameters()):,} weights, run {run.run_id}")

# %% [markdown]
# ## 4 How training went
#
# While it trains, a run writes down loss and accuracy on the training clips. What counts is
# measured afterwards, on people it has not seen: `evaluate` returns the scores for every
# validation clip. The third line below is the equation above, written for all clips at once.

# %%
found = mmtlib.evaluate(run, "validation")
measured = found.predictions["rgb"]
loss = -np.log(measured.scores[np.arange(len(measured)), measured.labels]).mean()
curves = run.history.stream_table()
curves.loc[len(curves)] = [config.epochs - 1, "rgb", "validation", loss, found.accuracy["rgb"]]
figures.training_curves(curves)

# %% [markdown]
# **What to see.** The dotted lines are the training clips, epoch by epoch; the dot at the end is
# the validation clips. Read three things. Does the loss begin near the "knows nothing" value, and
# does it leave it? Is the curve still falling steeply at the end (then training was too short), or
# has it levelled off? And how far is the dot from the end of the line? A higher loss for new people
# than for known ones is the **generalisation gap**. The dotted line is no fair witness by itself:
# it is taken while the weights change, on clips that are shifted at random, with parts of the
# network switched off (dropout). That makes training look *worse* than it is.

# %%
print(f"validation accuracy {found.accuracy['rgb']:.1%}, chance {1 / k:.1%}, {len(measured)} clips")

# %% [markdown]
# How far from your prediction was that? In fast mode (`MMTLIB_FAST=1`: tiny clips and three epochs,
# for testing that everything runs) this number means nothing at all.
#
# ## 5 Which gestures it takes for which
#
# One number hides where the mistakes are. The **confusion matrix** counts, for every true class
# (row), what the network said (column).

# %%
figures.confusion_matrix(evaluation.confusion(measured), clips.classes)

# %% [markdown]
# **What to see.** The diagonal holds the clips that were recognised. Look for the darkest cell
# beside it, and then for its mirror image across the diagonal: if both are dark, the network cannot
# tell the two gestures apart; if only one is, it has a favourite answer. Compare with the pairs
# that you noted. Pairs that differ in the direction of a movement ask for motion; pairs that
# differ in what a few fingers do ask for detail, which is scarce in pictures this small.
#
# ## 6 Ask it about one clip
#
# The trained network is an ordinary PyTorch module. Before a clip goes in, its values are brought
# near zero mean and unit spread (`Standardize`), as they were in training. **Predict before you
# run:** will it know our running example?

# %%
prepared = transforms.Standardize()(clip.select(["rgb"]))
output = run.network("rgb")(prepared.frames["rgb"][None])  # None adds the batch axis
answer = pd.Series(output.logits.softmax(dim=1)[0].tolist(), index=clips.classes)
print(f"true class: {clips.classes[clip.label]}")
answer.sort_values(ascending=False).head(3).round(3)

# %% [markdown]
# These are the three highest scores. A score is what the network *says* about itself, not a
# frequency: a network can be sure and wrong. Note down what it says of the true class; the other
# modalities will be asked about the same clip in notebook 02. Besides `logits` the output has
# `features`, a smaller clip of 3D feature maps from inside the network. This is where the other
# modalities come in.
#
# ## 7 What this course is about
#
# Depth often makes gestures easier than colour does, but cheap devices have a colour camera only.
# **Multimodal training, unimodal testing** (MTUT) uses several modalities while training and one
# when it counts. There is one network for each modality; at test time each works alone and is no
# larger or slower than before. While training, network $m$ minimises
#
# $$\ell^m = \ell_{cls}^m + \lambda \sum_{n \ne m} \rho^{(m,n)}
# \left\lVert \mathrm{corr}(F_m) - \mathrm{corr}(F_n) \right\rVert_F^2$$
#
# In words: classify well, and let the *correlations* inside your feature map $F_m$ come near those
# of a network $n$ that is better than you, the more so the better it is ($\rho$). Whether that
# helps the network you just trained is the question of the course, and notebook 03 is where it is
# first put to the test.

# %% [markdown]
# ## 8 Exercises
#
# Replace the line with `NotImplementedError` by your own code, run the cell, skip the solution and
# run the check: it tries your function on several inputs and says what fails. Each exercise has
# three hints, each telling more than the last. This is the first of exercise 1:

# %%
hint("softmax", 1)

# %% [markdown]
# **Exercise 1.** Write the left half of the equation for many clips at once: `(N, K)` logits in,
# `(N, K)` scores out.
# Stuck? `hint("softmax", 1)`, then 2 and 3.


# %% tags=["exercise"]
def softmax(logits):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# %% tags=["check"]
checks.softmax(softmax)

# %% [markdown]
# **Exercise 2.** Find the mistake made most often: a confusion matrix of counts in, the pair
# `(true class, predicted class)` out.
# Stuck? `hint("most_confused", 1)`, then 2 and 3.


# %% tags=["exercise"]
def most_confused(matrix):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def most_confused(matrix):
    off = matrix.copy()
    np.fill_diagonal(off, -1)
    return np.unravel_index(off.argmax(), off.shape)


# %% tags=["check"]
checks.most_confused(most_confused)

# %% [markdown]
# ## 9 Pitfalls
#
# - **Judging on training clips.** They say how well the network remembers, not what it has learned.
# - **Forgetting chance.** 25 % is poor with two classes and a lot with a hundred.
# - **Softmax twice.** The loss of PyTorch wants logits; scores given to it train badly, silently.
# - **Reading one run as a fact.** Another seed gives another accuracy; notebook 02 shows how much.
# - **Touching the test clips.** Each look at them, followed by a choice, makes them validation
#   clips. Here they are read once, at the very end, by `mmt tutorial`.
#
# ## Summary
#
# A clip is one tensor per modality, all of them aligned. A network turns it into scores, its loss
# is minus the logarithm of the score of the truth, and it is judged on people it has never seen,
# against chance, with a confusion matrix to say where it fails.
#
# **What this could not tell.** RGB mixes up some gestures. Is what it would need in the picture at
# all, or does only another camera see it? That is where notebook 01 begins.
#
# **Sources.** M. Abavisani, H. R. V. Joze, V. M. Patel, *Improving the Performance of Unimodal
# Dynamic Hand-Gesture Recognition with Multimodal Training*, CVPR 2019, arXiv 1812.06145;
# J. Carreira, A. Zisserman, *Quo Vadis, Action Recognition?*, CVPR 2017 (the I3D network).
#
# **Next.** [01 Clips and modalities](01_clips_and_modalities.ipynb): what each picture measures,
# and what a mirror does to it.
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("00_quickstart")
