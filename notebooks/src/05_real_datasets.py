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
# # 05 Real data sets: what changes when the clips are real?
#
# **Where we are.** Notebooks 00 to 04 trained on clips without a flaw.
#
# **Question.** So far every clip was made by the library, cut to the gesture and aligned to the
# pixel. What changes when cameras filmed people, and what must be right before a number counts?
#
# Two things can be put into equations. Of the hand's silhouette $S$ in depth, a share $c$ falls on
# pixels $C$ for which the colour camera recorded anything; and a camera that took $n$ frames of a
# gesture shows, at the moment $i$ of $N$, its frame $j_i$:
#
# $$c = \frac{|S \cap C|}{|S|}, \qquad
# j_i = \left\lfloor \left(i + \tfrac{1}{2}\right) \frac{n}{N} \right\rfloor$$
#
# **Prerequisites.** Notebooks 01 (modalities, units, mirror) and 02 (splits by subject).
#
# **You will be able to** read an official list, take the right frames of a video, say what each
# camera sees and how well the views fit, choose a protocol, and train on videos from your disk.
#
# **Time.** 25 minutes to read; at most 90 seconds to run on a 2-core CPU, from an empty cache. All
# of NVGesture takes some minutes the first time.

# %%
import numpy as np
import pandas as pd
import torch
from IPython.display import ProgressBar

import mmtlib
from mmtlib import datasets, figures, transforms
from mmtlib.exercises import checks, hint
from mmtlib.experiment.twin import nvgesture_or_twin

# %% [markdown]
# ## 1 Real clips, or their twin
#
# NVGesture has 1,532 clips of 25 gestures, filmed in a car simulator. Its authors give it for
# research, so this course does not bring it along. If you have it, set `MMTLIB_NVGESTURE_ROOT` to
# the folder with `Video_data` and the two lists before you start Jupyter; everything below is then
# about these videos. If not, the library writes a **synthetic twin**: the same files, names and
# lists, with the hand you know. What reads the one reads the other. (`mmt data twin DIR` writes
# such a folder for experiments of your own.)

# %%
bar = ProgressBar(100)
bar.display()
root = nvgesture_or_twin(lambda done, n: setattr(bar, "progress", 100 * done // n))
bar.progress = 100
print("the synthetic twin" if (root / "twin.json").exists() else "real clips")
sorted(path.name for path in root.iterdir())

# %% [markdown]
# ## 2 By hand: one row of a list
#
# Which clips there are, who is in them and where the gesture is in each video: all of it is in two
# text files. Here is the first row of the training list, part by part. **Predict before you run:**
# the numbers behind a file's name are the first frame of the gesture and the frame *after* the last
# one. How many frames will `depth` have, and how many `duo_left`, the infrared camera?

# %%
lists = {split: root / name for split, name in datasets.nvgesture.LISTS.items()}
row = lists["train"].read_text().splitlines()[0]
print(*row.split(), sep="\n")

# %% [markdown]
# 80 frames of depth and colour, 93 of infrared: the same 2.7 seconds, as that camera takes 35
# frames a second and the others 30. The label counts from 1; in this library classes count from 0.
#
# The folder `class_01` looks like the label as well. Do the two always agree?

# %%
records = [r for path in lists.values() for r in datasets.nvgesture.read_list(path)]
folder = {r: int(r.folder.split("class_")[1][:2]) for r in records}
other = [f"{r.folder}: label {r.label + 1}" for r in records if folder[r] != r.label + 1]
print(f"{len(other)} of {len(records):,} rows differ")
other[:3]

# %% [markdown]
# In the official lists it is 23 of 1,532 rows (the twin imitates that). The list is what everybody
# is measured by, so the label comes **from the row**, never from the folder. Code that takes it
# from the folder trains and tests on wrong labels, and nothing complains.
#
# **Exercise 1.** From a row to `(subject, label, first, last)`: whole numbers, the label from 0,
# the frames those of `depth`. Stuck? `hint("read_row", 1)`, then 2 and 3.


# %% tags=["exercise"]
def read_row(row):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def read_row(row):
    parts = dict(part.split(":", 1) for part in row.split())
    first, last = map(int, parts["depth"].split(":")[1:])
    subject = int(parts["path"].split("subject")[1].split("_r")[0])
    return subject, int(parts["label"]) - 1, first, last


# %% tags=["check"]
checks.read_row(read_row)

# %% [markdown]
# ## 3 Only the annotated span
#
# A recording starts before the gesture and ends after it. A network that is given 16 frames of a
# clip could get 16 of the span, or 16 of everything. **Predict before you run:** how many of the
# latter will show the gesture?
#
# `skip_broken=True` leaves out clips whose files are missing or broken, and says so.

# %%
clips = mmtlib.NVGesture(root, "train", "rgb,depth", skip_broken=True)
print(f"{len(clips)} clips. {clips.skipped_summary()}")
record = clips.records[0]
video, span = clips.files(record)["depth"], record.spans["depth"]
figures.annotated_span(datasets.read_video(video, gray=True), (span.first, span.last))

# %% [markdown]
# **What to see.** Blue is the span. Outside of it the hand rests or is on its way, and the curve is
# low or has little to do with the gesture. Count the grey marks in the blue part: whoever feeds
# whole videos spends many of the network's frames on rest, and those that are left are too far
# apart for a quick movement. Here a clip *is* the span, and only its frames are decoded.
#
# ## 4 Three cameras, two views
#
# The widget shows one clip as it is read, every camera brought to the 80 moments of depth. In
# print, and where motion is not wanted, it stands still.

# %%
from mmtlib.widgets.clip_player import clip_player

seen = mmtlib.NVGesture(root, "train", "rgb,depth,ir", skip_broken=True)
clip_player(seen[0], height_px=160, title=seen.classes[seen[0].label])

# %% [markdown]
# **What to see.** RGB and depth show the hand at the same place: this colour is **registered**, the
# colour camera's picture moved into the depth camera's view (`sk_wrapped`). It is black where the
# colour camera saw nothing. Infrared is filmed from another place, so the hand is elsewhere in the
# picture. The **raw** colour (`sk_color`, `colour="raw"`) is another view too. The library says so
# whenever modalities are asked for that do not share a view:

# %%
print(datasets.alignment_note(("rgb", "depth"), "raw"))
files, spans = seen.files(seen.records[0]), seen.records[0].spans
info = {m: datasets.video_info(path) for m, path in files.items()}
length = {m: len(spans[seen.sensors[m]]) for m in info}
clocks = {m: (i.frames, i.frame_rate, length[m]) for m, i in info.items()}
pd.DataFrame(clocks, index=["frames in the file", "per second", "of the gesture"])

# %% [markdown]
# Infrared has more frames for the same span. Its first 80 would end before the gesture does; the
# right half of the equation takes the frame nearest to each moment instead.
#
# **Exercise 2.** Write $j_i$ for all moments: `there` frames ($n$), `wanted` moments ($N$), an
# array of `wanted` whole numbers out. Stuck? `hint("nearest_frames", 1)`, then 2 and 3.


# %% tags=["exercise"]
def nearest_frames(there, wanted):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def nearest_frames(there, wanted):
    return ((np.arange(wanted) + 0.5) * there / wanted).astype(int)


# %% tags=["check"]
checks.nearest_frames(nearest_frames)

# %% [markdown]
# ## 5 Depth comes as levels
#
# A video stores a grey level from 0 to 255, near is bright, and what level belongs to which
# distance has not been published for NVGesture. **Predict before you run:** what share of the
# pixels has no reading at all?

# %%
figures.depth_levels(clips[0])

# %% [markdown]
# **What to see.** The scale is logarithmic. Most pixels have level 0: the camera sees up to about
# an arm's length and nothing beyond. The hand and arm are one hill of high levels. Between the two
# there should be nothing, but video coding blurs the sharp edge between hand and "no reading" and
# leaves small levels around it. So here a pixel belongs to the silhouette from level 17 on.
#
# ## 6 Do the views fit?
#
# SSA compares position with position (notebook 03), so it takes for granted that a position shows
# the same thing in RGB and in depth. For registered colour that is measured, not assumed: `verify`
# opens and decodes every clip of a split, reports what is missing or broken, and measures the left
# half of the equation, $c$.

# %%
held_out = mmtlib.NVGesture(root, "validation", skip_broken=None)
report = datasets.verify.verify({"validation": held_out})
print(report.text().splitlines()[0])
shares = report.clips.set_index("clip")["registered"].dropna().sort_values()
print(shares.describe()[["count", "min", "50%", "max"]].round(2).to_frame().T)
chosen = list(shares.index[[0, len(shares) // 2, -1]])
found = {r.clip_id: held_out.read(r) for r in held_out.records if r.clip_id in chosen}
figures.silhouettes_on_colour([found[name] for name in chosen], shares[chosen])

# %% [markdown]
# **What to see.** The clips with the lowest, the middle and the highest share. Yellow is the
# outline of the hand in depth, drawn on the colour picture of the same moment; orange pixels are
# hand without colour. Does the outline follow the hand's edge, or is it a little off?
#
# What this means for SSA: where $c$ is 0.7, three of ten positions on the hand are hand for one
# network and black for the other. Their maps differ there for a reason that nothing can be learnt
# from, and the alignment term pulls all the same. And $c$ is the *best* case: it says that some
# colour was recorded there, not that it is the hand's. With raw colour or infrared hardly any
# position fits: SSA then aligns what is not aligned.
#
# **Exercise 3.** Write $c$ for a clip: `depth` `(T, H, W)` and `colour` `(T, H, W, 3)`, both uint8.
# Silhouette: levels above 16. Colour: red, green or blue above 16. All frames together.
# Stuck? `hint("covered", 1)`, then 2 and 3.


# %% tags=["exercise"]
def covered(depth, colour):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def covered(depth, colour):
    hand, recorded = depth > 16, colour.max(axis=-1) > 16
    return (hand & recorded).sum() / hand.sum()


# %% tags=["check"]
checks.covered(covered)

# %% [markdown]
# ## 7 Who is tested: the protocols
#
# Numbers can be compared if they were measured on the same people.

# %%
rows = {
    kind.__name__: {"classes": len(kind.classes), **kind.published}
    for kind in datasets.DATASETS.values()
    if kind.published  # nothing is, of your own videos (notebook 12)
}
pd.DataFrame(rows).T.astype("Int64")

# %% [markdown]
# The counts are the published ones. **NVGesture** and **EgoGesture** fix who is in which split, by
# subject. NVGesture has no official validation split, so subjects 3 and 7 of its training list are
# held out for it here. **VIVA** has eight people only, and the protocol is *leave one subject out*:
# eight folds, each tests one person and trains on the others (one of them validates), and the mean
# over all folds is reported. Its splits depend on the fold (`fold=0` to `7`), so the table shows
# the whole set. Whatever is chosen by looking at scores, is chosen on validation people. The test
# split is opened once, at the end, and not in this notebook.
#
# ## 8 One draw for all modalities
#
# Notebook 01 said it for synthetic clips; real ones are transformed by the same code. Flow does not
# come with the data set. It is computed from the colour pictures, here by DIS, once for each clip
# (`data_scripts/compute_optical_flow.py` does so for all).
#
# **Predict before you run:** a turn with a zoom and a shift, then a mirror, for a clip with a
# direction. What does the mirror do to the label, and to the mean of $u$ (pixels per frame to the
# right) over the silhouette?

# %%
index = next(i for i, label in enumerate(clips.labels) if label in clips.label_swaps)
video, span = clips.files(clips.records[index])["rgb"], clips.records[index].spans["color"]
flow = datasets.compute_flow(datasets.read_video(video, span.first, span.last))
clip = clips[index].with_frames({**clips[index].frames, "flow": torch.from_numpy(flow)})
turn = transforms.RandomAffine(degrees=15, scale=(1.1, 1.3), shift=0.04)
flip = transforms.HorizontalFlip(probability=1.0, label_swaps=clips.label_swaps)
generator = torch.Generator().manual_seed(5)
turned = turn(clip, generator)
mirrored = flip(turned, generator)
for c in (turned, mirrored):
    u = c.frames["flow"][0][c.frames["depth"][0] > 16 / 255].mean()
    print(f"{clips.classes[c.label]}: mean u {u:+.3f}; {c.history[-1][0]} {c.history[-1][1]}")
figures.clip_strip(mirrored.select(["rgb", "depth"]))

# %% [markdown]
# **What to see.** Each step is in the history once: one angle, one zoom and one shift for RGB,
# depth and flow. What is new are the pixels, each kind computed in its own way: no distance between
# hand and "no reading" was invented, and arrows turn with the picture. The mirror gave the clip the
# label of its mirror image, and the mean of $u$ the other sign and nothing else. Estimated flow is
# rough, above all where pictures are small or a movement is fast, so do not expect its mean to tell
# the direction.
#
# ## 9 Decode once
#
# Training reads every clip once per epoch. **Predict before you run:** how many times as fast is a
# clip that was decoded and resized beforehand?

# %%
import timeit

config = mmtlib.ExperimentConfig.make(
    dataset="nvgesture", root=str(root), preset="tiny", modalities="rgb,depth",
    skip_broken=True, epochs=20, ssa_start_epoch=10,
)  # fmt: skip
store = mmtlib.experiment.open_data(config, "train").clips
speed = {
    "span decoded": 1 / min(timeit.repeat(lambda: clips[0], number=1, repeat=3)),
    "from the store": 100 / min(timeit.repeat(lambda: store[0], number=100, repeat=3)),
}
pd.Series(speed, name="clips per second").map("{:,.0f}".format).to_frame().T

# %% [markdown]
# The store keeps clips as small arrays in memory-mapped files, brought to the frames and the size
# that the network takes; several workers read them without a copy. Part of the difference is the
# size: a stored clip has less to read. But nothing of that has to be computed again in the next
# epoch, and a store is checked against its hash and against the videos that it was made from.
#
# ## 10 Does the path work?
#
# The preset `tiny`, two small networks, some seconds. This is **no result**: it has a handful of
# clips, and pictures that are far too small. It proves that lists, videos, store, transforms,
# losses and evaluation fit together on these files.

# %%
run = mmtlib.run(config)
losses = run.history.stream_table().groupby(["modality", "epoch"])["loss"].mean().unstack(0)
reached = ", ".join(f"{m} {share:.0%}" for m, share in run.validation_accuracy.items())
print(f"{len(store)} clips to train; validation accuracy: {reached}; chance 4%")
losses.iloc[[0, -1]].round(2)

# %% [markdown]
# Did the losses fall? Then the networks learn these clips. The real thing is `mmt train --data
# nvgesture --root DIR --preset paper` on a GPU.
#
# ## 11 Pitfalls
#
# - **The label from the folder.** 23 clips are somewhere else than they belong.
# - **Whole videos.** The gesture is a short part of each.
# - **The last number of a span.** It is the frame after the last one.
# - **Frame numbers across cameras.** Frame 100 of infrared is not the moment of frame 100 of depth.
# - **A flip without new labels**, or flow without a new sign.
# - **Interpolating depth.** Between a hand and "no reading" there is no surface.
# - **SSA over views that do not fit.** Measure $c$ first, then believe a gain or a loss.
# - **Files left out in silence.** Count, and report the count with the accuracy.
#
# ## 12 Summary
#
# Real clips come with a list that decides, a span inside a longer video, cameras with clocks and
# views of their own, depth as levels, and gaps. Each of these is checked or measured here before a
# network sees a clip. For SSA the measure is $c$: how much of the hand the other view covers.
#
# **Sources.** P. Molchanov et al., CVPR 2016 (NVGesture); Y. Zhang et al., *EgoGesture*, IEEE
# Transactions on Multimedia 20(5), 2018; E. Ohn-Bar, M. Trivedi, *Hand Gesture Recognition in Real
# Time for Automotive Interfaces*, IEEE Transactions on Intelligent Transportation Systems 15(6),
# 2014 (VIVA); T. Kroeger et al., *Fast Optical Flow using Dense Inverse Search*, ECCV 2016.
#
# **What this could not tell.** A few clips show that a path works, not that a method does. For that
# we go back to clips of which there are enough, and ask what the gain of notebook 04 is made of.
#
# **Next.** [06 Rivals and controls](06_rivals_and_controls.ipynb): is the gain SSA's, and is it
# transfer at all? With your own copy of a data set: `mmt data verify nvgesture DIR`, then train
# (the README has the lines).
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("05_real_datasets")
