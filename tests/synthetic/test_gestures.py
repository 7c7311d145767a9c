import numpy as np
import pytest

from mmtlib.synthetic import GESTURES, PRESETS
from mmtlib.synthetic.gestures import MIRRORED, REVERSED, Motion, label_swaps, reversed_labels

# The class names of NVGesture, labels 1 to 25, as its authors list them.
NVGESTURE = """move hand left;move hand right;move hand up;move hand down;move two fingers left;
move two fingers right;move two fingers up;move two fingers down;click;beckon;open hand;shake hand;
show one finger;show two fingers;show three fingers;push hand up;push hand down;push hand out;
pull hand in;rotate two fingers clockwise;rotate two fingers counter-clockwise;push two fingers;
close hand twice;thumb up;OK""".replace("\n", "").split(";")
THUMB, INDEX, MIDDLE, RING, LITTLE = range(5)
TIPS = np.array([4, 8, 12, 16, 20])
HANDS = pytest.mark.parametrize("left", [False, True], ids=["right hand", "left hand"])


def stretch(joints, finger):
    """Return how straight a finger is, (T,): 1 = tip as far from its knuckle as it can be."""
    chain = joints[:, 1 + 4 * finger : 5 + 4 * finger]
    length = np.linalg.norm(np.diff(chain, axis=1), axis=-1).sum(1)
    return np.linalg.norm(chain[:, -1] - chain[:, 0], axis=-1) / length


def turned(points):
    """Return the angle travelled around the middle of the path, clockwise with y down positive."""
    x, y = (points - points.mean(0)).T
    return np.diff(np.unwrap(np.arctan2(y, x))).sum()


def test_the_25_gestures_in_the_order_of_nvgesture():
    assert list(GESTURES) == NVGESTURE


@HANDS
@pytest.mark.parametrize("rest", [(0, 0, 0), (0.25, -0.3, 0.3), (-0.25, 0.3, -0.3)])
@pytest.mark.parametrize(
    ("gesture", "axis", "sign"),
    [
        ("move hand left", 0, -1),
        ("move hand right", 0, 1),
        ("move hand up", 1, -1),
        ("move hand down", 1, 1),
        ("move two fingers left", 0, -1),
        ("move two fingers right", 0, 1),
        ("move two fingers up", 1, -1),
        ("move two fingers down", 1, 1),
        ("push hand up", 1, -1),
        ("push hand down", 1, 1),
        ("push hand out", 2, -1),
        ("pull hand in", 2, 1),
        ("push two fingers", 2, -1),
    ],
)
def test_moves_go_the_way_their_names_say(act, gesture, axis, sign, left, rest):
    motion, joints = act(gesture, left=left, rest=rest)
    way = joints[-1] - joints[0]
    assert (way[:, axis] * sign > 0.02).all(), "every joint of the hand"
    assert np.abs(way.mean(0)).argmax() == axis
    assert (np.diff(motion.position[:, axis]) * sign >= 0).all(), "and never back"


@pytest.mark.parametrize("gesture", ["move hand left", "move hand up", "push hand out"])
def test_a_larger_amplitude_moves_farther(act, gesture):
    small, large = (np.ptp(act(gesture, amplitude=a)[0].position, axis=0).max() for a in (0.7, 1.4))
    assert large == pytest.approx(2 * small)


@HANDS
@pytest.mark.parametrize("start_angle", [0.0, 2.0, 5.0])
@pytest.mark.parametrize(("word", "sign"), [("clockwise", 1), ("counter-clockwise", -1)])
def test_rotations_turn_as_seen_in_the_picture(act, word, sign, left, start_angle):
    gesture = f"rotate two fingers {word}"
    motion, joints = act(gesture, left=left, start_angle=start_angle, steps=201)
    once = motion.phase <= 2 * np.pi / (2.8 * np.pi)
    for points in (joints[once, 0, :2], joints[once, TIPS[INDEX], :2]):
        assert turned(points) * sign == pytest.approx(2 * np.pi, abs=0.2)


@HANDS
@pytest.mark.parametrize(
    ("gesture", "stretched"),
    [
        ("show one finger", [INDEX]),
        ("show two fingers", [INDEX, MIDDLE]),
        ("show three fingers", [INDEX, MIDDLE, RING]),
        ("thumb up", [THUMB]),
        ("OK", [MIDDLE, RING, LITTLE]),
        ("move two fingers left", [INDEX, MIDDLE]),
        ("move two fingers down", [INDEX, MIDDLE]),
        ("rotate two fingers clockwise", [INDEX, MIDDLE]),
        ("push two fingers", [INDEX, MIDDLE]),
        ("click", [INDEX]),
    ],
)
def test_finger_shapes_at_the_end(act, gesture, stretched, left):
    _, joints = act(gesture, left=left)
    ends = np.array([stretch(joints, finger)[-1] for finger in range(5)])
    if gesture == "OK":
        ends[[THUMB, INDEX]] *= 0.9  # half bent: they meet instead of closing
    assert (ends[stretched] > 0.97).all()
    # A bent thumb lies across the palm, nearly straight: it is looked at in other tests.
    others = [f for f in range(1, 5) if f not in stretched]
    assert (ends[others] < 0.9).all()


@HANDS
@pytest.mark.parametrize("gesture", ["show one finger", "show two fingers", "show three fingers"])
def test_shown_fingers_come_out_of_a_fist_and_stay(act, gesture, left):
    _, joints = act(gesture, left=left)
    index = stretch(joints, INDEX)
    assert index[0] < 0.6
    assert (index[len(index) * 2 // 3 :] > 0.97).all()
    _, still = act("thumb up", left=left)
    assert stretch(still, INDEX).max() < 0.6


@HANDS
@pytest.mark.parametrize("rest", [(0, 0, 0), (0.2, 0.2, 0.25), (-0.2, -0.2, -0.25)])
def test_thumb_up_ends_with_the_thumb_on_top(act, left, rest):
    _, joints = act("thumb up", left=left, rest=rest)
    end = joints[-1]
    assert end[:, 1].argmin() == TIPS[THUMB]
    assert end[TIPS[THUMB], 1] < end[TIPS[1:], 1].min() - 0.03
    rise = end[2] - end[4]
    assert rise[1] > abs(rise[0]), "the thumb points up rather than sideways"


@HANDS
def test_ok_brings_thumb_and_index_together(act, left):
    _, joints = act("OK", left=left)
    gap = np.linalg.norm(joints[:, TIPS[THUMB]] - joints[:, TIPS[INDEX]], axis=-1)
    assert gap[-1] < 0.5 * gap[0]


def pulses_of(values):
    """Return how many times a curve rises above its middle."""
    above = values > (values.max() + values.min()) / 2
    return int((np.diff(above.astype(int)) == 1).sum())


def test_repeated_gestures_repeat_twice(act):
    for gesture, finger in (("close hand twice", MIDDLE), ("click", INDEX), ("beckon", LITTLE)):
        motion, joints = act(gesture, steps=101)
        assert pulses_of(motion.curl[:, finger]) == 2, gesture
        bent = stretch(joints, finger)
        np.testing.assert_allclose(bent[0], bent[-1], atol=1e-6)
        assert bent.min() < bent[0] - 0.05
    assert np.ptp(act("close hand twice")[0].curl, axis=0).min() > 0.8
    assert np.ptp(act("click")[0].curl, axis=0)[[0, 2, 3, 4]].max() == 0


def test_open_hand_goes_from_fist_to_relaxed(act):
    motion, joints = act("open hand")
    assert (stretch(joints, RING)[[0, -1]] < 0.6).tolist() == [True, False]
    np.testing.assert_allclose(motion.curl[-1], 0.1)
    assert (np.diff(motion.curl, axis=0) <= 0).all()


def test_shake_hand_swings_to_both_sides(act):
    motion, joints = act("shake hand", steps=101)
    x = joints[:, TIPS[MIDDLE], 0]
    assert x.min() < x[0] - 0.03
    assert x.max() > x[0] + 0.03
    assert (np.diff(np.sign(np.diff(x))) != 0).sum() >= 4
    assert np.abs(motion.position[[0, -1], 0]).max() < 1e-12


@HANDS
@pytest.mark.parametrize(("gesture", "sign"), [("push hand up", -1), ("push hand down", 1)])
def test_flat_pushes_turn_the_palm_into_the_push(act, gesture, sign, left):
    _, joints = act(gesture, left=left)
    wrist, index, little = joints[:, 0], joints[:, 5], joints[:, 17]
    palm = np.cross(index - wrist, little - wrist) * (-1 if left else 1)
    palm /= np.linalg.norm(palm, axis=1, keepdims=True)
    assert (palm[:, 1] * sign > 0.8).all()


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("gesture", [g for g in GESTURES if g != "shake hand"])
def test_the_mirrored_picture_shows_the_mirrored_gesture_of_the_other_hand(act, gesture, left):
    both = MIRRORED | {b: a for a, b in MIRRORED.items()}
    rest = np.array([0.2, 0.15, -0.1])
    _, joints = act(gesture, left=left, rest=rest, start_angle=0.4)
    _, other = act(
        both.get(gesture, gesture),
        left=not left,
        rest=rest * [1, -1, -1],
        start_angle=np.pi - 0.4,
    )
    np.testing.assert_allclose(other, joints * [-1, 1, 1], atol=1e-12)


@HANDS
def test_backwards_a_gesture_is_its_partner_and_the_others_are_none(act, left):
    partners = REVERSED | {b: a for a, b in REVERSED.items()}
    rest = {"rest": np.array([0.2, 0.15, -0.1]), "left": left}

    def turn(gesture):  # where a circle ends, backwards it starts
        sign = 1 if gesture.endswith(" clockwise") else -1
        return 0.4 + 2.8 * np.pi * sign

    for gesture in GESTURES:
        backwards = act(gesture, start_angle=0.4, **rest)[1][::-1]
        same = [
            other
            for other in GESTURES
            if np.allclose(act(other, start_angle=turn(gesture), **rest)[1], backwards, atol=1e-9)
        ]
        assert same == [partners[gesture]] if gesture in partners else not same


@pytest.mark.parametrize("gesture", GESTURES)
def test_every_gesture_stays_a_hand_and_differs_from_the_others(act, gesture):
    motion, joints = act(gesture, amplitude=1.5)
    assert np.isfinite(joints).all()
    assert motion.curl.min() >= 0
    assert motion.curl.max() <= 1.2
    assert np.abs(motion.position).max() < 0.2
    same = [g for g in GESTURES if np.allclose(act(g, amplitude=1.5)[1], joints)]
    assert same == [gesture]


def test_nothing_moves_before_and_after_the_gesture():
    phase = np.array([0.0, 0.0, 0.3, 1.0, 1.0])
    for gesture, act_on in GESTURES.items():
        motion = Motion(
            phase=phase,
            amplitude=1.0,
            circle=0.04,
            start_angle=0.4,
            left=False,
            position=np.zeros((5, 3)),
            angles=np.zeros((5, 3)),
            curl=np.full((5, 5), 0.1),
        )
        act_on(motion)
        for values in (motion.position, motion.angles, motion.curl):
            np.testing.assert_array_equal(values[0], values[1], err_msg=gesture)
            np.testing.assert_array_equal(values[3], values[4], err_msg=gesture)


def test_ease_and_pulses(act):
    motion, _ = act("click", steps=401)
    assert (motion.ease[0], motion.ease[-1], motion.ease[200]) == (0, 1, pytest.approx(0.5))
    assert (np.diff(motion.ease) >= 0).all()
    assert motion.ease[1] < motion.phase[1] / 10
    assert motion.pulses(3).min() >= 0
    assert motion.pulses(3).max() == pytest.approx(1, abs=1e-3)
    assert pulses_of(motion.pulses(3)) == 3


@pytest.mark.parametrize("preset", PRESETS)
def test_label_swaps_exchange_mirror_images_and_undo_themselves(preset):
    names = PRESETS[preset].classes
    swaps = label_swaps(names)
    assert all(swaps[swaps[label]] == label != swaps[label] for label in swaps)
    sided = {i for i, n in enumerate(names) if n.endswith((" left", " right", "clockwise"))}
    assert set(swaps) == sided
    for label, other in swaps.items():
        shared = set(names[label].split()) & set(names[other].split())
        assert len(shared) == len(names[label].split()) - 1, "they differ in one word"


@pytest.mark.parametrize("preset", PRESETS)
def test_reversed_labels_undo_themselves(preset):
    names = PRESETS[preset].classes
    pairs = reversed_labels(names)
    assert all(pairs[pairs[label]] == label for label in pairs)
    assert {names[a] for a, b in pairs.items() if a == b} == {
        n for n in names if n in ("click", "beckon", "shake hand", "close hand twice")
    }
    assert ("push hand out" in names and "pull hand in" in names) == any(
        names[a] == "push hand out" for a in pairs
    )


def test_label_swaps_leave_out_a_pair_that_is_not_whole():
    assert label_swaps(("OK", "move hand left")) == {}
    assert label_swaps(("move hand right", "OK", "move hand left")) == {0: 2, 2: 0}
