"""A file is read as far as possible: all that is refused is told, and the rest is still read."""

import numpy as np
import pytest
from data import DATA, needs_data
from onnx_models import LAST, Node, X, model, saved, small, w
from reports import UNKNOWN, checked, examined, found

from mipc.cli.doctor_text import report_text
from mipc.doctor.examine import examine
from mipc.errors import MipcError, ModelError
from mipc.frontend.onnx import read_network, survey


def test_all_unsupported_nodes_are_told_with_place_reason_and_remedy(tmp_path):
    report = examined(UNKNOWN, (1, 3), tmp_path)
    red = found(report, "red")
    assert sorted(finding.where for finding in red) == [
        "Det 'det3' (node 3)",
        "NonZero 'nonzero5' (node 5)",
        "RandomNormalLike 'randomnormallike1' (node 1)",
    ]
    assert all("not supported" in finding.what and finding.remedy for finding in red)


def test_what_does_not_depend_on_a_refused_node_is_read(tmp_path):
    report = examined(UNKNOWN, (1, 3), tmp_path)
    nodes = report.nodes
    assert (nodes.total, nodes.read, nodes.refused, nodes.blocked) == (7, 2, 3, 2)
    assert report.neurons.relu == 3
    unknown = {o.operator for o in report.operators if not o.supported}
    assert unknown == {"Det", "NonZero", "RandomNormalLike"}
    assert report.light == "red"
    assert report.question is None


def test_the_first_refusal_is_the_error_that_reading_raises(tmp_path):
    path = saved(model(UNKNOWN, (1, 3)), tmp_path)
    with pytest.raises(ModelError) as caught:
        read_network(path)
    first = survey(path).refusals.found[0].error
    assert (caught.value.what, caught.value.where) == (first.what, first.where)


def test_a_supported_operator_used_in_an_unsupported_way_is_refused_with_its_reason(tmp_path):
    report = examined([Node("Conv", X, w(1, 1, 2, 2), auto_pad="ODD")], (1, 1, 3, 3), tmp_path)
    (red,) = found(report, "red")
    assert "auto_pad='ODD'" in red.what
    assert report.operators[0].supported
    assert report.nodes.refused == 1


def test_weights_that_are_no_numbers_block_only_what_needs_them(tmp_path):
    bad = np.full((3, 2), np.nan)
    nodes = [Node("Gemm", X, w(3, 2)), Node("Relu", LAST), Node("Add", LAST, bad[:1])]
    report = examined(nodes, (1, 3), tmp_path)
    (red,) = found(report, "red")
    assert "NaN" in red.what
    assert (report.nodes.read, report.nodes.refused, report.nodes.blocked) == (2, 0, 1)
    assert "No question" in report.advice[0]


def test_an_old_opset_is_refused_and_its_operators_are_still_counted(tmp_path):
    proto = small()
    proto.opset_import[0].version = 6
    report = checked(examine(saved(proto, tmp_path)))
    assert report.light == "red"
    assert report.opset is None
    assert report.nodes.read == 0
    assert [o.operator for o in report.operators] == ["Gemm", "Relu"]


def report_or_error(path):
    """The report of a file, or the text of the error that says why there is none."""
    try:
        return report_text(checked(examine(path)))
    except MipcError as error:
        return str(error)


def test_a_damaged_file_is_an_error_or_a_report(tmp_path):
    data = small().SerializeToString()
    path = tmp_path / "model.onnx"
    for place in range(0, len(data), 5):
        for broken in (data[:place], data[:place] + b"\xff" + data[place + 1 :]):
            path.write_bytes(broken)
            assert path.name in report_or_error(path)


@needs_data
def test_every_public_network_gets_a_report():
    folders = ("models", "soundness", "onnx_corpus")
    for path in sorted(p for f in folders for p in (DATA / f).rglob("*.onnx")):
        report = examine(path)
        assert report_text(report)
        try:
            read_network(path)
        except MipcError:
            assert report.light == "red", path
        else:
            assert report.nodes.refused == report.nodes.blocked == 0, path
