"""What is measured of a selector where there is nothing to measure it on."""

from linguapress.training.select_metrics import ranking_report, selection_report


def test_without_dev_questions_there_are_no_figures(tmp_path, data_sets):
    for folder in (tmp_path / "no such folder", data_sets()):
        assert ranking_report(folder, reader=None) == {}
        assert selection_report(folder, reader=None) == {"sentences": 0, "thresholds": {}, "reliability": []}
