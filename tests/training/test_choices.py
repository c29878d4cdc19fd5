"""Names and ranges that settings of several trainings share."""

from pathlib import Path

import pytest

import linguapress.training
from linguapress.errors import UnknownName
from linguapress.training.align_settings import AlignSettings
from linguapress.training.choices import PRECISIONS
from linguapress.training.corpus import DataSet
from linguapress.training.keep_settings import KeepSettings
from linguapress.training.lm_settings import LmSettings
from linguapress.training.select_settings import SelectSettings
from linguapress.training.soft_settings import SoftTraining

OUT = Path("out")
SETTINGS = {
    "keep": lambda **given: KeepSettings("mini", (DataSet(Path("data")),), OUT, **given),
    "select": lambda **given: SelectSettings(None, OUT, **given),
    "lm": lambda **given: LmSettings(Path("data"), OUT, tokens=9, **given),
    "align": lambda **given: AlignSettings((Path("data"),), OUT, **given),
    "soft": lambda **given: SoftTraining("pretrain", (Path("data"),), OUT, steps=1, **given),
}


@pytest.mark.parametrize("make", SETTINGS.values(), ids=SETTINGS)
def test_all_trainings_know_the_same_precisions(make):
    assert [make(precision=name).precision for name in PRECISIONS] == list(PRECISIONS)
    with pytest.raises(UnknownName, match="unknown precision 'fp8'; choose one of auto, bf16, fp32"):
        make(precision="fp8")


def test_the_precisions_stand_in_one_place():
    folder = Path(linguapress.training.__file__).parent
    assert [file.name for file in folder.rglob("*.py") if '"fp32")' in file.read_text("utf-8")] == ["choices.py"]


@pytest.mark.parametrize("make", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("rate", [-1.0, 5.0, float("inf"), float("nan")])
def test_a_learning_rate_out_of_range_is_called_that(make, rate):
    with pytest.raises(ValueError, match=r"learning rate is .*; it lies between 0 and 1"):
        make(rate=rate)


@pytest.mark.parametrize("mix", [{"asked": 0.0}, {"asked": -1.0, "nq": 2.0}, {"asked": float("nan")}, {"asked": float("inf")}, {}])
def test_a_mix_of_nothing_is_refused(mix):
    with pytest.raises(ValueError, match="the shares of the mix must be 0 or more, and one of them more"):
        SelectSettings(None, OUT, mix=mix)


def test_a_model_does_not_lie_among_its_data(tmp_path):
    with pytest.raises(ValueError, match="a folder of the data; choose another --out"):
        KeepSettings("mini", (DataSet(tmp_path),), tmp_path)
