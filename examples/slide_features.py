# %% [markdown]
# # Slides as bags of patch features
# A slide is cut into patches, and a network that was trained elsewhere turns each patch into a row of
# features. The slide has labels, the patches have none; some labels are unknown. Run the cells one by one, or
# all of them with `python examples/slide_features.py`; it takes seconds on a CPU.

# %%
from __future__ import annotations

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weldon.structured import BagDataset, NegativeEvidenceClassifier, PerInstance

LABELS = ("tumour", "inflammation")

# %% [markdown]
# Replace this cell by your own table: a row a patch, with the slide it belongs to. Here 90 slides are made
# up. Some slides without a tumour hold patches that look like one; other patches of theirs speak against it.


# %%
def make_patches(slides: int = 90, features: int = 32) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of all patches, the slide of each, and the labels of the slides (NaN: nobody looked)."""
    random = np.random.default_rng(0)
    rows, owner, labels = [], [], []
    for slide in range(slides):
        patches = random.normal(size=(random.integers(20, 60), features))
        tumour, inflammation = (slide // 2) % 2 == 0, slide % 2 == 0
        patches[:3, 0] += 6.0 if tumour or slide % 3 == 0 else 0.0
        patches[3:5, 0] -= 0.0 if tumour else 8.0
        patches[5:9, 1] += 6.0 if inflammation else 0.0
        rows.append(patches)
        owner += [f"slide{slide:03}"] * len(patches)
        labels.append([float(tumour), float(inflammation) if slide % 5 else np.nan])
    return np.concatenate(rows), np.array(owner), np.array(labels)


values, slide_of_patch, labels = make_patches()
bags, slides = BagDataset.from_ids(values, slide_of_patch)
print(bags)

# %% [markdown]
# Scale the features over all patches, then learn. `k_max` and `k_min` say how many patches speak for and
# against: here a twentieth of the slide each. Unknown labels are left out of the loss.

# %%
train, test = train_test_split(np.arange(len(bags)), test_size=0.3, random_state=0)
model = make_pipeline(
    PerInstance(StandardScaler()),
    NegativeEvidenceClassifier(
        "weldon",
        k_max=0.05,
        k_min=0.05,
        weight_decay=0.05,
        solver="stochastic",
        max_iter=100,
        learning_rate=0.05,
        random_state=0,
    ),
).fit(bags[train], labels[train])
accuracy = float(model.score(bags[test], labels[test]))
print(f"slides with every known label right: {accuracy:.2f}")

# %% [markdown]
# The evidence of one slide: the patches whose scores are the score of the slide, with the addition.

# %%
scaler, classifier = model[0], model[-1]
slide = test[0]
found = classifier.evidence(scaler.transform(bags[[slide]])[0])
chances = model.predict_proba(bags[[slide]])[0]
for number, name in enumerate(LABELS):
    print(f"{slides[slide]}, {name}: score {found.score(number):+.2f}, probability {chances[number]:.2f}")
    for way, patches in (("for", found.top(number)), ("against", found.low(number))):
        shown = ", ".join(f"patch {one.index} ({one.score:+.2f})" for one in patches)
        print(f"  {way:8} {shown}")
