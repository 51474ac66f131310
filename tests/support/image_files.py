"""Images as files hold them."""

import io

from PIL import Image


def stored(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """What Pillow writes for `image`."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
