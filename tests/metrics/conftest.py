import pytest

from atalho.text import use_language


@pytest.fixture(autouse=True)
def _english():
    """Error texts are compared in English, whatever the environment speaks."""
    use_language("en")
