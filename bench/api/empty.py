"""`python -m bench.api.empty`: a FastAPI route that does nothing, on the port `RIQING_API_PORT`."""

import os

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def read_nothing() -> dict[str, bool]:
    """Answer at once."""
    return {"ok": True}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["RIQING_API_PORT"]), access_log=False, log_config=None)
