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
# # 10 Embeddings, probes, and a figure for a paper
#
# **Where we are.** Notebook 08 compared two networks place by place, notebook 09 asked what a
# single one looks at. Now each clip is one vector.
#
# **Question.** After training together, do the RGB and the depth network *mean the same*? How can a
# number say so, and how does the number become a figure that can be printed?
#
# $$\text{probe: } \hat y = \operatorname*{argmax}_k \, (W x + b)_k$$
#
# $$R^{*} = \operatorname*{argmin}_{R^{\top} R = I} \lVert X R - Y \rVert_F = U V^{\top}
# \;\text{ with }\; X^{\top} Y = U S V^{\top}$$
#
# $x$ is a clip's pooled feature (the mean of a feature map over time and space), $W$ and $b$ a
# linear classifier trained on such features. $X$ and $Y$ hold two networks' features of the same
# clips, and $R^{*}$ is the rotation that brings them nearest together.
#
# **Prerequisites.** Notebooks 03 and 08 (alignment and its maps), 02 (intervals over people).
#
# **You will be able to** draw PCA and t-SNE planes and say what they hide; use a linear probe
# across modalities, with its controls; find a trap in such a measure; make a figure in the size,
# the fonts and the format that a paper wants.
#
# **Time.** 25 minutes to read; at most 90 seconds to run on a 2-core CPU, from an empty cache.

# %%
import numpy as np
import pandas as pd

import mmtlib
from mmtlib import analysis, figures
from mmtlib.evaluation import paired_difference
from mmtlib.exercises import checks, hint
from mmtlib.experiment import inspect_runs

# %% [markdown]
# ## 1 By hand: the same knowledge, in exchanged channels
#
# Two classes, two channels. In the RGB network channel 1 answers to class A and channel 2 to class
# B; in the depth network it is the other way round. A probe that learnt "channel 1 larger: class
# A" on RGB is tested on depth.
#
# **Predict before you run.** What accuracy has it on RGB, on depth, and on depth after the
# rotation $R^{*}$? (It may be a reflection, too.)

# %%
labels = np.array([0, 0, 1, 1])
rgb = np.array([[2.0, 0.2], [1.6, 0.0], [0.1, 2.2], [0.3, 1.8]])
depth = rgb[:, ::-1] + 0.1
u, _, vt = np.linalg.svd(depth.T @ rgb)
shown = {"RGB": rgb, "depth": depth, "depth, turned": depth @ u @ vt}
{name: float((x.argmax(axis=1) == labels).mean()) for name, x in shown.items()}

# %% [markdown]
# Every clip is told apart in both, and still a probe cannot travel. SSA does not ask for equal
# channels (notebook 03: it does not see a rotation), so a low accuracy across modalities is no
# failure of it. With the rotation taken out, the question is a fair one.
#
# ### Exercise 1: the simplest probe
#
# Nearest class mean: from `train` `(n, C)`, its `labels` `(n,)` and `test` `(m, C)` to the labels
# of `test`. Stuck? `hint("centroid_probe", 1)`, then 2 and 3.


# %% tags=["exercise"]
def centroid_probe(train, labels, test):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def centroid_probe(train, labels, test):
    names = np.unique(labels)
    means = np.stack([train[labels == k].mean(axis=0) for k in names])
    return names[np.linalg.norm(test[:, None] - means, axis=2).argmin(axis=1)]


# %% tags=["check"]
checks.centroid_probe(centroid_probe)

# %% [markdown]
# ## 2 Four networks, 288 clips
#
# Stored networks of the study: RGB and depth alone, and trained together. They see 288 validation
# clips of twelve people whom none of them was trained with. One vector of 64 numbers is left of
# each clip.

# %%
arms = {"alone": ["alone-rgb", "alone-depth"], "together": ["mtut"]}
runs = {arm: [mmtlib.stored_run(name) for name in names] for arm, names in arms.items()}
seen = inspect_runs(runs, clips=288)
batch, modalities = seen.batch, ("rgb", "depth")
pooled = {
    arm: {m: analysis.pooled_features(seen.networks[arm, m], batch.frames[m]) for m in modalities}
    for arm in arms
}
print(runs["together"][0].origin)

# %% [markdown]
# ## 3 A plane to look at
#
# **PCA** shows the two directions in which the points differ most. **Predict before you run:** will
# points lie together by class, by modality, or by neither? Five classes have colours.

# %%
named = ["move hand left", "move hand right", "click", "open hand", "push hand out"]
planes = {arm: analysis.embed(features, batch.labels.numpy()) for arm, features in pooled.items()}
figures.embedding_scatter(planes, seen.classes, named=named)

# %% [markdown]
# **What to see.** A circle is a clip as RGB sees it, a triangle the same clip as depth sees it. Are
# circles and triangles of one colour at the same place? Each channel of each modality was
# standardised before, so scale and offset cannot be what parts them. The axes have no unit, and the
# two planes have different ones, so compare patterns, not places.
#
# **t-SNE** keeps neighbours together, at the price of everything else:

# %%
planes = {
    arm: analysis.embed(features, batch.labels.numpy(), method="tsne")
    for arm, features in pooled.items()
}
figures.embedding_scatter(planes, seen.classes, named=named)

# %% [markdown]
# **What to see.** Islands, tidier than in PCA. Are they classes, modalities, or both? How large an
# island is, and how far it lies from another, means nothing: t-SNE evens that out. Another seed or
# perplexity draws other islands (try `perplexity=5`). It is a picture for finding questions,
# not for answering them.
#
# Choose a class and find its clips in both networks; the sentence below counts what their nearest
# neighbours are (by keyboard: space, arrows, Enter; it needs a running kernel, and the figure above
# is the same standing still):

# %%
from mmtlib.widgets.embedding_explorer import embedding_explorer, embedding_sentence

print(embedding_sentence(planes, seen.classes, shown="move hand left"))
embedding_explorer(planes, seen.classes, shown="move hand left")

# %% [markdown]
# **What to see.** Neighbours of the same class say that the plane keeps classes together.
# Neighbours of another modality are what "common semantics" would look like. How many are there,
# before and after? Remember that channels may be exchanged, so that few of them prove nothing.
#
# ## 4 A number: probes across modalities
#
# A probe (multinomial logistic regression) is trained on the features of one modality and tested on
# those of each. Cross-validation is by person: a clip is tested by a probe that has not seen its
# person in any modality.
#
# ### Exercise 2: the rotation
#
# $R^{*}$ for `source` and `target` `(n, C)`: an array `(C, C)`. Stuck? `hint("rotation_onto", 1)`.


# %% tags=["exercise"]
def rotation_onto(source, target):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def rotation_onto(source, target):
    u, _, vt = np.linalg.svd(source.T @ target)
    return u @ vt


# %% tags=["check"]
checks.rotation_onto(rotation_onto)

# %% [markdown]
# With `rotate=True` the rotation is fitted to pairs of clips, without labels, and there is a
# **trap**. Suppose that a network's features are pure noise. A probe of them learns the noise of
# its training clips by heart. A rotation fitted to *the same* clips turns the other network's
# classes onto that very noise, and the probe of nothing works. (A test of this library caught just
# that, before the first number was believed.) Therefore half of the training people train the
# probes, and the rotations take the other half.
#
# **Predict before you run** the four matrices: within and across, as they are and turned.

# %%
about = {"labels": batch.labels, "subjects": batch.subjects, "classes": len(seen.classes)}
probes = {
    arm + how: analysis.cross_modal_probes(pooled[arm], **about, rotate=rotate)
    for how, rotate in {"": False, ", turned": True}.items() for arm in arms
}  # fmt: skip
matrices = {title: analysis.probe_matrix(found) for title, found in probes.items()}
figures.probe_matrices(matrices, chance=1 / len(seen.classes))

# %% [markdown]
# **What to see.** On the diagonal a probe within a modality, beside it the ones across. As they are
# ("alone", "together"): do they leave chance at all, before or after training together? Turned: do
# the columns or the rows decide how good a cell is? Compare "RGB on RGB" with "depth on RGB,
# turned": if they are nearly equal, depth's classes are RGB's classes, in other channels.
#
# Now the uncomfortable question: which of that was there **before** they met?

# %%
within, across = ("rgb", "rgb"), ("depth", "rgb")
for pair in (within, across):
    change = paired_difference([probes["alone, turned"][pair]], [probes["together, turned"][pair]])
    print(f"{pair[0]} on {pair[1]}: {change}")
cka = {arm: analysis.linear_cka(f["rgb"], f["depth"]).item() for arm, f in pooled.items()}
print("CKA of RGB and depth:", {arm: round(value, 2) for arm, value in cka.items()})

# %% [markdown]
# (Together minus alone, turned; "depth on rgb" is trained on depth and tested on RGB.) Two networks
# trained with the same labels arrive at common classes without ever meeting, since the labels are
# what they have in common. If "depth on rgb" rises by no more than "rgb on rgb", then RGB became
# better, and "common semantics" did not rise beyond that. CKA (notebook 08) weighs all directions
# of the features, not only those that help to classify; it may rise all the same.
#
# And a control that must fail: the same features, the labels dealt out anew. The probes should
# find nothing; if they did, something would leak.

# %%
dealt = np.random.default_rng(0).permutation(batch.labels.numpy())
settings = about | {"labels": dealt, "rotate": True}
control = analysis.cross_modal_probes(pooled["together"], **settings)
analysis.probe_matrix(control).round(3)

# %% [markdown]
# ## 5 From numbers to a figure for a paper
#
# A figure in print has a width that the journal gives, text of 7 to 8 points at *that* width,
# colours that survive grey printing and colour-blind eyes, and is a vector file with its fonts
# inside. Three habits get you there:
#
# 1. **Make it in its final size.** `figures.ONE_COLUMN` and `figures.TWO_COLUMN` are inches.
#    Scaling afterwards scales the text.
# 2. **Take the house style**, a matplotlib style sheet that holds inside a block only, and leaves
#    your own settings as they were.
# 3. **Save as PDF** (or SVG); PNG is for screens.

# %%
on_rgb = {"within": ("rgb", "rgb"), "across": ("depth", "rgb")}
table = pd.DataFrame({t: {k: m.loc[p] for k, p in on_rgb.items()} for t, m in matrices.items()})
with figures.figure_style():
    picture = figures.StyledFigure(figsize=(figures.ONE_COLUMN, 1.9))
    axes = picture.subplots()
    (100 * table.T).plot.barh(ax=axes, width=0.7)
    axes.axvline(100 / len(seen.classes), color="black", linewidth=0.8, linestyle=":")
    axes.set(xlabel="Accuracy on RGB clips (%), dotted: guessing", xlim=(0, 100))
    axes.invert_yaxis()
    axes.legend(title="Probe", loc="lower right")
picture.alt_text = f"Accuracy of probes on RGB clips. {table.round(2).to_dict()}"
picture.savefig("probes.pdf")
picture

# %% [markdown]
# **What to see.** The same numbers as in the matrices, those on RGB clips only, at the width of one
# column. Bars start at 0; the line of guessing says what "nothing" would be; the label has a unit.
# `alt_text` is read to people who cannot see the figure: write what it shows, with numbers.
#
# ### All figures by one command
#
# The package's own figures are made like that, from stored results, each with its caption and a
# line on where its numbers come from:

# %%
gallery = mmtlib.gallery.GALLERY
print(*[f"{name:18} {entry.title}" for name, entry in gallery.items()][:6], sep="\n")
drawn = mmtlib.gallery.draw("focal-curve", width=figures.ONE_COLUMN)
drawn.savefig("focal-curve.pdf")
print("width in inches:", drawn.get_size_inches()[0])

# %% [markdown]
# `mmt figures --out DIR --format pdf,svg,png` writes all of them, `--only NAME` one, and
# `--width 3.5in` makes them as wide as that. Run twice, it gives the same bytes, so a changed file
# means changed results.
#
# ## 6 Pitfalls
#
# - **Islands.** t-SNE draws them from noise, too. Count, don't look.
# - **Probing on training people** measures memory.
# - **A rotation fitted where the probe was**, see the trap above. The best *linear* map instead of
#   a rotation is worse still: it can bend anything into anything.
# - **"Above chance" as "the same".** Compare with a probe within, and with networks that never met.
# - **A number for semantics.** A probe tells what can be read off linearly, not what is used.
# - **Twelve people, one network of each kind**: the intervals know people, not seeds.
# - **Screenshots** in a paper: text too small, no vectors, no source.
#
# ## 7 Summary
#
# Pictures of embeddings raise questions. Probes across modalities answer one of them, if the
# rotation is taken out, if it was not fitted where the probe was, and if networks that never met
# stand beside. A figure is a function of a table: it can be made again when the table changes.
#
# **Sources.** Alain, Bengio, *Understanding Intermediate Layers Using Linear Classifier Probes*,
# 2016, arXiv 1610.01644; Schoenemann, Psychometrika 31, 1966 (the rotation); van der Maaten,
# Hinton, JMLR 9, 2008 (t-SNE); Kornblith et al., ICML 2019 (CKA).
#
# **Next.** Put your own run in: `inspect_runs({"mine": [mmtlib.run(config)]})`. Then
# [11 The ablation explorer](11_ablation_explorer.ipynb): all stored runs at once, and how to ask.
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("10_embeddings_and_figures")
