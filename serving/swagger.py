"""The page at /docs: Swagger UI from files that are installed with the service, so that it needs no internet."""

import re
from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import FileResponse

from serving.page import source_hash

_URL = "/docs"
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def install_docs(app: FastAPI) -> None:
    """
    Serve ``/docs`` and the files it loads; an app that has FastAPI's own ``/docs`` must not get it.

    Addresses in the page are relative, so that it also works below a proxy's prefix. Swagger UI would ask a validator
    on the internet about the description; it is told not to.
    """
    folder = Path(str(resources.files("fastapi_swagger") / "resources"))
    page = bytes(
        get_swagger_ui_html(
            openapi_url="openapi.json",
            title=f"{app.title} API",
            swagger_js_url="docs/swagger-ui-bundle.js",
            swagger_css_url="docs/swagger-ui.css",
            swagger_favicon_url="docs/favicon-32x32.png",
            swagger_ui_parameters={"validatorUrl": None},
        ).body
    )
    headers = _headers(page.decode())

    async def show_docs() -> Response:
        return Response(page, media_type="text/html", headers=headers)

    app.add_api_route(_URL, show_docs, methods=["GET"], include_in_schema=False)
    for name, media_type in _FILES.items():
        app.add_api_route(
            f"{_URL}/{name}", _sender(folder / name, media_type), methods=["GET"], include_in_schema=False
        )


def _sender(file: Path, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def send() -> Response:
        return FileResponse(file, media_type=media_type)

    return send


def _headers(page: str) -> dict[str, str]:
    scripts = " ".join(source_hash(script) for script in _INLINE_SCRIPT.findall(page))
    return {
        # Swagger UI draws icons from data: addresses and sets styles in its markup.
        "Content-Security-Policy": (
            f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
    }
