"""Masked convolutions see the window they state, no more and no less, and write what they would read."""

import pytest
import torch

from grammar_rae.nets.local import LocalNet, spread

SIZE = 9


def net(window, channels=1, **how):
    torch.manual_seed(0)
    return LocalNet(SIZE, channels, 3, 2, window=window, **{"maps": 6, "layers": 3, "blocks": 2, **how})


def seen(one, row, column, channels=1):
    """(S, S) bool: the pixels whose gradient at the output of a pixel is not zero; and the same of the planes."""
    x = torch.randn(2, channels, SIZE, SIZE, requires_grad=True)
    context = torch.randn(2, 3, SIZE, SIZE, requires_grad=True)
    output = one(x, context)[:, :, row, column].square().sum()
    slopes = torch.autograd.grad(output, (x, context), materialize_grads=True)
    return tuple((slope != 0).any(1).any(0) for slope in slopes)


def stated(window, row, column):
    """The window as the paper states it: A wide and B tall above, ⌈(A − 1) / 2⌉ pixels to the left."""
    expected = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    if window == "full":
        expected[:row] = True
        expected[row, :column] = True
        return expected
    wide, tall = window
    left = -(-(wide - 1) // 2) if wide else 0
    expected[max(row - tall, 0) : row, max(column - left, 0) : column - left + wide] = True
    expected[row, max(column - left, 0) : column] = True
    return expected


@pytest.mark.parametrize("layers", [1, 3, 6])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(
    "window", [[0, 0], [1, 0], [2, 0], [1, 1], [3, 1], [4, 2], [5, 3], [7, 4], [1, 4], [13, 6], "full"]
)
def test_the_gradient_is_zero_outside_the_window_and_only_there(window, tied, layers):
    """Section 5f, fact 2."""
    one = net(window, tied=tied, layers=layers)
    for row, column in [(0, 0), (0, 4), (4, 0), (5, 4), (5, 8), (8, 8)]:
        of_pixels, of_planes = seen(one, row, column)
        expected = stated(window, row, column)
        assert torch.equal(of_pixels, expected)
        expected[row, column] = True
        assert not of_planes[~expected].any() and of_planes[row, column]


def test_every_parameter_of_every_window_learns():
    for window in ([0, 0], [2, 0], [1, 1], [4, 2], "full"):
        for channels, grey in ((1, False), (3, False), (3, True)):
            one = net(window, channels, grey=grey)
            one(torch.randn(2, channels, SIZE, SIZE), torch.randn(2, 3, SIZE, SIZE)).square().sum().backward()
            assert all(p.grad is not None and p.grad.any() for p in one.parameters())


def test_a_grey_window_shows_grey_levels_alone():
    one, x = net([5, 3], 3, grey=True), torch.rand(2, 3, SIZE, SIZE)
    other = x.clone()
    other[:, 0] += 0.114 * 0.3
    other[:, 2] -= 0.299 * 0.3
    planes = torch.randn(2, 3, SIZE, SIZE)
    torch.testing.assert_close(one(x, planes), one(other, planes))
    colour = net([5, 3], 3)
    assert (colour(x, planes) - colour(other, planes)).abs().max() > 1e-3
    with pytest.raises(ValueError, match="these are grey"):
        net([5, 3], grey=True)


@pytest.mark.parametrize("window", [[0, 0], [2, 0], [1, 3], [4, 2], [7, 4], "full"])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_written_pixel_by_pixel_is_what_one_pass_reads(window, channels):
    one, context, outputs = net(window, channels).double(), torch.randn(3, 3, SIZE, SIZE).double(), {}

    def pick(output, pixel):
        outputs[pixel] = output[..., 0, 0]
        generator = torch.Generator().manual_seed(pixel)
        return torch.randint(0, 256, (3, channels, 1, 1), generator=generator, dtype=torch.uint8)

    with torch.no_grad():
        x = one.written(context, channels, pick)
        together = one(x.double() / 127.5 - 1, context)
    one_by_one = torch.stack([outputs[pixel] for pixel in range(SIZE**2)], -1).unflatten(-1, (SIZE, SIZE))
    torch.testing.assert_close(one_by_one, together, rtol=1e-5, atol=1e-5)


def test_layers_share_what_a_window_asks_for():
    assert spread(6, 6) == [1] * 6 and spread(2, 4) == [1, 1, 0, 0] and spread(9, 3) == [7, 1, 1]
    assert spread(0, 3) == [0, 0, 0] and spread(5, 1) == [5]
    sizes = {
        tied: sum(p.numel() for p in net([13, 6], tied=tied, layers=6).parameters()) for tied in (True, False)
    }
    assert sizes[True] < sizes[False] / 2
