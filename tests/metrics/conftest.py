import pytest

from atalho import locale


@pytest.fixture(autouse=True)
def _english():
    """Error texts are compared in English, whatever the environment speaks."""
    locale.use_language("en")
