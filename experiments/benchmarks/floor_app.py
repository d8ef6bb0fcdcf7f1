"""The floor of the benchmark `serve`: a FastAPI endpoint that returns the same bytes and does nothing."""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response


def create_floor(body: bytes) -> FastAPI:
    """An application whose one endpoint answers *body* to whatever it is sent."""
    app = FastAPI(title="floor")

    @app.post("/v1/slates")
    async def answer() -> Response:
        return Response(body, media_type="application/json")

    @app.get("/health/ready")
    async def ready() -> dict[str, bool]:
        return {"ready": True}

    return app


def main(body: Path, port: int) -> None:
    """Serve the bytes of a file, with the options that `recsys serve` gives to uvicorn."""
    app = create_floor(body.read_bytes())
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False, server_header=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
