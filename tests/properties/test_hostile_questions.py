"""Questions at the edge of sense, or beyond it: an answer or a named error, never a traceback."""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import dense_network
from small_questions import picture_network, random_layers
from strategies import examples

from mipc import verify
from mipc.errors import InputError, MipcError, OptionError, QuestionError
from mipc.ir.network import Network
from mipc.properties.perturbations import (
    FAMILIES,
    L2,
    BoxOfArrays,
    Combined,
    Grid,
    LInf,
    parse_perturbation,
)
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax
from mipc.replay import replay
from mipc.runtime import Runtime, Runtimes
from mipc.solvers.highs import Highs
from mipc.verdict import Robust, Violated

CENTRE = np.array([0.125, 0.5, 0.875, 0.25, 0.0, 1.0])
UNIT = (Fraction(0), Fraction(1))


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Network:
    path = tmp_path_factory.mktemp("picture") / "net.onnx"
    return picture_network(path, random_layers(np.random.default_rng(1), 6), (1, 1, 2, 3))


@pytest.fixture(scope="module")
def pixel(tmp_path_factory: pytest.TempPathFactory) -> Network:
    path = tmp_path_factory.mktemp("pixel") / "net.onnx"
    return picture_network(path, random_layers(np.random.default_rng(2), 1), (1, 1, 1, 1))


def question(text: str, centre=CENTRE, domain=UNIT, **choices) -> Question:
    requirement = ArgMax(0, None, Fraction(3))
    return Question(centre, parse_perturbation(text), requirement, domain, **choices)


MALFORMED = [
    "", "+", "foo", "rotate:3", "linf", "linf:", "linf:x", "linf:-1", "linf:nan", "linf:inf",
    "linf:1e400", "linf:1e-400", "linf:1/0", "linf:0.1+", "+linf:0.1", "linf:0.1,", "l1:", "l2:-1",
    "l3:1", "blur", "blur:0", "blur:-3", "blur:3x", "blur:101", "blur:99999x1", "blur:a",
    "patch", "patch:3", "patch:0x3", "patch:3x3@", "patch:3x3@1", "patch:3x3@-1,0", "grid",
    "grid:0", "grid:-1", "grid:1.5", "grid:9999999999", "translate:", "translate:-1",
    "translate:101", "brightness:-1", "contrast:x", "unrestricted:1", "box:", "box:a.npy",
    "box:a.npy,b.npy",
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_perturbation_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError):
        parse_perturbation(text)


@settings(max_examples=examples(300))
@given(st.sampled_from(sorted(FAMILIES)), st.text(alphabet="0123456789.x@,+-/e:", max_size=12))
def test_any_text_is_a_perturbation_or_refused(family: str, rest: str) -> None:
    try:
        found = parse_perturbation(f"{family}:{rest}", files=False)
    except MipcError:
        return
    if family != "unrestricted":
        assert str(parse_perturbation(str(found), files=False)) == str(found)


REFUSED = {
    "patch:3x3": "does not fit", "patch:2x3@1,0": "does not fit", "translate:3": "out of sight",
    "linf:0.1+blur:3": "has to come first", "linf:0.1+patch:1x1": "has to come first",
    "blur:3+translate:1": "has to come first", "linf:0.1+unrestricted": "has to come first",
    "brightness:0.1+grid:255": "a grid goes with", "blur:3+grid:255": "a grid goes with",
    "linf:0.1+grid:255+grid:255": "a grid goes with", "linf:0.001+grid:3": "no multiple",
    "l2:0.5+grid:3": "not on the grid",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_a_family_that_does_not_fit_is_refused_with_a_reason(text: str, picture: Network) -> None:
    with pytest.raises(MipcError, match=REFUSED[text]):
        ask(picture, question(text))


@pytest.mark.parametrize("text", ["patch:1x1", "unrestricted"])
def test_what_needs_a_domain_says_so(text: str, picture: Network) -> None:
    with pytest.raises(QuestionError, match="needs a domain"):
        ask(picture, question(text, domain=None))


@pytest.mark.parametrize("text", ["blur:3", "patch:1x1", "translate:1"])
def test_a_row_of_numbers_is_no_picture(text: str, tmp_path: Path) -> None:
    network = dense_network(tmp_path / "row.onnx", random_layers(np.random.default_rng(0), 4))
    with pytest.raises(QuestionError, match="needs a picture"):
        ask(network, question(text, np.full(4, 0.5)))


@pytest.mark.parametrize("text", ["linf:1", "l1:1", "l2:1", "blur:3", "patch:1x1", "translate:1",
                                  "brightness:1", "contrast:1"])  # fmt: skip
def test_a_family_around_an_image_needs_one_of_the_right_size(text: str, picture: Network) -> None:
    with pytest.raises(QuestionError, match="needs an input to begin with"):
        ask(picture, question(text, None))
    with pytest.raises(QuestionError, match="the network takes 6"):
        ask(picture, question(text, np.zeros(2)))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 2.0, 1e39])
def test_an_input_of_impossible_numbers_is_refused(number: float, picture: Network) -> None:
    for domain in (UNIT, None) if number != 2.0 else (UNIT,):
        with pytest.raises(QuestionError):
            ask(picture, question("linf:0.1", np.full(6, number), domain))


def test_boxes_of_impossible_numbers_are_refused(picture: Network) -> None:
    zeros, ones = np.zeros(6), np.ones(6)
    with pytest.raises(QuestionError, match="NaN"):
        BoxOfArrays(zeros * np.nan, ones)
    with pytest.raises(QuestionError, match="NaN"):
        BoxOfArrays(zeros, ones * np.inf)
    for low, high, centre in ((ones, zeros, None), (zeros[:2], ones, None),
                              (zeros[:2], ones[:2], None), (zeros, ones, zeros[:2])):  # fmt: skip
        with pytest.raises(QuestionError):
            ask(picture, Question(centre, BoxOfArrays(low, high), ArgMax(0), None))


STILL = ["linf:0", "l1:0", "l2:0", "brightness:0", "contrast:0", "blur:1", "translate:0",
         "l2:1e-200", "l1:1e-200", "linf:1e-200", "l2:0+linf:0+brightness:0"]  # fmt: skip
EXTREME = [
    "linf:1e200",
    "l1:1e200",
    "l2:1e200",
    "brightness:1e200",
    "contrast:1e200",
    "blur:99",
    "blur:2",
    "blur:100x100",
    "translate:2.9",
    "l2:1e-30",
    "l2:1e-160",
    "grid:1048576",
]


@pytest.mark.parametrize("objective", ["feasibility", "closest", "worst"])
@pytest.mark.parametrize("text", STILL)
def test_nothing_moves_at_radius_zero(
    text: str, objective: str, picture: Network, highs: Highs
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        query = ask(picture, question(text, objective=objective))
        answer = verify(query, solver=highs, timeout=30)
    case = query.cases[0]
    still = {name: region.nearest(region.start) for name, region in case.regions.items()}
    margin = float(replay(query, case, Runtimes(query), still).exact_margin[0])
    assert isinstance(answer.verdict, Violated if margin >= 0 else Robust)
    assert answer.margin is not None
    assert answer.margin[0] == pytest.approx(margin, abs=1e-9)


@pytest.mark.parametrize("domain", [UNIT, None], ids=["unit", "anywhere"])
@pytest.mark.parametrize("text", EXTREME)
def test_extreme_sizes_get_an_answer(text, domain, picture: Network, highs: Highs) -> None:
    if text.startswith("grid") and domain is None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = verify(ask(picture, question(text, domain=domain)), solver=highs, timeout=10)
    assert answer.margin is not None
    assert answer.margin[0] <= answer.margin[1]


@pytest.mark.parametrize(
    "text",
    [
        "linf:0.1", "blur:3", "patch:1x1", "translate:0.5", "contrast:1", "l2:0.1+grid:4",
        "unrestricted", "unrestricted+grid:1",
    ],
)  # fmt: skip
def test_a_picture_of_one_pixel_is_one(text: str, pixel: Network, highs: Highs) -> None:
    query = ask(pixel, question(text, np.array([0.25]), objective="worst"))
    answer = verify(query, solver=highs, timeout=20)
    assert answer.margin is not None
    low, high = answer.margin
    assert high - low <= 1e-3 * max(1.0, abs(low))


def test_memory_is_asked_for_before_it_is_taken(tmp_path: Path) -> None:
    shape = (1, 3, 400, 400)
    layers = [(np.zeros((2, 480_000)), np.zeros(2))]
    network = picture_network(tmp_path / "large.onnx", layers, shape)
    centre = np.full(480_000, 0.5)
    for text in ("blur:100", "patch:3x3", "translate:100"):
        with pytest.raises(QuestionError, match="at most"):
            ask(network, question(text, centre))
    ask(network, question("patch:3x3@10,12", centre))
    ask(network, question("linf:0.1+contrast:0.1", centre))


def test_a_witness_on_an_l2_sphere_is_not_beyond_it(tmp_path: Path, highs: Highs) -> None:
    """The only violation is where the sphere touches: witnesses come as near as float32 allows."""
    layers = [(np.array([[0.0, 0.0], [3.0, 4.0]]), np.zeros(2))]
    network = dense_network(tmp_path / "touch.onnx", layers)
    for slack, wanted in ((Fraction(1, 10**5), Violated), (Fraction(-1, 100), Robust)):
        requirement = ArgMax(0, None, Fraction(5, 10) - slack)
        asked = Question(np.zeros(2), L2(Fraction(1, 10)), requirement, None)
        answer = verify(ask(network, asked), solver=highs)
        assert isinstance(answer.verdict, wanted)
        if isinstance(answer.verdict, Violated):
            point = [Fraction(v) for v in answer.verdict.witness.point.tolist()]
            assert sum(v * v for v in point) <= Fraction(1, 100)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_witnesses_on_a_grid_are_stored_pictures(dtype: str, tmp_path: Path, highs: Highs) -> None:
    """``k / 255``, rounded to the network's type; also within an L2 ball."""
    layers = random_layers(np.random.default_rng(4), 6)
    network = picture_network(tmp_path / "net.onnx", layers, (1, 1, 2, 3), dtype)
    centre = np.array([17, 250, 3, 128, 99, 200]) / 255
    label = int(Runtime(network).outputs(centre)[0].argmax())
    for family in (LInf(Fraction(60, 255)), L2(Fraction(1, 2))):
        asked = Question(
            centre, Combined((family, Grid(255))), ArgMax(label, None, Fraction(-1, 2)),
            objective="worst",
        )  # fmt: skip
        answer = verify(ask(network, asked), solver=highs, timeout=30)
        assert answer.margin is not None
        if isinstance(answer.verdict, Violated):
            run = answer.verdict.witness
            (levels,) = run.parameters.values()
            assert run.point == pytest.approx((levels / 255).astype(dtype), rel=1e-15)
            if dtype == "float32":
                assert run.point.tolist() == (levels / 255).astype(dtype).tolist()
            gaps = [
                Fraction(int(v)) - Fraction(round(c * 255))
                for v, c in zip(levels, centre, strict=True)
            ]
            if isinstance(family, L2):
                assert sum(g * g for g in gaps) <= (family.radius * 255) ** 2


@pytest.mark.parametrize("family", ["l1", "l2"])
def test_no_level_of_a_ball_on_a_grid_is_left_out(
    family: str, tmp_path: Path, highs: Highs
) -> None:
    """A centre a thousandth of a step off the grid is moved there, and the whole ball with it."""
    off = Fraction((114 * 2**47 + 2**37 + 1) // 3, 2**53)
    assert 0 < 192 * off - 114 - Fraction(1, 1024) < Fraction(1, 10**13)
    layers = [(np.array([[0.0], [-1.0]]), np.array([0.0, 0.095]))]
    network = dense_network(tmp_path / "line.onnx", layers, "float64")
    asked = Question(
        np.array([float(off)]), parse_perturbation(f"{family}:1/2+grid:192"), ArgMax(0), None
    )
    assert isinstance(verify(ask(network, asked), solver=highs).verdict, Violated)


def test_levels_beyond_what_floats_tell_apart_are_refused(picture: Network) -> None:
    with pytest.raises(QuestionError, match="levels"):
        ask(picture, question("linf:0.1+grid:255", 1e9 * CENTRE, None))


def test_an_option_error_names_the_option() -> None:
    with pytest.raises(OptionError, match="--perturbation blur"):
        parse_perturbation("blur:x")
