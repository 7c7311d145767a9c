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
# # 02 Unimodal baselines: how good is each modality alone?
#
# **Where we are.** Notebook 01 showed what depth sees and RGB does not. Now networks are asked.
#
# **Question.** Before anything is trained together: how good are RGB and depth alone, and how sure
# can we be of these numbers?
#
# Of $N$ clips a share $a$ is recognised. How far could $a$ be from what we would find with other
# people? With $S$ people, of whom person $s$ has accuracy $a_s$ on equally many clips, there are
# two answers, and the first one is usually wrong:
#
# $$s_{clips} = \sqrt{\frac{a\,(1-a)}{N}}, \qquad
# s_{people} = \sqrt{\frac{1}{S\,(S-1)} \sum_s (a_s - a)^2}$$
#
# **Prerequisites.** Notebooks 00 and 01; the mean and the standard deviation.
#
# **You will be able to** train baselines side by side, judge them against chance, give an accuracy
# an interval that counts people, fuse scores, and tell a baseline that has converged from one
# that makes every new method look good.
#
# **Time.** 20 minutes to read; at most 2 minutes to run on a 2-core CPU, from an empty cache.

# %%
import numpy as np
import pandas as pd
from IPython.display import ProgressBar

import mmtlib
from mmtlib import evaluation, figures
from mmtlib.exercises import checks, hint
from mmtlib.widgets.clip_player import clip_player

config = mmtlib.ExperimentConfig.make(modalities="rgb")

# %% [markdown]
# ## 1 By hand: twelve clips of three people
#
# Each row is a person, each 1 a clip that was recognised. **Predict before you run:** which of the
# two standard errors is larger, and about how many times? As a help: how many *independent* facts
# does the table hold, twelve or three?

# %%
table = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0]])
a, each = table.mean(), table.mean(axis=1)
over_clips = np.sqrt(a * (1 - a) / table.size)
over_people = each.std(ddof=1) / np.sqrt(len(each))  # the right half of the equation
print(f"accuracy {a:.2f}; error over clips {over_clips:.2f}, over people {over_people:.2f}")

# %% [markdown]
# Whoever is recognised once is mostly recognised again: clips of one person are *clustered*. The
# formula over clips takes each of them for news and so is too sure of itself. Film the third person
# a hundred times more, and it gets surer still.
#
# ## 2 Train each modality alone
#
# Three runs, two at a time, with the same seed: RGB, depth, and RGB once more with a third of the
# epochs, which we need in section 7. RGB is the run of notebook 00; if that is still stored, it is
# loaded. **Predict before you run:** which modality will be better, and by how much?

# %%
short = config.replace(epochs=max(1, config.epochs // 3))
bar = ProgressBar(3)
bar.display()
rgb, depth, rgb_short = mmtlib.run_all(
    [config, config.alone("depth"), short],
    progress=lambda done, total: setattr(bar, "progress", done),
)

# %% [markdown]
# As in notebook 00 we add a dot for the validation clips to the curve of each run.

# %%
measured = {name: run.predictions()[name] for name, run in (("rgb", rgb), ("depth", depth))}
curves = pd.concat([run.history.stream_table() for run in (rgb, depth)], ignore_index=True)
for name, p in measured.items():
    loss = -np.log(p.scores[np.arange(len(p)), p.labels]).mean()
    end = [config.epochs - 1, name, "validation", loss, evaluation.accuracy(p)]
    curves.loc[len(curves)] = end
figures.training_curves(curves)

# %% [markdown]
# **What to see.** Dotted: training clips; dots: validation clips; one colour per modality. Which
# loss falls first, and does the other one catch up? Have both levelled off at the end? Compare the
# two gaps between a dotted line's end and its dot: the modality with the larger one has learned
# more that holds for the training people only.
#
# ## 3 How good, and how sure
#
# Both networks can also answer together. **Fusion** takes the mean of their scores, clip by clip,
# and then the highest class. It needs both cameras at test time, so it is no rival of a single
# network, but a *reference*: what a plain mean makes of both. It is no upper bound: where one
# network is far weaker, its votes can pull the mean below the better one. The bars' intervals
# (95 %) count people. The dashed line is chance.

# %%
measured["fused"] = evaluation.fuse(measured.values())
rows = []
for name, p in measured.items():
    people = evaluation.mean_interval(evaluation.accuracy_by_subject(p)["accuracy"])
    rows.append((name, evaluation.accuracy(p), people.low, people.high))
bars = pd.DataFrame(rows, columns=["modality", "accuracy", "low", "high"])
figure = figures.accuracy_bars(bars, chance=1 / len(rgb.classes))
figure.axes[0].set_ylabel("Validation accuracy")
figure.alt_text = figure.alt_text.replace("Test", "Validation")
figure

# %% [markdown]
# **What to see.** First: is a bar's interval clear of chance? If not, there is nothing to compare.
# Then the distance between RGB and depth against the length of the intervals. Last, the fused bar:
# above both means that the two fail on different clips; no higher than the better one means that
# the weaker one adds nothing when it is heard with the same weight.
#
# ## 4 Where each one fails

# %%
figures.confusion_matrix(evaluation.confusion(measured["rgb"], normalize="true"), rgb.classes)

# %% [markdown]
# **What to see.** Each row is a true class and adds up to 100 %; the diagonal is the accuracy of
# that class. Note the two largest numbers beside the diagonal.

# %%
figures.confusion_matrix(evaluation.confusion(measured["depth"], normalize="true"), rgb.classes)

# %% [markdown]
# **What to see.** The same for depth. Are RGB's two largest mistakes here too? Mistakes that
# both make may come from the gesture itself, or from pictures this small. Mistakes of RGB alone are
# the ones where a network could *learn something from depth*: that is what notebook 03 tries.
#
# Look at one of them. The player below shows the validation clip on which depth is most right where
# RGB is most wrong: the largest difference between the two scores of the true class.

# %%
truth = {m: p.scores[np.arange(len(p)), p.labels] for m, p in measured.items()}
i = int(np.argmax(truth["depth"] - truth["rgb"]))
clips = mmtlib.SyntheticGestures(config.preset, "validation", ("rgb", "depth"))
said = {m: rgb.classes[p.predicted[i]] for m, p in measured.items()}
print("running example, scores of the truth:", {m: round(s[0], 2) for m, s in truth.items()})
print(f"truth: {rgb.classes[clips[i].label]}; RGB says {said['rgb']}, depth says {said['depth']}")
clip_player(clips[i], height_px=192, title=f"{rgb.classes[clips[i].label]}, clip {i}")

# %% [markdown]
# **What to see.** Ask what hides the gesture in RGB: little contrast between hand and wall, a
# moving thing of skin colour, the light? And whether depth shows it plainly. Above the clip stand
# the scores of our running example (clip 0): which network knows it better?
#
# ## 5 Person by person
#
# The same accuracy, taken apart by who is in the clip.

# %%
by_person = pd.DataFrame(
    {
        m: evaluation.accuracy_by_subject(p).set_index("subject")["accuracy"]
        for m, p in measured.items()
    }
)
by_person.round(2).T

# %%
errors = {}
for m, p in measured.items():
    over_clips = p.correct.std() / np.sqrt(len(p))
    over_people = by_person[m].std(ddof=1) / np.sqrt(len(by_person))
    errors[m] = (100 * over_clips, 100 * over_people, over_people / over_clips)
pd.DataFrame(errors, index=["over clips (points)", "over people (points)", "ratio"]).T.round(2)

# %% [markdown]
# A *point* is one percent of the clips. A ratio well above 1 says that people differ by more than
# the luck of single clips explains, and that an interval over clips would be too short by that
# factor. A ratio near 1 says that here they differ little. With so few people the ratio itself is
# rough, and nothing guarantees it beforehand: in this course intervals always count people.
#
# Why do people differ at all? Skin colour against the wall, the size of the hand, speed and reach
# of a movement, a sleeve: it belongs to the person and comes back in clip after clip.
#
# ## 6 Another seed, another number
#
# The seed decides the first weights, the order of the clips and their random shifts. The config,
# data and people are the same, and still another seed ends at another accuracy. One run per seed
# is one draw from a lottery. The table lists every seed of these two baselines that *this*
# computer has stored; after `mmt tutorial` there are three.

# %%
stored = [mmtlib.load_run(name) for name in mmtlib.list_runs()["run"]]
seeds = {}
for m, run in (("rgb", rgb), ("depth", depth)):
    same = [r for r in stored if r.config.replace(seed=0).canonical() == run.config.canonical()]
    seeds[m] = {r.config.seed: round(100 * r.validation_accuracy[m], 1) for r in same}
pd.DataFrame(seeds).sort_index().T.rename_axis(columns="seed")

# %% [markdown]
# With one column there is no spread to see yet; make one with
# `mmtlib.run(config.replace(seed=1))`, which takes a minute. When two methods are compared, equal
# seeds are paired: both start from the same weights and see the same clips in the same order, so
# that much of the lottery cancels.
#
# ## 7 Has the baseline converged?
#
# The easiest way to publish a gain is a baseline that was trained too little. We call a baseline
# **converged** if *doubling the epochs changes its validation accuracy by less than one point, as a
# mean over three seeds*. Our third run is what a hurried author would have used. **Predict before
# you run:** how large is the "gain" of a method that does nothing but train to the end?

# %%
gain = evaluation.paired_difference([rgb_short.predictions()["rgb"]], [measured["rgb"]])
print(f"{rgb_short.config.epochs} epochs -> {config.epochs} epochs: {gain}")

# %% [markdown]
# The interval counts people; with one seed it says nothing about other seeds. Whatever you
# got: put this number beside any gain that you read about, and ask how long the baseline was
# trained. In this course the network alone and the network trained with others get the same number
# of steps, the same rate and the same batches.
#
# ## 8 Exercises
#
# **Exercise 1.** The right half of the equation: `correct` is true or false for each clip,
# `subjects` says who is in it, equally many clips each. Return the standard error over people.
# Stuck? `hint("clustered_error", 1)`, then 2 and 3.


# %% tags=["exercise"]
def clustered_error(correct, subjects):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def clustered_error(correct, subjects):
    each = [correct[subjects == s].mean() for s in np.unique(subjects)]
    return np.std(each, ddof=1) / np.sqrt(len(each))


# %% tags=["check"]
checks.clustered_error(clustered_error)

# %% [markdown]
# **Exercise 2.** Fuse the scores `(M, N, K)` of M networks: return the class of each of N clips.
# Stuck? `hint("fuse_scores", 1)`, then 2 and 3.


# %% tags=["exercise"]
def fuse_scores(scores):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def fuse_scores(scores):
    return np.mean(scores, axis=0).argmax(axis=1)


# %% tags=["check"]
checks.fuse_scores(fuse_scores)

# %% [markdown]
# **Exercise 3.** Write the definition of section 7: `once` and `twice` are accuracies (0 to 1),
# one per seed, after E and after 2 E epochs. Return `True` if the baseline has converged.
# Stuck? `hint("converged", 1)`, then 2 and 3.


# %% tags=["exercise"]
def converged(once, twice, tolerance):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def converged(once, twice, tolerance):
    return bool(abs(np.mean(twice) - np.mean(once)) < tolerance)


# %% tags=["check"]
checks.converged(converged)

# %% [markdown]
# ## 9 Pitfalls
#
# - **The best epoch on the test clips.** Picking it is training on them. Here the last one counts.
# - **Comparing means of different seeds.** Pair equal seeds, or the lottery drowns the effect.
# - **Intervals over clips.** They shrink as the same people are filmed again.
# - **A ceiling.** Near 100 % nothing can gain; an absent effect there proves little.
# - **Fusion as a rival.** It uses a camera that the single network does not have.
#
# ## Summary
#
# A baseline needs chance below it, an interval that counts people around it, several seeds beside
# it, and enough epochs behind it. Fusion shows what the modalities know together; the difference
# between RGB alone and depth alone is the room in which RGB might learn.
#
# **What this could not tell.** Fusion needs the depth camera for ever. Can RGB keep some of what
# depth knows when the camera is gone? The two networks have no channel in common: notebook 03.
#
# **Sources.** M. Abavisani et al., CVPR 2019, arXiv 1812.06145 (fusion by the mean of the scores);
# A. B. Owen, *The pigeonhole bootstrap*, Annals of Applied Statistics 1(2), 2007 (people and seeds
# resampled together, behind the interval of section 7).
#
# **Next.** [03 Adding SSA](03_adding_ssa.ipynb): the same two networks, trained side by side, RGB
# learning from depth.
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("02_unimodal_baselines")
