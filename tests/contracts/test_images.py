"""What an image says of itself survives the way through its labels."""

import pytest

from contracts.images import DIGEST, Built, Label

BUILT = Built(model="demand", model_version="3", data_version="silver/features@4", run="r1", revision="abc")


def test_labels_say_all_that_a_release_reads_back():
    assert Built.of(BUILT.labels()) == BUILT
    assert set(BUILT.labels()) == set(Label)


@pytest.mark.parametrize("label", list(Label))
def test_an_image_without_one_of_the_labels_is_not_ours(label):
    labels = {name: text for name, text in BUILT.labels().items() if name != label}
    with pytest.raises(KeyError):
        Built.of(labels)


@pytest.mark.parametrize("given", ["latest", "sha256:", "sha256:" + "A" * 64, "sha512:" + "a" * 64, "sha256:" + "a" * 64 + "\n"])
def test_only_a_whole_sha256_digest_names_an_image(given):
    assert DIGEST.fullmatch(given) is None
