import pytest
import torch
from support.kinetics_files import units
from torch.nn import functional as F

from mmtlib.models import InceptionI3D
from mmtlib.models.inception_i3d import SameConv3d, SameMaxPool3d, same_padding


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def meta_network(**settings):
    with torch.device("meta"):
        return InceptionI3D(3, 400, **settings).eval()


PARAMETERS = {
    "Conv3d_1a_7x7": 65_984,  # 64 * 3 * 7^3 weights, 64 scales, 64 shifts
    "Conv3d_2b_1x1": 4_224,
    "Conv3d_2c_3x3": 332_160,  # 192 * 64 * 3^3 + 2 * 192
    "Mixed_3b": 386_272,
    "Mixed_3c": 837_888,
    "Mixed_4b": 737_760,
    "Mixed_4c": 904_464,
    "Mixed_4d": 1_103_664,
    "Mixed_4e": 1_356_672,
    "Mixed_4f": 1_799_168,
    "Mixed_5b": 1_974_272,
    "Mixed_5c": 2_784_736,
    "logits": 410_000,  # 1024 * 400 + 400
}
"""Worked out from the table of Inception-v1's filters, not from this code."""


def test_parameter_count_is_the_published_one():
    found = {name: parameters(part) for name, part in meta_network().named_children()}
    assert {name: n for name, n in found.items() if n} == PARAMETERS
    # The 12.29 M that are usually given leave the classifier out.
    assert sum(PARAMETERS.values()) - PARAMETERS["logits"] == 12_287_264
    assert sum(PARAMETERS.values()) == 12_697_264


GRIDS = {
    "Conv3d_1a": (32, 112, 112),
    "Conv3d_2b": (32, 56, 56),
    "Conv3d_2c": (32, 56, 56),
    "Mixed_3": (32, 28, 28),
    "Mixed_4": (16, 14, 14),
    "Mixed_5": (8, 7, 7),
}
"""T, H, W of a clip of 64 x 224 x 224 after the convolutions of each part."""


def test_every_convolution_is_the_published_one():
    net, seen = meta_network(), {}
    table = units()
    assert len(table) == 57
    for name, *_ in table:
        net.get_submodule(name).register_forward_hook(
            lambda _module, _inputs, output, name=name: seen.update({name: output.shape})
        )
    net(torch.empty(1, 3, 64, 224, 224, device="meta"))
    for name, _, out, given, extent in table:
        unit = net.get_submodule(name)
        assert unit.conv3d.weight.shape == (out, given or 3, *3 * [extent]), name
        assert unit.conv3d.stride == 3 * (2 if extent == 7 else 1,), name
        assert (unit.conv3d.bias, unit.conv3d.dilation, unit.conv3d.groups) == (None, (1, 1, 1), 1)
        grid = next(grid for part, grid in GRIDS.items() if name.startswith(part))
        assert seen[name] == (1, out, *grid), name
    convolutions = [m for m in net.modules() if isinstance(m, torch.nn.Conv3d)]
    assert len(convolutions) == 57 + 1  # and the classifier


@pytest.mark.parametrize(
    ("name", "kernel", "stride", "given", "pads"),
    [
        ("Conv3d_1a_7x7.conv3d", (7, 7, 7), (2, 2, 2), (64, 224, 224), [(2, 3)] * 3),
        ("MaxPool3d_2a_3x3", (1, 3, 3), (1, 2, 2), (32, 112, 112), [(0, 0), (0, 1), (0, 1)]),
        ("MaxPool3d_3a_3x3", (1, 3, 3), (1, 2, 2), (32, 56, 56), [(0, 0), (0, 1), (0, 1)]),
        ("MaxPool3d_4a_3x3", (3, 3, 3), (2, 2, 2), (32, 28, 28), [(0, 1)] * 3),
        ("MaxPool3d_5a_2x2", (2, 2, 2), (2, 2, 2), (16, 14, 14), [(0, 0)] * 3),
        ("Mixed_4e.b3a", (3, 3, 3), (1, 1, 1), (16, 14, 14), [(1, 1)] * 3),
        ("Mixed_4e.b2b.conv3d", (3, 3, 3), (1, 1, 1), (16, 14, 14), [(1, 1)] * 3),
    ],
)
def test_strides_and_zeros_of_a_paper_clip(name, kernel, stride, given, pads):
    module = meta_network().get_submodule(name)
    assert isinstance(module, SameConv3d | SameMaxPool3d)
    assert (tuple(module.kernel_size), tuple(module.stride)) == (kernel, stride)
    assert same_padding(given, kernel, stride) == pads


STAGE_SHAPES = {
    "Conv3d_1a_7x7": (64, 32, 112, 112),
    "MaxPool3d_2a_3x3": (64, 32, 56, 56),
    "Conv3d_2c_3x3": (192, 32, 56, 56),
    "MaxPool3d_3a_3x3": (192, 32, 28, 28),
    "Mixed_3b": (256, 32, 28, 28),
    "Mixed_3c": (480, 32, 28, 28),
    "MaxPool3d_4a_3x3": (480, 16, 14, 14),
    "Mixed_4b": (512, 16, 14, 14),
    "Mixed_4e": (528, 16, 14, 14),
    "Mixed_4f": (832, 16, 14, 14),
    "MaxPool3d_5a_2x2": (832, 8, 7, 7),
    "Mixed_5c": (1024, 8, 7, 7),
    "Logits": (400, 7, 1, 1),
}


def test_shapes_of_the_stages_of_a_paper_clip():
    net = meta_network()
    seen = {}
    for stage in STAGE_SHAPES:
        net.stage_module(stage).register_forward_hook(
            lambda _module, _inputs, output, stage=stage: seen.update({stage: output.shape})
        )
    out = net(torch.empty(1, 3, 64, 224, 224, device="meta"))
    assert seen == {stage: (1, *shape) for stage, shape in STAGE_SHAPES.items()}
    assert out.features.shape == seen["Mixed_5c"]
    assert out.logits.shape == (1, 400)


@pytest.mark.parametrize("size", [(8, 32, 32), (1, 32, 32), (80, 112, 112), (17, 45, 240)])
def test_any_length_and_size_works(size):
    out = meta_network()(torch.empty(2, 3, *size, device="meta"))
    ceil = [-(-n // step) for n, step in zip(size, (8, 32, 32), strict=True)]
    assert out.features.shape == (2, 1024, *ceil)
    assert out.logits.shape == (2, 400)


def test_logits_are_the_mean_over_time():
    net = InceptionI3D(1, 3, feature_stage="Logits").eval()
    with torch.no_grad():
        out = net(torch.randn(1, 1, 32, 32, 32))
    assert out.features.shape == (1, 3, 3, 1, 1)
    torch.testing.assert_close(out.logits, out.features.mean(2)[:, :, 0, 0])


def test_names_are_those_of_the_published_weights():
    names = set(meta_network().state_dict())
    assert {
        "Conv3d_1a_7x7.conv3d.weight",
        "Conv3d_1a_7x7.bn.running_mean",
        "Mixed_3b.b0.conv3d.weight",
        "Mixed_3b.b1a.bn.weight",
        "Mixed_5c.b2b.conv3d.weight",
        "Mixed_5c.b3b.conv3d.weight",
        "logits.conv3d.weight",
        "logits.conv3d.bias",
    } <= names
    assert len({name.split(".")[0] for name in names}) == 3 + 9 + 1


def test_normalisation_has_the_published_constants():
    bn = meta_network().Mixed_4b.b1b.bn
    assert (bn.eps, bn.momentum) == (1e-3, 0.01)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [
        (224, 7, 2, (2, 3)),  # an odd number of zeros: the extra one after
        (225, 7, 2, (3, 3)),
        (56, 3, 2, (0, 1)),
        (9, 3, 1, (1, 1)),
        (7, 2, 2, (0, 1)),
        (8, 1, 1, (0, 0)),
        (5, 1, 2, (0, 0)),
    ],
)
def test_same_padding_by_hand(size, kernel, stride, expected):
    assert same_padding([size], [kernel], [stride]) == [expected]


def test_same_convolution_pads_after_where_the_number_is_odd():
    conv = SameConv3d(1, 1, 3, 2, bias=False)
    x = torch.randn(1, 1, 6, 6, 6)
    expected = F.conv3d(F.pad(x, (0, 1) * 3), conv.weight, stride=2)
    torch.testing.assert_close(conv(x), expected)
    odd = torch.randn(1, 1, 5, 5, 5)
    torch.testing.assert_close(conv(odd), F.conv3d(odd, conv.weight, stride=2, padding=1))


def test_same_maximum_is_not_changed_by_its_padding():
    x = torch.rand(1, 2, 4, 5, 6)
    expected = F.max_pool3d(F.pad(x, (1,) * 6, value=float("-inf")), 3, 1)
    assert torch.equal(SameMaxPool3d((3, 3, 3), (1, 1, 1))(x), expected)
