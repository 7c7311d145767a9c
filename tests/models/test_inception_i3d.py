import pytest
import torch
from torch.nn import functional as F

from mmtlib.models import InceptionI3D
from mmtlib.models.inception_i3d import SameConv3d, SameMaxPool3d, same_padding


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def meta_network(**settings):
    with torch.device("meta"):
        return InceptionI3D(3, 400, **settings).eval()


def test_parameter_count_is_the_published_one():
    def unit(i, o, kernel_volume):  # filter, and scale and shift of the normalisation
        return i * o * kernel_volume + 2 * o

    def module(i, plain, reduce_1, wide_1, reduce_2, wide_2, pooled):
        return (
            unit(i, plain, 1)
            + unit(i, reduce_1, 1)
            + unit(reduce_1, wide_1, 27)
            + unit(i, reduce_2, 1)
            + unit(reduce_2, wide_2, 27)
            + unit(i, pooled, 1)
        )

    body = (
        unit(3, 64, 343)
        + unit(64, 64, 1)
        + unit(64, 192, 27)
        + module(192, 64, 96, 128, 16, 32, 32)
        + module(256, 128, 128, 192, 32, 96, 64)
        + module(480, 192, 96, 208, 16, 48, 64)
        + module(512, 160, 112, 224, 24, 64, 64)
        + module(512, 128, 128, 256, 24, 64, 64)
        + module(512, 112, 144, 288, 32, 64, 64)
        + module(528, 256, 160, 320, 32, 128, 128)
        + module(832, 256, 160, 320, 32, 128, 128)
        + module(832, 384, 192, 384, 48, 128, 128)
    )
    net = meta_network()
    assert body == 12_287_264  # the 12.29 M that are usually given leave the classifier out
    assert parameters(net) - parameters(net.logits) == body
    assert parameters(net.logits) == 1024 * 400 + 400


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
