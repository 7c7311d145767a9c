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
# # 12 Your own data: from a folder of videos to one file
#
# **Where we are.** Every clip so far was made by the library, or came with a list.
#
# **Question.** You have filmed people with two cameras. What has to happen between that folder of
# videos and a network that you can hand to somebody as one file?
#
# Somebody has marked where each gesture starts and ends, in seconds. A video has frames. With $r$
# frames a second, a mark from $a$ to $b$ stands for the frames
#
# $$j_{first} = \mathrm{round}(r\,a), \qquad j_{last} = \mathrm{round}(r\,b), \qquad
# j_{first} \le j < j_{last}$$
#
# **Prerequisites.** Notebooks 02 (baselines, people), 03 and 04 (the method), 05 (spans, views).
#
# **You will be able to** write the one list that the library needs, find mistakes in it before
# training does, split by people, train with two cameras for one, and export a network that runs
# anywhere.
#
# **Time.** 20 minutes to read; at most 90 seconds to run on a 2-core CPU, from an empty cache.

# %%
import pandas as pd
from IPython.display import ProgressBar

import mmtlib
from mmtlib import datasets, evaluation, experiment, figures
from mmtlib.exercises import checks, hint
from mmtlib.experiment.own_videos import own_videos
from mmtlib.widgets.clip_player import clip_player

# %% [markdown]
# ## 1 What comes from the camera
#
# So that this notebook runs without anybody's videos, the library has filmed its synthetic hand:
# people who were asked for a few gestures, one after the other, in front of a colour and a depth
# camera that share one view. Put your own folder in place of `root`, and all cells below are about
# it.

# %%
bar = ProgressBar(100)
bar.display()
root = own_videos(lambda done, n: setattr(bar, "progress", 100 * done // n))
bar.progress = 100
people = sorted(path for path in root.iterdir() if path.is_dir())
info = datasets.video_info(people[0] / "rgb.avi")
print(len(people), "people;", *sorted(path.name for path in people[0].iterdir()))
info

# %% [markdown]
# One video per person and camera, many gestures in each. Beside them is what somebody wrote while
# watching: a text file of start, end and gesture, with tabs between them, as programs for marking
# videos write it.

# %%
print(*(people[0] / "marks.txt").read_text().splitlines()[:3], sep="\n")

# %% [markdown]
# ## 2 By hand: from seconds to frames
#
# **Predict before you run**, with 15 frames a second and the equation: which frames belong to the
# mark from 0.33 s to 1.40 s? How many are they? And which of the numbers below would
# *cutting off* the decimals, instead of rounding, get wrong?

# %%
marks = pd.DataFrame({"start (s)": [0.33, 2.07], "end (s)": [1.40, 3.13]})
exact = marks * 15
pd.concat({"seconds times rate": exact, "rounded": exact.round(), "cut off": exact // 1}, axis=1)

# %% [markdown]
# People write 0.33 and mean a third of a second: 4.95 is frame 5, and cut off it is 4. One frame is
# no tragedy at 30 frames a second. With 16 frames for a whole gesture it is a good part of what
# the network sees, and always to the same side.
#
# **Exercise 1.** Write the equation: whole numbers `(first, last)`, `last` excluded, and at least
# one frame however short the mark is.
# Stuck? `hint("frames_of", 1)`, then 2 and 3.


# %% tags=["exercise"]
def frames_of(start, end, rate):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def frames_of(start, end, rate):
    first = round(start * rate)
    return first, max(first + 1, round(end * rate))


# %% tags=["check"]
checks.frames_of(frames_of)

# %% [markdown]
# ## 3 One list
#
# The library wants one file, `videos.csv`, in the folder: a row for each clip, with the columns
# `path` (colour), `label` and `subject`; here also `depth`, and `start` and `end` in seconds, for
# which it does the rounding. Other forms are in the documentation of `mmtlib.VideoFolder`. We read
# the marks of everybody and put them below each other.

# %%
columns = ["start", "end", "label"]
rows = [
    pd.read_csv(who / "marks.txt", sep="\t", names=columns).assign(
        path=f"{who.name}/rgb.avi", depth=f"{who.name}/depth.avi", subject=who.name
    )
    for who in people
]
table = pd.concat(rows, ignore_index=True)
table["label"].value_counts().to_frame()

# %% [markdown]
# **Before you read on:** everybody was asked for the same gestures. What is wrong with this table?
#
# A label with a single clip is nearly always a slip of the pen. For a computer it is a class of its
# own: every network would get one more output, and that clip would be wrong for ever. The library
# refuses words that differ in capital letters or blanks alone, as here. Of another slip, `leftt`,
# nothing later will complain. Counting costs one line.

# %%
table["label"] = table["label"].str.lower()
table.to_csv(root / "videos.csv", index=False)
table["label"].value_counts().to_frame().T

# %% [markdown]
# ## 4 Look before you train
#
# `verify` opens every file, decodes every span and counts. It is also the command
# `mmt data verify videos DIR`. **Predict before you run:** what will it say if `end` is *before*
# `start` in one row, as after a slip at the keyboard? We let it look at such a list first.

# %%
bad = table.assign(end=table["end"].where(table.index != 1, 0.1))
bad.to_csv(root / "videos.csv", index=False)
print(mmtlib.VideoFolder.verify(root).notes[0])
table.to_csv(root / "videos.csv", index=False)

# %%
report = mmtlib.VideoFolder.verify(root)
print(report.text())
report.counts()[["split", "listed", "complete", "broken"]]

# %% [markdown]
# The sentence names the file and the line. Rows count from 1 and the first one holds the names, so
# line 3 is the second clip. The report shows how long gestures are: a minimum of one frame, or a
# maximum of a minute, would be a slip too.
#
# Is each mark where the movement is? That no program can know. Look at some.

# %%
clips = mmtlib.VideoFolder(root, "train")
record = clips.records[0]
span, video = clips.span(record, "rgb"), clips.file(record, "rgb")
whole = datasets.read_video(video, 0, 5 * len(span))
figures.annotated_span(whole, (span.first, span.last), frame_rate=clips.frame_rate)

# %% [markdown]
# **What to see.** The beginning of one recording; blue is the first mark. The curve says how much
# a frame differs from the one before. Between gestures the hand waits, and the curve is flat; high
# peaks outside the blue part are cuts to the next gesture. Does the mark begin before the hand
# moves and end after it? If your marks cut a gesture in half, no method will mend it.
#
# ## 5 Do the cameras agree?
#
# SSA compares position with position (notebook 03), so both cameras must see the same thing at the
# same place. One look at one clip shows most of what can go wrong: another view, a mirrored
# picture, a camera that started later.

# %%
clip = clips[0]
clip_player(clip, height_px=192, title=f"{clips.classes[clip.label]}, {clips.people[clip.subject]}")

# %% [markdown]
# **What to see.** Put a finger on the fingertip in one picture: at the same place in the other, is
# it there too, and at the same moment? Here it is. With two cameras of your own it is not, until
# you have registered one to the other (notebook 05), and until then SSA is the wrong tool.
#
# ## 6 Who is tested?
#
# Without a column `split` the library shares out the *people*: a fifth for validation, a fifth for
# testing. Who is where depends on their names alone, so a new recording of somebody known does
# not change sides.

# %%
parts = {part: mmtlib.VideoFolder(root, part) for part in ("train", "validation", "test")}
who = {part: [d.people[s] for s in sorted(set(d.subjects))] for part, d in parts.items()}
print(*(f"{part}: {', '.join(names)}" for part, names in who.items()), sep="\n")

# %% [markdown]
# With a list that says itself who is where, mistakes are easily made: a second session under
# another split, the same person under two names. The first kind can be found.
#
# **Exercise 2.** From the subject and the split of every clip (two lists of text), return the *set*
# of people who are in more than one split.
# Stuck? `hint("in_two_splits", 1)`, then 2 and 3.


# %% tags=["exercise"]
def in_two_splits(subjects, splits):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def in_two_splits(subjects, splits):
    pairs = set(zip(subjects, splits, strict=True))
    people = [person for person, _ in pairs]
    return {person for person in people if people.count(person) > 1}


# %% tags=["check"]
checks.in_two_splits(in_two_splits)

# %% [markdown]
# ## 7 Train: two cameras now, one later
#
# The method of notebooks 03 and 04 on your folder: RGB and depth side by side, with SSA and focal
# regularization, and RGB alone with the same start, batches and steps. **Predict before you run:**
# with this few people, how wide will the interval of the difference be?

# %%
config = mmtlib.ExperimentConfig.make(dataset="videos", root=str(root), modalities="rgb,depth")
config = config.replace(epochs=min(config.epochs, 20))
bar = ProgressBar(2)
bar.display()
together, alone = mmtlib.run_all(
    [config, config.alone("rgb")],
    workers=2,
    progress=lambda done, total: setattr(bar, "progress", done),
)

# %%
measured = {"alone": alone.predictions()["rgb"], "with depth": together.predictions()["rgb"]}
print(evaluation.paired_difference([measured["alone"]], [measured["with depth"]]))
figures.confusion_matrix(evaluation.confusion(measured["with depth"]), together.classes)

# %% [markdown]
# **What to see.** Above the picture: the difference on the *validation* people, with its interval
# over people. They are few, so it is wide; and it is one seed. Do not conclude that the method
# works on your data, or that it does not: `mmtlib.compare(config, seeds=[...])` and more people
# do that. In the picture: the rows are true classes. Which two gestures would you ask people to
# make more clearly, or to make more often?
#
# When nothing is chosen any more, and not before, the test people are read, once.

# %%
tested = mmtlib.evaluate(together, "test")
print(f"RGB used alone, test people: {tested.accuracy['rgb']:.0%} of {len(parts['test'])} clips")

# %% [markdown]
# ## 8 One file
#
# An ONNX file holds the network, how clips are prepared, and what the classes are called. Whoever
# gets it needs neither this library nor your videos, nor the depth camera. `export_run` writes it
# only if ONNX Runtime computes what PyTorch computes. **Predict before you run:** how large is the
# file?

# %%
path = experiment.export_run(together, "rgb", root.parent / "rgb.onnx")
model = experiment.load_exported(path)
print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, classes {', '.join(model.classes)}")
seen = parts["test"].records[0]
span, video = parts["test"].span(seen, "rgb"), parts["test"].file(seen, "rgb")
print(f"true: {together.classes[seen.label]}")
mmtlib.predict_video(model, video, first=span.first, last=span.last).head(3).round(3)

# %% [markdown]
# In use nobody marks the gestures. A window slides over the video instead, and the file is asked at
# every step (`mmt predict VIDEO --model rgb.onnx --window 16`).

# %%
windows = experiment.predict_windows(model, video, window=str(len(span)), stride="3")
figures.score_timeline(windows)

# %% [markdown]
# **What to see.** A test person's recording, seen by a network that has never met the person. Where
# one line stays high for several windows, a gesture fills them; at the borders a window holds half
# of one and half of the next, and the scores are worth nothing there. A network that knows gestures
# only has no word for "nothing happens": its scores always add up to 1. For real use record rest as
# a class of its own.
#
# ## 9 Pitfalls
#
# - **A label spelt in two ways.** Count before you train.
# - **Marks in frames of the other camera.** Seconds are the same for both.
# - **Splitting clips instead of people.** With few people it is the largest mistake there is.
# - **All of one gesture first, then the next.** Light and posture drift, and tell the class.
# - **SSA over views that were never registered.** Look, measure, then train.
# - **Choosing by test people.** Then ask new ones.
# - **Filming people without asking them.** Ask, write down what they allowed, and let them go back
#   on it.
#
# ## 10 Summary
#
# One list says which clip is where, what it shows and who is in it. It is checked before anything
# is trained; people are held out, not clips. Depth is there while training only: what is handed
# over is one file that takes colour alone.
#
# **Sources.** M. Abavisani et al., CVPR 2019, arXiv 1812.06145 (the method); ONNX, onnx.ai (the
# file format).
#
# **Next.** Your own folder. `mmt train --data videos --root DIR`, then `mmt export`.
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("12_your_own_data")
